"""The job that keeps the roll-ups of recent days like the copy of recent calls.

The call log shows the copy, so figures taken from the copy agree with the log, call by call.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.calls.days import midnight
from services.calls.queries import copy_columns
from services.calls.statistics.figures import DayQuestion, parameters_of
from services.calls.statistics.tables import RolledDay
from services.calls.statistics.writing import locked_state, state_of, store_day
from services.calls.tables import CallOperator, CopiedDayRow, RecentCall
from services.jobs import Fence
from services.live import Topic, TopicRow, bump
from services.storage import Store, table_of

CYCLE = timedelta(seconds=2)
#: When a step took this long, the days that are left wait for the next.
PATIENCE = timedelta(seconds=0.5)
#: The job rests at least so many times as long as it worked.
REST_FACTOR = 3
_MOST_DAYS_TO_COME = 7
_ONE_DAY = timedelta(days=1)


class RecentDays:
    """The job `statistics.recent`."""

    name = "statistics.recent"

    def __init__(
        self,
        store: Store,
        zone: ZoneInfo,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._zone = zone
        self._clock = clock
        self._stopwatch = stopwatch
        self._question = DayQuestion(copy_columns())
        self._seen: dict[date, _Seen] = {}

    def step(self, fence: Fence) -> timedelta:
        """Roll up the days that may have changed, today first, the others longest waiting first."""
        began = self._stopwatch()
        with self._store.read() as session:
            copied = _copied(session)
            days = self._changed(session, copied)
        self._note_looks(fence, copied)
        if days:
            self._note_names(fence)
        for day in days:
            self._roll_up(fence, day)
            if self._stopwatch() - began > PATIENCE.total_seconds():
                break
        return max(CYCLE, timedelta(seconds=REST_FACTOR * (self._stopwatch() - began)))

    def _changed(self, session: Session, copied: "_Copied") -> list[date]:
        """The days that were not rolled up since the copy last changed."""
        self._seen = {day: seen for day, seen in self._seen.items() if day in copied.looks}
        days = [
            day
            for day in copied.looks
            if (seen := self._seen.get(day)) is None or seen.version != copied.version
        ]
        today = self._clock().astimezone(self._zone).date()
        if today in days:
            days += _days_to_come(session, today)
        waiting = {day: self._seen[day].version if day in self._seen else 0 for day in days}
        return sorted(days, key=lambda day: (day < today, waiting[day], -day.toordinal()))

    def _roll_up(self, fence: Fence, day: date) -> None:
        with self._store.read() as session:
            copied = _copied(session)
            looked_at = copied.looked_at(day)
            if looked_at is None:
                return  # it left the copy, or is to be filled anew
            rows = session.execute(self._question.statement, parameters_of(day)).all()
        figures = self._question.figures(day, rows)
        with fence.write() as session:
            store_day(session, day, figures, is_copied=True, looked_at=looked_at)
        self._seen[day] = _Seen(copied.version, looked_at)

    def _note_looks(self, fence: Fence, copied: "_Copied") -> None:
        """What did not change since it was rolled up is as current as the copy. That is no news to pages."""
        looks = {
            day: look
            for day, look in copied.looks.items()
            if (seen := self._seen.get(day)) and seen.version == copied.version and seen.looked_at != look
        }
        if not looks:
            return
        with fence.write() as session:
            for day, look in looks.items():
                session.execute(
                    update(RolledDay).where(RolledDay.day == day, RolledDay.is_copied).values(looked_at=look)
                )
        self._seen |= {day: _Seen(copied.version, look) for day, look in looks.items()}

    def _note_names(self, fence: Fence) -> None:
        """Tell pages when an operator has another name, or none any more."""
        with self._store.read() as session:
            names = session.execute(
                select(CallOperator.id, CallOperator.name).order_by(CallOperator.id)
            ).all()
            state = state_of(session)
        fingerprint = blake2b(repr([tuple(row) for row in names]).encode(), digest_size=16).hexdigest()
        if state is None or state.names_fingerprint != fingerprint:
            with fence.write() as session:
                locked_state(session).names_fingerprint = fingerprint
                bump(session, Topic.STATISTICS)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A day as it was rolled up: the version of the copy, and the look at the source it rests on."""

    version: int
    looked_at: datetime


@dataclass(frozen=True, slots=True)
class _Copied:
    """One moment of the copy: its version, and the look at the source that each of its full days rests on."""

    version: int
    looks: Mapping[date, datetime]

    def looked_at(self, day: date) -> datetime | None:
        """The look that `day` rests on; None when it is not copied. The newest day is open to the future."""
        newest = max(self.looks, default=day)
        return self.looks.get(min(day, newest))


def _copied(session: Session) -> _Copied:
    version = session.scalar(select(TopicRow.version).where(TopicRow.name == Topic.CALLS.value))
    days = session.scalars(select(CopiedDayRow).where(CopiedDayRow.is_full))
    return _Copied(version or 0, {row.day: row.checked_at for row in days if row.checked_at is not None})


def _days_to_come(session: Session, today: date) -> list[date]:
    """Days after today that have calls, as clocks differ, or had some when they were rolled up."""
    rolled_up = session.scalars(select(RolledDay.day).where(RolledDay.day > today, RolledDay.is_copied))
    found = set(rolled_up)
    at = table_of(RecentCall).c.at
    day = today
    for _ in range(_MOST_DAYS_TO_COME):
        first = session.scalar(select(func.min(at)).where(at >= midnight(day + _ONE_DAY)))
        if first is None:
            break
        day = first.date()
        found.add(day)
    return sorted(found)
