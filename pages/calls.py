"""The call log: today's calls as they come, and any day before."""

from collections.abc import Mapping

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from portal import frame, ids
from portal.calls_query import ANY, KEYS, OUTCOMES, UNKNOWN_TYPE
from portal.context import services
from portal.dash_app import PortalDash
from portal.i18n import _, marked
from portal.room_states import moscow_state
from portal.rooms import Room
from portal.rooms import register as register_room
from portal.ui.blocks import aria, data, icon, icon_button
from portal.ui.conditions import chips, without_control
from portal.ui.frame import page
from portal.ui.grid import endless_grid
from portal.ui.words import call_types
from portal.wiring import CALL_CENTRE, Services
from services.accounts import Right
from services.live import Topic

PATH = "/calls"


def calls_today(known: Services) -> int | None:
    """The figure beside the page's name in the navigation."""
    return known.calls.copied_today()


ROOM = Room(
    path=PATH,
    title=marked("Call log (in the navigation)"),
    group=marked("Calls"),
    icon="telephone-inbound",
    need=Right.MOSCOW,
    topics=(Topic.CALLS, Topic.SOURCES),
    sources=(CALL_CENTRE,),
    count=calls_today,
    state=moscow_state,
)


def register(app: PortalDash) -> None:
    """Register the page on `app`."""
    register_room(app, __name__, ROOM, layout)


def layout(**query: str) -> Component:
    """Lay out the empty board; the query string fills the filter and opens a modal."""
    viewer = frame.viewer()
    # A doubled key comes as a list: it says nothing clear, so it filters nothing.
    given = {key: value for key, value in query.items() if isinstance(value, str)}
    chosen = {key: given[key] for key in KEYS if given.get(key)}
    today = services().calls.today().isoformat()
    return page(
        _("Call log"),
        viewer=viewer,
        source=CALL_CENTRE,
        fills=True,
        banners=frame.banners(ROOM.sources),
        actions=[
            html.A(
                [icon("download"), html.Span(_("CSV"), id=ids.CALLS_EXPORT_LABEL)],
                id=ids.CALLS_EXPORT,
                href="/calls/export.csv",
                download="",
                className="btn btn-outline-secondary hp-hide-s",
            ),
            icon_button("arrow-clockwise", _("Refresh now"), identifier=ids.CALLS_REFRESH),
        ],
        body=[
            dcc.Store(id=ids.CALLS_FILTER, data=chosen),
            dcc.Store(id=ids.CALLS_CONDITIONS, data=without_control(chosen)),
            dcc.Store(id=ids.CALLS_TODAY, data=today),
            dcc.Store(id=ids.CALLS_OPEN, data=given.get("open", "")),
            dcc.Store(id=ids.CALLS_HOURS_DATA),
            _figures(),
            html.Div([_operators(), _log(chosen, today)], className="hp-row hp-calls"),
            dbc.Modal(
                html.Div(id=ids.CALLS_DETAILS_CONTENT),
                id=ids.CALLS_DETAILS,
                is_open=False,
                centered=True,
                scrollable=True,
                className="hp-details",
                labelledby="calls-details-title",
            ),
        ],
    )


def _figures() -> Component:
    return html.Div(
        [
            html.Div(_skeletons(3), id=ids.CALLS_FIGURES, className="hp-figures"),
            html.Section(
                [
                    html.Header(
                        [
                            html.H2(_("Calls per hour"), className="hp-s hp-mut"),
                            html.Span(id=ids.CALLS_HOURS_LEGEND, className="hp-legend ms-auto"),
                        ]
                    ),
                    dcc.Graph(
                        id=ids.CALLS_HOURS,
                        config={"displayModeBar": False, "responsive": True},
                        className="hp-plot hp-plot-hours",
                    ),
                ],
                className="hp-card hp-hide-s hp-hours",
            ),
        ],
        className="hp-kpis",
    )


def _skeletons(count: int) -> list[Component]:
    return [
        html.Section(
            [html.Span(className="hp-sk"), html.Span(className="hp-sk t")],
            className="hp-card hp-kpi hp-waiting",
            **aria(hidden="true"),
        )
        for _place in range(count)
    ]


