"""The agency directory: any agency by a part of its name, place or telephone."""

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from portal import frame, ids
from portal.dash_app import PortalDash
from portal.i18n import _, marked
from portal.rooms import Room
from portal.rooms import register as register_room
from portal.ui.blocks import aria, data, icon
from portal.ui.details import title_of
from portal.ui.frame import page
from portal.ui.grid import endless_grid
from portal.ui.states import empty, failed
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.calls import LONGEST_SEARCH
from services.live import Topic

PATH = "/agencies"

ROOM = Room(
    path=PATH,
    title=marked("Agencies"),
    group=marked("Calls"),
    icon="buildings",
    need=Right.MOSCOW,
    topics=(Topic.AGENCIES, Topic.SOURCES),
    sources=(CALL_CENTRE,),
)


def register(app: PortalDash) -> None:
    """Register the page on `app`."""
    register_room(app, __name__, ROOM, layout)


def layout(**query: str) -> Component:
    """Lay out the empty list; `?q=` fills the search, `?open=` opens the window of an agency."""
    # A doubled key comes as a list: it says nothing clear, so it asks for nothing.
    given = {key: value for key, value in query.items() if isinstance(value, str)}
    return page(
        _("Agencies"),
        viewer=frame.viewer(),
        source=CALL_CENTRE,
        chip=html.Span(id="agencies-age", className="hp-age"),
        fills=True,
        banners=frame.banners(ROOM.sources),
        actions=None,
        body=[
            dcc.Store(id=ids.AGENCIES_SEEN),
            dcc.Store(id=ids.AGENCIES_OPEN, data=given.get("open", "")),
            html.Section(
                [
                    _search(given.get("q", "")[:LONGEST_SEARCH]),
                    html.Div(
                        [_notices(), endless_grid(ids.AGENCIES_GRID, _columns(), is_sortable=False)],
                        id="agencies-board",
                        className="hp-agencies-board",
                    ),
                    html.Div(
                        html.Span(id="agencies-shown"), className="hp-flex hp-s hp-mut hp-agencies-foot"
                    ),
                ],
                className="hp-card hp-agencies",
            ),
            dbc.Modal(
                html.Div(id=ids.AGENCIES_DETAILS_CONTENT),
                id=ids.AGENCIES_DETAILS,
                is_open=False,
                centered=True,
                scrollable=True,
                className="hp-details",
                labelledby=title_of(ids.AGENCIES_DETAILS),
            ),
        ],
    )


def _search(text: str) -> Component:
    return html.Div(
        [
            html.Div(
                [
                    icon("search"),
                    html.Label(
                        _("Name, address, city, metro, district or phone"),
                        htmlFor=ids.AGENCIES_QUERY,
                        className="visually-hidden",
                    ),
                    dbc.Input(
                        id=ids.AGENCIES_QUERY,
                        type="search",
                        value=text,
                        placeholder=_("Name, address, city, metro, district or phone"),
                        maxlength=LONGEST_SEARCH,
                        autocomplete="off",
                    ),
                    html.Kbd("/", className="hp-hide-s", **aria(hidden="true")),
                ],
                className="hp-search hp-agencies-search",
                **data(search="true"),
            ),
            html.Span(id="agencies-found", className="hp-s hp-mut", role="status"),
        ],
        className="hp-filters hp-agencies-filters",
    )


def _notices() -> Component:
    """What stands in place of the rows; the script shows the one that is true."""
    nothing_found = empty(
        "funnel",
        _("No agency fits the search"),
        _("Every word must fit. Type less of them, or only a part of a word or number."),
        html.Button(
            _("Clear the search"), id="agencies-clear", type="button", className="btn btn-outline-secondary"
        ),
    )
    none_known = empty(
        "buildings", _("There are no agencies"), _("The source answers, and it has no agency to show.")
    )
    no_answer = failed(_("The agencies cannot be shown"), html.Span(id="agencies-why"))
    return html.Div(
        [
            html.Div(nothing_found, hidden=True, **data(state="nothing")),
            html.Div(none_known, hidden=True, **data(state="none")),
            html.Div(no_answer, hidden=True, **data(state="failed")),
        ],
        id=ids.AGENCIES_NOTICE,
    )


def _columns() -> list[dict[str, object]]:
    return [
        {
            "field": "name",
            "headerName": _("Agency"),
            "flex": 1.5,
            "minWidth": 180,
            "cellRenderer": "AgencyName",
        },
        {"field": "city", "headerName": _("City"), "width": 150, "cellRenderer": "AgencyText"},
        {"field": "metro", "headerName": _("Metro, district"), "width": 170, "cellRenderer": "AgencyText"},
        {
            "field": "address",
            "headerName": _("Address"),
            "flex": 1.2,
            "minWidth": 140,
            "cellRenderer": "AgencyText",
        },
        {"field": "phone", "headerName": _("Phones"), "width": 190, "cellRenderer": "AgencyPhones"},
        {
            "field": "time",
            "headerName": _("From Moscow"),
            "width": 110,
            "cellClass": "hp-num",
            "cellRenderer": "AgencyText",
        },
        # The phone layout shows this column alone: an agency as two lines.
        {
            "colId": "brief",
            "headerName": _("Agency"),
            "flex": 1,
            "hide": True,
            "cellRenderer": "AgencyBrief",
        },
    ]
