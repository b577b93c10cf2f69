"""What a room has to say on the front page."""

from dataclasses import dataclass
from enum import IntEnum

from dash.development.base_component import Component


class Severity(IntEnum):
    """How urgently something wants somebody, the most urgent first."""

    CRITICAL = 1
    WARNING = 2
    NOTE = 3


@dataclass(frozen=True, slots=True)
class Concern:
    """Something wrong or unusual now: what it is, in numbers, and what to do about it."""

    severity: Severity
    shown: Component  # a banner


@dataclass(frozen=True, slots=True)
class RoomState:
    """How things are in a room now: a card for a centre, and what of it needs attention."""

    card: Component | None = None
    concerns: tuple[Concern, ...] = ()
