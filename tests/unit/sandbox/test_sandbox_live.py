from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from sandbox.call_centre import schema
from sandbox.call_centre.clock import in_centre_time
from sandbox.call_centre.database import connect
from sandbox.call_centre.generate import DemoSize, create
from sandbox.call_centre.live import LiveTraffic
from sandbox.call_centre.schema import CallEnd, Variant
from sandbox.errors import SandboxError

SECOND = timedelta(seconds=1)
SMALL = DemoSize(days=1, calls_per_day=300, operators=6, agencies=20)


class Outage:
    """Makes every statement on `engine` fail while `is_on`, as a database that went away does."""

    def __init__(self, engine: Engine) -> None:
        self.is_on = False
        event.listen(engine, "before_cursor_execute", self._fail)

    def _fail(self, *_: object) -> None:
        if self.is_on:
            raise OperationalError(
                "SELECT secret_column", {}, sqlite3.OperationalError("server has gone\naway")
            )


def calls(engine: Engine, since: datetime) -> dict[int, Any]:
    """The calls that began after `since`, by id."""
    query = text("SELECT * FROM calls WHERE datetime > :since ORDER BY id")
    with engine.connect() as connection:
        return {row.id: row for row in connection.execute(query, {"since": in_centre_time(since)})}


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()


def play(traffic: LiveTraffic, since: datetime, *, seconds: int, every: int = 1) -> datetime:
    """Step through the time, and return the moment reached."""
    for passed in range(0, seconds + 1, every):
        traffic.step(since + passed * SECOND)
    return since + seconds * SECOND


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def test_a_call_begins_with_nothing_and_gets_operator_card_result_and_type(
    small: Engine, at_night: datetime
) -> None:
    traffic = LiveTraffic(small, seed=1, rate=30)
    lives: dict[int, list[Any]] = {}
    for passed in range(15 * 60):
        traffic.step(at_night + passed * SECOND)
        for id_, row in calls(small, at_night).items():
            states = lives.setdefault(id_, [])
            if not states or states[-1] != row:
                states.append(row)
    # The last minutes belong to calls that are not over yet.
    whole = [states for states in lives.values() if len(lives) - 200 > states[0].id - min(lives)]

    assert len(whole) > 150
    assert {(states[0].result, states[0].type_call) for states in whole} == {(None, None)}
    assert {states[0].privat_processing_id for states in whole} == {0, None}
    assert any(not states[0].operator_id and states[-1].operator_id for states in whole)
    assert any(not states[0].card_id and states[-1].card_id for states in whole)
    assert any(states[0].card_id for states in whole)
    handled = [states[-1] for states in whole if states[-1].result == 1]
    assert 0.7 < len(handled) / len(whole) < 0.9
    assert sum((row.privat_processing_id or 0) > 0 for row in handled) > len(handled) / 2
    assert sum(states[-1].type_call is not None for states in whole) > len(whole) * 0.9


def test_a_call_ends_between_twenty_and_ninety_seconds_after_it_began(
    small: Engine, at_night: datetime
) -> None:
    traffic = LiveTraffic(small, seed=1, rate=30)
    ended_after: dict[int, float] = {}
    for passed in range(10 * 60):
        now = at_night + passed * SECOND
        traffic.step(now)
        for id_, row in calls(small, at_night).items():
            if row.result is not None and id_ not in ended_after:
                begun = datetime.fromisoformat(row.datetime)
                ended_after[id_] = (in_centre_time(now) - begun).total_seconds()

    assert len(ended_after) > 200
    # A call whose operator never chose a result may get one by correction, minutes later.
    in_time = [seconds for seconds in ended_after.values() if 20 <= seconds <= 91]
    assert len(in_time) > len(ended_after) * 0.98


def test_some_calls_are_put_right_minutes_later(small: Engine, at_night: datetime) -> None:
    traffic = LiveTraffic(small, seed=1, rate=60)
    reached = play(traffic, at_night, seconds=120)
    before = {id_: row for id_, row in calls(small, at_night).items() if row.result is not None}

    play(traffic, reached, seconds=12 * 60)

    after = calls(small, at_night)
    edited = [
        id_
        for id_, row in before.items()
        if (after[id_].result, after[id_].type_call) != (row.result, row.type_call)
    ]
    assert edited
    assert len(edited) < len(before) / 3


def test_new_calls_bring_new_cards_telephones_client_cards_and_rings(
    small: Engine, at_night: datetime
) -> None:
    tables = ("cards", "telephone", "privat_processing", "calls_result")
    before = {table: count(small, table) for table in tables}

    play(LiveTraffic(small, seed=1, rate=30), at_night, seconds=300)

    for table in tables:
        assert count(small, table) > before[table] + 20, table
    slots = ", ".join(schema.AGENCY_TELEPHONES)
    new_calls = calls(small, at_night)
    with small.connect() as connection:
        with_agency = connection.execute(
            text(
                "SELECT COUNT(*) FROM calls JOIN privat_processing AS pp ON pp.id = privat_processing_id"
                " JOIN calls_result AS ring ON '|' || calls_results_ids || '|' LIKE '%|' || ring.id || '|%'"
                f" JOIN agentstvo ON ring.telephone_id > 0 AND ring.telephone_id IN ({slots})"
                " WHERE calls.id >= :first"
            ),
            {"first": min(new_calls)},
        ).scalar_one()
    assert with_agency > 20


