"""Statistics on a real MariaDB: sums from roll-ups equal a plain count, whatever is edited and asked."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, func, insert, select, update

from sandbox.call_centre.schema import CallEnd, Variant, call_centre
from services.calls import CallLog, CallStatistics, Period
from services.calls.log import Centre
from services.calls.source import CallCentre
from services.calls.statistics.recent import RecentDays
from services.calls.statistics.roll_up import IDLE, RollUp
from services.errors import Reason
from services.live import LiveBoard
from services.storage import Base, Store
from tests.support.mariadb import FaultyMariaDB, MariaDB
from tests.support.stores import KINDS, empty_database
from tests.unit.services.calls.both_ways import build
from tests.unit.services.calls.statistics.rolled import as_plain, plain_report
from tests.unit.services.calls.world import MOSCOW, Clock, local

TODAY = date(2025, 1, 10)  # so that the days lie in two months and years
DAYS = 14
FIRST = TODAY - timedelta(days=DAYS)
_MINUTES = DAYS * 24 * 60
_VARIANT = Variant(call_end=CallEnd.DURATION)


class Rolled:
    """A call centre on MariaDB of which every day before today is taken from the source."""

    def __init__(self, source_url: str, portal_url: str, *, reader_url: str | None = None) -> None:
        self.clock = Clock(datetime(2025, 1, 10, 12, 0, tzinfo=UTC))
        self.engine: Engine = create_engine(source_url)
        metadata = call_centre(_VARIANT)
        metadata.create_all(self.engine)
        self.tables = metadata.tables
        self.store = Store(portal_url)
        Base.metadata.create_all(self.store.engine)
        self.source = CallCentre(reader_url or source_url, pre_ping=False)
        self.job = self.new_job()
        live = LiveBoard(self.store, keep=0, clock=self.clock)
        self.log = CallLog(Centre(self.store, source_url, 0), live, MOSCOW, clock=self.clock)
        ticks = count(step=1_000_000)  # no answer is kept in memory
        self.statistics = CallStatistics(self.log, live, stopwatch=lambda: float(next(ticks)))

    def new_job(self) -> RollUp:
        return RollUp(self.store, self.source, MOSCOW, copy_days=0, clock=self.clock, stopwatch=lambda: 0.0)

    def close(self) -> None:
        self.log.close()
        self.source.close()
        self.engine.dispose()
        self.store.close()

    def run(self, statement: Any, rows: Any = None) -> None:
        with self.engine.begin() as connection:
            connection.execute(statement, rows)

    def settle(self) -> None:
        for _ in range(20 * DAYS):
            if self.job.step(self.store) == IDLE:
                return
            self.clock.move(seconds=0.1)
        raise AssertionError("the roll-up did not come to an end")

    def night(self) -> None:
        """The nightly check of another day."""
        self.clock.move(days=1)
        self.settle()

    def report(self, first: date, last: date) -> Any:
        return self.statistics.report(Period(first, last))


def populate(rolled: Rolled) -> None:
    tables = rolled.tables
    rolled.run(insert(tables["telephone"]), [{"number": number} for number in ("+7 900", " ", "", None)])
    rolled.run(insert(tables["cards"]), [{"telephone_id": number} for number in (1, 2, 3, 4, 99)])
    rolled.run(insert(tables["privat_processing"]), [{"calls_results_ids": ""}] * 3)
    rolled.run(insert(tables["operators"]), [{"name": name} for name in ("Анна", "Борис", "Вера")])
    rows = [a_call(minute=number * _MINUTES // 400, seed=number) for number in range(400)]
    rolled.run(insert(tables["calls"]), rows)


def a_call(minute: int, seed: int) -> dict[str, Any]:
    return {
        "datetime": local(0, day=FIRST) + timedelta(minutes=minute),
        "operator_id": (None, -1, 0, 1, 2, 3, 77)[seed % 7],
        "card_id": (None, 0, 1, 2, 3, 4, 5, 50)[seed % 8],
        "privat_processing_id": (None, 0, 1, 2, 3, 50)[seed % 6],
        "result": (None, -1, 0, 1, 2, 3, 4, 5, 6, 7, 42)[seed % 11],
        "type_call": (None, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8)[seed // 3 % 11],
        "duration": (None, 0, 30, 90, -5, 90_000)[seed % 6],
    }


@pytest.fixture(scope="module", params=KINDS)
def rolled(
    request: pytest.FixtureRequest, mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rolled]:
    """The source on MariaDB, the roll-ups in each of the databases the portal may live in."""
    directory: Path = tmp_path_factory.mktemp("portal")
    portal_url = empty_database(request.param, request, directory)
    made = Rolled(mariadb.url(mariadb.create_database()), portal_url)
    populate(made)
    made.settle()
    yield made
    made.close()


calls = st.builds(a_call, minute=st.integers(0, _MINUTES - 1), seed=st.integers(0, 10_000))
ids = st.integers(1, 450)
edits = st.one_of(
    st.tuples(st.just("insert"), st.just(0), calls),
    st.tuples(st.just("update"), ids, calls),
    st.tuples(st.just("delete"), ids, st.none()),
)


@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
    ],
)
@given(
    st.lists(edits, max_size=6),
    st.lists(st.tuples(st.integers(-40, DAYS), st.integers(0, 60)), min_size=1, max_size=6),
)
def test_sums_equal_a_plain_count_for_any_period_after_any_edits(
    rolled: Rolled, changes: list[Any], periods: list[tuple[int, int]]
):
    table = rolled.tables["calls"]
    for kind, id_, values in changes:
        if kind == "insert":
            rolled.run(insert(table).values(**values))
        elif kind == "update":
            rolled.run(update(table).where(table.c.id == id_).values(**values))
        else:
            rolled.run(delete(table).where(table.c.id == id_))

    rolled.night()

    for offset, days in periods:
        first = FIRST + timedelta(days=offset)
        last = first + timedelta(days=days)
        report = rolled.report(first, last)
        with rolled.engine.connect() as connection:
            assert as_plain(report) == plain_report(connection, first, last)
            assert (report.duration.calls, report.duration.seconds) == plain_durations(
                connection, table, first, last
            )
    assert rolled.statistics.facts().differences == ()


def plain_durations(connection: Any, table: Any, first: date, last: date) -> tuple[int, int]:
    known = table.c.duration.between(0, 24 * 3600)
    calls, seconds = connection.execute(
        select(func.count(), func.sum(table.c.duration)).where(
            known,
            table.c.datetime >= local(0, day=first),
            table.c.datetime < local(0, day=last + timedelta(days=1)),
        )
    ).one()
    return int(calls), int(seconds or 0)


@pytest.mark.parametrize("kind", KINDS)
def test_recent_days_are_added_up_from_the_copy_in_every_database(kind, request, mariadb, tmp_path):
    source_url = mariadb.url(mariadb.create_database())
    both = build(tmp_path, source_url, empty_database(kind, request, tmp_path))
    clock = Clock(datetime(2025, 3, 10, 12, 0, tzinfo=UTC))
    RecentDays(both.store, MOSCOW, clock=clock, stopwatch=lambda: 0.0).step(both.store)
    live = LiveBoard(both.store, keep=0, clock=clock)
    log = CallLog(Centre(both.store, source_url, 8), live, MOSCOW, clock=clock)
    first, last = both.days
    engine = create_engine(source_url)

    with engine.connect() as connection:
        expected = plain_report(connection, first, last)
    found = as_plain(CallStatistics(log, live).report(Period(first, last)))

    engine.dispose()
    log.close()
    both.close()
    assert found == expected


def test_ten_years_are_a_few_sums(rolled):
    report = rolled.report(TODAY - timedelta(days=3652), TODAY)

    with rolled.engine.connect() as connection:
        assert as_plain(report) == plain_report(connection, date(2000, 1, 1), TODAY)


def test_calls_without_a_readable_time_are_in_no_sum(mariadb, tmp_path):
    rolled = Rolled(mariadb.url(mariadb.create_database()), f"sqlite:///{tmp_path / 'portal.db'}")
    with rolled.engine.begin() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = ''")
        connection.exec_driver_sql("INSERT INTO calls (datetime) VALUES ('0000-00-00 00:00:00')")
        connection.exec_driver_sql("INSERT INTO calls (datetime) VALUES ('2025-01-01 09:00:00')")
    rolled.settle()

    report = rolled.report(date(1970, 1, 1), date(2999, 12, 31))

    facts = rolled.statistics.facts()
    rolled.close()
    assert (report.total.calls, facts.first_day) == (1, date(2025, 1, 1))


def test_a_line_that_is_lost_in_the_fill_and_in_the_check_costs_no_day(
    faulty_mariadb: FaultyMariaDB, mariadb, tmp_path
):
    name = mariadb.create_database()
    portal_url = f"sqlite:///{tmp_path / 'portal.db'}"
    rolled = Rolled(mariadb.url(name), portal_url, reader_url=faulty_mariadb.url(name))
    populate(rolled)
    for _ in range(6):
        rolled.job.step(rolled.store)
    known = rolled.statistics.facts().known_days

    faulty_mariadb.proxy.refuse()
    rests = [rolled.job.step(rolled.store) for _ in range(3)]
    lost = rolled.statistics.facts()
    faulty_mariadb.proxy.pass_through()
    rolled.job = rolled.new_job()  # as after a restart
    rolled.settle()
    filled = rolled.report(FIRST, TODAY)

    rolled.clock.move(days=1)
    for _ in range(6):
        rolled.job.step(rolled.store)
    faulty_mariadb.proxy.refuse()
    rolled.job.step(rolled.store)
    in_outage = rolled.report(FIRST, TODAY)
    faulty_mariadb.proxy.pass_through()
    rolled.settle()
    facts = rolled.statistics.facts()
    rolled.close()

    assert [rest.total_seconds() for rest in rests] == [2, 4, 8]
    assert lost.known_days == known
    assert lost.problem is not None
    assert lost.problem.reason is Reason.REFUSED
    assert filled.total.calls == in_outage.total.calls == 400
    assert (facts.problem, facts.sampled_days, facts.differences) == (None, DAYS + 1, ())
