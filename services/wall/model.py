"""A screen on the wall and what can be wrong with one. All times are aware UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

LONGEST_NAME = 60
#: Seconds a view stays before the next one comes; 0: the first view stays.
ROTATIONS_S = (0, 20, 60)


class Theme(StrEnum):
    """How a screen looks; SYSTEM follows the machine behind it."""

    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class ScreenState(StrEnum):
    """Whether a screen's link holds."""

    IN_FORCE = "in_force"
    REVOKED = "revoked"
    EXPIRED = "expired"


class WallError(Exception):
    """The screens were not changed."""


class InvalidName(WallError):
    """The name is empty, too long, or has characters that cannot be seen."""


class NameTaken(WallError):
    """Another screen whose link holds has this name."""


class InvalidExpiry(WallError):
    """The link would never have held."""


class InvalidRotation(WallError):
    """Not one of ROTATIONS_S."""


class NoSuchScreen(WallError):
    """No screen has this number."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen as administrators see it.

    `language` is the code of an interface language, `rotation_s` one of ROTATIONS_S, `created_by` the login
    of who made it (None: somebody at the command line), `expires_at` None for a link without an end.
    """

    id: int
    name: str
    language: str
    theme: Theme
    rotation_s: int
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def state(self, now: datetime) -> ScreenState:
        """Whether the link holds at `now`."""
        if self.revoked_at is not None:
            return ScreenState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return ScreenState.EXPIRED
        return ScreenState.IN_FORCE


@dataclass(frozen=True, slots=True)
class NewScreen:
    """A screen just made and the token of its link, which is stored nowhere."""

    screen: Screen
    token: str = field(repr=False)
