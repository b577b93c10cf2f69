"""The job that rolls up the days the copy of recent calls does not hold, and looks after them.

One day a step, from the source, by what is most wanted:

1. days that nobody has rolled up yet, newest first: the first fill, and days that have left the copy;
2. once every night all of them again, longest not looked at first, so that late edits, late inserts and
   deletions arrive;
3. then a sample of days is compared with the source by another query, and what differs is kept.

All of it goes by what is stored: a step may be ended anywhere, and the next process goes on from there.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from services.calls import source
from services.calls.days import midnight
from services.calls.model import FIRST_DAY
from services.calls.queries import source_columns
from services.calls.source import AnySelect, CallCentre, CallsTable, Reader
from services.calls.statistics import sampling
from services.calls.statistics.figures import DayQuestion, duration_question, parameters_of
from services.calls.statistics.tables import RolledDay, RollUpState
from services.calls.statistics.writing import locked_state, state_of, store_day, store_durations
from services.calls.tables import CopiedDayRow
from services.errors import UpstreamError
from services.jobs import Fence, pause_after
from services.live import Topic, bump
from services.storage import Store

log = logging.getLogger(__name__)

#: The local time from which a day's nightly check may begin.
NIGHT = time_of_day(3)
#: The source gets so many times as long a rest as an answer took, within bounds.
REST_FACTOR = 3
SHORTEST_REST, LONGEST_REST = timedelta(seconds=0.05), timedelta(seconds=15)
#: The rest when everything is done.
IDLE = timedelta(seconds=10)
#: Durations are not in the copy: how often they are asked for, of today and of the other copied days.
TODAY_DURATIONS_EVERY, COPIED_DURATIONS_EVERY = timedelta(minutes=1), timedelta(minutes=15)
#: Empty days that one step fills, as the write lock must not be held for long.
_EMPTY_AT_ONCE = 10
#: How often a day that differs in the sample is compared before it is called different, and the rest between:
#: it may have been edited a moment ago.
_COMPARISONS, _BETWEEN_COMPARISONS = 3, timedelta(seconds=5)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=2), timedelta(seconds=60)
_ONE_DAY = timedelta(days=1)


class RollUp:
    """The job `statistics.roll_up`."""

    name = "statistics.roll_up"

    def __init__(
        self,
        store: Store,
        centre: CallCentre,
        zone: ZoneInfo,
        copy_days: int,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._source = centre
        self._zone = zone
        self._copy_days = copy_days
        self._clock = clock
        self._stopwatch = stopwatch
        self._questions: _Questions | None = None
        self._durations_at: dict[date, datetime] = {}
        self._comparisons = 0  # of the day that is compared now
        self._failures = 0
        self._has_problem = False  # that is stored, perhaps by a process before
        self._progress: float | None = None

    @property
    def progress(self) -> float | None:
        """Share of the days that are rolled up; when all are, of those the nightly check has looked at."""
        return self._progress

    def step(self, fence: Fence) -> timedelta:
        """Do what is most wanted, of one day; a silent source is reported and tried again."""
        began = self._stopwatch()
        try:
            rest = self._step(fence)
        except UpstreamError as error:
            return self._bear(fence, error)
        if self._has_problem:
            log.info("the call-centre database answers the roll-up of statistics again")
            self._failures, self._has_problem = 0, False
            with fence.write() as session:
                state = locked_state(session)
                state.problem_reason = state.problem_since = None
        took = timedelta(seconds=self._stopwatch() - began)
        return rest if rest is not None else min(max(REST_FACTOR * took, SHORTEST_REST), LONGEST_REST)

    def _step(self, fence: Fence) -> timedelta | None:
        """Returns how long to rest; None: by how long it took."""
        now = self._clock()
        local = now.astimezone(self._zone)
        with self._store.read() as session:
            state = state_of(session)
        self._has_problem = state is not None and state.problem_reason is not None
        is_night = local.time() >= NIGHT and (
            state is None or state.check_day is None or state.check_day < local.date()
        )
        if self._questions is None or is_night:
            with self._source.reading() as reader:
                self._questions = _Questions(reader.calls_table())
                first_day = _first_day(reader)
            with fence.write() as session:
                state = locked_state(session)
                if _note_look(state, self._questions, first_day, now):
                    bump(session, Topic.STATISTICS)
                if is_night:
                    _begin_check(state, local.date(), now)
            return None
        with self._store.read() as session:
            plan = _plan(session, local.date(), self._copy_days)
        self._progress = plan.progress
        return self._do(fence, self._questions, plan, now)

    def _do(self, fence: Fence, questions: "_Questions", plan: "_Plan", now: datetime) -> timedelta | None:
        if questions.durations is not None and (day := self._day_to_time(plan, now)) is not None:
            self._time(fence, questions.durations, day, now)
        elif plan.day is not None:
            self._roll_up(fence, questions, plan, plan.day)
        elif plan.check_day is not None:
            return self._compare(fence, questions, plan, plan.check_day)
        else:
            return IDLE
        return None

    def _roll_up(self, fence: Fence, questions: "_Questions", plan: "_Plan", day: date) -> None:
        now = self._clock()
        with self._source.reading() as reader:
            rows = reader.all(questions.of_day.statement, parameters_of(day))
            figures = questions.of_day.figures(day, rows)
            # A single mistyped year must not have thousands of days asked for, one by one.
            empty = _empty_before(reader, day) if plan.is_missing and not figures.calls else 0
        with fence.write() as session:
            store_day(session, day, figures, is_copied=False, looked_at=now)
            for back in range(1, empty + 1):
                nothing = questions.of_day.figures(day - back * _ONE_DAY, ())
                store_day(session, day - back * _ONE_DAY, nothing, is_copied=False, looked_at=now)

    def _day_to_time(self, plan: "_Plan", now: datetime) -> date | None:
        """A copied day whose durations should be asked for, newest first."""
        for day in plan.copied:
            asked_at = self._durations_at.get(day)
            every = TODAY_DURATIONS_EVERY if day == plan.today else COPIED_DURATIONS_EVERY
            if asked_at is None or now - asked_at >= every:
                return day
        return None

    def _time(self, fence: Fence, question: AnySelect, day: date, now: datetime) -> None:
        with self._source.reading() as reader:
            [(calls, seconds)] = reader.all(question, parameters_of(day))
        with fence.write() as session:
            store_durations(session, day, (calls, round(float(seconds or 0))))
        self._durations_at = {one: at for one, at in self._durations_at.items() if now - at < _ONE_DAY}
        self._durations_at[day] = now

    def _compare(
        self, fence: Fence, questions: "_Questions", plan: "_Plan", check_day: date
    ) -> timedelta | None:
        """Compare the next day of the sample; end the check after the last one."""
        with self._store.read() as session:
            day = sampling.next_day(session, check_day, plan.today)
        if day is None:
            with fence.write() as session:
                _end_check(locked_state(session), self._clock())
            return None
        with self._source.reading() as reader:
            theirs = sampling.in_source(reader, day)
        with self._store.read() as session:
            ours = sampling.rolled_up(session, day)
        self._comparisons += 1
        if ours != theirs and self._comparisons < _COMPARISONS:
            if day < plan.oldest_copied:
                self._roll_up(fence, questions, plan, day)
            return _BETWEEN_COMPARISONS
        self._comparisons = 0
        if ours != theirs:
            log.error("statistics of %s are unlike the source: %s, there %s", day, ours, theirs)
        with fence.write() as session:
            locked_state(session).sampled_so_far += 1
            sampling.store_differences(session, day, ours, theirs, self._clock())
        return None

    def _bear(self, fence: Fence, error: UpstreamError) -> timedelta:
        """Note the failure and say how long to rest. The source's own state is what `calls.sync` says."""
        self._failures += 1
        if not self._has_problem:
            log.warning("the roll-up of statistics waits for the call-centre database: %s", error)
            with fence.write() as session:
                state = locked_state(session)
                state.problem_reason, state.problem_since = error.reason, self._clock()
            self._has_problem = True
        return pause_after(self._failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)


