"""Which local days are copied, and how far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update

from services.calls.tables import CopiedDayRow
from services.calls.windows import Key, Stretch
from services.jobs import Fence
from services.live import Topic, bump
from services.storage import Store

#: A day that was still going on when it was last looked at is trusted for so long: less than the hour that
#: every cycle looks back.
TRUSTED_FOR = timedelta(minutes=30)
_ONE_DAY = timedelta(days=1)


def midnight(day: date) -> datetime:
    """The begin of a local day, naive."""
    return datetime.combine(day, datetime.min.time())


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The days to be copied, newest (today) first."""

    days: Sequence[CopiedDayRow]

    @property
    def today(self) -> date:
        return self.days[0].day

    @property
    def oldest(self) -> date:
        return self.days[-1].day

    @property
    def to_fill(self) -> CopiedDayRow | None:
        """The newest day that is not copied yet."""
        return next((row for row in self.days if not row.is_full), None)

    @property
    def progress(self) -> float | None:
        """Share of the days that are copied; None when all are."""
        full = sum(row.is_full for row in self.days)
        return None if full == len(self.days) else full / len(self.days)

    def stretch(self, day: date) -> Stretch:
        """The time of `day`; today's is open to the future, as clocks differ."""
        return Stretch(midnight(day), None if day == self.today else Key(midnight(day + _ONE_DAY), 0))

    def full_stretches(self) -> dict[date, Stretch]:
        """The time of every copied day, newest first."""
        return {row.day: self.stretch(row.day) for row in self.days if row.is_full}


def plan_days(store: Store, fence: Fence, zone: ZoneInfo, copy_days: int, now: datetime) -> DayPlan:
    """The plan for today and the `copy_days` days before, after the turn of the day was noted.

    A day that nobody looked at while calls went on is to be filled again.
    """
    today = now.astimezone(zone).date()
    wanted = [today - age * _ONE_DAY for age in range(copy_days + 1)]
    with store.read() as session:
        known = {row.day: row for row in session.scalars(select(CopiedDayRow))}
    missing = [day for day in wanted if day not in known]
    past = known.keys() - set(wanted)
    doubtful = [day for day in wanted if day in known and not _is_trusted(known[day], zone, now)]
    if missing or past or doubtful:
        with fence.write() as session:
            session.add_all(CopiedDayRow(day=day, is_full=False) for day in missing)
            session.execute(delete(CopiedDayRow).where(CopiedDayRow.day.in_(past)))
            session.execute(
                update(CopiedDayRow)
                .where(CopiedDayRow.day.in_(doubtful))
                .values(is_full=False, filled_until=None, filled_id=None)
            )
            bump(session, Topic.CALLS)
        with store.read() as session:
            known = {row.day: row for row in session.scalars(select(CopiedDayRow))}
    return DayPlan([known[day] for day in wanted])


def _is_trusted(row: CopiedDayRow, zone: ZoneInfo, now: datetime) -> bool:
    if not row.is_full or row.checked_at is None:
        return not row.is_full
    end = midnight(row.day + _ONE_DAY).replace(tzinfo=zone).astimezone(UTC)
    return row.checked_at >= end or now - row.checked_at <= TRUSTED_FOR