def test_the_same_seed_and_moments_make_the_same_calls(at_night: datetime) -> None:
    played = []
    for seed in (5, 5, 6):
        engine = connect("sqlite://")
        create(engine, SMALL, seed=1, now=at_night)
        play(LiveTraffic(engine, seed=seed, rate=20), at_night, seconds=240)
        played.append(list(calls(engine, at_night).values()))

    assert played[0] == played[1]
    assert played[0] != played[2]


def test_as_many_calls_begin_as_the_rate_says(small: Engine, at_night: datetime) -> None:
    play(LiveTraffic(small, seed=1, rate=10), at_night, seconds=3600, every=10)

    assert 500 < len(calls(small, at_night)) < 700


def test_without_a_rate_the_night_is_as_lively_as_the_last_hour_of_the_history(
    engine: Engine, at_night: datetime
) -> None:
    create(engine, DemoSize(days=1, agencies=20), seed=1, now=at_night)

    play(LiveTraffic(engine, seed=1), at_night, seconds=3600, every=10)

    assert 20 < len(calls(engine, at_night)) < 70


@pytest.mark.parametrize("call_end", [CallEnd.DURATION, CallEnd.MOMENT])
def test_the_end_of_a_call_is_noted_where_the_installation_does_so(
    engine: Engine, at_night: datetime, call_end: CallEnd
) -> None:
    create(engine, SMALL, seed=1, now=at_night, variant=Variant(call_end=call_end))

    play(LiveTraffic(engine, seed=1, rate=30), at_night, seconds=300)

    column = "duration" if call_end is CallEnd.DURATION else "datetime_end"
    rows = calls(engine, at_night).values()
    assert all(getattr(row, column) is not None for row in rows if row.result is not None)
    assert any(getattr(row, column) is None for row in rows)


def test_an_outage_loses_no_stage_of_a_call(small: Engine, at_night: datetime) -> None:
    outage = Outage(small)
    traffic = LiveTraffic(small, seed=1, rate=30)
    reached = play(traffic, at_night, seconds=60)
    begun = set(calls(small, at_night))

    outage.is_on = True
    reached += 30 * SECOND  # by now something is due for certain
    for _ in range(60):
        reached += SECOND
        with pytest.raises(OperationalError):
            traffic.step(reached)
    outage.is_on = False
    play(traffic, reached, seconds=15 * 60)

    after = calls(small, at_night)
    assert len(begun) > 15
    assert all(after[id_].result is not None or after[id_].type_call is not None for id_ in begun)


def test_a_failed_stage_leaves_no_half_written_rows(small: Engine, at_night: datetime) -> None:
    traffic = LiveTraffic(small, seed=1, rate=30)
    reached = play(traffic, at_night, seconds=120)

    failed: list[str] = []
    stored: list[str] = []

    def fail_after_an_insert(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO privat_processing"):
            stored.append(statement)
        elif statement.startswith("UPDATE calls") and stored:
            failed.append(statement)
            stored.clear()
            raise OperationalError(statement, {}, sqlite3.OperationalError("disk I/O error"))

    event.listen(small, "before_cursor_execute", fail_after_an_insert)
    while not failed:
        before = count(small, "privat_processing")
        reached += SECOND
        with suppress(OperationalError):
            traffic.step(reached)

    assert count(small, "privat_processing") == before


def test_a_new_start_takes_over_the_calls_under_way(small: Engine, at_night: datetime) -> None:
    reached = play(LiveTraffic(small, seed=1, rate=30), at_night, seconds=60)
    open_calls = [id_ for id_, row in calls(small, at_night).items() if row.result is None]

    play(LiveTraffic(small, seed=2, rate=30), reached + 20 * SECOND, seconds=300)

    after = calls(small, at_night)
    assert len(open_calls) > 5
    assert sum(after[id_].result is not None for id_ in open_calls) >= len(open_calls) - 1


def test_a_clock_that_leaps_ahead_finds_the_time_filled(small: Engine, at_night: datetime) -> None:
    traffic = LiveTraffic(small, seed=1, rate=0.001)
    reached = play(traffic, at_night, seconds=60)

    traffic.step(reached + timedelta(hours=9))

    filled = [datetime.fromisoformat(row.datetime).hour for row in calls(small, reached).values()]
    assert {8, 9, 10, 11} <= set(filled)


def test_a_reader_in_the_middle_of_its_work_does_not_hold_up_the_calls(
    small: Engine, at_night: datetime
) -> None:
    traffic = LiveTraffic(small, seed=1, rate=30)
    with small.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        seen = reader.execute(text("SELECT COUNT(*) FROM calls")).scalar_one()

        play(traffic, at_night, seconds=60)

        assert reader.execute(text("SELECT COUNT(*) FROM calls")).scalar_one() == seen
    assert count(small, "calls") > seen


def test_traffic_without_a_database_says_what_to_do(engine: Engine, at_night: datetime) -> None:
    with pytest.raises(SandboxError, match="create"):
        LiveTraffic(engine, seed=1).step(at_night)


def test_run_keeps_trying_while_the_database_is_away_and_says_so_once(
    small: Engine, at_night: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="sandbox")
    outage, stop, asked = Outage(small), Event(), []

    def clock() -> datetime:
        asked.append(None)
        return at_night + len(asked) * 5 * SECOND

    outage.is_on = True
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(LiveTraffic(small, seed=1, rate=60).run, stop, clock)
        try:
            wait_for(lambda: len(asked) >= 2)
            outage.is_on = False
            wait_for(lambda: len(calls(small, at_night)) > 5)
        finally:
            stop.set()
        running.result(timeout=20)

    assert [record.message for record in caplog.records] == [
        "call-centre database is away, trying on: server has gone away",
        "call-centre database is back",
    ]
