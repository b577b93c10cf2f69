"""The operators' table: who had how many calls, and how they ended."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.statistics_query import SORTS
from portal.ui.blocks import aria, data, icon
from portal.ui.calls import operator_words
from portal.ui.names import short_name
from portal.ui.statistics.definitions import definition
from portal.ui.statistics.links import calls_link, linked, operator_key
from portal.ui.statistics.shown import Shown
from services.calls import OperatorTally

_VALUES: dict[str, Callable[[OperatorTally], float | None]] = {
    "calls": lambda entry: entry.tally.calls,
    "handled": lambda entry: entry.tally.handled,
    "success": lambda entry: entry.tally.success_rate,
    "card": lambda entry: entry.tally.card_share,
    "identified": lambda entry: entry.tally.identified_share,
    "rate": lambda entry: entry.per_active_hour,
    "sample": lambda entry: entry.tally.with_known_result,
}


def column_words() -> dict[str, str]:
    """The heads of the table, by column."""
    return {
        "name": _("Operator"),
        "calls": _("Call count"),
        "handled": _("Handled"),
        "success": _("Success"),
        "card": _("With card"),
        "identified": _("With number"),
        "rate": _("Per hour"),
        "sample": _("Sample"),
    }


def in_order(operators: Sequence[OperatorTally], sort: str) -> list[OperatorTally]:
    """The operators by a column; who has no value comes last either way, as do calls of nobody."""
    column, is_descending = sort.removeprefix("-"), sort.startswith("-")
    by_name = sorted(operators, key=lambda entry: (operator_name(entry).casefold(), entry.operator_id or 0))
    if column == "name":
        ordered = by_name[::-1] if is_descending else by_name
        return sorted(ordered, key=lambda entry: entry.operator_id is None)
    value_of = _VALUES[column]

    def place(entry: OperatorTally) -> tuple[bool, bool, float]:
        value = value_of(entry)
        number = 0.0 if value is None else value
        return entry.operator_id is None, value is None, -number if is_descending else number

    return sorted(by_name, key=place)


def operator_name(entry: OperatorTally) -> str:
    """The operator's name, the number of one who was removed, or the words for nobody."""
    return operator_words(entry.operator_id, entry.name) or _("not assigned")


def operators_table(shown: Shown) -> Component:
    """The table in the order the query asks for."""
    return html.Table(
        [
            html.Caption(_("Operators and their calls"), className="visually-hidden"),
            html.Thead(html.Tr([_head(shown, column) for column in SORTS])),
            html.Tbody([_row(shown, entry) for entry in in_order(shown.report.operators, shown.query.sort)]),
        ],
        className="hp-table hp-sticky",
    )


def _head(shown: Shown, column: str) -> html.Th:
    query = shown.query
    is_chosen = query.column == column
    # The first press shows the largest figure first, names from the first letter; the second turns it round.
    begins = column if column == "name" else f"-{column}"
    turned = column if query.is_descending else f"-{column}"
    words = column_words()[column]
    arrow = icon("chevron-down" if query.is_descending else "chevron-up") if is_chosen else None
    sort = {"sort": "descending" if query.is_descending else "ascending"} if is_chosen else {}
    return html.Th(
        [
            html.Button(
                [words, arrow],
                type="button",
                className="hp-sort",
                title=_explained(column),
                **data(query=replace(query, sort=turned if is_chosen else begins).text()),
            ),
            # The head that paper repeats on its next page shows no buttons.
            html.Span(words, className="hp-on-paper"),
        ],
        scope="col",
        className="" if column == "name" else "r",
        **aria(**sort),
    )


def _explained(column: str) -> str:
    known = {"name": "", "success": definition("handled")}
    return known[column] if column in known else definition(column)


def _row(shown: Shown, entry: OperatorTally) -> html.Tr:
    tally, key = entry.tally, operator_key(entry.operator_id)
    name = operator_name(entry)

    def link(**conditions: str | int) -> str | None:
        return calls_link(shown.period, operator=key, **conditions)

    return html.Tr(
        [
            html.Th(
                linked(short_name(name) if entry.name else name, link(), name),
                scope="row",
                className="hp-trunc",
            ),
            _figure(i18n.number(tally.calls), link()),
            _figure(i18n.number(tally.handled), link(result="success")),
            _share(entry, tally.success_rate, link(result="success")),
            _share(entry, tally.card_share, link(card=1)),
            _share(entry, tally.identified_share, link(number="known")),
            html.Td(_rate(entry), className="r"),
            _sample(entry),
        ],
        className="hp-few" if entry.is_small_sample else "",
        **data(key=f"operator-{key}"),
    )


def _figure(text: str, href: str | None) -> html.Td:
    return html.Td(linked(text, href), className="r")


def _share(entry: OperatorTally, share: float | None, href: str | None) -> html.Td:
    """A share, dimmed where it is of few calls."""
    if share is None:
        return html.Td("—", className="r hp-mut", title=_("no call to take a share of"))
    return html.Td(linked(i18n.percent(share), href), className="r hp-mut" if entry.is_small_sample else "r")


def _sample(entry: OperatorTally) -> html.Td:
    """How many calls the success rate is of, and in words that they are few."""
    words = html.Span([" ", _("few calls")], className="hp-s") if entry.is_small_sample else None
    return html.Td(
        [i18n.number(entry.tally.with_known_result), words],
        className="r hp-mut" if entry.is_small_sample else "r",
    )


def _rate(entry: OperatorTally) -> str:
    # Nobody has hours of work in the calls that were nobody's.
    if entry.operator_id is None or entry.per_active_hour is None:
        return "—"
    return i18n.decimal(entry.per_active_hour)
