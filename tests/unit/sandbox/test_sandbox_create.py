from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from sandbox.call_centre import schema
from sandbox.call_centre.clock import in_centre_time
from sandbox.call_centre.database import connect
from sandbox.call_centre.generate import DemoSize, create
from sandbox.call_centre.schema import CallEnd, Variant
from sandbox.errors import SandboxError

SMALL = DemoSize(days=2, calls_per_day=200, operators=5, agencies=12)


def rows(engine: Engine, query: str, **values: object) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(query), values))


def number(engine: Engine, query: str, **values: object) -> Any:
    return rows(engine, query, **values)[0][0]


def whole(engine: Engine) -> dict[str, list[Any]]:
    return {
        table: [tuple(row) for row in rows(engine, f"SELECT * FROM {table} ORDER BY id")]
        for table in inspect(engine).get_table_names()
    }


def test_every_table_and_column_the_portal_reads_is_there(demo: Engine) -> None:
    inspector = inspect(demo)

    columns = {
        table: {column["name"] for column in inspector.get_columns(table)} for table in EXPECTED_COLUMNS
    }

    assert columns == EXPECTED_COLUMNS


def test_the_same_seed_size_and_moment_make_the_same_database(at_night: datetime) -> None:
    first, second, other = (connect("sqlite://") for _ in range(3))

    create(first, SMALL, seed=7, now=at_night)
    create(second, SMALL, seed=7, now=at_night)
    create(other, SMALL, seed=8, now=at_night)

    assert whole(first) == whole(second)
    assert whole(first)["calls"] != whole(other)["calls"]
    assert whole(first)["agentstvo"] != whole(other)["agentstvo"]


def test_the_demo_has_the_announced_size(demo: Engine) -> None:
    assert number(demo, "SELECT COUNT(*) FROM operators") == 24
    assert number(demo, "SELECT COUNT(*) FROM agentstvo") == 222
    assert number(demo, "SELECT COUNT(DISTINCT DATE(datetime)) FROM calls") == 61
    assert 40_000 < number(demo, "SELECT COUNT(*) FROM calls") < 70_000


def test_three_hundred_operators_and_six_thousand_agencies_are_all_different(at_night: datetime) -> None:
    engine = connect("sqlite://")

    create(engine, DemoSize(days=0, operators=300, agencies=6_000), seed=1, now=at_night)

    assert number(engine, "SELECT COUNT(DISTINCT name) FROM operators") == 300
    assert number(engine, "SELECT COUNT(DISTINCT id) FROM agentstvo") == 6_002


def test_the_hour_before_three_in_the_morning_is_lively(demo: Engine, at_night: datetime) -> None:
    now = in_centre_time(at_night)

    last_hour = number(
        demo, "SELECT COUNT(*) FROM calls WHERE datetime >= :since", since=now - timedelta(hours=1)
    )
    usual = number(
        demo,
        "SELECT COUNT(*) FROM calls WHERE datetime >= :since AND datetime < :till",
        since=now - timedelta(hours=25),
        till=now - timedelta(hours=24),
    )

    assert 20 < last_hour < 80
    assert 0 < usual < 15


def test_calls_come_up_to_now_and_no_further(demo: Engine, at_night: datetime) -> None:
    newest = datetime.fromisoformat(number(demo, "SELECT MAX(datetime) FROM calls"))

    assert timedelta(0) <= in_centre_time(at_night) - newest < timedelta(minutes=15)


def test_ids_rise_with_the_time_of_the_call(demo: Engine) -> None:
    moments = [row.datetime for row in rows(demo, "SELECT datetime FROM calls ORDER BY id")]

    assert moments == sorted(moments)


def test_weekdays_are_busy_weekends_quiet_and_no_hour_of_the_day_is_silent(demo: Engine) -> None:
    per_day = rows(
        demo, "SELECT strftime('%w', datetime) AS day, COUNT(*) AS n FROM calls GROUP BY DATE(datetime)"
    )
    working = [row.n for row in per_day if row.day in "12345"]
    sundays = [row.n for row in per_day if row.day == "0"]
    per_hour = dict(rows(demo, "SELECT strftime('%H', datetime), COUNT(*) FROM calls GROUP BY 1"))

    assert sum(working) / len(working) > 2 * sum(sundays) / len(sundays)
    assert len(per_hour) == 24
    assert per_hour["13"] < per_hour["11"]
    assert per_hour["13"] < per_hour["15"]
    assert per_hour["03"] < per_hour["11"] / 10


