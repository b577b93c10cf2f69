"""The front page: the place a shift starts from."""

from dash import dcc, html
from dash.development.base_component import Component

from portal import frame, ids
from portal.dash_app import PortalDash
from portal.i18n import _, marked
from portal.rooms import Room
from portal.rooms import register as register_room
from portal.security.needs import Access
from portal.ui.blocks import aria
from portal.ui.frame import page
from services.live import Topic

ROOM = Room(
    path="/",
    title=marked("Overview"),
    group="",
    icon="layout-three-columns",
    need=Access.LOGIN,
    topics=(Topic.SOURCES,),
    shows_states=True,
)


def register(app: PortalDash) -> None:
    """Register the page on `app`."""
    register_room(app, __name__, ROOM, layout)


def layout(**_query: str) -> Component:
    """Lay out the empty board; a callback fills it."""
    return page(
        _("Overview"),
        viewer=frame.viewer(),
        source=None,
        banners=[],  # what is wrong stands on the board itself
        actions=[],
        body=[
            dcc.Store(id=ids.HOME_MOMENT),
            html.Div([_waiting(), _waiting()], id=ids.HOME_BOARD, className="hp-board"),
        ],
    )


def _waiting() -> Component:
    return html.Section(
        [html.Span(className="hp-sk"), html.Span(className="hp-sk t")],
        className="hp-card hp-kpi hp-waiting",
        **aria(hidden="true"),
    )
