"""A small call-centre database on SQLite, a portal database beside it, and a clock that tests move."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, create_engine, delete, insert, update

from sandbox.call_centre.schema import Variant, call_centre
from services.calls.log import CallLog, Centre
from services.calls.source import CallCentre
from services.calls.sync import CallSync
from services.live import LiveBoard, Topic
from services.storage import Base, Store

MOSCOW = ZoneInfo("Europe/Moscow")
TODAY = date(2025, 3, 10)  # a Monday


class Clock:
    """The time of a test; it stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


class World:
    """A call centre, the portal's database, and whatever of the portal a test asks for."""

    def __init__(self, directory: Path, *, copy_days: int = 8, variant: Variant | None = None) -> None:
        self.clock = Clock(datetime(2025, 3, 10, 12, 0, tzinfo=UTC))  # 15:00 in Moscow
        self.file = directory / "call-centre.db"
        self.url = f"sqlite:///{self.file}"
        self.copy_days = copy_days
        self.metadata = call_centre(variant or Variant())
        self.engine: Engine = create_engine(self.url)
        self.metadata.create_all(self.engine)
        self.store = Store(f"sqlite:///{directory / 'portal.db'}")
        Base.metadata.create_all(self.store.engine)
        self.source = CallCentre(self.url, pre_ping=False)
        self.sync = self.new_sync()
        self._logs: list[CallLog] = []

    def close(self) -> None:
        for log in self._logs:
            log.close()
        self.source.close()
        self.engine.dispose()
        self.store.close()

    # The source

    def add(self, table: str, **row: Any) -> int:
        with self.engine.begin() as connection:
            key = connection.execute(insert(self.metadata.tables[table]).values(**row)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def change(self, table: str, id_: int, **values: Any) -> None:
        rows = self.metadata.tables[table]
        with self.engine.begin() as connection:
            connection.execute(update(rows).where(rows.c.id == id_).values(**values))

    def remove(self, table: str, id_: int) -> None:
        rows = self.metadata.tables[table]
        with self.engine.begin() as connection:
            connection.execute(delete(rows).where(rows.c.id == id_))

    def call(self, at: datetime, **columns: Any) -> int:
        """A call at a naive local time; returns its id."""
        return self.add("calls", datetime=at, **columns)

    def calls(self, times: Iterable[datetime]) -> None:
        """Many handled calls."""
        rows = [{"datetime": at, "result": 1} for at in times]
        with self.engine.begin() as connection:
            connection.execute(insert(self.metadata.tables["calls"]), rows)

    def card(self, number: str | None) -> int:
        """A card with a telephone; returns its id."""
        return self.add("cards", telephone_id=self.add("telephone", number=number))

    def vanish(self) -> None:
        """Let the source be gone, for everyone and at once."""
        self.engine.dispose()
        self.source.close()
        for log in self._logs:
            log.close()
        self.file.rename(self.file.with_suffix(".away"))

    def come_back(self) -> None:
        self.file.with_suffix(".away").rename(self.file)

    # The portal

    def new_sync(self, *, stopwatch: Callable[[], float] = lambda: 0.0) -> CallSync:
        return CallSync(
            self.store, self.source, MOSCOW, self.copy_days, clock=self.clock, stopwatch=stopwatch
        )

    def log(self, *, stopwatch: Callable[[], float] | None = None) -> CallLog:
        """A call log that keeps no answer in memory, unless `stopwatch` says that time stands still."""
        ticks = count(step=1_000_000)
        log = CallLog(
            Centre(self.store, self.url, self.copy_days),
            LiveBoard(self.store, keep=0, clock=self.clock),
            MOSCOW,
            clock=self.clock,
            stopwatch=stopwatch or (lambda: float(next(ticks))),
        )
        self._logs.append(log)
        return log

    def settle(self) -> None:
        """Let the job work until every day is copied, and once more."""
        for _ in range(200):
            if self.sync.step(self.store) == timedelta(seconds=2):
                return
        raise AssertionError("the copy is not complete after 200 steps")

    def work(self, **duration: float) -> None:
        """Let the job work through its cycles for that long."""
        until = self.clock.now + timedelta(**duration)
        while self.clock.now < until:
            self.clock.move(seconds=2)
            self.sync.step(self.store)

    def version(self) -> int:
        """The version of the calls topic."""
        return LiveBoard(self.store, keep=0, clock=self.clock).snapshot().version(Topic.CALLS)


def local(hour: int, minute: int = 0, second: int = 0, *, day: date = TODAY) -> datetime:
    """A naive local time of the centre."""
    return datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001
