"""The call log: figures, operator bars, hour chart, and the two modals, from data to components."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from portal import i18n, ids
from portal.calls_query import ANY, NO_OPERATOR
from portal.i18n import _
from portal.ui.blocks import (
    Contents,
    aria,
    badge,
    banner,
    data,
    definitions,
    delta,
    icon,
    kpi,
)
from portal.ui.details import agency_place, agency_title, modal_head, phones
from portal.ui.names import short_name
from portal.ui.phones import readable_number
from portal.ui.plot import Figure, axis, layout
from portal.ui.states import empty
from portal.ui.words import ResultWords, advice, call_result, call_type, ringing_outcome
from services.calls import (
    AgencyInfo,
    Call,
    CallSummary,
    ClientCard,
    Comparison,
    OperatorCount,
    Problem,
    Ringing,
)

#: A call without a result that began this lately is still going on; older, its result is just not known.
IN_PROGRESS = timedelta(hours=2)
#: The bars the list shows at once; the rest opens by a press.
BARS = 18
#: Hours the chart shows even when nobody called.
WORKING_HOURS = (8, 21)


def row(call: Call, *, zone: ZoneInfo, now: datetime, with_day: bool) -> dict[str, object]:
    """One line of the grid, in the reader's words."""
    local = call.at.astimezone(zone)
    words = result_words(call, now)
    return {
        "id": str(call.id),
        "shown_id": i18n.number(call.id),
        "time": local.strftime("%d.%m, %H:%M:%S" if with_day else "%H:%M:%S"),
        "phone": readable_number(call.number),
        "operator": operator_words(call.operator_id, call.operator),
        "operator_short": operator_words(call.operator_id, call.operator and short_name(call.operator)),
        "kind": words.kind,
        "icon": words.icon,
        "result": words.word,
        "type": call_type(call.call_type),
        "card": call.has_card,
        "info": call.has_agency,
    }


def operator_words(operator_id: int | None, name: str | None) -> str | None:
    """The operator's name, or the number where the database has no name for it; None without an operator."""
    if name or operator_id is None:
        return name
    return _("operator no. {id}", id=operator_id)


def result_words(call: Call, now: datetime) -> ResultWords:
    """How the call's result is shown at `now`."""
    return call_result(call.result, in_progress=now - call.at < IN_PROGRESS)


def figures(summary: CallSummary, *, single_day: bool, until: datetime | None) -> list[Component]:
    """The three figures above the log, each with its definition and comparison.

    `until`: the centre's time of day up to which the day is compared; None for the whole day.
    """
    return _kpis(
        (i18n.number(summary.total), _total_delta(summary, until)),
        (_share(summary.handled, summary.with_known_result), _handled_delta(summary, until)),
        _identified(summary.identified, summary.total),
        single_day=single_day,
        spark=_sparkline(summary.per_hour) if single_day else None,
    )


def uncounted_figures(why: str, *, single_day: bool) -> list[Component]:
    """The same three when nobody could count them, with the reason."""
    unknown = "—", _("not counted")
    return _kpis(("—", why), unknown, unknown, single_day=single_day)


def _kpis(
    total: tuple[Contents, Contents],
    handled: tuple[Contents, Contents],
    identified: tuple[Contents, Contents],
    *,
    single_day: bool,
    spark: Contents = None,
) -> list[Component]:
    """The figures above the log from their values and what stands below these."""
    return [
        kpi(
            _("Calls in the day") if single_day else _("Calls in the period"),
            *total,
            definition=_(
                "All calls under the filter from 00:00 in the centre's zone. "
                "Compared with the same weekday last week up to the same time."
            ),
            extra=spark,
            className="hp-kpi-wide",
        ),
        kpi(
            _("Handled"),
            *handled,
            definition=_("Calls with the result “Handled”, as a share of all calls whose result is known."),
        ),
        kpi(
            _("Number identified"),
            *identified,
            definition=_("Calls whose phone number is known."),
            className="hp-wide-s",
        ),
    ]


def _identified(identified: int | None, total: int) -> tuple[Contents, Contents]:
    if identified is None:
        return "—", _("not counted: too many calls")
    without = html.Span(i18n.number(total - identified), className="hp-delta flat")
    return _share(identified, total), [without, " ", _("without a number")]


