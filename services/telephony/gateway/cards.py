"""Agencies' cards: from memory, from the copy in the portal database, from the gateway, in this order."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, select

from services.circuit import Circuit
from services.errors import Reason, UpstreamError, UpstreamMalformed, UpstreamRejected, UpstreamUnavailable
from services.live import LiveBoard, SourceState
from services.storage import StorageError, Store, table_of, upsert
from services.telephony.gateway.client import AgencyGateway
from services.telephony.gateway.payload import card_from_json, card_to_json
from services.telephony.gateway.tables import CardRow
from services.telephony.model import AgencyCard, CardAnswer, NotConfigured

log = logging.getLogger(__name__)

#: The name the system has in the live tables.
SOURCE = "agency_gateway"
#: Nobody waits for a gateway that has not said a word for so long while it was asked.
SILENT_AFTER = timedelta(seconds=1.5)
#: An agency that could not be had is not asked for again for so long: a page asks until its card is complete.
REST_AFTER_FAILURE = timedelta(seconds=3)
_CARD = table_of(CardRow)
#: Not by mapped objects: a card is looked for while somebody says hello.
_COPIED = select(_CARD.c.card, _CARD.c.fetched_at).where(_CARD.c.agency_id == bindparam("of_agency"))
_FAILURES_TO_OPEN = 3
_PROBE_EVERY = timedelta(seconds=5)
_AT_ONCE = 16  # questions the gateway gets from one process
_MOST_WAITING = 300  # agencies that are asked for, or are going to be
_MOST_IN_MEMORY = 2_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """A card and when the gateway told it."""

    card: AgencyCard
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class _Flight:
    """A question under way, and what was known of its agency before."""

    began_at: datetime
    outcome: Future[_Kept]
    known: _Kept | None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why an agency could not be had, and until when it is not asked for again."""

    reason: Reason
    until: datetime