def test_results_come_in_their_real_mix_with_codes_nobody_knows(demo: Engine) -> None:
    results = Counter(row.result for row in rows(demo, "SELECT result FROM calls"))
    total = sum(results.values())

    assert 0.76 < results[1] / total < 0.80
    assert 0.10 < sum(results[code] for code in (0, 4, 5, 6)) / total < 0.13
    assert {0, 1, 2, 3, 4, 5, 6, None, 7, 9, 77} == set(results)


def test_types_come_in_a_mix_with_codes_nobody_knows(demo: Engine) -> None:
    types = Counter(row.type_call for row in rows(demo, "SELECT type_call FROM calls"))

    assert types.most_common(1)[0][0] == 5
    assert set(range(8)) | {None, 8, 42} == set(types)


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
        ("privat_processing", "client_city_id", "city"),
        ("privat_processing", "country_id", "country"),
        ("privat_processing", "metro_id", "metro"),
        ("privat_processing", "ads_id", "ads"),
    ],
)
def test_references_are_mostly_good_sometimes_absent_and_sometimes_dangling(
    demo: Engine, table: str, column: str, target: str
) -> None:
    values = Counter(
        "null" if row.id is None else "zero" if row.id == 0 else "found" if row.found else "dangling"
        for row in rows(
            demo,
            f"SELECT {table}.{column} AS id, target.id IS NOT NULL AS found FROM {table}"
            f" LEFT JOIN {target} AS target ON target.id = {table}.{column}",
        )
    )

    assert set(values) == {"null", "zero", "found", "dangling"}
    assert values["found"] == max(values.values())


@pytest.mark.parametrize("column", ["city_id", "metro_id", "district_id", "area_id", "region", "tel_3_id"])
def test_references_of_agencies_may_be_absent(demo: Engine, column: str) -> None:
    ids = {row.id for row in rows(demo, f"SELECT {column} AS id FROM agentstvo")}

    assert ids & {0, None}
    assert len(ids) > 5


def test_about_four_of_a_hundred_numbers_are_not_identified(demo: Engine) -> None:
    unidentified = number(
        demo,
        "SELECT AVG(telephone.number IS NULL OR telephone.number = '') FROM calls"
        " LEFT JOIN cards ON cards.id = calls.card_id"
        " LEFT JOIN telephone ON telephone.id = cards.telephone_id",
    )

    assert 0.02 < unidentified < 0.07


def test_numbers_are_invented_and_typed_in_many_ways(demo: Engine) -> None:
    numbers = [row.number for row in rows(demo, "SELECT number FROM telephone")]

    assert sum(typed.startswith("+7 900 000-") for typed in numbers) > len(numbers) * 0.7
    for beginning in ("8 (900) 000-", "7900000", "8900000", "+44 ", "anonymous", "="):
        assert any(typed.startswith(beginning) for typed in numbers), beginning


def test_comments_hold_what_a_careless_search_or_page_would_trip_over(demo: Engine) -> None:
    comments = [row.comment or "" for row in rows(demo, "SELECT comment FROM telephone")]
    comments += [row.comment or "" for row in rows(demo, "SELECT comment FROM agentstvo")]

    for trap in ("%", "_", "'", '"', "<", "\n"):
        assert any(trap in comment for comment in comments), trap


def test_most_handled_calls_have_a_client_card_and_many_of_these_an_agency(demo: Engine) -> None:
    with demo.connect() as connection:
        handled = list(
            connection.execute(text("SELECT card_id, privat_processing_id FROM calls WHERE result = 1"))
        )
        agencies = agencies_of_processings(connection)
    with_card = [
        row.privat_processing_id
        for row in handled
        if (row.card_id or 0) > 0 and row.privat_processing_id in agencies
    ]

    assert 0.6 < len(with_card) / len(handled) < 0.8
    assert 0.5 < sum(agencies[id_] is not None for id_ in with_card) / len(with_card) < 0.8


