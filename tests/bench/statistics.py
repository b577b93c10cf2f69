"""Call statistics beside the obvious queries, and the roll-up of a day beside its aggregate query."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, thread_time_ns
from typing import Any

from services.calls import CallStatistics, Period
from services.calls.source import CallCentre as Source
from services.calls.statistics.roll_up import IDLE, RollUp
from services.storage import Base, Store
from tests.bench.call_centre import CallCentre
from tests.bench.portal import Portal
from tests.bench.promises import Finding, wall_time

#: Sends one statement by the bare driver and fetches all rows.
_Run = Callable[[str, Any], object]

_LONGEST_CPU_MS = 50
_RANGES, _TIMES = 60, 3
_DAYS = 40
_ONE_DAY = timedelta(days=1)
MONTHS = (
    "SELECT YEAR(datetime), MONTH(datetime), COUNT(*) FROM calls GROUP BY YEAR(datetime), MONTH(datetime)"
)
OPERATORS = """
    SELECT operators.name, COUNT(*), SUM(calls.result = 1) FROM calls
    LEFT JOIN operators ON operators.id = calls.operator_id
    WHERE calls.datetime >= %s AND calls.datetime < %s GROUP BY calls.operator_id, operators.name
"""
_DAY = """
    SELECT HOUR(calls.datetime), calls.operator_id, COUNT(*), SUM(calls.result = 1),
        SUM(calls.result IN (0, 4, 5, 6)), SUM(calls.result BETWEEN 0 AND 6),
        SUM(LENGTH(TRIM(telephone.number)) > 0), SUM(calls.card_id > 0 AND privat_processing.id > 0)
    FROM calls
    LEFT JOIN cards ON cards.id = calls.card_id
    LEFT JOIN telephone ON telephone.id = cards.telephone_id
    LEFT JOIN privat_processing ON privat_processing.id = calls.privat_processing_id
    WHERE calls.datetime >= %s AND calls.datetime < %s
    GROUP BY HOUR(calls.datetime), calls.operator_id
"""


def fill(portal: Portal, centre: CallCentre) -> str:
    """Roll up all days without the rests that the source gets from the collector; tells how long it took."""
    began = monotonic()
    with closing(Source(centre.reader_url, pre_ping=False)) as source:
        job = RollUp(portal.services.store, source, centre.zone, portal.services.calls.centre.copy_days)
        while job.step(portal.services.store) != IDLE:
            pass
    facts = portal.services.statistics.facts()
    return f"{facts.known_days} days rolled up without rests in {monotonic() - began:.0f} s"


def findings(portal: Portal, centre: CallCentre, directory: Path) -> Iterator[Finding]:
    """Measure the figures of months, of a year and of any period, and the roll-up of a day."""
    with closing(centre.plain()) as source, source.cursor() as cursor:

        def on_source(statement: str, parameters: Any = None) -> None:
            cursor.execute(statement, parameters)
            cursor.fetchall()

        year = year_before(centre.today)
        of_year = (year.first, year.last + _ONE_DAY)
        # Warm, through the route, both are measured with the other routes.
        statistics = _forgetful(portal)
        yield _beside(
            "Calls of all months, nothing kept: the plain GROUP BY",
            statistics.months,
            lambda: on_source(MONTHS),
        )
        yield _beside(
            "Operators of a year, nothing kept: the plain GROUP BY",
            lambda: statistics.report(year),
            lambda: on_source(OPERATORS, of_year),
        )
        yield _any_period(_forgetful(portal), centre.today)
        yield _roll_up_of_a_day(centre, directory, on_source)


def year_before(today: date) -> Period:
    """The calendar year before that of `today`."""
    return Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))


def _forgetful(portal: Portal) -> CallStatistics:
    """Statistics that keep no answer: for them, a day goes by whenever they look at their stopwatch."""
    days = count(step=24 * 3600)
    known = portal.services
    return CallStatistics(known.calls, known.live, stopwatch=lambda: float(next(days)))


def _beside(promise: str, ours: Callable[[], object], plain: Callable[[], object]) -> Finding:
    costs = wall_time(plain, ours, rounds=3)
    return Finding(promise, costs.ratio, None, "x", costs.told("the service"), at_least=True)


def _any_period(statistics: CallStatistics, today: date) -> Finding:
    """The dearest of many periods up to ten years, each by the median of some turns."""
    draw = Random(1)
    costs = []
    for _ in range(_RANGES):
        last = today - timedelta(days=draw.randrange(400))
        period = Period(last - timedelta(days=draw.choice((0, 6, 30, 59, 364, 1000, 1460, 3652))), last)
        statistics.report(period)
        costs.append((median(_cpu_ms(statistics, period) for _ in range(_TIMES)), period))
    worst, period = max(costs, key=lambda cost: cost[0])
    detail = (
        f"{period.first} to {period.last}; half of {_RANGES} periods: {median(c for c, _ in costs):.1f} ms"
    )
    return Finding("Any period in one service call, nothing kept, CPU", worst, _LONGEST_CPU_MS, "ms", detail)


def _cpu_ms(statistics: CallStatistics, period: Period) -> float:
    began = thread_time_ns()
    statistics.report(period)
    return (thread_time_ns() - began) / 1e6


def _roll_up_of_a_day(centre: CallCentre, directory: Path, on_source: _Run) -> Finding:
    """The job's own steps on a portal database that has no day yet: each takes the next older day."""
    directory.mkdir(parents=True, exist_ok=True)
    store = Store(f"sqlite:///{(directory / 'roll-up.db').as_posix()}")
    Base.metadata.create_all(store.engine)
    days = count(1)

    def plain() -> None:
        day = centre.today - next(days) * _ONE_DAY
        on_source(_DAY, (day, day + _ONE_DAY))

    with closing(Source(centre.reader_url, pre_ping=False)) as source, closing(store):
        job = RollUp(store, source, centre.zone, copy_days=0)
        job.step(store)  # looks how far back the calls go
        costs = wall_time(lambda: job.step(store), plain, rounds=_DAYS)
    detail = costs.told("its aggregate query, bare driver")
    return Finding("Roll-up of a day with all it stores", costs.ratio, 2, "x", detail)
