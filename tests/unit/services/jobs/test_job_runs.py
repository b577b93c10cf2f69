"""What is recorded about the steps of jobs."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.jobs import JobRun, job_runs
from services.jobs.runs import RunBook, error_text
from services.storage import StorageFull, Store

NINE = datetime(2026, 7, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Clock:
    def __init__(self) -> None:
        self.now = NINE

    def __call__(self) -> datetime:
        return self.now


class CountingStore:
    """A fence that lets everything pass, counts, and has a full disk when told."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.writes = 0
        self.is_full = False

    def write(self) -> AbstractContextManager[Session]:
        self.writes += 1
        if self.is_full:
            raise StorageFull("no room")
        return self._store.write()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(clock: Clock) -> RunBook:
    return RunBook(clock=clock)


@pytest.fixture
def fence(store: Store) -> CountingStore:
    return CountingStore(store)


def recorded(store: Store) -> list[JobRun]:
    with store.read() as session:
        return job_runs(session)


def test_a_step_that_ended_well_is_recorded_with_its_duration_and_progress(
    store: Store, book: RunBook, clock: Clock, fence: CountingStore
) -> None:
    book.started("calls.sync")
    clock.now += SECOND
    book.succeeded("calls.sync", timedelta(milliseconds=900), progress=0.5)

    book.save(fence)

    assert recorded(store) == [
        JobRun(
            "calls.sync",
            started_at=NINE,
            finished_at=NINE + SECOND,
            ok_at=NINE + SECOND,
            duration_ms=900,
            progress=0.5,
        )
    ]


def test_failures_are_counted_until_a_step_ends_well_and_the_last_error_stays(
    store: Store, book: RunBook, clock: Clock, fence: CountingStore
) -> None:
    for expected in (1, 2):
        book.started("calls.sync")
        assert book.failed("calls.sync", SECOND, ValueError("no such column")) == expected
    clock.now += SECOND
    book.started("calls.sync")
    book.succeeded("calls.sync", SECOND, None)

    book.save(fence)

    (run,) = recorded(store)
    assert (run.failures, run.failed_at, run.ok_at) == (0, NINE, NINE + SECOND)
    assert (run.error_class, run.error_text) == ("ValueError", "no such column")


def test_a_step_under_way_is_recorded_as_running(
    store: Store, book: RunBook, clock: Clock, fence: CountingStore
) -> None:
    book.started("calls.sync")
    book.save(fence)
    first_step = recorded(store)[0].is_running
    clock.now += SECOND
    book.succeeded("calls.sync", SECOND, None)
    book.save(fence)
    between_steps = recorded(store)[0].is_running
    clock.now += SECOND
    book.started("calls.sync")
    book.save(fence)

    assert (first_step, between_steps, recorded(store)[0].is_running) == (True, False, True)


def test_all_jobs_are_saved_in_one_transaction_and_nothing_new_in_none(
    store: Store, book: RunBook, fence: CountingStore
) -> None:
    book.started("calls.sync")
    book.started("accounts.cleanup")

    book.save(fence)
    book.save(fence)

    assert fence.writes == 1
    assert [run.name for run in recorded(store)] == ["accounts.cleanup", "calls.sync"]


def test_what_could_not_be_saved_is_saved_the_next_time(
    store: Store, book: RunBook, fence: CountingStore
) -> None:
    book.started("calls.sync")
    fence.is_full = True
    with pytest.raises(StorageFull):
        book.save(fence)

    fence.is_full = False
    book.save(fence)

    assert [run.name for run in recorded(store)] == ["calls.sync"]


def test_a_new_leader_goes_on_counting(
    store: Store, book: RunBook, clock: Clock, fence: CountingStore
) -> None:
    book.started("calls.sync")
    book.failed("calls.sync", SECOND, ValueError())
    book.save(fence)

    successor = RunBook(clock=clock)
    successor.go_on_from(recorded(store))
    successor.started("calls.sync")

    assert successor.failed("calls.sync", SECOND, ValueError()) == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "no answer from\n https://ann:pa55@erp.example.com/x",
            "no answer from https://***@erp.example.com/x",
        ),
        ("login failed: password='pa55', host=a", "login failed: password='***', host=a"),
        ("Authorization: Bearer abc.def refused", "Authorization: *** refused"),
        ('{"api_key": "abc"}', '{"api_key": "***"}'),
        ("token=abc&page=2", "token=***&page=2"),
        ("zero \x00 byte and half \ud800 a pair", "zero byte and half a pair"),
        ("x" * 500, "x" * 200),
    ],
)
def test_an_error_becomes_one_short_line_without_credentials(text: str, shown: str) -> None:
    assert error_text(ValueError(text)) == shown


def test_a_database_error_is_recorded_without_its_statement() -> None:
    error = OperationalError("SELECT secret_column FROM t", {}, Exception("server has gone away"))

    assert error_text(error) == "server has gone away"