def agencies_of_processings(connection: Connection) -> dict[int, int | None]:
    """The agency of each client card by the original's rules: newest ring whose telephone is an agency's."""
    shown: dict[int, int] = {}
    for agency in connection.execute(
        text(
            "SELECT agentstvo.* FROM agentstvo LEFT JOIN district ON district.id = district_id"
            " WHERE COALESCE(agentstvo.hidden, 0) <> 1 AND COALESCE(district.hidden, 0) <> 1"
            " AND agentstvo.id NOT IN (280, 318)"
        )
    ).mappings():
        shown.update({agency[slot]: agency["id"] for slot in schema.AGENCY_TELEPHONES if agency[slot]})
    rings = {
        row.id: row for row in connection.execute(text("SELECT id, telephone_id, datetime FROM calls_result"))
    }
    found: dict[int, int | None] = {}
    for card in connection.execute(text("SELECT id, calls_results_ids AS ids FROM privat_processing")):
        ids = [int(part) for part in (card.ids or "").split("|") if part.strip().isdigit()]
        newest_first = sorted(
            (rings[id_] for id_ in ids if id_ in rings), key=lambda row: row.datetime, reverse=True
        )
        found[card.id] = next(
            (shown[row.telephone_id] for row in newest_first if row.telephone_id in shown), None
        )
    return found


def test_ids_of_rings_are_joined_by_bars_with_the_junk_of_years(demo: Engine) -> None:
    joined = [row.ids for row in rows(demo, "SELECT calls_results_ids AS ids FROM privat_processing")]

    assert sum("|" in (ids or "") for ids in joined) > len(joined) / 5
    assert any(ids is None for ids in joined)
    assert "" in joined
    for junk in ("||", "нет", " "):
        assert any(junk in (ids or "") for ids in joined), junk
    assert any((ids or "").endswith("|") for ids in joined)


def test_agencies_are_hidden_technical_and_spread_over_seven_telephones(demo: Engine) -> None:
    agencies = rows(demo, "SELECT * FROM agentstvo")
    hidden_districts = {row.id for row in rows(demo, "SELECT id FROM district WHERE hidden = 1")}

    assert {row.hidden for row in agencies} == {0, 1, None}
    assert {280, 318} < {row.id for row in agencies}
    assert any(row.district_id in hidden_districts for row in agencies)
    assert any(row.time_zone != 0 for row in agencies)
    assert any(row.english_name for row in agencies)
    for slot in schema.AGENCY_TELEPHONES:
        assert any(getattr(row, slot) for row in agencies), slot
    for flag in schema.AGENCY_FLAGS:
        assert {getattr(row, flag) for row in agencies} == {0, 1}, flag


def test_hidden_and_technical_agencies_are_rung_too(demo: Engine) -> None:
    for condition in ("agentstvo.hidden = 1", "agentstvo.id IN (280, 318)"):
        slots = ", ".join(schema.AGENCY_TELEPHONES)
        rung = number(
            demo,
            f"SELECT COUNT(*) FROM calls_result JOIN agentstvo ON {condition}"
            f" AND calls_result.telephone_id > 0 AND calls_result.telephone_id IN ({slots})",
        )
        assert rung > 0, condition


def test_every_operator_of_the_day_works_some_shift(demo: Engine) -> None:
    per_operator = rows(
        demo,
        "SELECT operators.id, COUNT(*) AS n FROM calls JOIN operators ON operators.id = operator_id"
        " WHERE DATE(datetime) = '2026-03-03' GROUP BY 1",
    )
    counts = [row.n for row in per_operator]

    assert 12 <= len(counts) <= 24
    assert max(counts) > 2 * min(counts)


def test_the_youngest_calls_are_still_under_way(at_night: datetime) -> None:
    engine = connect("sqlite://")
    noon = at_night.replace(hour=12)

    create(engine, DemoSize(days=0, calls_per_day=20_000, agencies=10), seed=1, now=noon)

    young = rows(
        engine,
        "SELECT * FROM calls WHERE datetime > :since",
        since=in_centre_time(noon) - timedelta(seconds=19),
    )
    assert len(young) > 5
    assert {(row.result, row.type_call) for row in young} == {(None, None)}
    assert {row.privat_processing_id for row in young} <= {0, None}
    assert any(not row.operator_id for row in young)


