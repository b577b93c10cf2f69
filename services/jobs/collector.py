"""The collector: stands by until it leads, then runs every job in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from services.jobs.contract import Fence, Job, LeaseLost, ReportsProgress
from services.jobs.lease import Lease, LeaseTiming
from services.jobs.pauses import pause_after
from services.jobs.runs import RunBook, job_runs
from services.storage import StorageError, Store

log = logging.getLogger(__name__)


class Collector:
    """Runs `jobs` in one of the processes that were started with the same `name`, whichever leads."""

    def __init__(
        self,
        store: Store,
        jobs: Sequence[Job],
        *,
        name: str = "collector",
        timing: LeaseTiming | None = None,
        patience: timedelta = timedelta(seconds=10),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            patience: how long an orderly stop waits for the steps that are under way.

        Raises:
            ValueError: two jobs have the same name.
        """
        if len({job.name for job in jobs}) < len(jobs):
            raise ValueError(f"jobs share a name: {sorted(job.name for job in jobs)}")
        self._store = store
        self._jobs = tuple(jobs)
        self._timing = timing or LeaseTiming()
        self._lease = Lease(store, name, ttl=self._timing.ttl)
        self._patience = patience
        self._clock = clock
        # A step may outlive the leadership it began in; the next must not begin beside it.
        self._sole = {job.name: threading.Lock() for job in jobs}
        self._is_cut_off = False  # from the portal database

    def run(self, stop: threading.Event) -> None:
        """Stand by and lead in turn until `stop` is set, then end in order and hand over at once.

        Steps that are still under way after `patience` are left behind in their daemon threads.
        """
        while not stop.is_set():
            if self._wait_for_lease(stop):
                self._lead(stop)

    def _wait_for_lease(self, stop: threading.Event) -> bool:
        """Stand by until the lease is ours; False when `stop` came first."""
        log.info("collector stands by")
        while not stop.is_set():
            epoch: int | None = None
            with self._outages_are_borne():
                epoch = self._lease.try_take()
            if epoch is not None:
                log.info("collector leads, epoch %d", epoch)
                return True
            stop.wait(self._timing.try_every.total_seconds())
        return False

    def _lead(self, stop: threading.Event) -> None:
        """Run the jobs until `stop` is set or the lease is lost."""
        fence = self._lease.fence()
        book = RunBook(clock=self._clock)
        halt = threading.Event()
        workers = [
            threading.Thread(
                target=self._work, args=(job, fence, book, halt), name=f"job {job.name}", daemon=True
            )
            for job in self._jobs
        ]
        with self._outages_are_borne(), self._store.read() as session:
            book.go_on_from(job_runs(session))
        for worker in workers:
            worker.start()
        renew_every = self._timing.renew_every.total_seconds()
        try:
            while not stop.wait(renew_every) and not halt.is_set() and self._hold(fence, book):
                pass
        finally:
            halt.set()
        if stop.is_set():
            self._finish(workers, fence, book)
        else:
            log.warning("collector leads no longer")

    def _hold(self, fence: Fence, book: RunBook) -> bool:
        """Renew the lease and store how the jobs fare; False when another leads now.

        While the portal database does not answer we go on: the fence keeps us from doing harm.
        """
        try:
            with self._outages_are_borne():
                if not self._lease.renew():
                    return False
                book.save(fence)
        except LeaseLost:
            return False
        return True

    def _finish(self, workers: Sequence[threading.Thread], fence: Fence, book: RunBook) -> None:
        """Give the steps under way time to end and, as the lease is still held, to store their outcome."""
        deadline = time.monotonic() + self._patience.total_seconds()
        renew_every = self._timing.renew_every.total_seconds()
        busy = [worker for worker in workers if worker.is_alive()]
        while busy and self._hold(fence, book) and (left := deadline - time.monotonic()) > 0:
            busy[0].join(min(renew_every, left))
            busy = [worker for worker in busy if worker.is_alive()]
        if busy:
            log.warning("collector stops without the end of: %s", ", ".join(worker.name for worker in busy))
        if self._hold(fence, book):
            with self._outages_are_borne():
                self._lease.release()
        log.info("collector stopped")

    def _work(self, job: Job, fence: Fence, book: RunBook, halt: threading.Event) -> None:
        """Repeat one job's steps until `halt` is set."""
        sole = self._sole[job.name]
        while not sole.acquire(timeout=self._timing.try_every.total_seconds()):
            if halt.is_set():
                return
        try:
            while not halt.is_set():
                rest = self._step(job, fence, book, halt)
                halt.wait(rest.total_seconds())
        finally:
            sole.release()

    def _step(self, job: Job, fence: Fence, book: RunBook, halt: threading.Event) -> timedelta:
        """Do one step, note how it went, and return the rest before the next."""
        book.started(job.name)
        began = time.monotonic()
        try:
            rest = job.step(fence)
        except LeaseLost as lost:
            log.warning("job %s wrote nothing: %s", job.name, lost)
            halt.set()
            return timedelta(0)
        except Exception as error:  # whatever it was, it must not end the other jobs
            failures = book.failed(job.name, timedelta(seconds=time.monotonic() - began), error)
            pause = pause_after(failures)
            log.exception(
                "job %s failed, %d in a row; again in %g s", job.name, failures, pause.total_seconds()
            )
            return pause
        progress = job.progress if isinstance(job, ReportsProgress) else None
        book.succeeded(job.name, timedelta(seconds=time.monotonic() - began), progress)
        return rest

    @contextmanager
    def _outages_are_borne(self) -> Iterator[None]:
        """Log an outage of the portal database once, and its end; the block is tried again later."""
        try:
            yield
        except StorageError as error:
            if not self._is_cut_off:
                log.warning("collector goes on without the portal database: %s", error, exc_info=error)
            self._is_cut_off = True
        else:
            if self._is_cut_off:
                log.info("the portal database answers the collector again")
            self._is_cut_off = False
