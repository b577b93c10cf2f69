"""A disk that is really full: a file system of a few hundred kilobytes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, func, insert, select

from services.storage import StorageFull, Store

metadata = MetaData()
photo = Table("photo", metadata, Column("id", Integer, primary_key=True), Column("pixels", LargeBinary))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "portal-test", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting needs root; tests/unit/services/storage fills a database in another way")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def add(store: Store) -> None:
    with store.write() as session:
        session.execute(insert(photo).values(pixels=os.urandom(20_000)))


def photos(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(photo)) or 0


def test_on_a_full_disk_writing_is_refused_reading_goes_on_and_all_heals(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 100_000)
    store = Store(f"sqlite:///{small_disk / 'portal.db'}")
    metadata.create_all(store.engine)

    stored = 0
    with pytest.raises(StorageFull, match="the disk of the portal database is full"):  # noqa: PT012
        while stored < 100:
            add(store)
            stored += 1
    with pytest.raises(StorageFull):
        add(store)
    assert 0 < photos(store) == stored < 100

    other = Store(store.url)  # another process opens the database now
    assert photos(other) == stored
    with pytest.raises(StorageFull):
        add(other)

    ballast.unlink()
    add(other)
    add(store)
    assert photos(store) == stored + 2
    other.close()
    store.close()
