"""Calls and boards of the centre for tests of what is drawn from them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dash.development.base_component import Component

from portal.ui.vilnius.board import Delivery, Shown
from services.telephony.centre import Board, ListedCall, Tally
from services.telephony.model import Call, CallState, EntryState, MatchKind

VILNIUS = ZoneInfo("Europe/Vilnius")
NOW = datetime(2026, 11, 25, 11, 32, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WELL = Delivery(is_configured=True, is_read=True, waiting=0, refused=0)
NOTHING = Board(
    as_of=NOW,
    today=NOW.date(),
    last=None,
    before=(),
    in_progress=(),
    callbacks=None,
    unknown=(),
    curators=(),
    total=Tally(),
)


def call(ago: timedelta = 10 * MINUTE, lasted: timedelta | None = 3 * MINUTE, **changes: Any) -> Call:
    """A call that began so long ago; without `lasted` it goes on."""
    began_at = NOW - ago
    values: dict[str, Any] = {
        "id": 7,
        "token": "t" * 43,
        "register_key": 41,
        "number": "37060000417",
        "curator": "205",
        "state": CallState.OPEN if lasted is None else CallState.ENDED,
        "began_at": began_at,
        "ended_at": None if lasted is None else began_at + lasted,
        "agency_id": 11,
        "match": MatchKind.EXACT,
        "agency_name": "Pavyzdinės Kelionės",
        "manager": "Рута Петрайтене",
        "theme": "Оплата",
    }
    return Call(**values | changes)


def unknown_call(**changes: Any) -> Call:
    """A call of nobody that is known."""
    nobody = {"agency_id": None, "match": MatchKind.NONE, "agency_name": None, "manager": None, "theme": None}
    return call(**nobody | changes)


def listed(one: Call, entry: EntryState | None = EntryState.WRITTEN) -> ListedCall:
    return ListedCall(one, entry)


def shown(delivery: Delivery = WELL, **changes: Any) -> Shown:
    """A board that differs from an empty one by `changes`; each call that was reported here has a card."""
    board = replace(NOTHING, **changes)
    return Shown(board, delivery, VILNIUS, lambda one: f"/call-show/{one.id}" if one.token else None)


def text_of(content: object) -> str:
    """All words a reader sees."""
    if isinstance(content, Component):
        return text_of(getattr(content, "children", None))
    if isinstance(content, Sequence) and not isinstance(content, str):
        return " ".join(filter(None, map(text_of, content)))
    return "" if content is None else str(content)


def all_of(content: object) -> list[Component]:
    """Every component in `content`, itself included."""
    if isinstance(content, Component):
        return [content, *all_of(getattr(content, "children", None))]
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [one for part in content for one in all_of(part)]
    return []


def with_class(content: object, name: str) -> Component:
    """The one component that has the class `name`."""
    [found] = [one for one in all_of(content) if name in str(getattr(one, "className", "")).split()]
    return found


def attributes(content: object, name: str) -> list[object]:
    """The values of the attribute `name` wherever it is."""
    properties = [one.to_plotly_json()["props"] for one in all_of(content)]
    return [one[name] for one in properties if name in one]