def test_moments_are_stored_the_way_sqlalchemy_stores_them(demo: Engine) -> None:
    assert number(demo, "SELECT datetime FROM calls LIMIT 1").endswith(".000000")


@pytest.mark.parametrize(
    ("call_end", "column"),
    [(CallEnd.DURATION, "duration"), (CallEnd.MOMENT, "datetime_end"), (CallEnd.UNKNOWN, None)],
)
def test_an_installation_may_tell_how_long_calls_last(
    at_night: datetime, call_end: CallEnd, column: str | None
) -> None:
    engine = connect("sqlite://")

    create(engine, SMALL, seed=1, now=at_night, variant=Variant(call_end=call_end))

    columns = {found["name"] for found in inspect(engine).get_columns("calls")}
    assert columns - EXPECTED_COLUMNS["calls"] == ({column} if column else set())
    assert schema.variant_of(engine) == Variant(call_end=call_end)
    if column:
        known = number(engine, f"SELECT COUNT({column}) FROM calls")
        assert known >= number(engine, "SELECT COUNT(result) FROM calls")


@pytest.mark.parametrize("wanted", [True, False])
def test_the_moment_of_a_call_is_indexed_unless_unwanted(at_night: datetime, wanted: bool) -> None:
    engine = connect("sqlite://")

    create(engine, SMALL, seed=1, now=at_night, variant=Variant(datetime_index=wanted))

    assert [index["column_names"] for index in inspect(engine).get_indexes("calls")] == [
        ["datetime"]
    ] * wanted


def test_making_it_again_leaves_nothing_of_the_old_one(small: Engine, at_night: datetime) -> None:
    fresh = connect("sqlite://")

    create(small, SMALL, seed=9, now=at_night)
    create(fresh, SMALL, seed=9, now=at_night)

    assert whole(small) == whole(fresh)


def test_what_an_interrupted_attempt_left_behind_is_made_anew(small: Engine, at_night: datetime) -> None:
    with small.begin() as connection:
        connection.execute(text(f"DELETE FROM {schema.ORIGIN}"))
    fresh = connect("sqlite://")

    create(small, SMALL, seed=9, now=at_night)
    create(fresh, SMALL, seed=9, now=at_night)

    assert whole(small) == whole(fresh)


def test_a_database_of_somebody_else_is_never_touched(engine: Engine, at_night: datetime) -> None:
    schema.call_centre().tables["calls"].create(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO calls (id, datetime) VALUES (5, '2026-01-01 00:00:00.000000')"))

    with pytest.raises(SandboxError, match="not made by the sandbox"):
        create(engine, SMALL, seed=1, now=at_night)

    assert inspect(engine).get_table_names() == ["calls"]
    assert number(engine, "SELECT COUNT(*) FROM calls") == 1


EXPECTED_COLUMNS = {
    "calls": {"id", "datetime", "operator_id", "card_id", "privat_processing_id", "result", "type_call"},
    "cards": {"id", "telephone_id"},
    "telephone": {"id", "number", "comment"},
    "operators": {"id", "name"},
    "privat_processing": {
        *("id", "calls_results_ids", "client_name_id", "manager_name_id", "client_city_id"),
        *("country_id", "metro_id", "ads_id"),
    },
    "calls_result": {"id", "telephone_id", "datetime", "result"},
    "agentstvo": {
        *("id", "name", "english_name", "adres", "comment"),
        *("tel_1_id", "tel_2_id", "tel_3_id", "tel_4_id", "tel_5_id", "tel_6_id", "tel_7_id"),
        *("city_id", "metro_id", "district_id", "area_id", "region", "time_zone", "time_rezhim_id"),
        *("english", "tickets", "station_not_set", "switch_msk_agency", "bank_card", "stambul", "austria"),
        "hidden",
    },
    "names": {"id", "name"},
    "city": {"id", "name"},
    "metro": {"id", "name"},
    "district": {"id", "name", "hidden"},
    "areas": {"id", "name"},
    "regions": {"id", "name"},
    "country": {"id", "name"},
    "ads": {"id", "ads_name"},
}