def _operators() -> Component:
    return html.Section(
        [
            html.Header(
                [
                    html.H2(_("Operators")),
                    html.Span(id=ids.CALLS_OPERATOR_COUNT, className="hp-s hp-mut ms-auto"),
                ]
            ),
            html.Div(id=ids.CALLS_OPERATORS, className="hp-bars-scroll"),
        ],
        className="hp-card hp-operators hp-hide-s hp-hide-m",
    )


def _log(chosen: Mapping[str, str], today: str) -> Component:
    return html.Section(
        [
            _filters(chosen, today),
            html.Div(
                [
                    html.Button(id="calls-pill", type="button", className="hp-pill", hidden=True),
                    html.Div(id=ids.CALLS_NOTICE, className="hp-calls-notice"),
                    html.Div(
                        [icon("hourglass-split"), html.Div(id="calls-rows-why")],
                        id="calls-rows-failed",
                        className="hp-banner warn",
                        hidden=True,
                        role="alert",
                    ),
                    endless_grid(
                        ids.CALLS_GRID,
                        _columns(),
                        is_sortable=True,
                        rowClassRules={"hp-new": "callIsNew(params)"},
                    ),
                ],
                className="hp-calls-board",
            ),
            html.Div(
                [
                    html.Span(id="calls-shown", role="status"),
                    html.Span(
                        _("new calls appear at the top"), id="calls-live-note", className="ms-auto hp-hide-s"
                    ),
                ],
                className="hp-flex hp-s hp-mut hp-calls-foot",
            ),
        ],
        className="hp-card hp-grow hp-calls-log",
    )


def _filters(chosen: Mapping[str, str], today: str) -> Component:
    return html.Div(
        [
            _period(chosen, today),
            html.Div(
                [
                    icon("search"),
                    _label(ids.CALLS_PHONE, _("Phone, any part of it")),
                    dbc.Input(
                        id=ids.CALLS_PHONE,
                        type="search",
                        value=chosen.get("phone", ""),
                        placeholder=_("Phone"),
                        debounce=False,
                        maxlength=64,
                        autocomplete="off",
                    ),
                ],
                className="hp-search hp-calls-phone",
                **data(search="true"),
            ),
            html.Button(
                [icon("sliders"), _("Filters")],
                id=ids.CALLS_MORE_FILTERS,
                type="button",
                className="btn btn-outline-secondary d-md-none",
                **aria(expanded="false", controls="calls-further"),
            ),
            html.Div(_further_filters(chosen), id="calls-further", className="hp-calls-further"),
            html.Div(
                chips(chosen),
                id=ids.CALLS_CHIPS,
                className="hp-calls-chips",
                role="group",
                **aria(label=_("More conditions")),
            ),
        ],
        className="hp-filters hp-calls-filters",
    )


def _period(chosen: Mapping[str, str], today: str) -> Component:
    first = chosen.get("from", today)
    last = chosen.get("to", first)
    return html.Div(
        [
            html.Div(
                [
                    _step(ids.CALLS_PREVIOUS, "chevron-left", _("Previous day")),
                    html.Button(
                        [icon("calendar3"), html.Span(id=ids.CALLS_PERIOD_LABEL)],
                        id=ids.CALLS_PERIOD,
                        type="button",
                        className="hp-period",
                        **aria(expanded="false", controls="calls-period-choice"),
                    ),
                    _step(ids.CALLS_NEXT, "chevron-right", _("Next day"), disabled=last >= today),
                ],
                className="hp-seg hp-date",
                role="group",
                **aria(label=_("Period")),
            ),
            html.Div(
                [
                    html.Label(
                        [_("From"), dbc.Input(id=ids.CALLS_FIRST, type="date", value=first)],
                        className="form-label",
                    ),
                    html.Label(
                        [_("To"), dbc.Input(id=ids.CALLS_LAST, type="date", value=last)],
                        className="form-label",
                    ),
                    html.Button(
                        _("Today"),
                        id=ids.CALLS_SHOW_TODAY,
                        type="button",
                        className="btn btn-outline-secondary",
                    ),
                ],
                id="calls-period-choice",
                className="hp-period-choice",
                hidden=True,
            ),
        ],
        className="hp-period-box",
    )


