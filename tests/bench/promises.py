"""What is promised, what was measured, and the table of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns, thread_time_ns

#: What a side of a comparison does once.
Act = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise with its measured figure, which must not exceed `limit` (or not be less than it).

    Without a limit it is a figure that explains others. `detail` tells the two sides of a ratio in absolute
    terms: on another machine they differ, the ratio hardly.
    """

    promise: str
    figure: float
    limit: float | None
    unit: str  # "x" for a ratio, else what the figure counts
    detail: str
    at_least: bool = False

    @property
    def is_kept(self) -> bool:
        if self.limit is None:
            return True
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    @property
    def cells(self) -> tuple[str, ...]:
        bound = "≥" if self.at_least else "≤"
        return (
            self.promise,
            f"{_figure(self.figure)} {self.unit}",
            f"{bound} {_figure(self.limit)} {self.unit}" if self.limit is not None else "",
            "" if self.limit is None else "PASS" if self.is_kept else "MISS",
            self.detail,
        )


@dataclass(frozen=True, slots=True)
class Medians:
    """The median cost of both sides in seconds."""

    ours: float
    plain: float

    @property
    def ratio(self) -> float:
        return self.ours / self.plain

    def told(self, plain_is: str) -> str:
        """Both costs in words."""
        return f"{_duration(self.ours)} to {_duration(self.plain)} of {plain_is}"


def wall_time(ours: Act, plain: Act, *, rounds: int, times: int = 1) -> Medians:
    """The time both sides take, with all that they wait for."""
    return _interleaved(perf_counter_ns, ours, plain, rounds, times)


def cpu_time(ours: Act, plain: Act, *, rounds: int, times: int) -> Medians:
    """The CPU time both sides use in this thread: other work on the machine hardly changes it."""
    return _interleaved(thread_time_ns, ours, plain, rounds, times)


def _interleaved(clock: Callable[[], int], ours: Act, plain: Act, rounds: int, times: int) -> Medians:
    """Let both take turns, so that a slow moment of the machine hits both; the first turns do not count."""
    costs: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for act, cost in zip((ours, plain), costs, strict=True):
            began = clock()
            for _ in range(times):
                act()
            if turn:
                cost.append((clock() - began) / times / 1e9)
    return Medians(median(costs[0]), median(costs[1]))


def table(findings: Sequence[Finding]) -> str:
    """The findings as a Markdown table."""
    lines = [("Promise", "Measured", "Limit", "", "In this run"), *[finding.cells for finding in findings]]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in (lines[0], rule, *lines[1:])
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 or value == int(value) else f"{value:.2f}"


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} µs"
