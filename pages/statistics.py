"""Call statistics: any period, compared with another, and what each figure is made of."""

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from portal import frame, ids
from portal.dash_app import PortalDash
from portal.i18n import _, marked
from portal.room_states import statistics_state
from portal.rooms import Room
from portal.rooms import register as register_room
from portal.statistics_query import KEYS
from portal.ui.blocks import aria, hint
from portal.ui.frame import page
from portal.ui.statistics.definitions import definition
from portal.ui.statistics.outcomes import outcome_legend
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.live import Topic

PATH = "/statistics"

ROOM = Room(
    path=PATH,
    title=marked("Statistics"),
    group=marked("Calls"),
    icon="bar-chart",
    need=Right.STATISTICS,
    topics=(Topic.STATISTICS, Topic.SOURCES),
    sources=(CALL_CENTRE,),
    state=statistics_state,
)


def register(app: PortalDash) -> None:
    """Register the page on `app`."""
    register_room(app, __name__, ROOM, layout)


def layout(**query: str) -> Component:
    """Lay out the empty places; `assets/20-statistics.js` fills them for the query of the address."""
    # A doubled key comes as a list: it says nothing clear.
    chosen = {key: value for key in KEYS if isinstance(value := query.get(key), str) and value}
    return page(
        _("Call statistics"),
        viewer=frame.viewer(),
        source=None,
        chip=html.Span(id=ids.STATISTICS_CHIP, className="hp-trunc"),
        banners=frame.banners(ROOM.sources),
        actions=html.Div(id=ids.STATISTICS_EXPORT),
        body=[
            dcc.Store(id=ids.STATISTICS_QUERY, data=chosen),
            dcc.Store(id=ids.STATISTICS_MONTHS_DATA),
            html.Div(id=ids.STATISTICS_NOTICE, className="hp-statistics-notice"),
            html.Div(id=ids.STATISTICS_BAR, className="hp-filters hp-statistics-bar"),
            html.Div(id=ids.STATISTICS_PAPER_HEAD, className="hp-paper"),
            html.Div(_board(), id="statistics-board", className="hp-statistics"),
            html.Div(id=ids.STATISTICS_PAPER_FOOT, className="hp-paper"),
        ],
    )


def _board() -> list[Component]:
    return [
        _place(
            ids.STATISTICS_KPIS, "hp-kpis hp-statistics-kpis", waiting=[_waiting_kpi() for _place in range(6)]
        ),
        html.Div([_heat(), _operators()], className="hp-row w hp-statistics-row"),
        html.Div([_months(), _types()], className="hp-row w hp-statistics-row"),
        html.Div([_hours(), _outcomes()], className="hp-row w hp-statistics-row"),
    ]


def _heat() -> Component:
    return _card(
        _("When people call"),
        "weekdays",
        html.Span(
            [
                _("on average an hour, fewer"),
                html.Span(className="hp-heat-scale", **aria(hidden="true")),
                _("more"),
            ],
            className="hp-s hp-mut ms-auto hp-flex",
        ),
        [_table_place(ids.STATISTICS_HEAT, "hp-statistics-heat", rows=8, title=_("When people call"))],
    )


def _operators() -> Component:
    return _card(
        _("Operators"),
        "operators",
        html.Span(id=ids.STATISTICS_OPERATOR_COUNT, className="hp-s hp-mut ms-auto"),
        [_table_place(ids.STATISTICS_OPERATORS, "hp-statistics-operators", rows=9, title=_("Operators"))],
    )


def _months() -> Component:
    return _card(
        _("Calls by month"),
        "months",
        html.Span(id=ids.STATISTICS_MONTHS_LEGEND, className="hp-legend ms-auto"),
        [
            dcc.Graph(
                id=ids.STATISTICS_MONTHS,
                config={"displayModeBar": False, "responsive": True},
                className="hp-plot hp-plot-months",
            )
        ],
    )


def _types() -> Component:
    return html.Section(
        [
            html.Header(html.H2(id=ids.STATISTICS_MONTHS_TITLE)),
            _table_place(ids.STATISTICS_MONTHS_TABLE, "", rows=4, title=_("Calls by month")),
            html.Div(
                [
                    html.Div(
                        [html.H3(_("How calls end, by type")), hint(definition("outcomes"))],
                        className="hp-flex",
                    ),
                    _place(ids.STATISTICS_OUTCOMES, "", waiting=_waiting_rows(5)),
                    html.Div(outcome_legend(), className="hp-legend"),
                ],
                className="hp-statistics-types",
            ),
        ],
        className="hp-card hp-grow",
    )


def _hours() -> Component:
    return _card(
        _("Hours of the day"),
        "hours",
        None,
        [_table_place(ids.STATISTICS_HOURS, "", rows=14, title=_("Hours of the day"))],
    )


def _outcomes() -> Component:
    return _card(
        _("Call types and results"),
        "outcomes",
        None,
        [_table_place(ids.STATISTICS_OUTCOMES_TABLE, "", rows=10, title=_("Call types and results"))],
        className="hp-statistics-outcomes",
    )


def _card(
    title: str, name: str, beside: Component | None, body: list[Component], *, className: str = ""
) -> Component:
    return html.Section(
        [html.Header([html.H2(title), hint(definition(name)), beside]), *body],
        className=f"hp-card hp-grow {className}".rstrip(),
    )


def _table_place(identifier: str, className: str, *, rows: int, title: str) -> Component:
    """The place of a table, which scrolls by itself and can be scrolled by keyboard."""
    return _place(
        identifier,
        f"hp-scrolled {className}".rstrip(),
        waiting=_waiting_rows(rows),
        tabIndex="0",
        role="region",
        **aria(label=title),
    )


def _place(identifier: str, className: str, *, waiting: list[Component], **properties: Any) -> Component:
    """A place the script fills, and the shape of what is to come while it is empty."""
    return html.Div(
        [
            html.Div(id=identifier, className=f"hp-part {className}".rstrip(), **properties),
            html.Div(waiting, className=f"hp-to-come {className}".rstrip(), **aria(hidden="true")),
        ],
        className="hp-place",
    )


def _waiting_kpi() -> Component:
    return html.Section(
        [html.Span(className="hp-sk"), html.Span(className="hp-sk t"), html.Span(className="hp-sk")],
        className="hp-card hp-kpi",
    )


def _waiting_rows(count: int) -> list[Component]:
    return [html.Span(className="hp-sk hp-sk-row") for _row in range(count)]
