"""A CRM on SQLite with telephones of agencies, the portal's copy of them, and a clock that tests move."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from services.jobs import LeaseLost
from services.live import LiveBoard, SourceStatus, Topic
from services.oracle import open_oracle
from services.storage import Base, Store
from services.telephony.directory.crm import t_agency_phone
from services.telephony.directory.directory import PhoneDirectory
from services.telephony.directory.sync import PhoneSync
from services.telephony.directory.tables import PhoneRow
from tests.unit.services.calls.world import Clock


class TestFence:
    """Writes as a leader does, until the lease is `lost`."""

    __test__ = False

    def __init__(self, store: Store) -> None:
        self._store = store
        self.writes = 0
        self.lost_after: int | None = None

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Session]:
        if self.lost_after is not None and self.writes >= self.lost_after:
            raise LeaseLost("another leads")
        self.writes += 1
        with self._store.write(durable=durable) as session:
            yield session


class PhoneWorld:
    """CRM, the portal's database, and whatever of the directory a test asks for."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock(datetime(2026, 3, 10, 12, tzinfo=UTC))
        self.file = directory / "crm.db"
        self.crm = open_oracle(f"sqlite:///{self.file}")
        t_agency_phone.metadata.create_all(self.crm)
        self.store = Store(f"sqlite:///{directory / 'portal.db'}")
        Base.metadata.create_all(self.store.engine)
        self.live = LiveBoard(self.store, keep=0, clock=self.clock)
        self.fence = TestFence(self.store)
        self.sync = self.new_sync()

    def close(self) -> None:
        self.crm.dispose()
        self.store.close()

    def new_sync(self, country: str = "LT", *, stopwatch: Callable[[], float] = lambda: 0.0) -> PhoneSync:
        return PhoneSync(self.store, self.crm, country, clock=self.clock, stopwatch=stopwatch)

    def directory(self, *, stopwatch: Callable[[], float] = lambda: 0.0) -> PhoneDirectory:
        return PhoneDirectory(self.store, self.live, stopwatch=stopwatch)

    def type(self, *rows: tuple[int | None, str | None]) -> None:
        """Enter telephones in CRM."""
        with self.crm.begin() as connection:
            connection.execute(
                insert(t_agency_phone), [{"agency_id": id_, "agency_phone": text} for id_, text in rows]
            )

    def remove(self, agency_id: int) -> None:
        with self.crm.begin() as connection:
            connection.execute(delete(t_agency_phone).where(t_agency_phone.c.agency_id == agency_id))

    def retype(self, agency_id: int, text: str) -> None:
        self.remove(agency_id)
        self.type((agency_id, text))

    def vanish(self) -> None:
        """Let CRM be gone."""
        self.crm.dispose()
        self.file.rename(self.file.with_suffix(".away"))
        self.file.mkdir()  # which cannot be opened as a database

    def come_back(self) -> None:
        self.file.rmdir()
        self.file.with_suffix(".away").rename(self.file)

    def look(self) -> None:
        """Look at all telephones, however lately that was done."""
        self.clock.move(minutes=6)
        self.sync.step(self.fence)

    def copied(self) -> dict[int, tuple[str, str]]:
        """Exact and probable numbers in the copy."""
        with self.store.read() as session:
            return {row.agency_id: (row.exact, row.probable) for row in session.scalars(select(PhoneRow))}

    def version(self) -> int:
        return self.live.snapshot().version(Topic.PHONES)

    def source(self) -> SourceStatus:
        return self.live.snapshot().source("crm")
