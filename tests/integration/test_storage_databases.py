"""What the portal relies on holds on every database it may run on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, ProgrammingError, StatementError

from services.live import Topic, TopicRow, bump
from services.storage import (
    StorageBusy,
    StorageUnavailable,
    Store,
    UtcDateTime,
    database_now_ms,
    upsert,
)
from tests.support.processes import LOOPBACK, free_port
from tests.support.stores import KINDS, empty_database

metadata = MetaData()
team = Table("team", metadata, Column("name", String(40), primary_key=True), Column("size", Integer))
call = Table(
    "call",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("team", ForeignKey("team.name"), nullable=True),
    Column("began_at", UtcDateTime),
)
mark = Table(
    "mark",
    metadata,
    Column("who", String(40), primary_key=True),
    Column("what", Integer, primary_key=True),
)


@pytest.fixture(params=KINDS)
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = Store(empty_database(request.param, request, tmp_path))
    metadata.create_all(store.engine)
    yield store
    store.close()


def sizes(store: Store) -> dict[str, int]:
    with store.read() as session:
        return {row.name: row.size for row in session.execute(select(team))}


def test_what_was_written_can_be_read(any_store: Store) -> None:
    with any_store.write() as session:
        session.execute(insert(team).values(name="Продажи 📞", size=3))

    assert sizes(any_store) == {"Продажи 📞": 3}


def test_an_error_in_a_write_block_keeps_nothing_of_it(any_store: Store) -> None:
    with pytest.raises(RuntimeError, match="changed my mind"), any_store.write() as session:  # noqa: PT012
        session.execute(insert(team).values(name="sales", size=3))
        raise RuntimeError("changed my mind")

    assert sizes(any_store) == {}


def test_a_reader_sees_one_moment(any_store: Store) -> None:
    with any_store.write() as session:
        session.execute(insert(team).values(name="sales", size=3))

    with any_store.read() as reading:
        first = reading.scalar(select(team.c.size))
        with any_store.write() as session:
            session.execute(team.update().values(size=4))
        second = reading.scalar(select(team.c.size))

    assert (first, second) == (3, 3)
    assert sizes(any_store) == {"sales": 4}


def test_a_moment_comes_back_aware_and_to_the_microsecond(any_store: Store) -> None:
    noon_in_moscow = datetime(2026, 7, 1, 12, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=3)))
    with any_store.write() as session:
        session.execute(insert(call).values(id=1, began_at=noon_in_moscow))

    with any_store.read() as session:
        read = session.scalar(select(call.c.began_at))

    assert read == noon_in_moscow
    assert read is not None
    assert read.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(any_store: Store) -> None:
    naive = datetime(2026, 7, 1, 12, 0)  # noqa: DTZ001

    with pytest.raises(StatementError, match="naive datetime"), any_store.write() as session:
        session.execute(insert(call).values(id=1, began_at=naive))


def test_upsert_adds_new_rows_and_overwrites_known_ones(any_store: Store) -> None:
    with any_store.write() as session:
        session.execute(insert(team).values(name="sales", size=3))

    with any_store.write() as session:
        upsert(session, team, [{"name": "sales", "size": 4}, {"name": "support", "size": 1}])
        upsert(session, team, [])

    assert sizes(any_store) == {"sales": 4, "support": 1}


def test_upsert_leaves_a_row_that_is_all_key(any_store: Store) -> None:
    for _ in range(2):
        with any_store.write() as session:
            upsert(session, mark, [{"who": "ann", "what": 1}])

    with any_store.read() as session:
        assert session.scalar(select(func.count()).select_from(mark)) == 1


def test_upsert_can_change_a_known_row_by_its_present_value(any_store: Store) -> None:
    for _ in range(3):
        with any_store.write() as session:
            upsert(session, team, [{"name": "sales", "size": 1}], changes={"size": team.c.size + 1})

    assert sizes(any_store) == {"sales": 3}


def test_the_database_clock_is_the_time_whatever_the_zone_of_the_connection(any_store: Store) -> None:
    shift = {"postgresql": "SET TIME ZONE 'Asia/Tokyo'", "mysql": "SET time_zone = '+09:00'"}
    before = time.time()
    with any_store.read() as session:
        dialect = session.get_bind().dialect.name
        if dialect in shift:
            session.execute(text(shift[dialect]))
        now_ms = session.scalar(select(database_now_ms()))
    after = time.time()

    assert isinstance(now_ms, int)
    # Both clocks are this machine's; two milliseconds are for rounding.
    assert before * 1000 - 2 <= now_ms <= after * 1000 + 2


def test_a_row_must_not_refer_to_a_missing_one(any_store: Store) -> None:
    with pytest.raises(IntegrityError), any_store.write() as session:
        session.execute(insert(call).values(id=1, team="nobody", began_at=datetime.now(UTC)))


def test_every_bump_counts_even_the_first_ones_at_the_same_time(any_store: Store) -> None:
    TopicRow.metadata.create_all(any_store.engine, tables=[TopicRow.__table__])  # type: ignore[list-item]
    threads, each = 8, 5
    together = threading.Barrier(threads)

    def work() -> None:
        together.wait()
        for _ in range(each):
            with any_store.write() as session:
                bump(session, Topic.CALLS)

    run_all([threading.Thread(target=work) for _ in range(threads)])

    with any_store.read() as session:
        assert session.scalar(select(TopicRow.version)) == threads * each


def test_a_mistake_in_a_statement_is_not_called_an_outage(any_store: Store) -> None:
    with pytest.raises(Exception, match="no_such_table") as caught, any_store.read() as session:
        session.execute(text("SELECT 1 FROM no_such_table"))

    assert type(caught.value).__module__ == ProgrammingError.__module__


def test_values_do_not_appear_in_the_text_of_an_error(any_store: Store) -> None:
    with pytest.raises(IntegrityError) as caught, any_store.write() as session:
        session.execute(insert(call).values(id=4_951_234, team="nobody", began_at=datetime.now(UTC)))

    assert "4951234" not in str(caught.value).replace("(id)=(4951234)", "")


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_server_that_is_not_there_is_unavailable(kind: str) -> None:
    scheme = {"postgresql": "postgresql+psycopg", "mariadb": "mysql+pymysql"}[kind]
    store = Store(f"{scheme}://ann:secret@{LOOPBACK}:{free_port()}/portal")

    with pytest.raises(StorageUnavailable, match="cannot be reached"), store.write() as session:
        session.execute(text("SELECT 1"))

    store.close()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_refused_login_or_a_missing_database_is_unavailable(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    right = make_url(empty_database(kind, request, tmp_path))
    for wrong in (right.set(username="stranger"), right.set(database="nowhere")):
        store = Store(wrong)

        with pytest.raises(StorageUnavailable), store.read() as session:
            session.execute(text("SELECT 1"))

        store.close()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_two_writers_that_block_each_other_are_told_apart_from_a_mistake(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    store = Store(empty_database(kind, request, tmp_path))
    metadata.create_all(store.engine)
    with store.write() as session:
        upsert(session, team, [{"name": "sales", "size": 1}, {"name": "support", "size": 1}])
    both_hold_one = threading.Barrier(2)
    outcomes: list[Exception | None] = []

    def work(first: str, second: str) -> None:
        try:
            with store.write() as session:
                session.execute(team.update().where(team.c.name == first).values(size=2))
                both_hold_one.wait()
                session.execute(team.update().where(team.c.name == second).values(size=2))
            outcomes.append(None)
        except Exception as error:
            outcomes.append(error)

    run_all(
        [threading.Thread(target=work, args=pair) for pair in (("sales", "support"), ("support", "sales"))]
    )

    assert [type(outcome) for outcome in outcomes if outcome] == [StorageBusy]
    assert sizes(store) == {"sales": 2, "support": 2}
    store.close()


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
