"""The call log on a real MariaDB: the same answers both ways, plans, and every way to fail."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import mysql

from sandbox.call_centre.schema import CallEnd, Variant, call_centre
from services.calls import CallFilter, Page, queries
from services.calls.long_periods import KeyRanges
from services.calls.read_through import ReadThrough
from services.calls.resolve import raw_calls
from services.calls.source import CallCentre
from services.errors import Reason, UpstreamError, UpstreamMalformed, UpstreamRejected, UpstreamUnavailable
from tests.support.mariadb import FaultyMariaDB, MariaDB
from tests.support.postgres import Postgres
from tests.support.processes import LOOPBACK, free_port
from tests.unit.services.calls.both_ways import (
    BothWays,
    assert_each_condition_is_met,
    assert_same,
    assert_same_details,
    assert_same_processings,
    build,
    filters,
    pages,
)
from tests.unit.services.calls.world import MOSCOW, TODAY, local

TODAY_ONLY = CallFilter(TODAY, TODAY)
NOON = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def source_url(mariadb: MariaDB) -> str:
    return mariadb.url(mariadb.create_database())


@pytest.fixture(scope="module", params=["sqlite", "mariadb", "postgres"])
def both(
    request: pytest.FixtureRequest, mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BothWays]:
    """The source on MariaDB, the copy in each of the databases the portal may live in."""
    source_url = mariadb.url(mariadb.create_database())
    directory: Path = tmp_path_factory.mktemp("portal")
    if request.param == "sqlite":
        portal_url = f"sqlite:///{directory / 'portal.db'}"
    elif request.param == "mariadb":
        portal_url = mariadb.url(mariadb.create_database())
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        portal_url = postgres.url(postgres.create_database())
    made = build(directory, source_url, portal_url)
    yield made
    made.close()


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
@given(filters(), pages())
def test_any_question_has_the_same_answer_from_the_copy_and_from_mariadb(
    both: BothWays, asked: CallFilter, page: Page
):
    assert_same(both, asked, page)


def test_each_condition_leaves_exactly_the_calls_it_names_in_every_database(both):
    assert_each_condition_is_met(both)


def test_every_client_card_and_agency_is_the_same_from_the_copy_and_from_mariadb(both):
    assert_same_details(both)


def ask(url: str) -> object:
    """Read a page through a door of its own."""
    through = ReadThrough(url, MOSCOW, lambda: NOON)
    try:
        return through.page(TODAY_ONLY, Page(0, 10))
    finally:
        through.close()


@pytest.fixture
def laid_out(mariadb: MariaDB) -> str:
    """The name of a database with all tables, empty."""
    name = mariadb.create_database()
    engine = create_engine(mariadb.url(name))
    call_centre().create_all(engine)
    engine.dispose()
    return name


def test_nothing_listening_is_refused():
    with pytest.raises(UpstreamUnavailable) as caught:
        ask(f"mysql+pymysql://anna:secret@{LOOPBACK}:{free_port()}/calls")

    assert caught.value.reason is Reason.REFUSED


def test_a_name_that_does_not_resolve_is_unresolved():
    with pytest.raises(UpstreamUnavailable) as caught:
        ask("mysql+pymysql://anna:secret@no-such-host.invalid/calls")

    assert caught.value.reason is Reason.UNRESOLVED


def test_a_wrong_password_is_login_refused_and_stays_secret(mariadb, laid_out):
    with pytest.raises(UpstreamRejected) as caught:
        ask(mariadb.url(laid_out).replace(mariadb.password, "not-the-password"))

    assert caught.value.reason is Reason.LOGIN_REFUSED
    assert "not-the-password" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_missing_database_is_no_such_database(mariadb):
    with pytest.raises(UpstreamRejected) as caught:
        ask(mariadb.url("nowhere"))

    assert caught.value.reason is Reason.NO_SUCH_DATABASE


def test_an_account_without_select_has_no_right(mariadb, laid_out):
    mariadb.execute(
        f"CREATE OR REPLACE USER 'guest'@'{LOOPBACK}' IDENTIFIED BY 'guest'",
        f"GRANT SELECT ON {laid_out}.cards TO 'guest'@'{LOOPBACK}'",
    )

    with pytest.raises(UpstreamRejected) as caught:
        ask(f"mysql+pymysql://guest:guest@{LOOPBACK}:{mariadb.port}/{laid_out}")

    assert caught.value.reason is Reason.NO_RIGHT


@pytest.mark.parametrize("damage", ["DROP TABLE calls", "ALTER TABLE calls DROP COLUMN type_call"])
def test_another_schema_is_malformed(mariadb, laid_out, damage):
    mariadb.execute(f"USE {laid_out}", damage)

    with pytest.raises(UpstreamMalformed) as caught:
        ask(mariadb.url(laid_out))

    assert caught.value.reason is Reason.MALFORMED


def test_a_line_that_goes_silent_is_a_timeout(faulty_mariadb: FaultyMariaDB, mariadb, laid_out, monkeypatch):
    # Shorter than in use, so that the test need not wait for it.
    monkeypatch.setattr("services.calls.source.READ_TIMEOUT_S", 1)
    centre = CallCentre(mariadb.url(laid_out, port=faulty_mariadb.proxy.port), pre_ping=False)
    with centre.reading() as reader:
        reader.all(raw_calls())

    faulty_mariadb.proxy.blackhole()
    with pytest.raises(UpstreamUnavailable) as caught, centre.reading() as reader:
        reader.all(raw_calls())

    centre.close()
    assert caught.value.reason is Reason.TIMEOUT


def test_a_lost_connection_is_replaced_at_the_next_question(faulty_mariadb: FaultyMariaDB, mariadb, laid_out):
    centre = CallCentre(mariadb.url(laid_out, port=faulty_mariadb.proxy.port), pre_ping=False)
    with centre.reading() as reader:
        reader.all(raw_calls())
    faulty_mariadb.proxy.refuse()
    with pytest.raises(UpstreamError), centre.reading() as reader:
        reader.all(raw_calls())

    faulty_mariadb.proxy.pass_through()
    with centre.reading() as reader:
        rows = reader.all(raw_calls())

    centre.close()
    assert rows == []


def test_the_server_itself_ends_a_question_that_takes_too_long(mariadb, laid_out, monkeypatch):
    monkeypatch.setattr("services.calls.source.STATEMENT_LIMIT_S", 0.2)
    centre = CallCentre(mariadb.url(laid_out))

    with pytest.raises(UpstreamUnavailable) as caught, centre.reading() as reader:
        reader.all(text("SELECT SLEEP(5) FROM (SELECT 1) AS once"))  # type: ignore[arg-type]

    centre.close()
    assert caught.value.reason is Reason.TOO_SLOW


def test_nothing_can_be_written_to_the_call_centre(mariadb, laid_out):
    centre = CallCentre(mariadb.url(laid_out))

    with pytest.raises(UpstreamError), centre.reading() as reader:
        reader.all(text("INSERT INTO cards (telephone_id) VALUES (1)"))  # type: ignore[arg-type]

    centre.close()


@pytest.mark.parametrize(
    "asked",
    [
        TODAY_ONLY,
        CallFilter(TODAY, TODAY, phone="900"),
        CallFilter(TODAY, TODAY, with_card=True),
        CallFilter(TODAY, TODAY, with_card=False),
    ],
)
def test_a_page_reads_a_range_of_the_time_index_and_not_the_table(mariadb, laid_out, asked):
    engine = create_engine(mariadb.url(laid_out))
    start = local(0, day=TODAY - timedelta(days=20))
    calls = call_centre().tables["calls"]
    statement = queries.page_of(raw_calls(), queries.source_columns(), asked, Page(0, 100))
    sql = str(statement.compile(dialect=mysql.dialect(), compile_kwargs={"literal_binds": True}))

    with engine.begin() as connection:
        connection.execute(
            calls.insert(), [{"datetime": start + timedelta(minutes=3 * number)} for number in range(10_000)]
        )
        connection.exec_driver_sql("ANALYZE TABLE calls")
        plan = connection.exec_driver_sql(f"EXPLAIN {sql}".replace("%", "%%")).mappings().all()

    engine.dispose()
    first = plan[0]
    assert (first["table"], first["type"], first["key"]) == ("calls", "range", "idx_calls_datetime")


@pytest.mark.parametrize(
    "make",
    [
        lambda columns, asked: queries.count_of(columns, asked, None),
        queries.per_operator,
        lambda columns, asked: queries.per_hour(columns, asked, with_numbers=False),
        lambda columns, asked: queries.page_of(raw_calls(), columns, asked, Page(0, 100, sort="operator")),
    ],
    ids=["count", "operators", "hours", "page"],
)
def test_a_long_period_reads_a_range_of_ids_and_not_the_table(mariadb, laid_out, make):
    engine = create_engine(mariadb.url(laid_out))
    start = local(0, day=TODAY - timedelta(days=200))
    calls = call_centre().tables["calls"]
    asked = CallFilter(TODAY - timedelta(days=180), TODAY - timedelta(days=20), operator_id=5)
    centre = CallCentre(mariadb.url(laid_out))

    with engine.begin() as connection:
        connection.execute(
            calls.insert(), [{"datetime": start + timedelta(minutes=30 * number)} for number in range(9_600)]
        )
        connection.exec_driver_sql("ANALYZE TABLE calls")
        with centre.reading() as reader:
            statement = KeyRanges(MOSCOW, lambda: NOON).by_key(
                reader, make(queries.source_columns(), asked), asked
            )
        sql = str(statement.compile(dialect=mysql.dialect(), compile_kwargs={"literal_binds": True}))
        plan = connection.exec_driver_sql(f"EXPLAIN {sql}".replace("%", "%%")).mappings().all()

    centre.close()
    engine.dispose()
    assert (plan[0]["table"], plan[0]["type"], plan[0]["key"]) == ("calls", "range", "PRIMARY")


@pytest.mark.parametrize(
    ("call_end", "row"),
    [
        (CallEnd.DURATION, {"duration": 30}),
        (CallEnd.MOMENT, {"datetime_end": local(10, 0, 30)}),
    ],
)
def test_the_average_duration_comes_from_the_column_this_installation_has(mariadb, call_end, row):
    name = mariadb.create_database()
    engine = create_engine(mariadb.url(name))
    metadata = call_centre(Variant(datetime_index=False, call_end=call_end))
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(metadata.tables["calls"].insert().values(datetime=local(10), **row))
        connection.execute(metadata.tables["calls"].insert().values(datetime=local(11)))
    engine.dispose()
    through = ReadThrough(mariadb.url(name), MOSCOW, lambda: NOON)

    stats = through.stats()

    through.close()
    assert (stats.total, stats.average_seconds) == (2, 30.0)


def test_the_agencies_of_a_processing_are_the_same_from_the_copy_and_from_mariadb(mariadb, tmp_path):
    url = mariadb.url(mariadb.create_database())
    both = build(tmp_path, url, f"sqlite:///{tmp_path / 'portal.db'}")

    assert_same_processings(both, url)

    both.close()
