"""Reports by hand, and what is drawn from them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from portal.statistics_query import parse
from portal.ui.statistics import Shown
from portal.ui.tree import tree
from services.calls import (
    Coverage,
    Duration,
    Months,
    MonthTally,
    OperatorTally,
    OutcomeTally,
    Period,
    Report,
    Tally,
)
from tests.unit.portal.fakes import MOSCOW

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)  # a Wednesday, 12:30 at the centre
TODAY = NOW.astimezone(MOSCOW).date()
COUNTED = Coverage(unknown_days=0, as_of=NOW - timedelta(seconds=40), problem=None)

#: 1,000 calls: 700 of 900 with a known result handled, 90 failed, 800 with a number, 500 with a card.
MANY = Tally(calls=1000, handled=700, failed=90, with_known_result=900, identified=800, with_card=500)
FEW = Tally(calls=4, handled=3, failed=1, with_known_result=4, identified=4, with_card=1)
ANNA = OperatorTally(7, "Белова Анна Игоревна", MANY, active_hours=125)
REMOVED = OperatorTally(991, None, FEW, active_hours=2)
NOBODY = OperatorTally(None, None, Tally(calls=50, with_known_result=0), active_hours=0)


def report(period: Period, **changes: object) -> Report:
    """Calls at 10 and 11 o'clock of Mondays."""
    weekdays = [0] * 7
    for number in range(period.days):
        day = period.first + timedelta(days=number)
        weekdays[day.weekday()] += day <= TODAY
    weekday_hours = [[0] * 24 for _ in range(7)]
    weekday_hours[0][10], weekday_hours[0][11] = 400, 600
    hours = [Tally()] * 24
    hours[10], hours[11] = Tally(calls=400, handled=300, with_known_result=400), Tally(calls=600)
    values: dict[str, Any] = {
        "period": period,
        "total": MANY,
        "active_hours": 127,
        "operators": (ANNA, REMOVED, NOBODY),
        "outcomes": (OutcomeTally(5, 1, 840), OutcomeTally(5, 0, 90), OutcomeTally(-1, -1, 70)),
        "weekday_hours": weekday_hours,
        "weekdays": weekdays,
        "hours": hours,
        "duration": Duration(),
        "has_durations": False,
        "coverage": COUNTED,
    }
    return Report(**(values | changes))


def no_calls(period: Period) -> Report:
    """A period that is counted and had no call."""
    return report(
        period,
        total=Tally(),
        active_hours=0,
        operators=(),
        outcomes=(),
        weekday_hours=[[0] * 24 for _ in range(7)],
        hours=[Tally()] * 24,
    )


MONTHS = Months(
    (
        *(MonthTally(2025, month, Tally(calls=1000 + month), True) for month in range(9, 13)),
        *(MonthTally(2026, month, Tally(calls=2000 + month), True) for month in range(1, 11)),
        MonthTally(2026, 11, Tally(calls=900), False),
    ),
    COUNTED,
)


def shown(
    query: Mapping[str, str] | None = None,
    *,
    before: Mapping[str, object] | None = None,
    months: Months = MONTHS,
    is_current: bool = True,
    **changes: object,
) -> Shown:
    """What is drawn for `query` when the report is the one above with `changes`."""
    asked = parse(query or {}, TODAY)
    earlier = asked.before
    return Shown(
        query=asked,
        report=report(asked.period, **changes),
        before=None if earlier is None else report(earlier, **(before or {})),
        months=months,
        now=NOW.astimezone(MOSCOW),
        is_current=is_current,
    )


def without_calls(query: Mapping[str, str] | None = None) -> Shown:
    """The same for a period without calls."""
    drawn = shown(query)
    return replace(drawn, report=no_calls(drawn.period))


def uncounted(query: Mapping[str, str] | None = None) -> Shown:
    """The same for a period of which no day is counted."""
    drawn = without_calls(query)
    unknown = Coverage(drawn.period.days, None, None)
    return replace(drawn, report=replace(drawn.report, coverage=unknown))


class Node:
    """A drawn element."""

    def __init__(self, node: list[Any]) -> None:
        self.tag: str = node[0]
        self.attributes: dict[str, Any] = node[1]
        self.children = [child if isinstance(child, str) else Node(child) for child in node[2:]]

    @property
    def text(self) -> str:
        """All text in it, with plain spaces."""
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return "".join(parts).replace("\u00a0", " ").replace("\u202f", " ")

    @property
    def classes(self) -> list[str]:
        return str(self.attributes.get("class", "")).split()

    def all(self, tag: str, className: str | None = None) -> list["Node"]:
        """Elements within, in reading order."""
        return [
            one
            for one in self._within()
            if one.tag == tag and (className is None or className in one.classes)
        ]

    def links(self) -> dict[str, str]:
        """Addresses by the text of the link."""
        return {link.text: link.attributes["href"] for link in self.all("a")}

    def _within(self) -> Iterator["Node"]:
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child._within()


def drawn(contents: Any) -> Node:
    """Components as an element that holds them."""
    return Node(["root", {}, *tree(contents)])


def cells(table: Node) -> list[list[str]]:
    """The texts of a table's body, row by row."""
    [body] = table.all("tbody")
    return [[cell.text for cell in row.children if isinstance(cell, Node)] for row in body.all("tr")]


def day(text: str) -> date:
    return date.fromisoformat(text)