def operator_bars(operators: Sequence[OperatorCount] | None, chosen: str) -> Component:
    """One button an operator, longest bar first; a press filters, a second press lifts the filter.

    None: nobody could count them.
    """
    if operators is None:
        return html.P(_("not counted: too many calls"), className="hp-s hp-mut hp-bars-none")
    most = max((entry.calls for entry in operators), default=0)
    bars = [_bar(entry, most, chosen) for entry in operators]
    rest = bars[BARS:]
    more = (
        [
            html.Details(
                [
                    html.Summary(
                        i18n.plural("{n} more operator", "{n} more operators", len(rest)),
                        className="hp-s hp-bars-more",
                    ),
                    *rest,
                ],
                open=any(bar.to_plotly_json()["props"].get("aria-pressed") == "true" for bar in rest),
            )
        ]
        if rest
        else []
    )
    return html.Div(
        [*bars[:BARS], *more], className="hp-bars", role="group", **aria(label=_("Filter by operator"))
    )


def operator_count(operators: Sequence[OperatorCount] | None) -> str:
    """How many operators had calls; empty when nobody could count."""
    return "" if operators is None else i18n.number(len(operators))


def operator_options(operators: Sequence[OperatorCount] | None, chosen: str) -> list[dict[str, str]]:
    """The choices of the operator filter, by name: who had calls in the period, and who is chosen anyway."""
    named = sorted(
        (name, str(entry.operator_id))
        for entry in operators or ()
        if (name := operator_words(entry.operator_id, entry.name)) is not None
    )
    options = [(_("Operator"), ANY), (_("not assigned"), NO_OPERATOR), *named]
    if chosen and chosen not in {value for _name, value in options}:
        options.append((_("operator no. {id}", id=chosen), chosen))
    return [{"label": label, "value": value} for label, value in options]


def hours_figure(summary: CallSummary, running_hour: int | None) -> Figure:
    """Calls per hour as a plain plotly figure; colours are token names that the browser fills in.

    `running_hour`: the hour that is not over yet, drawn paler.
    """
    before = summary.before.per_hour if summary.before else (0,) * 24
    hours = shown_hours(summary)
    bars: Figure = {
        "type": "bar",
        "name": _("calls"),
        "x": list(hours),
        "y": [summary.per_hour[hour] for hour in hours],
        "width": 0.62,
        "marker": {"color": "--hp-c1", "opacity": [0.45 if hour == running_hour else 1 for hour in hours]},
    }
    return {
        "data": [bars, *_line_before(summary.before, hours)],
        "layout": _hours_layout(hours, most=max([*summary.per_hour, *before])),
    }


def uncounted_hours() -> Figure:
    """The hour chart when nothing is known: no axis, on which an empty day would stand."""
    hidden: Figure = {"visible": False}
    return {"data": [], "layout": layout(xaxis=hidden, yaxis=hidden, height=74)}


def shown_hours(summary: CallSummary) -> Sequence[int]:
    """The working hours, and from the first to the last hour in which anybody called now or then."""
    before = summary.before.per_hour if summary.before else (0,) * 24
    busy = [hour for hour in range(24) if summary.per_hour[hour] or before[hour]]
    return range(min([*busy, WORKING_HOURS[0]]), max([*busy, WORKING_HOURS[1]]) + 1)


def spoken_hours(summary: CallSummary) -> str:
    """The hour chart in words: when most people called."""
    peak = max(range(24), key=lambda hour: summary.per_hour[hour])
    most = i18n.number(summary.per_hour[peak])
    return _("Calls per hour; most at {hour}:00: {count}.", hour=peak, count=most)


def _line_before(before: Comparison | None, hours: Sequence[int]) -> list[Figure]:
    if before is None:
        return []
    return [
        {
            "type": "scatter",
            "name": i18n.day(before.day),
            "mode": "lines",
            "x": list(hours),
            "y": [before.per_hour[hour] for hour in hours],
            "line": {"color": "--hp-c6", "width": 1.5, "shape": "hvh"},
        }
    ]


