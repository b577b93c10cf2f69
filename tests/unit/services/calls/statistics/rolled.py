"""A world with the jobs of the statistics beside the one of the copy, and plain counts to compare with."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import count

from sqlalchemy import text

from services.calls import CallStatistics, DayDifference, Period, Report
from services.calls.statistics.recent import RecentDays
from services.calls.statistics.roll_up import IDLE, RollUp
from services.calls.statistics.tables import TotalSum
from services.live import LiveBoard, Topic
from services.storage import table_of
from tests.unit.services.calls.world import MOSCOW, TODAY, World, local

LONG_AGO = TODAY - timedelta(days=30)
DAY = timedelta(days=1)


class RolledWorld:
    """What tests of the statistics do in a `World`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.recent = self.new_recent()
        self.roll_up = self.new_roll_up()
        self.statistics = self.new_statistics()

    def new_recent(self) -> RecentDays:
        world = self.world
        return RecentDays(world.store, MOSCOW, clock=world.clock, stopwatch=lambda: 0.0)

    def new_roll_up(self) -> RollUp:
        world = self.world
        return RollUp(
            world.store, world.source, MOSCOW, world.copy_days, clock=world.clock, stopwatch=lambda: 0.0
        )

    def new_statistics(self) -> CallStatistics:
        """Statistics that keep no answer in memory."""
        ticks = count(step=1_000_000)
        live = LiveBoard(self.world.store, keep=0, clock=self.world.clock)
        return CallStatistics(self.world.log(), live, stopwatch=lambda: float(next(ticks)))

    def settle(self) -> None:
        """Copy, and roll up until nothing is left to do."""
        self.world.settle()
        self.refresh()
        for _ in range(500):
            if self.roll_up.step(self.world.store) == IDLE:
                return
            self.world.clock.move(seconds=0.1)
        raise AssertionError("the roll-up is not done after 500 steps")

    def refresh(self) -> None:
        """One cycle of the copy and of the recent days."""
        self.world.sync.step(self.world.store)
        self.recent.step(self.world.store)

    def night(self) -> None:
        """Let the next night come, with all that is done in it."""
        local_now = self.world.clock().astimezone(MOSCOW)
        next_night = datetime.combine(local_now.date() + DAY, datetime.min.time(), MOSCOW).replace(hour=3)
        self.world.clock.now = next_night.astimezone(self.world.clock().tzinfo)
        self.settle()

    def report(self, first: date = TODAY, last: date | None = None) -> Report:
        return self.statistics.report(Period(first, last or first))

    def calls(self, first: date = TODAY, last: date | None = None) -> int:
        return self.report(first, last).total.calls

    def differences(self) -> list[DayDifference]:
        return list(self.statistics.facts().differences)

    def falsify(self, day: date, by: int = 1) -> None:
        """Let the stored sum of a day be wrong, as by a mistake of ours."""
        table = table_of(TotalSum)
        with self.world.store.write() as session:
            session.execute(
                table.update()
                .where(table.c.grain == 0, table.c.start == day)
                .values(calls=table.c.calls + by)
            )

    def version(self) -> int:
        live = LiveBoard(self.world.store, keep=0, clock=self.world.clock)
        return live.snapshot().version(Topic.STATISTICS)


def plain_report(connection, first: date, last: date) -> Mapping[str, object]:
    """The figures of a period by a loop over all calls, one by one, as nothing in the portal does it."""
    rows = connection.execute(
        text(
            "SELECT c.datetime, c.operator_id, c.result, c.type_call, c.card_id, p.id AS pp, t.number"
            " FROM calls c LEFT JOIN privat_processing p ON p.id = c.privat_processing_id"
            " LEFT JOIN cards k ON k.id = c.card_id LEFT JOIN telephone t ON t.id = k.telephone_id"
        )
    ).all()
    total: Counter[str] = Counter()
    operators: dict[int | None, Counter[str]] = {}
    hours: dict[int | None, set[tuple[date, int]]] = {}
    outcomes: Counter[tuple[int, int]] = Counter()
    grid = [[0] * 24 for _ in range(7)]
    for at, operator_id, result, call_type, card_id, pp, number in rows:
        at = datetime.fromisoformat(at) if isinstance(at, str) else at
        if at is None or not first <= at.date() <= last:
            continue
        operator = operator_id if operator_id and operator_id > 0 else None
        counted = Counter(
            calls=1,
            handled=int(result == 1),
            failed=int(result in (0, 4, 5, 6)),
            with_known_result=int(result in range(7)),
            identified=int(bool((number or "").strip(" "))),
            with_card=int((card_id or 0) > 0 and (pp or 0) > 0),
        )
        total += counted
        operators[operator] = operators.get(operator, Counter()) + counted
        hours.setdefault(operator, set()).add((at.date(), at.hour))
        outcomes[call_type if call_type in range(8) else -1, result if result in range(7) else -1] += 1
        grid[at.weekday()][at.hour] += 1
    return {
        "total": dict(+total),
        "operators": {one: (dict(+counts), len(hours[one])) for one, counts in operators.items()},
        "outcomes": dict(outcomes),
        "grid": grid,
        "hours": [sum(row[hour] for row in grid) for hour in range(24)],
    }


def as_plain(report: Report) -> Mapping[str, object]:
    """A report in the shape of `plain_report`."""

    def counts(tally: object) -> dict[str, int]:
        names = ("calls", "handled", "failed", "with_known_result", "identified", "with_card")
        return {name: value for name in names if (value := getattr(tally, name))}

    return {
        "total": counts(report.total),
        "operators": {one.operator_id: (counts(one.tally), one.active_hours) for one in report.operators},
        "outcomes": {(one.call_type, one.result): one.calls for one in report.outcomes},
        "grid": [list(row) for row in report.weekday_hours],
        "hours": [tally.calls for tally in report.hours],
    }


__all__ = ["DAY", "LONG_AGO", "TODAY", "RolledWorld", "as_plain", "local", "plain_report"]
