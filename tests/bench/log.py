"""The call log as a service: what it takes beside its bare statements, and beside the obvious query."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Engine, event

from services.calls import CallFilter, CallLog, Page
from services.calls.read_through import ReadThrough
from tests.bench.call_centre import CallCentre
from tests.bench.portal import Portal
from tests.bench.promises import Finding, Medians, wall_time

FIRST_PAGE = Page(offset=0, limit=100)
#: Days of the same weekday, far beyond the copy; each is asked for once, so that no answer is kept.
_OLD_DAYS = 100
_WEEK = timedelta(weeks=1)
_LATEST_OLD = 20 * _WEEK
_OBVIOUS = """
    SELECT operators.name, COUNT(*) FROM calls LEFT JOIN operators ON operators.id = calls.operator_id
    WHERE DATE(calls.datetime) = %s GROUP BY operators.name ORDER BY operators.name
"""

_TIMES = 5

#: Statements with their parameters.
Sent = list[tuple[str, Any]]
#: Sends one statement by the bare driver and fetches all rows.
_Run = Callable[[str, Any], object]


def findings(portal: Portal, centre: CallCentre) -> Iterator[Finding]:
    """Measure the first page and a day's operator counts, from the copy and read through."""
    log = _forgetful(portal)
    through = ReadThrough(centre.reader_url, centre.zone, lambda: datetime.now(UTC))
    today = CallFilter(centre.today, centre.today)
    old_days = [centre.today - _LATEST_OLD - age * _WEEK for age in range(_OLD_DAYS)]
    past = [CallFilter(day, day) for day in old_days]
    with (
        closing(through),
        closing(sqlite3.connect(str(portal.services.store.url.database))) as copy,
        closing(centre.plain()) as source,
        source.cursor() as cursor,
    ):

        def on_copy(statement: str, parameters: Any) -> None:
            copy.execute(statement, parameters).fetchall()

        def on_source(statement: str, parameters: Any) -> None:
            cursor.execute(statement, parameters)
            cursor.fetchall()

        def from_source(chosen: CallFilter) -> Sent:
            return _sent("mysql", lambda: (through.count(chosen, None), through.page(chosen, FIRST_PAGE)))

        yield _page_of_today(log, today, from_source(today), on_source)
        yield _page_of_today_on_copy(log, today, on_copy)
        yield _page_of_an_old_day(portal.services.calls, past, [*map(from_source, past)], on_source)
        yield _operator_counts("today, from the copy", log, today, on_source, limit=100)
        yield _operator_counts("an old day, read through", log, past[0], on_source, limit=None)


def _forgetful(portal: Portal) -> CallLog:
    """A call log that keeps no answer: for it, a day goes by whenever it looks at its stopwatch."""
    days = count(step=24 * 3600)
    known = portal.services
    return CallLog(known.calls.centre, known.live, known.calls.zone, stopwatch=lambda: float(next(days)))


def _page_of_today(log: CallLog, today: CallFilter, page: Sent, on_source: _Run) -> Finding:
    costs = wall_time(lambda: log.page(today, FIRST_PAGE), lambda: _send(page, on_source), rounds=30, times=5)
    detail = costs.told(f"the page's {len(page)} statements on the 10 million, bare driver")
    return Finding("First page of today: service from the copy, nothing kept", costs.ratio, 1.5, "x", detail)


def _page_of_today_on_copy(log: CallLog, today: CallFilter, on_copy: _Run) -> Finding:
    sent = _sent("sqlite", lambda: log.page(today, FIRST_PAGE))
    # Which days are copied and how the source is are the service's own questions.
    page = [one for one in sent if "FROM recent_call" in one[0]]
    costs = wall_time(lambda: log.page(today, FIRST_PAGE), lambda: _send(page, on_copy), rounds=30, times=5)
    detail = costs.told(f"the page's {len(page)} statements on the copy, bare driver")
    return Finding("The same beside its statements on the copy", costs.ratio, None, "x", detail)


def _page_of_an_old_day(
    log: CallLog, days: Sequence[CallFilter], pages: Sequence[Sent], on_source: _Run
) -> Finding:
    ours, plain = iter(days), iter(pages)
    costs = wall_time(
        lambda: log.page(next(ours), FIRST_PAGE),
        lambda: _send(next(plain), on_source),
        rounds=len(days) // _TIMES - 1,  # the first turn is not counted
        times=_TIMES,
    )
    detail = costs.told("the page's statements on the 10 million, bare driver")
    return Finding(
        "First page of an old day: service reads through, nothing kept", costs.ratio, 1.5, "x", detail
    )


def _operator_counts(
    what: str, log: CallLog, chosen: CallFilter, on_source: _Run, *, limit: float | None
) -> Finding:
    def ours() -> None:
        for _ in range(_TIMES):
            log.operator_counts(chosen)

    costs = wall_time(lambda: on_source(_OBVIOUS, (chosen.first,)), ours, rounds=5)
    once = Medians(costs.ours, costs.plain / _TIMES)
    detail = once.told("the service, nothing kept")
    promise = f"Operator counts of {what}: the query with DATE(datetime)"
    return Finding(promise, once.ratio, limit, "x", detail, at_least=True)


def _send(statements: Sent, run: _Run) -> None:
    for statement, parameters in statements:
        run(statement, parameters)


def _sent(dialect: str, ask: Callable[[], object]) -> Sent:
    """The statements that `ask` sends to databases of one kind, as their driver takes them."""
    ask()  # the first time it also loads directories, which it keeps for minutes
    sent: Sent = []

    def note(connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if connection.dialect.name == dialect and statement.startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return sent