def _hours_layout(hours: Sequence[int], most: int) -> Figure:
    # Without this an empty day would get an axis of half calls.
    height: Figure = {} if most else {"range": [0, 5]}
    labels = [f"{hour}:00" if hour % 2 == 0 else "" for hour in hours]
    return layout(
        margin={"l": 34, "r": 10, "t": 4, "b": 18},
        xaxis={**axis(), "showgrid": False, "tickvals": list(hours), "ticktext": labels},
        yaxis={**axis(), "nticks": 3, "rangemode": "tozero", **height},
        height=74,
    )


def hours_legend(summary: CallSummary, *, is_today: bool) -> list[Component]:
    """What the bars and the line of the hour chart are."""
    bars = _("today") if is_today else _("this period")
    shown: list[Component] = [html.Span([html.Span(className="hp-sw hp-sw-now"), bars])]
    if summary.before is not None:
        shown.append(html.Span([html.Span(className="hp-sw hp-sw-before"), i18n.day(summary.before.day)]))
    return shown


def empty_day(day_words: str, *, is_over: bool) -> Component:
    """No call at all in the period, and the source is well. `is_over`: none will come any more."""
    if is_over:
        return empty(
            "telephone",
            _("{day}: no calls", day=day_words),
            _("Nobody called then. Another day may hold more."),
        )
    return empty(
        "telephone",
        _("{day}: no calls yet", day=day_words),
        _("The source answers. The first call will appear here by itself."),
    )


def empty_filter() -> Component:
    """The filter leaves nothing."""
    return empty(
        "funnel",
        _("No call fits the filter"),
        _("Widen the period or drop a condition."),
        html.Button(
            _("Reset the filter"), id=ids.CALLS_RESET, type="button", className="btn btn-outline-secondary"
        ),
    )


def problem_banner(problem: Problem, source: str) -> Component:
    """The answer is not complete or not current, and why."""
    words = advice(source, problem.reason)
    return banner(
        "warn",
        "hourglass-split",
        [html.B(words.what + ". "), _("What is shown may be incomplete."), " ", words.do],
    )


def client_card(card: ClientCard, zone: ZoneInfo) -> list[Component]:
    """The client card of one call: title, facts, phone."""
    when = card.at.astimezone(zone)
    return [
        modal_head(
            "person-vcard",
            [_call_words(card.call_id, when)],
            card.client_name or _("Client without a name"),
            None,
            modal=ids.CALLS_DETAILS,
        ),
        html.Div(
            [
                html.Div(
                    [
                        html.H3(_("Client"), className="mb-2"),
                        definitions(
                            [
                                (_("City"), card.client_city),
                                (_("Country"), card.country_name),
                                (_("Metro"), card.metro_name),
                                (_("Manager"), card.manager_name),
                                (_("Advert"), card.ad_name),
                                (_("Operator"), card.operator),
                                (_("Card no."), str(card.processing_id)),
                            ]
                        ),
                    ]
                ),
                html.Div([html.H3(_("Phone"), className="mb-2"), phones([(card.phone, None)])]),
            ],
            className="hp-modal-columns",
        ),
    ]


def agency_info(agency: AgencyInfo, call_id: int, zone: ZoneInfo) -> list[Component]:
    """The agency of one call: where it is, its phones, and how ringing it ended."""
    return [
        modal_head(
            "building",
            [_("Agency no. {id}", id=agency.id), " · ", _("call no. {id}", id=i18n.number(call_id))],
            agency_title(agency),
            agency.english_name,
            modal=ids.CALLS_DETAILS,
        ),
        html.Div(
            [
                agency_place(agency, zone),
                html.Div(
                    [
                        html.H3(_("Phones"), className="mb-2"),
                        phones([(phone.number, phone.comment) for phone in agency.phones]),
                        html.H3(_("Ringing the agency"), className="mt-3 mb-2"),
                        _ringing(agency.ringing, zone),
                    ]
                ),
            ],
            className="hp-modal-columns",
        ),
        html.Div(
            dcc.Link(
                [icon("list"), _("All calls of the agency")],
                href=f"/agencies?open={agency.id}",
                className="btn btn-outline-secondary",
            ),
            className="hp-modal-foot",
        ),
    ]


