"""Applies reports to calls inside a transaction: few statements, however many reports."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from services.storage import table_of
from services.telephony.entries import enter, want
from services.telephony.machine import REPEATED_END_WITHIN, CallFacts, Event, decide, expired
from services.telephony.model import LONGEST_CURATOR, Call, CallState, Outcome, Receipt, Report, Rules
from services.telephony.numbers import LONGEST_ANI
from services.telephony.rows import Told, to_call, to_facts
from services.telephony.tables import DETAIL_LENGTH, CallRow

#: The card that a begin opens learns the names by itself; the collector asks for those it did not learn.
NAMES_AFTER = timedelta(seconds=5)

_CALL = table_of(CallRow)
# Built once: with few reports at a time, building the statements would cost more than asking them.
_MOMENT = _CALL.c.began_at.type
# Only calls that were reported here: those copied from the register have no token.
_OWN = select(_CALL).where(
    _CALL.c.token.is_not(None), _CALL.c.began_at >= bindparam("not_before", type_=_MOMENT)
)
_OF_PAIRS = _OWN.where(
    _CALL.c.number.in_(bindparam("numbers", expanding=True)),
    # Together they allow more pairs than there are reports of; few, and cheaper than naming each.
    _CALL.c.curator.in_(bindparam("curators", expanding=True)),
    or_(
        _CALL.c.state.in_((CallState.OPEN.value, CallState.AWAITS_BEGIN.value)),
        _CALL.c.ended_at >= bindparam("recently", type_=_MOMENT),
        _CALL.c.last_begin_at >= bindparam("recently", type_=_MOMENT),
    ),
)
_OF_IDS = _OWN.where(_CALL.c.platform_id.in_(bindparam("ids", expanding=True)))
_ADD = insert(_CALL).returning(_CALL.c.id, sort_by_parameter_order=True)
_CHANGE = (
    update(_CALL)
    .where(_CALL.c.id == bindparam("of_call"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                *("state", "began_at", "ended_at", "last_begin_at", "platform_id", "cause", "queue"),
                *("answered", "agency_id", "match_kind", "names_due_at"),
            )
        }
    )
)


def apply(
    session: Session, reports: Sequence[Told], rules: Rules, make_token: Callable[[], str]
) -> list[Receipt]:
    """Let `reports` become calls and entries of the outbox, in their order; what became of each.

    The transaction must have raised the topic TELEPHONY: whoever else decides about calls then waits. The
    receipts show the calls as they are after all reports.
    """
    cases = [None if _is_refused(told.report) else _case(told) for told in reports]
    book = _Book(rules.call_span, make_token)
    book.read(session, [one for one in cases if one is not None])
    taken = [(Outcome.REFUSED, None) if one is None else book.take(one) for one in cases]
    book.save(session)
    return [Receipt(outcome, page.as_call() if page else None) for outcome, page in taken]


def _is_refused(report: Report) -> bool:
    """Whether a report is none of the interface: it is stored, and can be nobody's call."""
    texts = (report.ani, report.curator, report.url, report.call_id, report.cause, report.queue)
    return (
        len(report.ani) > LONGEST_ANI
        or len(report.curator.strip()) > LONGEST_CURATOR
        or any(text is not None and not _is_storable(text) for text in texts)
    )


def _is_storable(text: str) -> bool:
    """Whether every database and the register take the text: no NUL, no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


@dataclass(frozen=True, slots=True)
class _Case:
    """A report as the rules look at it."""

    told: Told
    curator: str
    event: Event


def _case(told: Told) -> _Case:
    report = told.report
    event = Event(
        kind=report.kind,
        at=told.at,
        platform_id=_platform_id(report.call_id),
        cause=_detail(report.cause),
        queue=_detail(report.queue),
        answered=report.answered,
    )
    return _Case(told, report.curator.strip(), event)


def _platform_id(call_id: str | None) -> str | None:
    """The id as it is kept; one that is too long by its digest, as a shortened one could be another's."""
    text = (call_id or "").strip()
    return hashlib.sha256(text.encode()).hexdigest() if len(text) > DETAIL_LENGTH else text or None


def _detail(text: str | None) -> str | None:
    """A remark as long as it is kept; the whole of it stays with the event."""
    return (text or "").strip()[:DETAIL_LENGTH] or None


@dataclass(slots=True)
class _Page:
    """A call while reports are applied to it; `facts` are newer than `call`."""

    call: Call
    facts: CallFacts
    names_due_at: datetime | None
    before: CallFacts | None = None  # None: a new call
    has_new_agency: bool = False

    @property
    def is_changed(self) -> bool:
        return self.has_new_agency or self.facts != self.before

    @property
    def concerns_register(self) -> bool:
        """Whether something changed that the register shows."""
        assert self.before is not None
        times = (self.facts.began_at, self.facts.ended_at)
        return self.has_new_agency or times != (self.before.began_at, self.before.ended_at)

    @property
    def enters_outbox(self) -> bool:
        """Whether it is now known to be a call, and was not before."""
        waited = self.before is None or self.before.state is CallState.AWAITS_BEGIN
        return waited and self.facts.state is not CallState.AWAITS_BEGIN

    def as_call(self) -> Call:
        facts = self.facts
        return replace(
            self.call,
            state=facts.state,
            began_at=facts.began_at,
            ended_at=facts.ended_at,
            cause=facts.cause,
            queue=facts.queue,
            answered=facts.answered,
        )

    def columns(self) -> dict[str, Any]:
        """What a report may change of the row."""
        facts = self.facts
        return {
            "state": facts.state.value,
            "began_at": facts.began_at,
            "ended_at": facts.ended_at,
            "last_begin_at": facts.last_begin_at,
            "platform_id": facts.platform_id,
            "cause": facts.cause,
            "queue": facts.queue,
            "answered": facts.answered,
            "agency_id": self.call.agency_id,
            "match_kind": self.call.match.value,
            "names_due_at": self.names_due_at,
        }


