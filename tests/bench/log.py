"""The call log as a service: what it takes beside its bare statements, and beside the obvious query."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Engine, event

from services.calls import CallFilter, CallLog, Page
from tests.bench.call_centre import CallCentre
from tests.bench.portal import Portal
from tests.bench.promises import Finding, wall_time

FIRST_PAGE = Page(offset=0, limit=100)
_AGO = timedelta(days=728)  # two years, on the same weekday: far beyond the copy
_OBVIOUS = """
    SELECT operators.name, COUNT(*) FROM calls LEFT JOIN operators ON operators.id = calls.operator_id
    WHERE DATE(calls.datetime) = %s GROUP BY operators.name ORDER BY operators.name
"""

#: Sends one statement by the bare driver and fetches all rows.
_Run = Callable[[str, Any], object]


def findings(portal: Portal, centre: CallCentre) -> Iterator[Finding]:
    """Measure the first page and a day's operator counts, from the copy and read through."""
    log = _forgetful(portal)
    today, past = centre.today, centre.today - _AGO
    with (
        closing(sqlite3.connect(str(portal.services.store.url.database))) as copy,
        closing(centre.plain()) as source,
        source.cursor() as cursor,
    ):

        def run_on_copy(statement: str, parameters: Any) -> None:
            copy.execute(statement, parameters).fetchall()

        def run_on_source(statement: str, parameters: Any) -> None:
            cursor.execute(statement, parameters)
            cursor.fetchall()

        yield _first_page("today, from the copy", log, today, run_on_copy, "sqlite", rounds=60)
        yield _first_page("an old day, read through", log, past, run_on_source, "mysql", rounds=30)
        yield _operator_counts("today, from the copy", log, today, run_on_source)
        yield _operator_counts("an old day, read through", log, past, run_on_source)


def _forgetful(portal: Portal) -> CallLog:
    """A call log that keeps no answer: for it, a day goes by whenever it looks at its stopwatch."""
    days = count(step=24 * 3600)
    known = portal.services
    return CallLog(known.calls.centre, known.live, known.calls.zone, stopwatch=lambda: float(next(days)))


def _first_page(what: str, log: CallLog, day: date, run: _Run, dialect: str, *, rounds: int) -> Finding:
    def ours() -> object:
        return log.page(CallFilter(day, day), FIRST_PAGE)

    ours()  # also loads the directory of agencies, which it keeps for minutes
    with _statements(dialect) as sent:
        ours()
    # Which days are copied is the service's own question, not part of the page.
    page = [one for one in sent if "copied_day" not in one[0] and "FROM topic" not in one[0]]

    def plain() -> None:
        for statement, parameters in page:
            run(statement, parameters)

    costs = wall_time(ours, plain, rounds=rounds)
    detail = costs.told(f"its {len(page)} statements by the bare driver")
    return Finding(f"First page of {what}: service, nothing kept", costs.ratio, 1.5, "x", detail)


def _operator_counts(what: str, log: CallLog, day: date, run: _Run) -> Finding:
    costs = wall_time(
        lambda: run(_OBVIOUS, (day,)), lambda: log.summary(CallFilter(day, day)).operators, rounds=3
    )
    detail = costs.told("the whole summary, nothing kept")
    promise = f"Operator counts of {what}: the query with DATE(datetime)"
    return Finding(promise, costs.ratio, 100, "x", detail, at_least=True)


@contextmanager
def _statements(dialect: str) -> Iterator[list[tuple[str, Any]]]:
    """Collect what this process sends to databases of one kind, as the driver takes it."""
    sent: list[tuple[str, Any]] = []

    def note(connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if connection.dialect.name == dialect and statement.lstrip().startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