class _Questions:
    """What is asked of the source, as its `calls` table was found to be made."""

    def __init__(self, table: CallsTable) -> None:
        self.of_day = DayQuestion(source_columns(), table)
        self.durations = duration_question(table)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What there is to do.

    `day` is to be rolled up; `is_missing` if it never was. `check_day` is the local day of the nightly check
    that is under way. `copied` are the days that are rolled up from the copy, newest first.
    """

    today: date
    oldest_copied: date
    copied: Sequence[date]
    day: date | None
    is_missing: bool
    check_day: date | None
    progress: float | None


def _plan(session: Session, today: date, copy_days: int) -> _Plan:
    state = state_of(session)
    assert state is not None  # the first look wrote it
    oldest_copied = session.scalar(select(func.min(CopiedDayRow.day))) or today - copy_days * _ONE_DAY
    copied = session.scalars(
        select(RolledDay.day)
        .where(RolledDay.is_copied, RolledDay.day >= oldest_copied)
        .order_by(RolledDay.day.desc())
    ).all()
    is_old = RolledDay.day < oldest_copied
    days = (oldest_copied - state.first_day).days if state.first_day is not None else 0
    known = _count(session, is_old, RolledDay.day >= state.first_day) if days > 0 else 0
    missing = _newest_missing(session, state.first_day, oldest_copied) if known < days else None
    left_copy = session.scalar(select(func.max(RolledDay.day)).where(is_old, RolledDay.is_copied))
    day = max((one for one in (missing, left_copy) if one is not None), default=None)
    progress = known / days if missing is not None else None
    check_day = None
    if (began_at := _check_under_way(state)) is not None:
        check_day = state.check_day
        if day is None:
            is_stale = RolledDay.looked_at < began_at
            day = session.scalar(
                select(RolledDay.day)
                .where(is_old, is_stale)
                .order_by(RolledDay.looked_at, RolledDay.day.desc())
                .limit(1)
            )
            progress = 1 - _count(session, is_old, is_stale) / max(1, _count(session, is_old))
    return _Plan(today, oldest_copied, copied, day, day is not None and day == missing, check_day, progress)


def _check_under_way(state: RollUpState) -> datetime | None:
    """When the nightly check began that has not ended."""
    began_at, ended_at = state.check_began_at, state.checked_at
    return began_at if began_at is not None and (ended_at is None or ended_at < began_at) else None


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(RolledDay).where(*conditions)) or 0


def _newest_missing(session: Session, first: date | None, end: date) -> date | None:
    """The newest day from `first` on and before `end` that is not rolled up."""
    if first is None:
        return None
    known = set(session.scalars(select(RolledDay.day).where(RolledDay.day >= first, RolledDay.day < end)))
    ages = range(1, (end - first).days + 1)
    return next((day for age in ages if (day := end - age * _ONE_DAY) not in known), None)


def _first_day(reader: Reader) -> date | None:
    """The day of the source's first call that has a readable time; None when it has no call."""
    at = source.calls.c.datetime
    [(first,)] = reader.all(select(func.min(at)).where(at >= midnight(FIRST_DAY)))
    return first.date() if isinstance(first, datetime) else None


def _empty_before(reader: Reader, day: date) -> int:
    """How many days right before an empty one have no calls either; as many as one step may fill."""
    at = source.calls.c.datetime
    [(last,)] = reader.all(select(func.max(at)).where(at >= midnight(FIRST_DAY), at < midnight(day)))
    if not isinstance(last, datetime):
        return 0
    return min((day - last.date()).days - 1, _EMPTY_AT_ONCE)


def _note_look(state: RollUpState, questions: _Questions, first_day: date | None, now: datetime) -> bool:
    """Returns whether the source was found another than it was known to be."""
    has_durations = questions.durations is not None
    is_news = (
        state.first_looked_at is None or state.first_day != first_day or state.has_durations != has_durations
    )
    state.first_day, state.first_looked_at, state.has_durations = first_day, now, has_durations
    return is_news


def _begin_check(state: RollUpState, day: date, now: datetime) -> None:
    state.check_day, state.check_began_at, state.sampled_so_far = day, now, 0


def _end_check(state: RollUpState, now: datetime) -> None:
    state.checked_at = state.sampled_at = now
    state.sampled_days = state.sampled_so_far
