"""The portal database on SQLite: its file, its write lock, a full disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, event, func, insert, select, text

from services.storage import StorageBusy, StorageFull, StorageUnavailable, Store
from services.storage import store as module

metadata = MetaData()
photo = Table("photo", metadata, Column("id", Integer, primary_key=True), Column("pixels", LargeBinary))
PAGE = 4096


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'new' / 'portal.db'}")
    metadata.create_all(store.engine)
    yield store
    store.close()


def add(store: Store, pages: int = 1) -> None:
    with store.write() as session:
        session.execute(insert(photo).values(pixels=b"\x00" * PAGE * pages))


def photos(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(photo)) or 0


def test_every_connection_keeps_readers_and_writers_apart_and_checks_references(store: Store) -> None:
    with store.read() as session:
        pragmas = [
            session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        ]

    assert pragmas == ["wal", module.BUSY_TIMEOUT_MS, 1]


def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    with store.write() as session:
        session.execute(insert(photo).values(pixels=b""))

        assert photos(store) == 0

    assert photos(store) == 1


def test_a_writer_that_waits_too_long_says_that_the_database_is_busy(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 1)
    other = Store(store.url)

    with store.write() as session:
        session.execute(select(photo))
        with pytest.raises(StorageBusy, match="another thread"):
            add(store)
        with pytest.raises(StorageBusy, match="busy"):
            add(other)

    add(other)
    other.close()


def test_a_full_disk_refuses_writes_in_clear_words_and_reading_goes_on(store: Store) -> None:
    pages_allowed = 0

    def limit(connection: Any, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages_allowed}")

    add(store)
    event.listen(store.engine, "checkout", limit)
    pages_allowed = 5  # less than the file has: SQLite takes the present size

    with pytest.raises(StorageFull, match="the disk of the portal database is full"):
        add(store, pages=100)
    with pytest.raises(StorageFull):
        add(store, pages=100)
    assert photos(store) == 1

    pages_allowed = 1000  # there is room again
    add(store, pages=100)
    assert photos(store) == 2


def test_the_database_must_be_a_file_that_processes_can_share() -> None:
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(StorageUnavailable, match="must be a file"):
            Store(url)


def test_something_else_in_place_of_the_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "portal.db").write_bytes(b"not a database" * 1000)
    store = Store(f"sqlite:///{tmp_path / 'portal.db'}")

    with pytest.raises(StorageUnavailable), store.read() as session:
        session.execute(text("SELECT 1 FROM sqlite_master"))

    store.close()


def test_more_readers_than_connections_wait_and_are_then_told(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'portal.db'}", pool_size=1)
    store.engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    metadata.create_all(store.engine)
    held = [store.engine.connect() for _ in range(5)]

    with pytest.raises(StorageBusy, match="connections"):
        photos(store)

    for connection in held:
        connection.close()
    assert photos(store) == 0
    store.close()
