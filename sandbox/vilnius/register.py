"""The register of calls: a believable year of it, written by "other programs"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from sandbox.call_centre import clock
from sandbox.vilnius import words
from sandbox.vilnius.agencies import KnownAgency
from sandbox.vilnius.files import Rows

#: The register's times are local time of the centre.
ZONE: Final = ZoneInfo("Europe/Vilnius")
REGION: Final = "lt"
YEAR: Final = timedelta(days=365)
CALLS_PER_DAY: Final = 45
_FIRST_KEY: Final = 418_200
_OTHER_REGIONS: Final = ("lv", "ee")
_MOST_MANAGER_BYTES: Final = 50
_UNKNOWN: Final = "0"

_Row = tuple[int, str, str, str, str, str, str | None, str, str | None, str | None]


def centre_now() -> datetime:
    """The centre's local time, naive."""
    return datetime.now(ZONE).replace(tzinfo=None)


def rows(agencies: Sequence[KnownAgency], *, now: datetime, seed: int) -> Rows:
    """The calls of the year before `now` (naive local time of the centre), oldest first."""
    return {"T_CALL_INFO": _rows(agencies, now, Random(seed))}


def _rows(agencies: Sequence[KnownAgency], now: datetime, rng: Random) -> Iterator[_Row]:
    # A few agencies call all the time, most of them now and then.
    weights = list(accumulate(rng.paretovariate(1.1) for _ in agencies))
    strangers = [f"3706{rng.randrange(10_000_000):07d}" for _ in range(400)]
    key = _FIRST_KEY
    for slot in clock.slots(clock.midnight(now - YEAR), now, CALLS_PER_DAY, now):
        for begins in clock.moments(slot, rng):
            key += rng.choice((1, 1, 1, 1, 2))  # a key is now and then drawn in vain
            agency = rng.choices(agencies, cum_weights=weights)[0] if rng.random() < 0.78 else None
            yield _row(rng, key, begins, agency, rng.choice(strangers), now)


def _row(
    rng: Random, key: int, begins: datetime, agency: KnownAgency | None, stranger: str, now: datetime
) -> _Row:
    # Of one call in fifty nobody noted the end.
    lasted = timedelta(seconds=0 if rng.random() < 0.02 else int(rng.lognormvariate(4.9, 0.8)) + 4)
    return (
        key,
        _date(begins),
        _date(min(begins + lasted, now)),
        _UNKNOWN if agency is None else str(agency.id),
        stranger if agency is None else agency.number,
        rng.choices([one.number for one in words.CURATORS], [one.share for one in words.CURATORS])[0],
        rng.choices((*words.THEMES, None), (30, 22, 18, 4, 5, 12, 9))[0],
        REGION if rng.random() < 0.96 else rng.choice(_OTHER_REGIONS),
        None if agency is None else _cut(agency.person) or None,
        None if agency is None else agency.name,
    )


def _cut(person: str) -> str:
    return person.encode()[:_MOST_MANAGER_BYTES].decode(errors="ignore").rstrip()


def _date(moment: datetime) -> str:
    """As SQLAlchemy writes and reads moments in SQLite; Oracle's DATE has no fraction of a second."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.000000")
