"""One process's collector: its jobs, their failures, the end of its leadership."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.jobs import Collector, Fence, JobRun, LeaseLost, LeaseTiming, job_runs
from services.jobs.pauses import pause_after
from services.jobs.tables import LeaseRow
from services.storage import StorageUnavailable, Store, database_now_ms
from tests.support.processes import wait_until

QUICK = LeaseTiming(
    ttl=timedelta(seconds=0.5), renew_every=timedelta(seconds=0.05), try_every=timedelta(seconds=0.02)
)
PATIENCE_S = 30.0


class Steps:
    """A job made of a function; counts the steps that were begun and ended."""

    def __init__(self, name: str, step: Callable[[Fence], object] = lambda _fence: None) -> None:
        self.name = name
        self.begun = 0
        self.ended = 0
        self._step = step

    def step(self, fence: Fence) -> timedelta:
        self.begun += 1
        self._step(fence)
        self.ended += 1
        return timedelta(seconds=0.01)


class Running:
    """A collector in a thread."""

    def __init__(
        self, store: Store, *jobs: Steps, patience: timedelta = timedelta(seconds=PATIENCE_S)
    ) -> None:
        self._stop = threading.Event()
        collector = Collector(store, jobs, timing=QUICK, patience=patience)
        self.thread = threading.Thread(target=collector.run, args=(self._stop,))
        self.thread.start()

    def ask_to_stop(self) -> None:
        self._stop.set()

    def stop(self) -> None:
        self._stop.set()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@pytest.fixture
def start(store: Store) -> Iterator[Callable[..., Running]]:
    """Start collectors that end with the test."""
    running: list[Running] = []

    def start(*jobs: Steps, **options: timedelta) -> Running:
        running.append(Running(store, *jobs, **options))
        return running[-1]

    yield start
    for collector in running:
        collector.stop()


def lease(store: Store) -> LeaseRow | None:
    with store.read() as session:
        return session.scalar(select(LeaseRow))


def run_of(store: Store, name: str) -> JobRun:
    with store.read() as session:
        return next(run for run in job_runs(session) if run.name == name)


def is_led(store: Store) -> bool:
    with store.read() as session:
        return bool(session.scalar(select(LeaseRow.expires_at_ms > database_now_ms())))


def oust(store: Store) -> None:
    """Another collector takes the lease and leaves it at once."""
    with store.write() as session:
        session.execute(update(LeaseRow).values(epoch=LeaseRow.epoch + 1, holder="other", expires_at_ms=0))


def test_the_leader_repeats_its_jobs_until_it_is_stopped(store: Store, start: Callable[..., Running]) -> None:
    job = Steps("calls.sync")

    collector = start(job)
    wait_until(lambda: job.ended >= 3, "three steps")
    collector.stop()

    assert run_of(store, "calls.sync").ok_at is not None
    assert not is_led(store)


def test_a_failing_job_is_logged_recorded_and_tried_again_while_others_go_on(
    store: Store, start: Callable[..., Running], caplog: pytest.LogCaptureFixture
) -> None:
    attempts = count()

    def fail_once(_fence: Fence) -> None:
        if next(attempts) == 0:
            raise ValueError("odd answer")

    failing, sound = Steps("failing", fail_once), Steps("sound")

    collector = start(failing, sound)
    wait_until(lambda: failing.begun == 1 and sound.ended >= 3, "the other job goes on")
    wait_until(lambda: failing.ended >= 1, "the failed job is tried again")
    collector.stop()

    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert "failing" in record.getMessage()
    run = run_of(store, "failing")
    assert (run.error_text, run.failures) == ("odd answer", 0)


def test_a_failing_job_rests_longer_and_longer() -> None:
    pauses = [pause_after(failures).total_seconds() for failures in (1, 2, 3, 6, 7, 8, 10_000)]

    assert pauses == [1, 2, 4, 32, 60, 60, 60]


def test_a_stuck_job_stops_neither_the_others_nor_the_renewals(
    store: Store, start: Callable[..., Running]
) -> None:
    answer = threading.Event()
    stuck, sound = Steps("stuck", lambda _fence: answer.wait(PATIENCE_S)), Steps("sound")
    start(stuck, sound)
    wait_until(lambda: stuck.begun == 1, "the job is stuck")
    before, first = lease(store), sound.ended
    assert before is not None

    def goes_on() -> bool:
        now = lease(store)
        # Longer than the lease lasts without being renewed.
        held_for_ms = now.expires_at_ms - before.expires_at_ms if now else 0
        return held_for_ms > 500 and sound.ended > first

    wait_until(goes_on, "renewals and the other job go on")
    after = lease(store)
    assert after is not None
    assert after.epoch == before.epoch
    assert run_of(store, "stuck").is_running
    answer.set()


def test_a_leader_that_was_replaced_stands_by_and_may_lead_again(
    store: Store, start: Callable[..., Running]
) -> None:
    def write(fence: Fence) -> None:
        with fence.write():
            pass

    job = Steps("calls.sync", write)
    start(job)
    wait_until(lambda: job.ended >= 1, "it leads")
    first = lease(store)
    assert first is not None

    oust(store)
    wait_until(lambda: (row := lease(store)) is not None and row.epoch == first.epoch + 2, "it leads again")

    seen = job.ended
    wait_until(lambda: job.ended > seen, "the job runs again")


def test_lost_lease_in_one_job_ends_the_leadership_of_all(
    store: Store, start: Callable[..., Running]
) -> None:
    attempts = count()

    def lose_once(_fence: Fence) -> None:
        if next(attempts) == 0:
            raise LeaseLost("replaced")

    loser, other = Steps("loser", lose_once), Steps("other")
    start(loser, other)

    wait_until(lambda: loser.ended >= 1, "the loser runs again in the next leadership")
    row = lease(store)
    assert row is not None
    assert row.epoch == 2
    seen = other.ended
    wait_until(lambda: other.ended > seen, "the other job too")


def test_a_step_that_outlives_its_leadership_is_not_joined_by_a_second_one(
    store: Store, start: Callable[..., Running]
) -> None:
    answer = threading.Event()
    refused: list[LeaseLost] = []

    def write_late(fence: Fence) -> None:
        answer.wait(PATIENCE_S)
        try:
            with fence.write():
                pass
        except LeaseLost as lost:
            refused.append(lost)
            raise

    slow, other = Steps("slow", write_late), Steps("other")
    start(slow, other)
    wait_until(lambda: slow.begun == 1, "the slow step began")
    oust(store)
    wait_until(lambda: (row := lease(store)) is not None and row.epoch == 3, "the next leadership")
    seen = other.ended
    wait_until(lambda: other.ended > seen + 3, "the other job runs in it")
    begun_meanwhile = slow.begun
    answer.set()
    wait_until(lambda: slow.ended >= 1, "the slow job runs in it afterwards")

    assert begun_meanwhile == 1
    assert len(refused) == 1


def test_an_orderly_stop_lets_the_step_under_way_store_its_outcome_and_hands_over(
    store: Store, start: Callable[..., Running]
) -> None:
    answer = threading.Event()

    def store_outcome(fence: Fence) -> None:
        answer.wait(PATIENCE_S)
        with fence.write():
            pass

    job = Steps("outbox", store_outcome)
    collector = start(job)
    wait_until(lambda: job.begun == 1, "the step began")
    collector.ask_to_stop()
    before = lease(store)
    assert before is not None
    wait_until(
        lambda: (row := lease(store)) is not None and row.expires_at_ms > before.expires_at_ms + 500,
        "the lease is held meanwhile",
    )

    answer.set()
    collector.stop()

    assert job.ended == 1
    assert run_of(store, "outbox").ok_at is not None
    assert not is_led(store)


def test_an_orderly_stop_does_not_wait_for_ever(store: Store, start: Callable[..., Running]) -> None:
    answer = threading.Event()
    job = Steps("stuck", lambda _fence: answer.wait())
    collector = start(job, patience=timedelta(seconds=0.1))
    wait_until(lambda: job.begun == 1, "the job is stuck")

    collector.stop()

    assert not is_led(store)
    answer.set()


class FlakyStore(Store):
    """A portal database that can be cut off."""

    is_cut_off = False

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._answering(), super().read() as session:
            yield session

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Session]:
        with self._answering(), super().write(durable=durable) as session:
            yield session

    @contextmanager
    def _answering(self) -> Iterator[None]:
        if self.is_cut_off:
            raise StorageUnavailable("cut off")
        yield


def test_the_collector_outlives_an_outage_of_the_portal_database(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = FlakyStore(f"sqlite:///{tmp_path / 'portal.db'}")
    flaky.is_cut_off = True

    def warned(times: int) -> Callable[[], bool]:
        return lambda: sum("goes on without" in record.getMessage() for record in caplog.records) >= times

    job = Steps("calls.sync")
    collector = Running(flaky, job)
    try:
        wait_until(warned(1), "it stands by without the database")
        flaky.is_cut_off = False
        wait_until(lambda: job.ended >= 1, "it leads")
        flaky.is_cut_off = True
        wait_until(warned(2), "it leads without the database")
        flaky.is_cut_off = False
        before = lease(store)
        assert before is not None
        wait_until(
            lambda: (row := lease(store)) is not None and row.expires_at_ms > before.expires_at_ms,
            "it renews its lease again",
        )
        after = lease(store)
        assert after is not None
        assert after.epoch == before.epoch
    finally:
        collector.stop()
        flaky.close()


class Fill(Steps):
    """A job that knows how far it is."""

    progress = 0.25


def test_a_job_may_report_its_progress(store: Store, start: Callable[..., Running]) -> None:
    job = Fill("calls.fill")

    collector = start(job)
    wait_until(lambda: job.ended >= 1, "a step ended")
    collector.stop()

    assert run_of(store, "calls.fill").progress == 0.25


def test_jobs_must_not_share_a_name(store: Store) -> None:
    with pytest.raises(ValueError, match="share a name"):
        Collector(store, [Steps("same"), Steps("same")])
