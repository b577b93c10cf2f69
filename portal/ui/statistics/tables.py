"""The tables of the page as they go into files: plain values under heads in the reader's language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from portal import i18n
from portal.i18n import _
from portal.ui.statistics.definitions import definition
from portal.ui.statistics.heat import average
from portal.ui.statistics.hours import hour_words
from portal.ui.statistics.kpis import rate_of
from portal.ui.statistics.months import by_year, is_uncounted, month_words
from portal.ui.statistics.operators import column_words, in_order, operator_name
from portal.ui.statistics.outcomes import RESULTS, by_type
from portal.ui.statistics.shown import Shown, has_known_days
from portal.ui.words import call_result, call_type
from services.calls import Outcome, Report

#: None: unknown, which is neither 0 nor an empty text.
Cell = str | int | float | None


class Kind(Enum):
    """How the values of a column are read."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"  # 0 to 1
    DECIMAL = "decimal"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; the definition may be empty."""

    title: str
    kind: Kind
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Values under heads, each row as long as the columns are many."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def table_titles() -> dict[str, str]:
    """The title of each table, by the name it has in addresses."""
    return {
        "totals": _("Totals"),
        "operators": _("Operators"),
        "weekdays": _("Weekday and hour"),
        "months": _("Year and month"),
        "outcomes": _("Call types and results"),
        "hours": _("Hours of the day"),
    }


def table(name: str, shown: Shown) -> Table:
    """The table of that name. Raises KeyError when there is none."""
    columns, rows = _TABLES[name](shown)
    return Table(table_titles()[name], columns, rows)


_Content = tuple[list[Column], list[list[Cell]]]


def _totals(shown: Shown) -> _Content:
    reports = [shown.report, shown.before]
    columns = [
        Column(_("Figure"), Kind.TEXT),
        Column(_("Value"), Kind.DECIMAL),
        Column(_("Share"), Kind.SHARE),
        Column(_("Value before"), Kind.DECIMAL),
        Column(_("Share before"), Kind.SHARE),
    ]
    figures: list[tuple[str, Callable[[Report], tuple[Cell, Cell]]]] = [
        (_("Calls"), lambda report: (report.total.calls, None)),
        (_("Handled"), lambda report: (report.total.handled, report.total.success_rate)),
        (_("Failed calls"), lambda report: (report.total.failed, report.total.failure_rate)),
        (_("With client card"), lambda report: (report.total.with_card, report.total.card_share)),
        (_("With number"), lambda report: (report.total.identified, report.total.identified_share)),
        (_("Per active hour"), lambda report: (rate_of(report), None)),
        (_("Average duration, seconds"), lambda report: (report.duration.average_s, None)),
    ]
    rows: list[list[Cell]] = [
        [
            words,
            *(
                value
                for report in reports
                for value in (figure(report) if report and has_known_days(report) else (None, None))
            ),
        ]
        for words, figure in figures
    ]
    return columns, rows


def _operators(shown: Shown) -> _Content:
    words = column_words()
    columns = [
        Column(words["name"], Kind.TEXT),
        Column(words["calls"], Kind.COUNT, definition("calls")),
        Column(words["handled"], Kind.COUNT, definition("handled")),
        Column(words["success"], Kind.SHARE, definition("handled")),
        Column(_("Cards"), Kind.COUNT, definition("card")),
        Column(words["card"], Kind.SHARE, definition("card")),
        Column(_("Numbers"), Kind.COUNT, definition("identified")),
        Column(words["identified"], Kind.SHARE, definition("identified")),
        Column(words["rate"], Kind.DECIMAL, definition("rate")),
        Column(words["sample"], Kind.COUNT, definition("sample")),
        Column(_("Note"), Kind.TEXT),
    ]
    rows: list[list[Cell]] = [
        [
            operator_name(entry),
            entry.tally.calls,
            entry.tally.handled,
            entry.tally.success_rate,
            entry.tally.with_card,
            entry.tally.card_share,
            entry.tally.identified,
            entry.tally.identified_share,
            entry.per_active_hour if entry.operator_id is not None else None,
            entry.tally.with_known_result,
            _("few calls") if entry.is_small_sample else "",
        ]
        for entry in in_order(shown.report.operators, shown.query.sort)
    ]
    return columns, rows


def _weekdays(shown: Shown) -> _Content:
    columns = [
        Column(_("Weekday"), Kind.TEXT, definition("weekdays")),
        *(Column(f"{hour}:00", Kind.DECIMAL) for hour in range(24)),
    ]
    rows: list[list[Cell]] = [
        [
            i18n.weekday(weekday),
            *(average(shown, weekday, hour) if shown.is_known else None for hour in range(24)),
        ]
        for weekday in range(7)
    ]
    return columns, rows


def _months(shown: Shown) -> _Content:
    columns = [
        Column(_("Year"), Kind.TEXT, definition("months")),
        *(Column(word, Kind.COUNT) for word in month_words()),
        Column(_("in all"), Kind.COUNT),
    ]
    rows: list[list[Cell]] = []
    for year, months in sorted(by_year(shown.months).items(), reverse=True):
        known = {number: month for number, month in months.items() if not is_uncounted(month)}
        counts: list[Cell] = [
            known[number].tally.calls if number in known else None for number in range(1, 13)
        ]
        rows.append([str(year), *counts, sum(month.tally.calls for month in known.values())])
    return columns, rows


def _outcomes(shown: Shown) -> _Content:
    columns = [
        Column(_("Call type"), Kind.TEXT, definition("outcomes")),
        Column(_("In all"), Kind.COUNT),
        *(Column(call_result(result).word, Kind.COUNT) for result in RESULTS),
        Column(_("Success"), Kind.SHARE),
    ]
    rows: list[list[Cell]] = [
        [
            call_type(entry.call_type),
            entry.calls,
            *(entry.by_result.get(result, 0) for result in RESULTS),
            entry.share(Outcome.SUCCESS),
        ]
        for entry in by_type(shown.report.outcomes)
    ]
    return columns, rows


def _hours(shown: Shown) -> _Content:
    words = column_words()
    columns = [
        Column(_("Hour"), Kind.TEXT, definition("hours")),
        Column(words["calls"], Kind.COUNT),
        Column(words["handled"], Kind.COUNT, definition("handled")),
        Column(words["success"], Kind.SHARE, definition("handled")),
        Column(_("Failed calls"), Kind.COUNT, definition("failed")),
        Column(_("Cards"), Kind.COUNT, definition("card")),
        Column(_("Numbers"), Kind.COUNT, definition("identified")),
    ]
    rows: list[list[Cell]] = [
        [
            hour_words(hour),
            *(
                (
                    tally.calls,
                    tally.handled,
                    tally.success_rate,
                    tally.failed,
                    tally.with_card,
                    tally.identified,
                )
                if shown.is_known
                else (None,) * 6
            ),
        ]
        for hour, tally in enumerate(shown.report.hours)
    ]
    return columns, rows


_TABLES: dict[str, Callable[[Shown], _Content]] = {
    "totals": _totals,
    "operators": _operators,
    "weekdays": _weekdays,
    "months": _months,
    "outcomes": _outcomes,
    "hours": _hours,
}
