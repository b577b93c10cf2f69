"""What the frame does: one tick for all live parts, sources, banners, the phone's menu, toasts."""

from dash import Input, Output, State
from dash.development.base_component import Component
from flask import current_app

from portal import frame, ids
from portal.context import services
from portal.dash_app import PortalDash
from portal.rooms import rooms
from portal.security.needs import Access
from portal.ui.frame import PAGE_TOPICS, source_rows
from services.live import Topic


def register(app: PortalDash) -> None:
    """Register the frame's behaviours on `app`."""
    app.in_browser(
        "frame",
        "tick",
        *[Output(ids.topic(topic), "data") for topic in PAGE_TOPICS],
        Input(ids.FRAME_TICK, "n_intervals"),
        *[State(ids.topic(topic), "data") for topic in PAGE_TOPICS],
    )
    app.in_browser(
        "frame",
        "entered",
        Output(ids.FRAME_TICK, "interval"),
        Input(ids.LOCATION, "pathname"),
        State(ids.FRAME_ROOM, "data"),
    )
    app.in_browser(
        "frame",
        "toast",
        Output(ids.FRAME_TOAST, "data"),
        Input(ids.FRAME_TOAST, "data"),
        prevent_initial_call=True,
    )
    app.in_browser(
        "frame",
        "more",
        Output(ids.FRAME_MORE, "is_open"),
        Input(ids.FRAME_MORE_OPEN, "n_clicks"),
        Input(ids.LOCATION, "pathname"),
        prevent_initial_call=True,
    )
    app.on(
        Access.LOGIN,
        Output(ids.FRAME_SOURCES, "children"),
        Output(ids.FRAME_SOURCES_PHONE, "children"),
        Output(ids.FRAME_BANNER, "children"),
        Input(ids.topic(Topic.SOURCES), "data"),
        State(ids.LOCATION, "pathname"),
        prevent_initial_call=True,
    )(redraw_sources)


def redraw_sources(
    _version: int, path: str | None
) -> tuple[list[Component], list[Component], list[Component]]:
    """Draw the sources and this page's banners again: a system fell silent or came back."""
    known = services()
    room = rooms(current_app).at(str(path))
    live = known.live.snapshot()
    zone = known.settings.portal.timezone
    return (
        source_rows(live, known.sources, zone),
        source_rows(live, known.sources, zone),
        frame.banners(room.sources if room else ()),
    )
