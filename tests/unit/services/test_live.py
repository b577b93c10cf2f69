"""What changed, how the outside systems are, and how seldom the portal database is asked for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from services.errors import Reason, UpstreamMalformed, UpstreamUnavailable
from services.live import (
    LiveBoard,
    SourceState,
    Topic,
    TopicRow,
    UpstreamRow,
    bump,
    report_answer,
    report_failure,
)
from services.storage import Base, StorageUnavailable, Store, table_of
from tests.support.processes import wait_until

NINE = datetime(2026, 7, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEEP_S = 0.5
CRM = "crm"


class CountingStore(Store):
    """Counts the reads; can be cut off, and can be made to answer only when told."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.reads = 0
        self.is_cut_off = False
        self.may_answer = threading.Event()
        self.may_answer.set()

    @contextmanager
    def read(self) -> Iterator[Session]:
        self.reads += 1
        self.may_answer.wait(30)
        if self.is_cut_off:
            raise StorageUnavailable("cut off")
        with super().read() as session:
            yield session


class Time:
    """Both clocks of a board."""

    def __init__(self) -> None:
        self.now = NINE

    def wall(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountingStore]:
    store = CountingStore(f"sqlite:///{tmp_path / 'portal.db'}")
    Base.metadata.create_all(store.engine, tables=[table_of(TopicRow), table_of(UpstreamRow)])
    yield store
    store.close()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def board(store: CountingStore, time: Time) -> LiveBoard:
    return LiveBoard(store, keep=KEEP_S, clock=time.wall, monotonic=time.monotonic)


def answer(store: Store, at: datetime, took: timedelta = SECOND / 10) -> None:
    with store.write() as session:
        report_answer(session, CRM, took=took, now=at)


def fail(store: Store, at: datetime, reason: Reason = Reason.TIMEOUT, rest: timedelta = SECOND) -> None:
    with store.write() as session:
        report_failure(session, CRM, UpstreamUnavailable("no", reason), now=at, next_try_at=at + rest)


def test_a_topic_has_version_zero_until_something_is_stored_and_then_counts(
    store: CountingStore, board: LiveBoard, time: Time
) -> None:
    before = board.snapshot().version(Topic.CALLS)
    for _ in range(2):
        with store.write() as session:
            bump(session, Topic.CALLS)
    time.now += SECOND

    after = board.snapshot()

    assert before == 0
    assert (after.version(Topic.CALLS), after.version(Topic.ACCOUNTS)) == (2, 0)


def test_a_bump_is_undone_with_the_data_it_belongs_to(store: CountingStore, board: LiveBoard) -> None:
    with pytest.raises(RuntimeError), store.write() as session:  # noqa: PT012
        bump(session, Topic.CALLS)
        raise RuntimeError

    assert board.snapshot().version(Topic.CALLS) == 0


