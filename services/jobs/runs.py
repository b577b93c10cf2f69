"""How the jobs fare: the latest step of each, for administrators and `/metrics`."""

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.jobs.contract import Fence
from services.jobs.tables import JobRunRow
from services.storage import table_of, upsert

_TEXT_LIMIT = 200
_USER_IN_URL = re.compile(r"//[^/\s@]+@")
_NAMED_SECRET = re.compile(
    r"""\b(pass(?:word|wd)?|secret(?:_key)?|token|api[_-]?key|authorization)(["']?\s*[:=]\s*["']?)"""
    r"""(?:bearer\s+|basic\s+)?[^\s,;&"']+""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class JobRun:
    """The latest step of one job. Times are aware UTC."""

    name: str
    started_at: datetime
    finished_at: datetime | None = None  # of the latest step that ended
    ok_at: datetime | None = None  # when a step last ended well
    duration_ms: int | None = None  # of the latest step that ended
    failures: int = 0  # in a row; 0 after a step that ended well
    failed_at: datetime | None = None
    error_class: str | None = None  # of the latest failure, kept when the job has recovered
    error_text: str | None = None  # one line, without credentials
    progress: float | None = None  # 0 to 1, for jobs that know

    @property
    def is_running(self) -> bool:
        """Whether a step goes on, as far as was recorded."""
        return self.finished_at is None or self.finished_at < self.started_at


def job_runs(session: Session) -> list[JobRun]:
    """Return the latest step of every job that ever ran, by name."""
    rows = session.scalars(select(JobRunRow).order_by(JobRunRow.name))
    return [JobRun(**{name: getattr(row, name) for name in JobRun.__dataclass_fields__}) for row in rows]


class RunBook:
    """Notes the steps of all jobs in memory and stores what changed; may be used by any thread.

    Jobs make steps faster than anybody reads, so the collector saves once a second, all jobs together.
    """

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._runs: dict[str, JobRun] = {}
        self._unsaved: set[str] = set()
        self._clock = clock
        self._lock = threading.Lock()

    def go_on_from(self, earlier: Iterable[JobRun]) -> None:
        """Take over what earlier leaders recorded; call it before the first step."""
        self._runs.update({run.name: run for run in earlier})

    def started(self, name: str) -> None:
        """Note that a step of `name` begins."""
        now = self._clock()
        with self._lock:
            run = self._runs.get(name)
            self._note(JobRun(name, now) if run is None else replace(run, started_at=now))

    def succeeded(self, name: str, took: timedelta, progress: float | None) -> None:
        """Note that the step ended well."""
        now = self._clock()
        with self._lock:
            run = replace(
                self._runs[name],
                finished_at=now,
                duration_ms=_ms(took),
                ok_at=now,
                failures=0,
                progress=progress,
            )
            self._note(run)

    def failed(self, name: str, took: timedelta, error: Exception) -> int:
        """Note that the step failed; return how many have failed in a row."""
        now = self._clock()
        with self._lock:
            run = replace(
                self._runs[name],
                finished_at=now,
                duration_ms=_ms(took),
                failures=self._runs[name].failures + 1,
                failed_at=now,
                error_class=type(error).__name__[:80],
                error_text=error_text(error),
            )
            self._note(run)
            return run.failures

    def save(self, fence: Fence) -> None:
        """Store what changed since the last time; what cannot be stored now is stored the next time.

        Raises:
            LeaseLost, StorageError: as `Fence.write`.
        """
        with self._lock:
            rows = [asdict(self._runs[name]) for name in sorted(self._unsaved)]
            self._unsaved.clear()
        if not rows:
            return
        table = table_of(JobRunRow)
        try:
            with fence.write() as session:
                upsert(session, table, rows)
        except Exception:
            with self._lock:
                self._unsaved.update(row["name"] for row in rows)
            raise

    def _note(self, run: JobRun) -> None:
        self._runs[run.name] = run
        self._unsaved.add(run.name)


def error_text(error: Exception) -> str:
    """One short line about `error`, with credentials blotted out."""
    # SQLAlchemy's own text would add the statement.
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    # PostgreSQL refuses some unprintable characters.
    text = "".join(character if character.isprintable() else " " for character in text)
    text = _USER_IN_URL.sub("//***@", " ".join(text.split()))
    return _NAMED_SECRET.sub(r"\1\2***", text)[:_TEXT_LIMIT]


def _ms(duration: timedelta) -> int:
    return round(duration / timedelta(milliseconds=1))