class AgencyCards:
    """Gives agencies' cards with their age; never waits longer than it is told to.

    A question goes on when nobody waits for it any more, and its answer is kept. All that ask for one agency
    share one question.
    """

    def __init__(
        self,
        store: Store,
        gateway: AgencyGateway | None,
        live: LiveBoard,
        *,
        fresh_for: timedelta = timedelta(minutes=5),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing is asked. `gateway` is None when none is configured."""
        self._store = store
        self._maybe_gateway = gateway
        self._live = live
        self._fresh_for = fresh_for
        self._clock = clock
        self._circuit = Circuit(_FAILURES_TO_OPEN, _PROBE_EVERY, clock)
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._memory: OrderedDict[int, _Kept] = OrderedDict()
        self._flights: dict[int, _Flight] = {}
        self._failures: dict[int, _Failure] = {}
        self._heard_at = datetime.min.replace(tzinfo=UTC)

    @property
    def is_configured(self) -> bool:
        """Whether there is a gateway to ask."""
        return self._maybe_gateway is not None

    def card(self, agency_id: int, *, wait: timedelta) -> CardAnswer:
        """The agency's card: a fresh one if it is to be had within `wait`, else the last known.

        Raises:
            NotConfigured: there is no gateway.
        """
        if not self.is_configured:
            raise NotConfigured(SOURCE)
        with self._lock:
            flight = self._flights.get(agency_id)
        kept = flight.known if flight is not None else self._kept(agency_id)
        if kept is not None and self._is_fresh(kept):
            return _answer(kept, None)
        try:
            new = self._asked(agency_id, kept, wait)
        except UpstreamError as error:
            return _answer(kept, _reason(error))
        return _answer(new, None)

    def known(self, agency_id: int) -> CardAnswer:
        """The last known card; the gateway is not asked. Without a gateway too, from an earlier time."""
        kept = self._kept(agency_id)
        is_fresh = kept is not None and self._is_fresh(kept)
        return _answer(kept, None if is_fresh else self._trouble())

    def fresh(self, agency_id: int) -> AgencyCard | None:
        """The card if it need not be asked for."""
        kept = self._kept(agency_id)
        return kept.card if kept is not None and self._is_fresh(kept) else None

    def ask(self, agency_id: int) -> AgencyCard:
        """Ask the gateway now, in this thread and whatever is known, and keep the answer.

        Raises:
            UpstreamError: as `AgencyGateway.agency`.
            NotConfigured: there is no gateway.
        """
        kept = self._told(agency_id)
        self._keep(kept)
        return kept.card

    def probe(self, agency_id: int | None) -> None:
        """See whether the gateway answers, by asking for an agency or, if none is known, by logging in.

        Raises:
            UpstreamError: it gives no answer or refuses the credentials.
            NotConfigured: there is no gateway.
        """
        if agency_id is None:
            self._gateway.log_in()
        else:
            self.ask(agency_id)

    def latest(self) -> int | None:
        """The agency that was told last, to this process or another; None when there was none yet.

        Raises:
            StorageError: the portal database cannot be read.
        """
        newest = select(CardRow.agency_id).order_by(CardRow.fetched_at.desc()).limit(1)
        with self._store.read() as session:
            return session.scalar(newest)

    @property
    def _gateway(self) -> AgencyGateway:
        if self._maybe_gateway is None:
            raise NotConfigured(SOURCE)
        return self._maybe_gateway

    def _is_fresh(self, kept: _Kept) -> bool:
        return self._clock() - kept.fetched_at < self._fresh_for

    def _kept(self, agency_id: int) -> _Kept | None:
        """What is known: a fresh card from memory, else the copy, which another process may have renewed."""
        with self._lock:
            ours = self._memory.get(agency_id)
        if ours is not None and self._is_fresh(ours):
            return ours
        try:
            with self._store.read() as session:
                row = session.execute(_COPIED, {"of_agency": agency_id}).one_or_none()
        except StorageError as error:
            log.warning("the copy of agencies' cards cannot be read", exc_info=error)
            return ours
        card = None if row is None else card_from_json(row.card)
        if row is None or card is None or (ours is not None and ours.fetched_at >= row.fetched_at):
            return ours
        theirs = _Kept(card, row.fetched_at)
        self._remember(theirs)
        return theirs

    def _trouble(self) -> Reason | None:
        """Why the gateway gives nothing newer, as far as the collector knows."""
        try:
            status = self._live.snapshot().source(SOURCE)
        except StorageError:
            return None
        return (status.reason or Reason.FAILED) if status.state is SourceState.DOWN else None

    def _asked(self, agency_id: int, known: _Kept | None, wait: timedelta) -> _Kept:
        """The gateway's answer, waited for at most so long; raises UpstreamError."""
        trouble = self._trouble()
        outcome = self._joined(agency_id, known)
        # It is asked all the same: whether it has recovered shows, and the next to look has the card.
        patience = timedelta(0) if trouble is not None or self._is_silent() else wait
        try:
            return outcome.result(timeout=patience.total_seconds())
        except TimeoutError:
            pass
        raise UpstreamUnavailable("agency gateway: no answer yet", trouble or Reason.TIMEOUT)

    def _joined(self, agency_id: int, known: _Kept | None) -> Future[_Kept]:
        """The outcome of the question for this agency that is under way, begun if there is none."""
        now = self._clock()
        with self._lock:
            kept = self._memory.get(agency_id)
            if kept is not None and self._is_fresh(kept):  # it was answered just now
                answered: Future[_Kept] = Future()
                answered.set_result(kept)
                return answered
            failure = self._failures.get(agency_id)
            if failure is not None and now < failure.until:
                raise UpstreamUnavailable("agency gateway: it failed a moment ago", failure.reason)
            flight = self._flights.get(agency_id)
            if flight is not None:
                return flight.outcome
            if len(self._flights) >= _MOST_WAITING:
                raise UpstreamUnavailable("agency gateway: too many questions", Reason.OVERLOADED)
            outcome: Future[_Kept] = Future()
            self._flights[agency_id] = _Flight(now, outcome, known)
        threading.Thread(
            target=self._fly, args=(agency_id, outcome), name=f"agency-card {agency_id}", daemon=True
        ).start()
        return outcome

    def _is_silent(self) -> bool:
        """Whether the gateway has been asked for a while and answered nobody since."""
        with self._lock:
            oldest = min((flight.began_at for flight in self._flights.values()), default=None)
            return oldest is not None and self._heard_at < oldest and self._clock() - oldest > SILENT_AFTER

    def _fly(self, agency_id: int, outcome: Future[_Kept]) -> None:
        """Ask in a thread of its own; the copy is written when nobody waits any more."""
        try:
            with self._slots:
                kept = self._told_within_circuit(agency_id)
        except Exception as error:
            if not isinstance(error, UpstreamError):
                log.exception("the card of agency %d cannot be made", agency_id)
                error = UpstreamMalformed("agency gateway: an answer that the portal cannot read")
            self._land(agency_id, error)
            outcome.set_exception(error)
            return
        self._land(agency_id, None)
        outcome.set_result(kept)
        self._keep(kept)

    def _told_within_circuit(self, agency_id: int) -> _Kept:
        refusal: UpstreamRejected | None = None
        with self._circuit.guard():
            try:
                return self._told(agency_id)
            except UpstreamRejected as error:
                if error.reason is Reason.LOGIN_REFUSED:
                    raise
                refusal = error  # of this agency: the gateway is well, and others need not be spared
        raise refusal

    def _told(self, agency_id: int) -> _Kept:
        kept = _Kept(self._gateway.agency(agency_id), self._clock())
        self._remember(kept)
        return kept

    def _land(self, agency_id: int, error: UpstreamError | None) -> None:
        """End the question for this agency and note how it went."""
        now = self._clock()
        with self._lock:
            self._flights.pop(agency_id, None)
            if error is None or error.reason is not Reason.TIMEOUT:
                self._heard_at = now
            self._failures = {id_: failure for id_, failure in self._failures.items() if now < failure.until}
            if error is not None:
                self._failures[agency_id] = _Failure(_reason(error), now + REST_AFTER_FAILURE)

    def _remember(self, kept: _Kept) -> None:
        with self._lock:
            self._memory[kept.card.agency_id] = kept
            self._memory.move_to_end(kept.card.agency_id)
            while len(self._memory) > _MOST_IN_MEMORY:
                self._memory.popitem(last=False)

    def _keep(self, kept: _Kept) -> None:
        row = {
            "agency_id": kept.card.agency_id,
            "fetched_at": kept.fetched_at,
            "card": card_to_json(kept.card),
        }
        try:
            with self._store.write() as session:
                upsert(session, table_of(CardRow), [row])
        except StorageError as error:
            # The card was had all the same; it is kept by the next who asks.
            log.warning("the card of agency %d is not kept", kept.card.agency_id, exc_info=error)


def _answer(kept: _Kept | None, problem: Reason | None) -> CardAnswer:
    if kept is None:
        return CardAnswer(None, None, problem)
    return CardAnswer(kept.card, kept.fetched_at, problem)


def _reason(error: UpstreamError) -> Reason:
    """Why it failed; an open circuit says what opened it."""
    return error.__cause__.reason if isinstance(error.__cause__, UpstreamError) else error.reason