def test_many_threads_cost_one_read_per_keep_period(
    store: CountingStore, board: LiveBoard, time: Time
) -> None:
    def ask_from_all_threads() -> None:
        threads = [threading.Thread(target=lambda: [board.snapshot() for _ in range(20)]) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    ask_from_all_threads()
    first = store.reads
    time.now += timedelta(seconds=KEEP_S * 0.99)
    ask_from_all_threads()
    within_the_period = store.reads
    time.now += timedelta(seconds=KEEP_S * 0.01)
    ask_from_all_threads()

    assert (first, within_the_period, store.reads) == (1, 1, 2)


def test_a_slow_database_holds_up_one_request_and_the_others_get_the_last_answer(
    store: CountingStore, board: LiveBoard, time: Time
) -> None:
    known = board.snapshot()
    time.now += SECOND
    store.may_answer.clear()
    waiting = threading.Thread(target=board.snapshot)
    waiting.start()
    wait_until(lambda: store.reads == 2, "one request reads")

    assert board.snapshot() is known

    store.may_answer.set()
    waiting.join(30)
    assert board.snapshot() is not known
    assert store.reads == 2


def test_without_the_database_the_last_answer_stays_and_grows_old(
    store: CountingStore, board: LiveBoard, time: Time
) -> None:
    answer(store, NINE)
    assert board.snapshot().source(CRM).state is SourceState.OK
    store.is_cut_off = True

    time.now += SECOND
    soon = board.snapshot().source(CRM)
    time.now += timedelta(seconds=30)
    late = board.snapshot().source(CRM)

    assert (soon.state, late.state) == (SourceState.OK, SourceState.UNWATCHED)


def test_a_dead_database_is_asked_once_per_keep_period_even_before_the_first_answer(
    store: CountingStore, board: LiveBoard, time: Time
) -> None:
    store.is_cut_off = True
    for _ in range(5):
        with pytest.raises(StorageUnavailable, match="cut off"):
            board.snapshot()
    asked = store.reads

    store.is_cut_off = False
    time.now += SECOND

    assert asked == 1
    assert board.snapshot().sources == {}


def test_a_source_that_nobody_looked_at_is_neither_up_nor_down(board: LiveBoard) -> None:
    status = board.snapshot().source(CRM)

    assert status.state is SourceState.NEVER
    assert not status.is_current


def test_an_answer_is_shown_with_its_time_and_latency(store: CountingStore, board: LiveBoard) -> None:
    answer(store, NINE, took=timedelta(milliseconds=250))

    status = board.snapshot().source(CRM)

    assert (status.state, status.is_current) == (SourceState.OK, True)
    assert (status.answered_at, status.checked_at, status.since) == (NINE, NINE, NINE)
    assert status.latency == timedelta(milliseconds=250)


def test_an_answer_after_more_than_two_seconds_is_slow_and_still_current(
    store: CountingStore, board: LiveBoard
) -> None:
    answer(store, NINE, took=timedelta(seconds=2.001))

    status = board.snapshot().source(CRM)

    assert (status.state, status.is_current) == (SourceState.SLOW, True)


def test_a_failure_says_since_when_and_why_and_keeps_the_last_answer(
    store: CountingStore, board: LiveBoard
) -> None:
    answer(store, NINE)
    fail(store, NINE + SECOND)
    fail(store, NINE + 2 * SECOND)

    status = board.snapshot().source(CRM)

    assert (status.state, status.reason, status.is_current) == (SourceState.DOWN, Reason.TIMEOUT, False)
    assert status.since == NINE + SECOND
    assert status.checked_at == NINE + 2 * SECOND
    assert status.answered_at == NINE
    assert status.next_try_at == NINE + 3 * SECOND


def test_an_answer_after_a_failure_forgets_the_reason(store: CountingStore, board: LiveBoard) -> None:
    fail(store, NINE)
    answer(store, NINE + SECOND)

    status = board.snapshot().source(CRM)

    assert (status.state, status.reason, status.next_try_at) == (SourceState.OK, None, None)
    assert status.since == NINE + SECOND


def test_only_a_change_of_state_or_reason_is_news(store: CountingStore, board: LiveBoard, time: Time) -> None:
    def version() -> int:
        time.now += SECOND
        return board.snapshot().version(Topic.SOURCES)

    seen = []
    for report in (
        lambda: answer(store, NINE),
        lambda: answer(store, NINE + SECOND),
        lambda: fail(store, NINE, Reason.TIMEOUT),
        lambda: fail(store, NINE + SECOND, Reason.TIMEOUT),
        lambda: fail(store, NINE, Reason.REFUSED),
        lambda: answer(store, NINE),
        lambda: answer(store, NINE, took=3 * SECOND),
    ):
        report()
        seen.append(version())

    assert seen == [1, 1, 2, 2, 3, 4, 5]


def test_a_source_is_unwatched_when_the_collector_is_silent(
    store: CountingStore, board: LiveBoard, time: Time
) -> None:
    answer(store, NINE)

    time.now = NINE + 20 * SECOND
    just_in_time = board.snapshot().source(CRM)
    time.now += SECOND
    silent = board.snapshot().source(CRM)

    assert just_in_time.state is SourceState.OK
    assert (silent.state, silent.since, silent.is_current) == (SourceState.UNWATCHED, NINE, False)


def test_a_rest_between_two_tries_is_no_silence(store: CountingStore, board: LiveBoard, time: Time) -> None:
    fail(store, NINE, rest=timedelta(minutes=1))

    time.now = NINE + timedelta(seconds=79)
    resting = board.snapshot().source(CRM)
    time.now = NINE + timedelta(seconds=81)
    silent = board.snapshot().source(CRM)

    assert (resting.state, silent.state) == (SourceState.DOWN, SourceState.UNWATCHED)


def test_the_reason_of_an_error_is_stored(store: CountingStore, board: LiveBoard) -> None:
    with store.write() as session:
        report_failure(session, CRM, UpstreamMalformed("odd"), now=NINE, next_try_at=NINE + SECOND)

    assert board.snapshot().source(CRM).reason is Reason.MALFORMED
