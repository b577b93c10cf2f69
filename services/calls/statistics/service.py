"""Call statistics: what the web asks, answered from the roll-ups alone."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TypeVar

from sqlalchemy.orm import Session

from services.calls.log import CallLog
from services.calls.memo import Memo
from services.calls.model import Problem
from services.calls.statistics import answers
from services.calls.statistics.model import Coverage, Months, Period, Report, RollUpFacts
from services.calls.sync import SOURCE
from services.errors import Reason
from services.live import LiveBoard, SourceState, Topic

T = TypeVar("T")

_KEPT_ANSWERS = 256
#: An answer holds until the topic's version changes; after this its memory is given back.
_KEEP_S = 60.0
#: What every look at the source changes, but no figure.
_KEEP_LOOKS_S = 0.5


class CallStatistics:
    """The statistics of the centre that `log` is about; never asks the source.

    Every method that gives figures may raise NotConfigured (there is no call-centre database) and
    StorageError (the portal database cannot be read). What is not rolled up yet is no error: the answer's
    coverage says so.
    """

    def __init__(
        self, log: CallLog, live: LiveBoard, *, stopwatch: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; no connection is opened."""
        self._log = log
        self._live = live
        self.zone = log.zone
        self._memo = Memo(_KEPT_ANSWERS, stopwatch)

    def today(self) -> date:
        """The present day in the centre's zone."""
        return self._log.today()

    def report(self, period: Period) -> Report:
        """All figures of a period."""
        today = self.today()
        report = self._kept(("report", period, today), lambda session: answers.report(session, period, today))
        return replace(report, coverage=self._coverage(period.first, period.last))

    def months(self) -> Months:
        """The calls of every month since the first call."""
        today = self.today()
        months = self._kept(("months", today), lambda session: answers.months(session, today, self.zone))
        first = date(months[0].year, months[0].month, 1) if months else today
        return Months(months, self._coverage(first, today))

    def facts(self) -> RollUpFacts:
        """How far days are rolled up, and what the nightly check found."""
        today = self.today()
        return self._looked_up(("facts", today), lambda session: answers.facts(session, today, self.zone))

    def _kept(self, key: object, ask: Callable[[Session], T]) -> T:
        """An answer that is asked once while nothing changes."""
        # The version is taken before the figures are read: what is kept under it is never older.
        version = self._live.snapshot().version(Topic.STATISTICS)
        return self._memo.get((key, version), _KEEP_S, lambda: self._read(ask))

    def _looked_up(self, key: object, ask: Callable[[Session], T]) -> T:
        """An answer that changes with every look at the source, though no figure does."""
        return self._memo.get(key, _KEEP_LOOKS_S, lambda: self._read(ask))

    def _read(self, ask: Callable[[Session], T]) -> T:
        with self._log.centre.store.read() as session:
            return ask(session)

    def _coverage(self, first: date, last: date) -> Coverage:
        today = self.today()
        coverage = self._looked_up(
            ("coverage", first, last, today),
            lambda session: answers.coverage(session, first, last, today, self.zone),
        )
        problem = self._problem_of_source() or (coverage.problem if coverage.unknown_days else None)
        return replace(coverage, problem=problem)

    def _problem_of_source(self) -> Problem | None:
        status = self._live.snapshot().source(SOURCE)
        if status.state is SourceState.UNWATCHED:
            return Problem(Reason.UNWATCHED, status.since)
        if status.state is SourceState.DOWN:
            return Problem(status.reason or Reason.FAILED, status.since)
        return None
