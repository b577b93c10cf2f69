"""The rooms of the house: which page stands where, who may enter, what it listens to.

Navigation, guard and tick all read this one list, so a new page is one new file and one word in the factory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dash
from dash.development.base_component import Component
from flask import Flask

from portal.context import current_person
from portal.dash_app import PortalDash
from portal.security.needs import Need, allows
from portal.ui.room_state import RoomState
from portal.ui.states import no_right
from portal.wiring import Services
from services.accounts import Person
from services.live import Topic

Layout = Callable[..., Component]


@dataclass(frozen=True, slots=True)
class Room:
    """One page.

    `title` and `group` are English message ids, translated when shown; an empty group has no heading. `count`
    gives the figure beside the page's name in the navigation (None: unknown), `state` what the front page
    says of the room to those who may enter it; what either depends on has its topic among `topics`.
    `tick_ms` is the pause between two ticks while the page is open. A page that `shows_states` of other
    rooms listens to what those listen to.
    """

    path: str
    title: str
    group: str
    icon: str
    need: Need
    topics: tuple[Topic, ...] = ()
    sources: tuple[str, ...] = ()
    count: Callable[[Services], int | None] | None = None
    state: Callable[[Services], RoomState] | None = None
    tick_ms: int = 5_000
    in_navigation: bool = True
    shows_states: bool = False


class Rooms:
    """All rooms of one app, in the order of the navigation."""

    def __init__(self) -> None:
        self._by_path: dict[str, Room] = {}

    def add(self, room: Room) -> None:
        self._by_path[room.path] = room

    def at(self, path: str) -> Room | None:
        """The room at `path`; a slash at the end does not matter."""
        return self._by_path.get(path) or self._by_path.get(path.rstrip("/"))

    def open_to(self, person: Person | None) -> list[Room]:
        """The rooms this person may enter."""
        return [room for room in self._by_path.values() if allows(room.need, person)]

    def topics_of(self, room: Room, person: Person) -> tuple[Topic, ...]:
        """What the page of `room` listens to when `person` has it open: nothing of rooms closed to them."""
        shown = [other for other in self.open_to(person) if other.state] if room.shows_states else []
        topics = [*room.topics, *(topic for other in shown for topic in other.topics)]
        return tuple(dict.fromkeys(topics))


def rooms(server: Flask) -> Rooms:
    """The rooms of the app that runs on `server`."""
    found: Rooms = server.extensions.setdefault("portal.rooms", Rooms())
    return found


def register(app: PortalDash, module: str, room: Room, layout: Layout) -> None:
    """Register a page with Dash and in the list; its layout is drawn only for those who may enter."""

    def guarded(**query: Any) -> Component:
        if not allows(room.need, current_person()):
            return no_right()
        return layout(**query)

    rooms(app.server).add(room)
    dash.register_page(module, path=room.path, name=room.title, title="Helpdesk Portal", layout=guarded)