def _step(identifier: str, icon_name: str, label: str, *, disabled: bool = False) -> Component:
    return html.Button(
        icon(icon_name), id=identifier, type="button", title=label, disabled=disabled, **aria(label=label)
    )


def _further_filters(chosen: Mapping[str, str]) -> list[Component]:
    types = [{"label": word, "value": str(code)} for code, word in call_types().items()]
    return [
        _label(ids.CALLS_OPERATOR, _("Operator")),
        dbc.Select(
            id=ids.CALLS_OPERATOR,
            value=chosen.get("operator", ANY),
            options=[{"label": _("Operator"), "value": ANY}],
            className="hp-calls-operator",
        ),
        html.Div(
            dbc.RadioItems(
                id=ids.CALLS_OUTCOME,
                # Another value is a chip beside the choice, in which then nothing is pressed.
                value=outcome if (outcome := chosen.get("result", "")) in ("", *OUTCOMES) else None,
                options=[
                    {"label": _("All"), "value": ""},
                    {"label": _("Success"), "value": "success"},
                    {"label": _("Failure"), "value": "failure"},
                    {"label": _("Other"), "value": "other"},
                ],
                className="hp-seg hp-seg-radio",
                inputClassName="btn-check",
                inline=True,
            ),
            role="radiogroup",
            **aria(label=_("Result")),
        ),
        _label(ids.CALLS_TYPE, _("Call type")),
        dbc.Select(
            id=ids.CALLS_TYPE,
            value=chosen.get("type", ANY),
            options=[
                {"label": _("Type"), "value": ANY},
                *types,
                {"label": _("Unknown type"), "value": UNKNOWN_TYPE},
            ],
            className="hp-calls-type",
        ),
        _label(ids.CALLS_CARD, _("Client card")),
        dbc.Select(
            id=ids.CALLS_CARD,
            value=chosen.get("card", ANY),
            options=[
                {"label": _("Card"), "value": ANY},
                {"label": _("with a card"), "value": "1"},
                {"label": _("without a card"), "value": "0"},
            ],
            className="hp-calls-card",
        ),
    ]


def _label(control: str, text: str) -> Component:
    """The name of a control that shows its meaning by itself, for screen readers."""
    return html.Label(text, htmlFor=control, className="visually-hidden")


def _columns() -> list[dict[str, object]]:
    plain: dict[str, object] = {"sortable": False, "resizable": False}
    return [
        {
            "field": "shown_id",
            "colId": "id",
            "headerName": _("No."),
            "width": 92,
            "cellClass": "hp-num hp-mut",
        },
        {
            "field": "time",
            "headerName": _("Time"),
            "width": 84,
            "cellClass": "hp-num",
            "sort": "desc",
            "sortingOrder": ["desc", "asc"],
        },
        {"field": "phone", "headerName": _("Phone"), "width": 146, "cellRenderer": "CallPhone"},
        {
            "field": "operator",
            "headerName": _("Operator"),
            "flex": 1,
            "minWidth": 118,
            "cellRenderer": "CallOperator",
        },
        {"field": "result", "headerName": _("Result"), "width": 178, "cellRenderer": "CallResult"},
        {"field": "type", "headerName": _("Call type"), "width": 146, "tooltipField": "type"},
        {"field": "card", "headerName": _("Card"), "width": 74, "cellRenderer": "CallCardButton", **plain},
        {"field": "info", "headerName": _("Info"), "width": 72, "cellRenderer": "CallInfoButton", **plain},
        # The phone layout shows this column alone: a call as two lines.
        {
            "colId": "brief",
            "headerName": _("Call"),
            "flex": 1,
            "hide": True,
            "cellRenderer": "CallBrief",
            **plain,
        },
    ]
