"""For the register's tests: a ledger, a register that loses answers, leaders that are killed or frozen."""

import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, delete, event, select, update
from sqlalchemy.orm import Session

from services.jobs import Fence, Lease
from services.live import Topic, bump
from services.oracle import open_oracle
from services.storage import Base, Store
from services.telephony.entries import enter, want
from services.telephony.model import CallState, EntryState, MatchKind, Rules
from services.telephony.register import tables as _tables  # noqa: F401  # known to the base
from services.telephony.register.delivery import RegisterDelivery
from services.telephony.register.statements import INSERT, RegisterRow, t_call_info
from services.telephony.register.wanted import local, wanted_row
from services.telephony.tables import CallRow, EntryRow

RULES = Rules("LT", ("Booking", "Payment"), timedelta(hours=4), "lt", ZoneInfo("Europe/Vilnius"))
START = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
LEASE = "collector"


class Killed(BaseException):
    """kill -9: no code of ours runs after it."""


class Fault(Enum):
    """What goes wrong at one point, which is a statement or a commit on its way to the register."""

    LOST = auto()  # the line breaks before it arrives: nothing is kept
    ANSWER_LOST = auto()  # it is carried out, but its answer never comes
    LATE = auto()  # a commit that arrives long after its line was thought dead


class Line:
    """Stands between a delivery and a database; counts the points where something may happen.

    Of the portal database these are begin and commit alone: what is killed in between is as if killed before.
    """

    def __init__(self, engine: Engine, *, is_register: bool) -> None:
        self.points = 0
        self.commits: list[int] = []  # which of the points were commits
        self.faults: dict[int, Fault] = {}
        self.hooks: dict[int, list[Callable[[], None]]] = {}
        self.is_down = False
        self.is_watched = True
        self.refusals: list[tuple[Callable[[Any], bool], str]] = []
        self._engine = engine
        self._is_register = is_register
        self._open: dict[int, list[tuple[str, Any, bool]]] = {}
        self._under_way: list[list[tuple[str, Any, bool]]] = []
        self._commit = engine.dialect.do_commit
        engine.dialect.do_commit = self._committed  # type: ignore[method-assign]
        event.listen(engine, "before_cursor_execute", self._executed)
        event.listen(engine, "begin", lambda connection: self._open.pop(self._id(connection), None))

    @staticmethod
    def _id(connection: Any) -> int:
        return id(connection.connection.dbapi_connection)

    def _executed(
        self, connection: Any, _cursor: Any, statement: str, values: Any, _x: Any, many: bool
    ) -> None:
        if not self._is_register and statement != "BEGIN IMMEDIATE":
            return
        fault = self._pass_point()
        if fault is not None or self.is_down:
            raise _lost_line()
        for concerns, text in self.refusals:
            rows = values if many else [values]
            if statement.startswith(("INSERT", "UPDATE")) and any(concerns(row) for row in rows):
                raise sqlite3.DatabaseError(text)
        if self._is_register and statement.startswith(("INSERT", "UPDATE")):
            self._open.setdefault(self._id(connection), []).append((statement, values, many))

    def _committed(self, dbapi_connection: Any) -> None:
        self.commits.append(self.points)
        fault = self._pass_point()
        work = self._open.pop(id(dbapi_connection.dbapi_connection), [])
        if fault is Fault.LATE:
            self._under_way.append(work)
            raise _lost_line()
        if fault is Fault.LOST:
            raise _lost_line()
        self._commit(dbapi_connection)
        if fault is Fault.ANSWER_LOST:
            raise _lost_line()

    def at(self, point: int, hook: Callable[[], None]) -> None:
        """Have `hook` called before whatever passes the point of this number."""
        self.hooks.setdefault(point, []).append(hook)

    def _pass_point(self) -> Fault | None:
        if not self.is_watched:
            return None
        point, self.points = self.points, self.points + 1
        for hook in self.hooks.pop(point, []):
            hook()
        return self.faults.pop(point, None)

    def let_arrive(self) -> None:
        """Carry out the orders that were held up, each as far as it still can be."""
        late, self._under_way = self._under_way, []
        with closing(sqlite3.connect(str(self._engine.url.database), isolation_level=None)) as connection:
            for statement, values, many in (order for work in late for order in work):
                for row in values if many else [values]:
                    try:
                        connection.execute(statement, row)
                    except sqlite3.IntegrityError:
                        break


def _lost_line() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("ORA-03113: end-of-file on communication channel")


