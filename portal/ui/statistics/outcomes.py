"""What calls are about and how they end: bars by type, and a table of type by result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import aria, data
from portal.ui.statistics.links import calls_link, linked, result_key, type_key
from portal.ui.statistics.shown import Shown
from portal.ui.words import call_result, call_type
from services.calls import KNOWN_RESULTS, UNKNOWN_CODE, Outcome, OutcomeTally, outcome_of

#: Results in the order of the table: the good end first.
RESULTS = (1, *sorted(KNOWN_RESULTS - {1}), UNKNOWN_CODE)


@dataclass(frozen=True, slots=True)
class TypeOutcomes:
    """The calls of one type by result."""

    call_type: int
    by_result: Mapping[int, int]

    @property
    def calls(self) -> int:
        return sum(self.by_result.values())

    def of(self, outcome: Outcome) -> int:
        """Calls that ended so."""
        return sum(calls for result, calls in self.by_result.items() if outcome_of(result) is outcome)

    def share(self, outcome: Outcome) -> float:
        """The share of all calls of the type, 0 to 1."""
        return self.of(outcome) / self.calls if self.calls else 0.0


def by_type(outcomes: Sequence[OutcomeTally]) -> list[TypeOutcomes]:
    """The types that had calls, most calls first, the unknown type last."""
    grouped: dict[int, dict[int, int]] = {}
    for entry in outcomes:
        if entry.calls:
            results = grouped.setdefault(entry.call_type, {})
            results[entry.result] = results.get(entry.result, 0) + entry.calls
    types = [TypeOutcomes(call_type, results) for call_type, results in grouped.items()]
    return sorted(types, key=lambda entry: (entry.call_type == UNKNOWN_CODE, -entry.calls, entry.call_type))


def outcome_bars(shown: Shown) -> Component:
    """A bar a type: success, failure and the rest, with the share of success as a link."""
    return html.Div([_bar(shown, entry) for entry in by_type(shown.report.outcomes)], className="hp-outcomes")


def outcome_legend() -> list[Component]:
    return [
        html.Span([html.Span(className=f"hp-sw hp-sw-{kind}"), words])
        for kind, words in (("ok", _("success")), ("bad", _("failure")), ("other", _("other")))
    ]


def outcomes_table(shown: Shown) -> Component:
    """Type by result, with sums; each figure opens its calls."""
    types = by_type(shown.report.outcomes)
    heads = [
        html.Th(_("Call type"), scope="col"),
        html.Th(_("In all"), scope="col", className="r"),
        *(html.Th(call_result(result).word, scope="col", className="r") for result in RESULTS),
    ]
    return html.Table(
        [
            html.Caption(_("Calls by type and result"), className="visually-hidden"),
            html.Thead(html.Tr(heads)),
            html.Tbody([*(_row(shown, entry) for entry in types), _sums(shown, types)]),
        ],
        className="hp-table",
    )


def _bar(shown: Shown, entry: TypeOutcomes) -> html.Div:
    name, key = call_type(entry.call_type), type_key(entry.call_type)
    parts = [
        (kind, entry.share(outcome), words)
        for kind, outcome, words in (
            ("ok", Outcome.SUCCESS, _("success")),
            ("bad", Outcome.FAILURE, _("failure")),
            ("other", Outcome.OTHER, _("other")),
        )
    ]
    told = f"{name}: " + ", ".join(f"{words} {i18n.percent(share)}" for _kind, share, words in parts)
    return html.Div(
        [
            linked(
                name, calls_link(shown.period, type=key), i18n.plural("{n} call", "{n} calls", entry.calls)
            ),
            html.Span(
                [
                    html.Span(className=f"hp-sw-{kind}", style={"width": f"{100 * share:.2f}%"})
                    for kind, share, _words in parts
                    if share
                ],
                className="hp-mix",
                role="img",
                title=told,
                **aria(label=told),
            ),
            linked(
                i18n.percent(entry.share(Outcome.SUCCESS)),
                calls_link(shown.period, type=key, result=Outcome.SUCCESS),
                i18n.plural("{n} call", "{n} calls", entry.of(Outcome.SUCCESS)),
            ),
        ],
        **data(key=f"type-{key}"),
    )


def _row(shown: Shown, entry: TypeOutcomes) -> html.Tr:
    key = type_key(entry.call_type)
    return html.Tr(
        [
            html.Th(call_type(entry.call_type), scope="row"),
            html.Td(
                linked(i18n.number(entry.calls), calls_link(shown.period, type=key)), className="r hp-total"
            ),
            *(
                _figure(
                    entry.by_result.get(result, 0),
                    calls_link(shown.period, type=key, result=result_key(result)),
                )
                for result in RESULTS
            ),
        ]
    )


def _sums(shown: Shown, types: Sequence[TypeOutcomes]) -> html.Tr:
    total = sum(entry.calls for entry in types)
    return html.Tr(
        [
            html.Th(_("All types"), scope="row"),
            html.Td(linked(i18n.number(total), calls_link(shown.period)), className="r"),
            *(
                _figure(
                    sum(entry.by_result.get(result, 0) for entry in types),
                    calls_link(shown.period, result=result_key(result)),
                )
                for result in RESULTS
            ),
        ],
        className="hp-total",
    )


def _figure(calls: int, href: str | None) -> html.Td:
    return html.Td(linked(i18n.number(calls), href) if calls else "0", className="r" if calls else "r hp-mut")
