"""The wall: screens that show the shift to a whole room, each let in by a link that can be revoked."""

from services.wall.model import (
    LONGEST_NAME,
    ROTATIONS_S,
    InvalidExpiry,
    InvalidName,
    InvalidRotation,
    NameTaken,
    NewScreen,
    NoSuchScreen,
    Screen,
    ScreenState,
    Theme,
    WallError,
)
from services.wall.screens import TOKEN_LENGTH, Screens

__all__ = [
    "LONGEST_NAME",
    "ROTATIONS_S",
    "TOKEN_LENGTH",
    "InvalidExpiry",
    "InvalidName",
    "InvalidRotation",
    "NameTaken",
    "NewScreen",
    "NoSuchScreen",
    "Screen",
    "ScreenState",
    "Screens",
    "Theme",
    "WallError",
]
