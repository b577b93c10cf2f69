"""What the stand-ins tell the person who runs them."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError


class SandboxError(Exception):
    """The command cannot be carried out; the message says why and is meant for the person who typed it."""


def in_one_line(error: SQLAlchemyError) -> str:
    """The driver's own words, without the statement and its values."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())