def _ringing(ringing: Ringing, zone: ZoneInfo) -> Component:
    outcome = ringing_outcome(ringing.outcome)
    at = i18n.clock(ringing.at.astimezone(zone), seconds=True) if ringing.at else ""
    return definitions(
        [
            (
                _("Outcome"),
                [
                    badge(outcome.kind, outcome.icon, outcome.word),
                    " ",
                    html.Span(at, className="hp-num hp-mut"),
                ],
            ),
            (_("Client"), ", ".join(filter(None, (ringing.client_name, ringing.country)))),
            (_("Client's metro"), ringing.metro),
            (_("Manager"), ringing.manager),
            (_("Operator"), ringing.operator),
        ]
    )


def _bar(entry: OperatorCount, most: int, chosen: str) -> html.Button:
    key = NO_OPERATOR if entry.operator_id is None else str(entry.operator_id)
    name = operator_words(entry.operator_id, entry.name) or _("not assigned")
    pressed = chosen == key
    count = i18n.number(entry.calls)
    width = 100 * entry.calls / most if most else 0
    return html.Button(
        [
            html.Span(short_name(name) if entry.name else name, className="hp-trunc"),
            html.Span(count, className="hp-num"),
            html.Span(html.Span(style={"width": f"{width:.1f}%"}), className="t"),
        ],
        type="button",
        className="hp-bar" if not chosen or pressed else "hp-bar off",
        title=_("{name}: {count}. Show these calls alone", name=name, count=count),
        **aria(pressed=str(pressed).lower()),
        **data(operator=key),
    )


def _share(part: int, whole: int) -> Contents:
    if whole == 0:
        return "—"
    return [i18n.percent(part / whole), " ", html.Small(i18n.number(part))]


def _total_delta(summary: CallSummary, until: datetime | None) -> Contents:
    before = summary.before
    if before is None:
        return ""
    if before.total == 0:
        return _("no calls {day}", day=compared_with(before, until))
    change = (summary.total - before.total) / before.total
    return [
        delta(i18n.percent(abs(change)), change, better=None),
        " ",
        _("against {day}", day=compared_with(before, until)),
    ]


def _handled_delta(summary: CallSummary, until: datetime | None) -> Contents:
    before = summary.before
    if before is None or not before.with_known_result or not summary.with_known_result:
        return _("nothing to compare with") if before is not None else ""
    change = summary.handled / summary.with_known_result - before.handled / before.with_known_result
    points = _("{n} pp", n=i18n.number(round(abs(change) * 100, 1)))
    return [delta(points, change, better="more"), " ", _("against {day}", day=compared_with(before, until))]


def compared_with(before: Comparison, until: datetime | None) -> str:
    """The day compared with, and up to when: `пн 16.11, 14:32`."""
    day = i18n.short_weekday_day(before.day)
    return day if until is None else f"{day}, {i18n.clock(until)}"


def _sparkline(per_hour: Sequence[int]) -> list[Component]:
    """The day's shape as two clipped boxes: needs no library and no script."""
    last = max((hour for hour in range(24) if per_hour[hour]), default=0)
    first = next((hour for hour in range(24) if per_hour[hour]), 0)
    shape = per_hour[first : last + 1]
    most = max(shape, default=0)
    if len(shape) < 3 or most == 0:
        return []
    points = [(100 * place / (len(shape) - 1), 96 - 92 * calls / most) for place, calls in enumerate(shape)]
    line = ",".join(f"{x:.1f}% {y:.1f}%" for x, y in points)
    back = ",".join(f"{x:.1f}% calc({y:.1f}% + 1.6px)" for x, y in reversed(points))
    hidden = aria(hidden="true")
    return [
        html.Div(className="hp-spark-a", style={"clipPath": f"polygon(0 100%,{line},100% 100%)"}, **hidden),
        html.Div(className="hp-spark", style={"clipPath": f"polygon({line},{back})"}, **hidden),
    ]


def _call_words(call_id: int, when: datetime) -> str:
    return _("call no. {id}, {when}", id=i18n.number(call_id), when=i18n.moment(when))