class RegisterWorld:
    """Everything a delivery needs, on a clock that is moved by hand."""

    def __init__(self, directory: Path, portal_url: str | None = None) -> None:
        """Make it, with files in `directory`; the portal database is one of them unless its URL is given."""
        self.now = START
        self.portal_url = portal_url or f"sqlite:///{directory / 'portal.db'}"
        self.store = Store(self.portal_url)
        Base.metadata.create_all(self.store.engine)
        self.engine = open_oracle(f"sqlite:///{directory / 'sales.db'}", call_limit_s=0.01)
        t_call_info.create(self.engine, checkfirst=True)
        self.portal_line = Line(self.store.engine, is_register=False)
        self.line = Line(self.engine, is_register=True)
        self.aside = open_oracle(f"sqlite:///{directory / 'sales.db'}")  # another program's way in
        self.stores = [self.store]

    def close(self) -> None:
        for store in self.stores:
            store.close()
        self.engine.dispose()
        self.aside.dispose()

    # leaders

    def delivery(
        self, store: Store | None = None, engine: Engine | None = None, **options: Any
    ) -> RegisterDelivery:
        return RegisterDelivery(
            store or self.store,
            engine or self.engine,
            RULES,
            clock=lambda: self.now,
            stopwatch=lambda: self.now.timestamp(),
            **options,
        )

    def fence(self, store: Store | None = None) -> Fence:
        """Lead from now on; whoever led before has lost the lease."""
        lease = Lease(store or self.store, LEASE, ttl=timedelta(0))
        lease.try_take()
        return lease.fence()

    def another_store(self) -> Store:
        self.stores.append(Store(self.portal_url))
        return self.stores[-1]

    def run(self, delivery: RegisterDelivery, fence: Fence, *, steps: int = 60) -> None:
        """Let time go by in steps until nothing waits any more."""
        for _ in range(steps):
            rest = delivery.step(fence)
            self.now += rest
            if not self.unsettled():
                return
        raise AssertionError(f"still unsettled: {self.unsettled()}")

    def settle(self, delivery: RegisterDelivery | None = None, fence: Fence | None = None) -> None:
        """Deliver everything, look again at what was doubtful, and everything late has arrived."""
        delivery, fence = delivery or self.delivery(), fence or self.fence()
        self.run(delivery, fence)
        self.line.let_arrive()
        for _ in range(3):
            self.now += timedelta(seconds=61)
            delivery.step(fence)
            self.run(delivery, fence)

    def unsettled(self) -> list[int]:
        with self.store.read() as session:
            waiting = EntryRow.state == EntryState.WAITING
            return list(session.scalars(select(EntryRow.call_id).where(waiting)))

    # the ledger

    @contextmanager
    def ledger(self) -> Iterator[Session]:
        with self.store.write() as session:
            bump(session, Topic.TELEPHONY)
            yield session

    def report(self, number: str = "37061234567", curator: str = "205", **columns: Any) -> int:
        """A call begins; return its id."""
        with self.ledger() as session:
            call = CallRow(
                **{
                    "token": secrets.token_urlsafe(32),
                    "number": number,
                    "curator": curator,
                    "state": CallState.OPEN,
                    "began_at": self.now,
                    "match_kind": MatchKind.NONE,
                }
                | columns
            )
            session.add(call)
            session.flush()
            enter(session, [call.id], self.now)
            return call.id

    def change(self, call_id: int, **columns: Any) -> None:
        """Something of a call becomes known."""
        with self.ledger() as session:
            session.execute(update(CallRow).where(CallRow.id == call_id).values(**columns))
            want(session, [call_id], self.now)

    def end(self, call_id: int) -> None:
        self.change(call_id, state=CallState.ENDED, ended_at=self.now)

    def entry(self, call_id: int) -> EntryRow:
        with self.store.read() as session:
            return session.get_one(EntryRow, call_id)

    def call(self, call_id: int) -> CallRow:
        with self.store.read() as session:
            return session.get_one(CallRow, call_id)

    # the register

    def foreign(self, key: int, **columns: Any) -> RegisterRow:
        """Another program inserts a row."""
        time = local(self.now, RULES)
        row = RegisterRow(key, time, time, "0", "37060000000", "900", None, "lt", None, None)
        row = replace(row, **columns)
        with self.aside.begin() as connection:
            connection.execute(INSERT, {name: getattr(row, name) for name in RegisterRow.__slots__})
        return row

    def alter(self, key: int, **columns: Any) -> None:
        """Another program changes a row."""
        with self.aside.begin() as connection:
            connection.execute(update(t_call_info).where(t_call_info.c.call_info_id == key).values(**columns))

    def remove(self, key: int) -> None:
        """Another program deletes a row."""
        with self.aside.begin() as connection:
            connection.execute(delete(t_call_info).where(t_call_info.c.call_info_id == key))

    def rows(self) -> dict[int, RegisterRow]:
        with self.aside.connect() as connection:
            found = connection.execute(select(*t_call_info.columns)).all()
        return {row[0]: RegisterRow(*row) for row in found}

    def assert_once_each(self, *, foreign: int = 0) -> None:
        """Every call of the ledger is in the register once, as the ledger has it, beside `foreign` rows."""
        rows = self.rows()
        with self.store.read() as session:
            calls = list(session.scalars(select(CallRow).join(EntryRow, EntryRow.call_id == CallRow.id)))
            states = Counter(session.scalars(select(EntryRow.state)))
        assert states == Counter({EntryState.WRITTEN: len(calls)})
        for call in calls:
            assert call.register_key is not None
            assert rows.pop(call.register_key) == wanted_row(call, call.register_key, call.began_at, RULES)
        assert len(rows) == foreign, rows
