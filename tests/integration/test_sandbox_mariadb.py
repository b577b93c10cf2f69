"""The stand-in of the call-centre database on a real MariaDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from sandbox.call_centre import bulk, generate, schema
from sandbox.call_centre.bulk import BulkSize
from sandbox.call_centre.clock import CENTRE_ZONE, in_centre_time
from sandbox.call_centre.database import connect
from sandbox.call_centre.live import LiveTraffic
from sandbox.call_centre.schema import CallEnd, Variant
from sandbox.errors import SandboxError
from tests.support.mariadb import MariaDB

#: A Monday, early in the afternoon.
NOW = datetime(2026, 3, 2, 14, 32, tzinfo=CENTRE_ZONE)
SIZE = BulkSize(calls=30_000, days=14, operators=30, agencies=300)


@pytest.fixture
def engine(mariadb: MariaDB) -> Iterator[Engine]:
    engine = connect(mariadb.url(mariadb.create_database()))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def filled(mariadb: MariaDB) -> Iterator[Engine]:
    """A small bulk; nobody may change it."""
    engine = connect(mariadb.url(mariadb.create_database()))
    bulk.fill(engine, SIZE, seed=1, now=NOW)
    yield engine
    engine.dispose()


def rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(query)))


def number(engine: Engine, query: str) -> Any:
    return rows(engine, query)[0][0]


def checksums(engine: Engine) -> dict[str, int]:
    tables = sorted(set(schema.call_centre().tables) - {schema.ORIGIN})
    return {table: rows(engine, f"CHECKSUM TABLE {table}")[0][1] for table in tables}


def test_a_bulk_holds_exactly_the_calls_asked_for_up_to_now(filled: Engine) -> None:
    count, first, last, oldest, newest = rows(
        filled, "SELECT COUNT(*), MIN(id), MAX(id), MIN(datetime), MAX(datetime) FROM calls"
    )[0]

    assert (count, first, last) == (30_000, 1, 30_000)
    assert oldest.date() == (NOW - timedelta(days=13)).date()
    assert timedelta(0) <= in_centre_time(NOW) - newest < timedelta(minutes=5)


def test_a_bulk_is_the_same_for_the_same_seed_only(filled: Engine, engine: Engine) -> None:
    bulk.fill(engine, SIZE, seed=1, now=NOW)
    assert checksums(engine) == checksums(filled)

    bulk.fill(engine, SIZE, seed=2, now=NOW)
    different = {table for table, sum_ in checksums(engine).items() if sum_ != checksums(filled)[table]}
    assert {"calls", "telephone", "privat_processing", "calls_result", "agentstvo"} <= different


def test_a_bulk_follows_the_working_day(filled: Engine) -> None:
    per_hour = dict(
        tuple(row) for row in rows(filled, "SELECT HOUR(datetime), COUNT(*) FROM calls GROUP BY 1")
    )
    per_day = rows(
        filled, "SELECT WEEKDAY(datetime) AS day, COUNT(*) AS n FROM calls GROUP BY DATE(datetime)"
    )

    assert len(per_hour) == 24
    assert per_hour[3] < per_hour[11] / 10
    assert per_hour[13] < per_hour[11]
    assert max(row.n for row in per_day if row.day == 6) < min(
        row.n for row in per_day if row.day in (1, 2, 3)
    )
    assert len({row.n for row in per_day}) > 7


def test_ids_of_a_bulk_rise_with_the_time(filled: Engine) -> None:
    moments = [row.datetime for row in rows(filled, "SELECT datetime FROM calls ORDER BY id")]

    assert moments == sorted(moments)


def test_codes_of_a_bulk_come_in_their_real_mix(filled: Engine) -> None:
    results = Counter(row.result for row in rows(filled, "SELECT result FROM calls"))
    types = {row.type_call for row in rows(filled, "SELECT type_call FROM calls")}

    assert 0.76 < results[1] / 30_000 < 0.80
    assert {0, 1, 2, 3, 4, 5, 6, None, 7, 9, 77} == set(results)
    assert set(range(8)) | {None, 8, 42} == types


def test_client_cards_of_a_bulk_belong_to_handled_calls(filled: Engine) -> None:
    shares = {
        is_handled: float(share)
        for is_handled, share in rows(
            filled, "SELECT COALESCE(result, -1) = 1, AVG(privat_processing_id = id) FROM calls GROUP BY 1"
        )
    }

    assert shares[1] > 0.7
    assert shares[0] < 0.1


@pytest.mark.parametrize(
    ("table", "column", "target"),
    [
        ("calls", "operator_id", "operators"),
        ("calls", "card_id", "cards"),
        ("calls", "privat_processing_id", "privat_processing"),
        ("cards", "telephone_id", "telephone"),
        ("calls_result", "telephone_id", "telephone"),
        ("privat_processing", "client_name_id", "names"),
        ("privat_processing", "manager_name_id", "names"),
        ("privat_processing", "ads_id", "ads"),
    ],
)
def test_references_of_a_bulk_are_mostly_good_sometimes_absent_and_sometimes_dangling(
    filled: Engine, table: str, column: str, target: str
) -> None:
    values = Counter(
        "null" if row.id is None else "zero" if row.id == 0 else "found" if row.found else "dangling"
        for row in rows(
            filled,
            f"SELECT {table}.{column} AS id, target.id IS NOT NULL AS found FROM {table}"
            f" LEFT JOIN {target} AS target ON target.id = {table}.{column}",
        )
    )

    assert set(values) == {"null", "zero", "found", "dangling"}
    assert values["found"] == max(values.values())


def test_rings_of_a_bulk_belong_to_client_cards_and_mostly_to_agencies(filled: Engine) -> None:
    joined = [row.ids for row in rows(filled, "SELECT calls_results_ids AS ids FROM privat_processing")]
    ids = {int(part) for text_ in joined for part in (text_ or "").split("|") if part.strip().isdigit()}
    rings = {row.id: row.telephone_id for row in rows(filled, "SELECT id, telephone_id FROM calls_result")}
    slots = ", ".join(schema.AGENCY_TELEPHONES)
    telephones = {id_ for row in rows(filled, f"SELECT {slots} FROM agentstvo") for id_ in row if id_}

    assert set(rings) <= ids
    assert ids - set(rings)  # some are dangling
    assert sum(id_ in telephones for id_ in rings.values()) > len(rings) * 0.8
    assert {None, ""} < set(joined)
    assert any("||" in (text_ or "") for text_ in joined)


def test_telephones_of_a_bulk_are_invented_and_typed_in_many_ways(filled: Engine) -> None:
    numbers = [row.number for row in rows(filled, "SELECT number FROM telephone")]

    assert sum(typed.startswith("+7 900 000-") for typed in numbers) > len(numbers) * 0.7
    assert not any("{" in typed for typed in numbers)
    assert len({typed for typed in numbers if typed.startswith("8 (900)")}) > 100


def test_tables_are_innodb_in_utf8mb4_and_only_the_moment_is_indexed(filled: Engine) -> None:
    tables = rows(
        filled,
        "SELECT DISTINCT ENGINE, TABLE_COLLATION LIKE 'utf8mb4%' FROM information_schema.TABLES"
        " WHERE TABLE_SCHEMA = DATABASE()",
    )
    indexes = {name: inspect(filled).get_indexes(name) for name in schema.call_centre().tables}

    assert [tuple(row) for row in tables] == [("InnoDB", 1)]
    assert {name for name, found in indexes.items() if found} == {"calls"}
    assert [index["column_names"] for index in indexes["calls"]] == [["datetime"]]


def test_progress_is_told_up_to_the_last_call(engine: Engine) -> None:
    told: list[tuple[int, int]] = []

    bulk.fill(
        engine,
        BulkSize(calls=50_000, days=30, operators=10, agencies=20),
        seed=1,
        now=NOW,
        progress=lambda written, total: told.append((written, total)),
        variant=Variant(datetime_index=False, call_end=CallEnd.DURATION),
    )

    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == (50_000, 50_000)
    assert schema.variant_of(engine) == Variant(datetime_index=False, call_end=CallEnd.DURATION)
    assert number(engine, "SELECT MIN(duration) >= 20 AND MAX(duration) <= 90 FROM calls") == 1


def test_a_bulk_never_touches_a_database_of_somebody_else(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE calls (id INT PRIMARY KEY)"))

    with pytest.raises(SandboxError, match="not made by the sandbox"):
        bulk.fill(engine, SIZE, seed=1, now=NOW)

    assert inspect(engine).get_table_names() == ["calls"]


def test_live_calls_go_on_after_a_bulk(engine: Engine) -> None:
    bulk.fill(engine, SIZE, seed=1, now=NOW)
    traffic = LiveTraffic(engine, seed=1, rate=60)

    for passed in range(0, 600, 5):
        traffic.step(NOW + timedelta(seconds=passed))

    played = rows(engine, "SELECT * FROM calls WHERE id > 30000")
    settled = [row for row in played if row.datetime < in_centre_time(NOW) + timedelta(minutes=7)]
    assert len(settled) > 300
    assert sum(row.result is not None for row in settled) > len(settled) * 0.95
    assert any((row.privat_processing_id or 0) > 30_000 for row in settled)


def test_the_demo_can_live_in_mariadb_and_is_caught_up(engine: Engine) -> None:
    size = generate.DemoSize(days=2, calls_per_day=300, operators=5, agencies=20)
    made = generate.create(engine, size, seed=1, now=NOW)

    filled = generate.catch_up(engine, NOW + timedelta(days=1))

    assert number(engine, "SELECT COUNT(*) FROM calls") == made.calls + filled.calls
    assert filled.calls > 100


def test_a_connection_ended_by_the_server_is_replaced(mariadb: MariaDB, engine: Engine) -> None:
    generate.create(engine, generate.DemoSize(days=1, calls_per_day=100, agencies=10), seed=1, now=NOW)
    traffic = LiveTraffic(engine, seed=1, rate=60)
    traffic.step(NOW)
    before = number(engine, "SELECT COUNT(*) FROM calls")
    others = create_engine(mariadb.url("information_schema"))
    with others.connect() as connection:
        for row in connection.execute(
            text("SELECT ID FROM PROCESSLIST WHERE DB = :name"), {"name": engine.url.database}
        ).all():
            connection.execute(text(f"KILL {row.ID}"))
    others.dispose()

    for passed in range(1, 60):
        try:
            traffic.step(NOW + timedelta(seconds=passed))
        except OperationalError:
            continue  # what `run` does: the next step tries again

    assert number(engine, "SELECT COUNT(*) FROM calls") > before + 30
