"""The job that finds out the names a call was registered without, and knows how the gateway is."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import func, select

from services.errors import Reason, UpstreamError, UpstreamRejected
from services.jobs import Fence, pause_after
from services.live import report_answer, report_failure
from services.storage import Store
from services.telephony.directory.tables import PhoneRow
from services.telephony.gateway.callers import caller_of
from services.telephony.gateway.cards import SOURCE, AgencyCards
from services.telephony.model import AgencyCard
from services.telephony.tables import CallRow

log = logging.getLogger(__name__)

#: How soon a call that needs its names is noticed.
LOOK_EVERY = timedelta(seconds=1)
PROBE_EVERY = timedelta(seconds=8)
#: A call without names is asked for again after half of its age, within these bounds.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=7)
#: While the gateway gives nothing newer, names that are not older than this are good enough.
GOOD_ENOUGH_FOR = timedelta(days=1)
_LONGEST_SILENCE = timedelta(seconds=10)


class NamedCalls(Protocol):
    """What the job needs of the ledger."""

    def note_names(self, call_id: int, agency_name: str | None, manager: str | None) -> None:
        """Fill in the names of a call; nothing is left to ask for it."""

    def postpone_names(self, call_id: int, until: datetime | None) -> None:
        """Ask for its names at `until`; None: never again."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A call whose names are to be asked for."""

    id: int
    number: str
    agency_id: int | None
    began_at: datetime


class CallNames:
    """The job `telephony.names`."""

    name = "telephony.names"

    def __init__(
        self,
        store: Store,
        cards: AgencyCards,
        calls: NamedCalls,
        country: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `cards` must have a gateway. Numbers in national form are those of `country`."""
        self._store = store
        self._cards = cards
        self._calls = calls
        self._country = country
        self._clock = clock
        self._stopwatch = stopwatch
        self._failures = 0
        self._asked_at: datetime | None = None
        # Agencies to probe with: the one whose question failed last, and never one that it does not know.
        self._failed: int | None = None
        self._untold: int | None = None

    def step(self, fence: Fence) -> timedelta:
        """Find out the names of one call; when none is due, see now and then how the gateway is."""
        due = self._next_due()
        if due is not None:
            return self._name(due, fence)
        if self._asked_at is None or self._clock() - self._asked_at >= PROBE_EVERY:
            return self._probe(fence)
        return LOOK_EVERY

    def _next_due(self) -> _Due | None:
        columns = (CallRow.id, CallRow.number, CallRow.agency_id, CallRow.began_at)
        first = select(*columns).where(CallRow.names_due_at <= self._clock()).order_by(CallRow.names_due_at)
        with self._store.read() as session:
            row = session.execute(first.limit(1)).one_or_none()
        return None if row is None else _Due(*row)

    def _name(self, due: _Due, fence: Fence) -> timedelta:
        if due.agency_id is None:
            self._calls.postpone_names(due.id, None)
            return timedelta(0)
        card = self._cards.fresh(due.agency_id)
        if card is not None:
            self._note(due, card)
            return timedelta(0)
        agency_id = due.agency_id
        error = self._ask(lambda: self._cards.ask(agency_id), fence)
        card = self._cards.fresh(agency_id)
        if error is None and card is not None:
            self._note(due, card)
        else:
            self._failed = agency_id
            self._put_off(due, agency_id)
        return self._rest(error)

    def _note(self, due: _Due, card: AgencyCard) -> None:
        caller = caller_of(card, due.number, self._country)
        self._calls.note_names(due.id, card.name, caller.person if caller else None)

    def _put_off(self, due: _Due, agency_id: int) -> None:
        """Ask later, take what is known, or give up: by the age of the call."""
        now = self._clock()
        age = now - due.began_at
        known = self._cards.known(agency_id)
        is_last = age >= GIVEN_UP_AFTER
        if known.card and known.fetched_at and (is_last or now - known.fetched_at <= GOOD_ENOUGH_FOR):
            self._note(due, known.card)
        elif is_last:
            log.warning("call %d stays without the names of agency %d", due.id, agency_id)
            self._calls.postpone_names(due.id, None)
        else:
            self._calls.postpone_names(due.id, now + min(max(age / 2, FIRST_PAUSE), LONGEST_PAUSE))

    def _probe(self, fence: Fence) -> timedelta:
        agency_id = self._probed_agency()
        error = self._ask(lambda: self._cards.probe(agency_id), fence)
        if agency_id is not None and error is not None and _is_well(error):
            self._untold = agency_id
        return self._rest(error)

    def _probed_agency(self) -> int | None:
        """An agency that the gateway probably knows; None: there is only the login to probe it with."""
        probed = self._cards.latest() or self._failed
        if probed is None:
            with self._store.read() as session:
                probed = session.scalar(select(func.max(PhoneRow.agency_id)))
        return None if probed == self._untold else probed

    def _ask(self, ask: Callable[[], object], fence: Fence) -> UpstreamError | None:
        """Ask the gateway something and let the pages know how it is; what went wrong, if anything did."""
        began = self._stopwatch()
        failure: UpstreamError | None = None
        try:
            ask()
        except UpstreamError as error:
            failure = error
        took = timedelta(seconds=self._stopwatch() - began)
        now = self._asked_at = self._clock()
        is_well = failure is None or _is_well(failure)
        if failure is not None and not is_well:
            self._failures += 1
            if self._failures == 1:
                log.warning("the agency gateway does not answer: %s", failure)
        else:
            self._failures = 0
        with fence.write() as session:
            if failure is None or is_well:
                report_answer(session, SOURCE, took=took, now=now)
            else:
                report_failure(session, SOURCE, failure, now=now, next_try_at=now + self._pause())
        return failure

    def _rest(self, error: UpstreamError | None) -> timedelta:
        if error is None or _is_well(error):
            return timedelta(0)
        return self._pause()

    def _pause(self) -> timedelta:
        return pause_after(self._failures, longest=_LONGEST_SILENCE)


def _is_well(error: UpstreamError) -> bool:
    """Whether it says something about one agency only."""
    return isinstance(error, UpstreamRejected) and error.reason is not Reason.LOGIN_REFUSED
