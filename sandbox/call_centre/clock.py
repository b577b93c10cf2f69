"""The call centre's local time and its working-day curve.

All moments in this package are naive local time of the centre, as in its database. Functions that take `now`
also accept an aware moment and turn it into that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

CENTRE_ZONE: Final = ZoneInfo("Europe/Moscow")
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
#: So long before `now` the demo is never quieter than `LIVELY_SHARE`, whatever the hour.
LIVELY_SPAN: Final = timedelta(minutes=90)
#: Calls of a lively hour as a share of a weekday's calls: 40 of 1,200.
LIVELY_SHARE: Final = 1 / 30

# Calls of each hour, in thousandths of the day's: a late lunch dip, light evenings, never silent.
_WEEKDAY: Final = (
    *(6, 5, 4, 4, 4, 5, 8, 17, 48, 84, 98, 97),
    *(86, 72, 84, 92, 90, 81, 65, 46, 27, 18, 12, 8),
)  # fmt: skip
_DAY_OFF: Final = (
    *(10, 8, 6, 6, 6, 7, 11, 20, 38, 58, 76, 85),
    *(86, 82, 80, 78, 74, 66, 58, 48, 38, 28, 18, 13),
)  # fmt: skip
# Calls of a day as a share of an ordinary weekday's, Monday first.
_BY_WEEKDAY: Final = (1.07, 1.03, 1.0, 0.98, 0.92, 0.42, 0.33)
# The tours of the summer are asked for in spring.
_BY_MONTH: Final = (0.85, 0.95, 1.04, 1.08, 1.1, 1.1, 1.05, 1.0, 0.97, 0.95, 0.93, 0.98)
_HOLIDAYS: Final = {(1, day) for day in range(1, 9)} | {(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
_HOLIDAY_FACTOR: Final = 0.25


class Slot(NamedTuple):
    """A stretch of at most an hour with the number of calls to expect in it."""

    begins: datetime
    ends: datetime
    expected: float


def centre_now() -> datetime:
    return datetime.now(CENTRE_ZONE).replace(tzinfo=None)


def in_centre_time(moment: datetime) -> datetime:
    """`moment` as naive local time of the centre; a naive one is taken to be that already."""
    return moment if moment.tzinfo is None else moment.astimezone(CENTRE_ZONE).replace(tzinfo=None)


def midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def hour_shares(day: date) -> tuple[float, ...]:
    """The 24 shares of the day's calls, together 1."""
    thousandths = _DAY_OFF if _is_day_off(day) else _WEEKDAY
    total = sum(thousandths)
    return tuple(share / total for share in thousandths)


def day_factor(day: date) -> float:
    """Calls of the day as a share of an ordinary weekday's."""
    factor = _HOLIDAY_FACTOR if _is_holiday(day) else _BY_WEEKDAY[day.weekday()]
    return factor * _BY_MONTH[day.month - 1]


def _is_holiday(day: date) -> bool:
    return (day.month, day.day) in _HOLIDAYS


def _is_day_off(day: date) -> bool:
    return day.weekday() >= 5 or _is_holiday(day)


def calls_per_hour(moment: datetime, calls_per_day: int, *, lively: bool) -> float:
    """What to expect around `moment`; a lively moment is never quieter than `LIVELY_SHARE`."""
    expected = calls_per_day * day_factor(moment.date()) * hour_shares(moment.date())[moment.hour]
    return max(expected, calls_per_day * LIVELY_SHARE) if lively else expected


def slots(begins: datetime, ends: datetime, calls_per_day: int, now: datetime) -> Iterator[Slot]:
    """Cut the time from `begins` to `ends` at full hours and where it becomes lively before `now`."""
    lively_from = now - LIVELY_SPAN
    while begins < ends:
        cut = begins.replace(minute=0, second=0, microsecond=0) + HOUR
        if begins < lively_from < cut:
            cut = lively_from
        cut = min(cut, ends)
        rate = calls_per_hour(begins, calls_per_day, lively=begins >= lively_from)
        yield Slot(begins, cut, rate * ((cut - begins) / HOUR))
        begins = cut


def moments(slot: Slot, rng: Random) -> list[datetime]:
    """When the calls of the slot begin, oldest first, on full seconds."""
    seconds = (slot.ends - slot.begins).total_seconds()
    offsets = sorted(rng.random() * seconds for _ in range(_around(slot.expected, rng)))
    return [(slot.begins + timedelta(seconds=offset)).replace(microsecond=0) for offset in offsets]


def _around(expected: float, rng: Random) -> int:
    """A number of independent events of which `expected` are expected (Poisson)."""
    if expected > 50:
        return max(0, round(rng.gauss(expected, expected**0.5)))
    count = 0
    waited = rng.expovariate(1)
    while waited < expected:
        count += 1
        waited += rng.expovariate(1)
    return count
