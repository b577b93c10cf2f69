"""Accounts on a fresh SQLite file, with a clock that tests move and a hasher that counts its work."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import event

from services.accounts import Accounts, HashGate, Passwords, Person, Role, local_accounts
from services.live import LiveBoard
from services.storage import Base, Store

PASSWORD = "correct horse"
HOME = "192.0.2.10"


class Clock:
    """The time of a test; it stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


class CountingHasher:
    """Makes verifiers as quickly as it can and counts them; `parameters` is what a rehash looks at."""

    def __init__(self) -> None:
        self.parameters = "today"
        self.hashed = 0
        self.verified = 0

    def hash(self, password: bytes, /) -> str:
        self.hashed += 1
        return f"{self.parameters}:{password.hex()}"

    def verify(self, verifier: str, password: bytes, /) -> bool:
        self.verified += 1
        if verifier.partition(":")[2] != password.hex():
            raise VerifyMismatchError
        return True

    def check_needs_rehash(self, verifier: str, /) -> bool:
        return not verifier.startswith(self.parameters)

    @property
    def work(self) -> int:
        return self.hashed + self.verified


class BlockingHasher(CountingHasher):
    """Begins a hash and ends it only when the test lets it; tells how many ran at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = threading.Condition()
        self.running = 0
        self.most_running = 0
        self.order: list[bytes] = []
        self._may_end = 1  # the verifier of nobody, made at the start

    def hash(self, password: bytes, /) -> str:
        with self.changed:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.order.append(password)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self._may_end > 0, timeout=20)
            self._may_end -= 1
            self.running -= 1
            self.changed.notify_all()
            return super().hash(password)

    def let_end(self, count: int) -> None:
        with self.changed:
            self._may_end += count
            self.changed.notify_all()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout=20)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def blocking_hasher() -> BlockingHasher:
    return BlockingHasher()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'portal.db'}")
    Base.metadata.create_all(store.engine)
    yield store
    store.close()


@pytest.fixture
def make_accounts(store, hasher, clock) -> Callable[..., Accounts]:
    """Another web process on the same database."""

    def make(*, gate: HashGate | None = None, live: LiveBoard | None = None) -> Accounts:
        board = live or LiveBoard(store, keep=0)
        return local_accounts(store, board, passwords=Passwords(hasher, gate), clock=clock)

    return make


@pytest.fixture
def accounts(make_accounts) -> Accounts:
    return make_accounts()


@pytest.fixture
def olga(accounts) -> Person:
    """An operator with the password PASSWORD who has never logged in."""
    return accounts.add("olga", "Ольга Иванова", Role.OPERATOR, PASSWORD)


@pytest.fixture
def enter(accounts, olga):
    """Log Olga in and give the outcome; the right password from home unless told otherwise."""

    def enter(login="olga", password=PASSWORD, *, address=HOME, remember=False, at=accounts):
        return at.log_in(login, password, address=address, user_agent="Firefox", remember=remember)

    return enter


@pytest.fixture
def statements(store) -> Iterator[list[str]]:
    """Every SQL statement of the test from here on."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(store.engine, "before_cursor_execute", note)
