"""What the front page does: it asks every room that is open to the reader how it is."""

from datetime import UTC, datetime

from dash import Input, Output, State
from dash.development.base_component import Component
from flask import current_app

from portal import i18n, ids
from portal.context import current_person, services
from portal.dash_app import PortalDash
from portal.kept import kept
from portal.rooms import Room, rooms
from portal.security.needs import Access
from portal.ui.frame import PAGE_TOPICS
from portal.ui.home import board
from portal.ui.room_state import RoomState
from portal.wiring import Services


def register(app: PortalDash) -> None:
    """Register the front page's behaviours on `app`."""
    app.in_browser(
        "home",
        "moment",
        Output(ids.HOME_MOMENT, "data"),
        Input(ids.FRAME_TICK, "n_intervals"),
        State(ids.HOME_MOMENT, "data"),
        prevent_initial_call=True,
    )
    app.on(
        Access.LOGIN,
        Output(ids.HOME_BOARD, "children"),
        Input(ids.HOME_MOMENT, "data"),
        *[Input(ids.topic(topic), "data") for topic in PAGE_TOPICS],
    )(refresh)


def refresh(*_changed: object) -> list[Component]:
    """Draw the board again for the rooms this person may enter now."""
    known = services()
    states = [
        _state(known, room) for room in rooms(current_app).open_to(current_person()) if room.state is not None
    ]
    zone = known.settings.portal.timezone
    return board(states, known.live.snapshot(), known.sources, zone, datetime.now(UTC))


def _state(known: Services, room: Room) -> RoomState:
    """How the room is, asked once for all who look: nothing in it may depend on the person."""
    ask = room.state
    assert ask is not None  # only such rooms are asked
    return kept().get(known, ("state", room.path, i18n.language()), lambda: ask(known))
