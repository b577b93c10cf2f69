"""The job that keeps the copy of recent calls like the call-centre database.

`calls` is changed after a row was inserted, rows come late and may go, and what a call refers to changes too.
The highest id alone shows none of that, so every cycle (2 s) looks in several places:

1. ids above the highest one seen: new calls, whatever their time;
2. the last hour: everything that happens to fresh calls;
3. the rest of today, some calls at a time, so that all of it is covered within a few cycles;
4. the other copied days, the same way, as far as there is budget left;
5. the last hour again, with numbers, cards and agencies resolved anew;
6. all copied days, likewise, more slowly.

Between cycles the days that are not copied yet are filled, today first. All of it only stores differences, so
a step may be ended anywhere and done again.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from services.calls import source
from services.calls.copier import BATCH, Copier, delete_calls
from services.calls.days import DayPlan, midnight, plan_days
from services.calls.directory import Directory
from services.calls.resolve import Resolver, raw_calls, raw_of
from services.calls.source import CallCentre, Reader
from services.calls.tables import CopiedDayRow, RecentCall
from services.calls.windows import Key, Stretch, Walk, Window, Windows, first_id_since
from services.errors import UpstreamError
from services.jobs import Fence, pause_after
from services.live import Topic, bump, report_answer, report_failure
from services.storage import Store

log = logging.getLogger(__name__)

#: The call-centre database's name in the live tables.
SOURCE = "call_centre"
#: The remark on a source whose `calls.datetime` has no index: every read-through reads the whole table.
NO_TIME_INDEX = "no_time_index"
INSPECT_EVERY = timedelta(hours=1)
CYCLE = timedelta(seconds=2)
#: How far back every cycle looks.
HOT = timedelta(hours=1)
#: Calls read at a time.
WINDOW = 2_000
#: Calls of today that a cycle compares; what they leave goes to the days before, at least a quarter.
CYCLE_BUDGET = 4_000
#: Calls that a cycle resolves anew: of the last hour, and of all days.
FRESH_BUDGET = 500
DEEP_BUDGET = 600
#: A quiet centre is not looked over again and again: so much lies at least between the begins of two laps.
TODAY_EVERY = timedelta(0)  # every cycle
EARLIER_EVERY = timedelta(minutes=1)
FRESH_EVERY = timedelta(seconds=4)
DEEP_EVERY = timedelta(minutes=5)
#: Fills between two cycles, so that new calls come in during a long first fill.
FILLS_PER_CYCLE = 5
#: When the cycle took this long, what is left of it waits for the next: the source is slow.
CYCLE_PATIENCE = timedelta(seconds=1.5)
#: Within a long cycle, an answer is reported as often.
REPORT_EVERY = timedelta(seconds=5)
OPERATORS_EVERY = timedelta(minutes=1)
_RETIRED_BATCHES = 4  # in one cycle
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=2), timedelta(seconds=15)


class CallSync:
    """The job `calls.sync`."""

    name = "calls.sync"

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
        self._source = centre
        self._store = store
        self._zone = zone
        self._copy_days = copy_days
        self._clock = clock
        self._stopwatch = stopwatch
        self._directory = Directory(clock)
        self._copier = Copier(store)
        self._today_walk, self._earlier_walk = Walk(TODAY_EVERY), Walk(EARLIER_EVERY)
        self._fresh_walk, self._deep_walk = Walk(FRESH_EVERY), Walk(DEEP_EVERY)
        self._chores = [self._compare_days, self._resolve_fresh, self._resolve_all, self._retire]
        self._highest_id: int | None = None
        self._first_id = 0  # of the copied days; only where their time has no index
        self._operators_at: datetime | None = None
        self._fills_left = 0
        self._failures = 0
        self._progress: float | None = None
        self._fence: Fence | None = None
        self._took = timedelta(0)
        self._reported_at = clock()
        self._remark: str | None = None
        self._inspected_at: datetime | None = None

    @property
    def progress(self) -> float | None:
        """Share of the days that are copied, while some are not."""
        return self._progress

    def step(self, fence: Fence) -> timedelta:
        """Fill a piece of a day or look for changes once; a silent source is reported and tried again."""
        self._fence = fence
        try:
            rest = self._step(fence)
        except UpstreamError as error:
            return self._bear(fence, error)
        if self._failures:
            log.info("the call-centre database answers again")
            self._failures = 0
        return rest

    def _step(self, fence: Fence) -> timedelta:
        plan = plan_days(self._store, fence, self._zone, self._copy_days, self._clock())
        self._progress = plan.progress
        if plan.to_fill is not None and self._fills_left > 0:
            self._fills_left -= 1
            self._fill(fence, plan, plan.to_fill)
            return timedelta(0)
        self._cycle(fence, plan)
        self._fills_left = FILLS_PER_CYCLE
        return CYCLE if plan.to_fill is None else timedelta(0)

    def _bear(self, fence: Fence, error: UpstreamError) -> timedelta:
        """Report the failure and say how long to rest."""
        self._failures += 1
        self._fills_left = 0
        pause = pause_after(self._failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        if self._failures == 1:
            log.warning("the call-centre database does not answer: %s", error, exc_info=error)
        now = self._clock()
        with fence.write() as session:
            report_failure(session, SOURCE, error, now=now, next_try_at=now + pause)
        return pause

    def _note_answer(self, took: timedelta) -> None:
        """While a slow source makes a cycle long, let it be known that it answers."""
        self._took = took
        now = self._clock()
        if self._fence is not None and now - self._reported_at >= REPORT_EVERY:
            with self._fence.write() as session:
                report_answer(session, SOURCE, took=took, now=now, remark=self._remark)
            self._reported_at = now

    def _fill(self, fence: Fence, plan: DayPlan, row: CopiedDayRow) -> None:
        """Copy the next calls of a day, going back from where the last fill ended."""
        stretch = plan.stretch(row.day)
        if row.filled_until is not None and row.filled_id is not None:
            stretch = Stretch(stretch.floor, Key(row.filled_until, row.filled_id))
        now = self._clock()
        with self._source.reading(self._note_answer) as reader:
            window = Windows(reader, self._first_id).read(stretch, WINDOW)
            resolver = Resolver(reader, self._directory, self._zone)
            self._copier.compare(fence, resolver, window, is_visible=False)
        progress = update(CopiedDayRow).where(CopiedDayRow.day == row.day)
        with fence.write() as session:
            if window.bottom is None:
                session.execute(progress.values(is_full=True, checked_at=now))
                bump(session, Topic.CALLS)
            else:
                session.execute(progress.values(filled_until=window.bottom.at, filled_id=window.bottom.id))

    def _cycle(self, fence: Fence, plan: DayPlan) -> None:
        """Look once for what changed, and report that the source answered."""
        began_at, began = self._clock(), self._stopwatch()
        self._reported_at = began_at
        hot_floor = began_at.astimezone(self._zone).replace(tzinfo=None) - HOT
        with self._source.reading(self._note_answer) as reader:
            resolver = Resolver(reader, self._directory, self._zone)
            self._inspect(reader, plan, began_at)
            windows = Windows(reader, self._first_id)
            cycle = _Cycle(fence, plan, reader, windows, resolver, began_at, hot_floor)
            self._add_new(cycle)
            took = self._took
            self._compare_hot(cycle)
            for chore in tuple(self._chores):
                chore(cycle)
                self._chores.append(self._chores.pop(0))
                if self._stopwatch() - began > CYCLE_PATIENCE.total_seconds():
                    break
        cycle.checked.update({day: began_at for day in plan.full_stretches() if day >= hot_floor.date()})
        with fence.write() as session:
            report_answer(session, SOURCE, took=took, now=self._clock(), remark=self._remark)
            for day, checked_at in cycle.checked.items():
                session.execute(
                    update(CopiedDayRow)
                    .where(CopiedDayRow.day == day, CopiedDayRow.is_full)
                    .values(checked_at=checked_at)
                )

    def _inspect(self, reader: Reader, plan: DayPlan, now: datetime) -> None:
        """Look now and then whether the table is made as the queries need it."""
        if self._inspected_at is None or now - self._inspected_at >= INSPECT_EVERY:
            is_indexed = reader.calls_table().is_time_indexed
            self._remark = None if is_indexed else NO_TIME_INDEX
            self._first_id = 0 if is_indexed else first_id_since(reader, midnight(plan.oldest))
            self._inspected_at = now

    def _add_new(self, cycle: "_Cycle") -> None:
        """Copy calls with ids above the highest one seen, whatever their time."""
        call = source.calls.c
        if self._highest_id is None:
            self._highest_id = self._known_highest_id(cycle.reader)
        rows = cycle.reader.all(raw_calls().where(call.id > self._highest_id).order_by(call.id).limit(WINDOW))
        oldest = midnight(cycle.plan.oldest)
        calls = [one for one in raw_of(rows) if one.at >= oldest]
        self._copier.add(cycle.fence, cycle.resolver, calls)
        if rows:
            self._highest_id = rows[-1].id

    def _known_highest_id(self, reader: Reader) -> int:
        """The highest id of the copy; of the source while there is none: the fill brings the rest."""
        with self._store.read() as session:
            copied = session.scalar(select(func.max(RecentCall.id)))
        if copied is not None:
            return int(copied)
        [(highest,)] = reader.all(select(func.max(source.calls.c.id)))
        return int(highest or 0)

    def _compare_hot(self, cycle: "_Cycle") -> None:
        stretch = Stretch(cycle.hot_floor, None)
        while True:
            window = cycle.windows.read(stretch, WINDOW)
            self._copier.compare(cycle.fence, cycle.resolver, window)
            if window.bottom is None:
                return
            stretch = Stretch(stretch.floor, window.bottom)

    def _compare_days(self, cycle: "_Cycle") -> None:
        earlier = cycle.plan.full_stretches()
        today = {day: earlier.pop(day) for day in [cycle.plan.today] if day in earlier}
        seen = self._go(cycle, self._today_walk, today, CYCLE_BUDGET, self._copier.compare)
        left = max(CYCLE_BUDGET // 4, CYCLE_BUDGET - seen)
        self._go(cycle, self._earlier_walk, earlier, left, self._copier.compare)

    def _resolve_fresh(self, cycle: "_Cycle") -> None:
        fresh = {cycle.plan.today: Stretch(cycle.hot_floor, None)}
        self._go(cycle, self._fresh_walk, fresh, FRESH_BUDGET, self._copier.compare_resolved)

    def _resolve_all(self, cycle: "_Cycle") -> None:
        self._load_operators(cycle)
        stretches = cycle.plan.full_stretches()
        self._go(cycle, self._deep_walk, stretches, DEEP_BUDGET, self._copier.compare_resolved)

    def _load_operators(self, cycle: "_Cycle") -> None:
        if self._operators_at is None or cycle.began_at - self._operators_at >= OPERATORS_EVERY:
            self._copier.load_operators(cycle.fence, cycle.reader)
            self._operators_at = cycle.began_at

    def _retire(self, cycle: "_Cycle") -> None:
        """Take a few calls out that are older than the copied days."""
        old = select(RecentCall.id).where(RecentCall.at < midnight(cycle.plan.oldest)).limit(BATCH)
        for _ in range(_RETIRED_BATCHES):
            with self._store.read() as session:
                ids = session.scalars(old).all()
            if not ids:
                return
            with cycle.fence.write() as session:
                delete_calls(session, ids)

    def _go(
        self,
        cycle: "_Cycle",
        walk: Walk,
        stretches: Mapping[date, Stretch],
        budget: int,
        compare: Callable[[Fence, Resolver, Window], None],
    ) -> int:
        """Go on with a walk for `budget` calls or once around; returns how many were seen."""
        seen = ended = 0
        while seen < budget and ended < len(stretches):
            look = walk.look(cycle.windows, stretches, min(WINDOW, budget - seen), cycle.began_at)
            if look is None:
                break
            compare(cycle.fence, cycle.resolver, look.window)
            seen += len(look.window.calls)
            if look.is_last:
                ended += 1
                if stretches[look.day] == cycle.plan.stretch(look.day):
                    cycle.checked[look.day] = look.began_at
        return seen


@dataclass(frozen=True, slots=True)
class _Cycle:
    """What the parts of one cycle share; `checked` gathers the days that were looked at to their end."""

    fence: Fence
    plan: DayPlan
    reader: Reader
    windows: Windows
    resolver: Resolver
    began_at: datetime
    hot_floor: datetime
    checked: dict[date, datetime] = field(default_factory=dict)
