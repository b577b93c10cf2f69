"""Looking back over calls in pieces: windows of (time, id) that the copy and the source are compared by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from services.calls import source
from services.calls.resolve import RawCall, raw_calls, raw_of
from services.calls.source import Reader

_NEIGHBOURS = 50


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A place in the order of calls: local time, then id."""

    at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of local time: from `floor` up to, but without, `top`; None is open to the future."""

    floor: datetime
    top: Key | None


@dataclass(frozen=True, slots=True)
class Window:
    """All calls of the source from `bottom` (from `floor` where that is None) up to, but without, `top`."""

    calls: list[RawCall]  # newest first
    floor: datetime
    top: Key | None
    bottom: Key | None

    def holds(self, at: ColumnElement[datetime], id_: ColumnElement[int]) -> ColumnElement[bool]:
        """The same range as a condition on other columns."""
        conditions = [at >= self.floor, *_below(at, id_, self.top)]
        if self.bottom is not None:
            conditions += [at >= self.bottom.at, or_(at > self.bottom.at, id_ >= self.bottom.id)]
        return and_(*conditions)


class Windows:
    """Reads windows of the source. Every method may raise UpstreamError.

    `first_id` keeps a table without an index of time from being read as a whole for each window.
    """

    def __init__(self, reader: Reader, first_id: int = 0) -> None:
        self._reader = reader
        self._first_id = first_id

    def read(self, stretch: Stretch, limit: int) -> Window:
        """The newest `limit` calls of `stretch`."""
        call = source.calls.c
        statement = (
            raw_calls()
            .where(call.datetime >= stretch.floor, *_below(call.datetime, call.id, stretch.top))
            .order_by(call.datetime.desc(), call.id.desc())
            .limit(limit)
        )
        # Never beside an index of time: it could tempt the database away from it.
        rows = self._reader.all(statement.where(call.id >= self._first_id) if self._first_id else statement)
        calls = raw_of(rows)
        bottom = Key(calls[-1].at, calls[-1].id) if len(rows) == limit else None
        return Window(calls, stretch.floor, stretch.top, bottom)


def first_id_since(reader: Reader, moment: datetime) -> int:
    """An id that no call from `moment` on is below, found by the primary key alone.

    Ids grow with time but for calls that were inserted late, so a look takes in several neighbours. Raises
    UpstreamError.
    """
    call = source.calls.c
    [(low, high)] = reader.all(select(func.min(call.id), func.max(call.id)))
    if low is None:
        return 0
    while low < high:
        middle = (low + high) // 2
        rows = reader.all(
            select(call.id, call.datetime).where(call.id >= middle).order_by(call.id).limit(_NEIGHBOURS)
        )
        if any(isinstance(row[1], datetime) and row[1] >= moment for row in rows):
            high = middle
        else:
            low = max([middle, *(row[0] for row in rows)]) + 1
    return int(low)


def _below(at: ColumnElement[Any], id_: ColumnElement[int], top: Key | None) -> list[ColumnElement[bool]]:
    # The first condition alone would do for the rows but it is the one an index can use.
    return [] if top is None else [at <= top.at, or_(at < top.at, id_ < top.id)]


@dataclass(frozen=True, slots=True)
class Look:
    """One piece of a walk: the window that was read, and whether it ended the stretch of `day`."""

    window: Window
    day: date
    began_at: datetime  # when the walk began with this stretch
    is_last: bool


class Walk:
    """Goes over the given stretches again and again, some calls at a time.

    Between the begins of two laps lies at least `every`.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._lap_began_at: datetime | None = None
        self._left: list[date] = []
        self._stretch: Stretch | None = None  # what is left of the first of `_left`
        self._began_at: datetime | None = None

    def look(
        self, windows: Windows, stretches: Mapping[date, Stretch], limit: int, now: datetime
    ) -> Look | None:
        """Read the next `limit` calls; None when there is nothing to look at yet. Raises UpstreamError.

        `stretches` are those of today: one that is no longer among them is left.
        """
        if not self._left or self._left[0] not in stretches:
            self._left = [day for day in self._left if day in stretches] or self._next_lap(stretches, now)
            self._stretch = None
        if not self._left:
            return None
        day = self._left[0]
        if self._stretch is None or self._began_at is None:
            self._stretch, self._began_at = stretches[day], now
        window = windows.read(self._stretch, limit)
        look = Look(window, day, self._began_at, window.bottom is None)
        if window.bottom is None:
            self._left.pop(0)
            self._stretch = None
        else:
            self._stretch = Stretch(window.floor, window.bottom)
        return look

    def _next_lap(self, stretches: Mapping[date, Stretch], now: datetime) -> list[date]:
        """The days of a new lap; none while it is too early for one."""
        if self._lap_began_at is not None and now - self._lap_began_at < self._every:
            return []
        self._lap_began_at = now
        return list(stretches)