class _Book:
    """The calls that the reports of a transaction may belong to."""

    def __init__(self, span: timedelta, make_token: Callable[[], str]) -> None:
        self._span = span
        self._make_token = make_token
        self._pages: list[_Page] = []
        self._by_pair: defaultdict[tuple[str | None, str], list[_Page]] = defaultdict(list)
        self._by_platform_id: defaultdict[str, list[_Page]] = defaultdict(list)
        self._now: datetime | None = None

    def read(self, session: Session, cases: Sequence[_Case]) -> None:
        """Read every call that one of `cases` may be told of."""
        if not cases:
            return
        self._now = max(one.event.at for one in cases)
        earliest = min(one.event.at for one in cases)
        # With its id an end is believed up to a span after the call must be over, and so are repeats of it.
        asked: dict[str, Any] = {"not_before": earliest - 3 * self._span}
        pairs = {
            "numbers": list({one.told.number for one in cases if one.told.number}),
            "curators": list({one.curator for one in cases}),
            "recently": earliest - REPEATED_END_WITHIN,
        }
        rows = {row.id: row for row in session.execute(_OF_PAIRS, asked | pairs)}
        if ids := list({one.event.platform_id for one in cases if one.event.platform_id}):
            rows |= {row.id: row for row in session.execute(_OF_IDS, asked | {"ids": ids})}
        for row in rows.values():
            facts = to_facts(row)
            self._add(_Page(to_call(row), facts, row.names_due_at, before=facts))

    def take(self, case: _Case) -> tuple[Outcome, _Page | None]:
        """Decide about one report; None when it belongs to no call."""
        pages = self._candidates(case)
        decision = decide(case.event, [page.facts for page in pages], self._span)
        if decision.place is None and case.told.number is None:
            return Outcome.UNUSABLE, None
        for place in decision.expired:
            pages[place].facts = expired(pages[place].facts)
        if decision.place is None:
            page = self._new(case, case.told.number or "", decision.facts)
            self._add(page)
        else:
            page = pages[decision.place]
            self._update(page, case, decision.facts)
        return decision.outcome, page

    def save(self, session: Session) -> None:
        """Store what changed, and tell the outbox."""
        if self._now is None:
            return
        self._insert(session, [page for page in self._pages if page.before is None])
        known = [page for page in self._pages if page.before is not None and page.is_changed]
        if known:
            session.execute(_CHANGE, [_bound(page) for page in known])
        enter(session, [page.call.id for page in self._pages if page.enters_outbox], self._now)
        told_before = [page for page in known if not page.enters_outbox and page.concerns_register]
        want(session, [page.call.id for page in told_before], self._now)

    def _candidates(self, case: _Case) -> list[_Page]:
        pages = list(self._by_pair.get((case.told.number, case.curator), ()))
        if case.event.platform_id is not None:
            named = self._by_platform_id.get(case.event.platform_id, ())
            pages += [page for page in named if page not in pages]
        return pages

    def _new(self, case: _Case, number: str, facts: CallFacts) -> _Page:
        match = case.told.match
        call = Call(
            id=0,  # until it is inserted
            token=self._make_token(),
            register_key=None,
            number=number,
            curator=case.curator,
            state=facts.state,
            began_at=facts.began_at,
            ended_at=facts.ended_at,
            agency_id=match.agency_id,
            match=match.kind,
            agency_name=None,
            manager=None,
            theme=None,
        )
        return _Page(call, facts, names_due_at(match.agency_id, case.event.at))

    def _update(self, page: _Page, case: _Case, facts: CallFacts) -> None:
        adopted = facts.platform_id if page.facts.platform_id is None else None
        page.facts = facts
        if adopted is not None:
            self._by_platform_id[adopted].append(page)
        match = case.told.match
        # The directory may not have known the number yet when the call began.
        if (
            page.call.agency_id is None
            and match.agency_id is not None
            and page.call.number == case.told.number
        ):
            page.call = replace(page.call, agency_id=match.agency_id, match=match.kind)
            page.names_due_at = names_due_at(match.agency_id, case.event.at)
            page.has_new_agency = True

    def _add(self, page: _Page) -> None:
        self._pages.append(page)
        self._by_pair[page.call.number, page.call.curator].append(page)
        if page.facts.platform_id is not None:
            self._by_platform_id[page.facts.platform_id].append(page)

    @staticmethod
    def _insert(session: Session, pages: Sequence[_Page]) -> None:
        if not pages:
            return
        rows = [
            {"token": page.call.token, "number": page.call.number, "curator": page.call.curator}
            | page.columns()
            for page in pages
        ]
        ids = session.scalars(_ADD, rows).all()
        for page, id_ in zip(pages, ids, strict=True):
            page.call = replace(page.call, id=id_)


def names_due_at(agency_id: int | None, at: datetime) -> datetime | None:
    """When the collector shall ask for the names of a call that was reported `at`."""
    return None if agency_id is None else at + NAMES_AFTER


def _bound(page: _Page) -> dict[str, Any]:
    return {"of_call": page.call.id} | {f"new_{name}": value for name, value in page.columns().items()}
