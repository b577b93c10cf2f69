"""What a route, page or callback needs: nothing, a login, or a right. What declares nothing is refused."""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from flask import Flask

from services.accounts import Person, Right

_View = TypeVar("_View", bound=Callable[..., Any])


class Access(Enum):
    """The needs that are not a right."""

    PUBLIC = "public"
    LOGIN = "login"
    #: What the telephony platform and the browsers it leads ask for: see `portal.security.telephony`. Who may
    #: see the Vilnius centre may also ask for a call and for the latest calls.
    TELEPHONY = "telephony"
    CALL = "call"
    LATEST_CALLS = "latest_calls"


Need = Access | Right

_ATTRIBUTE = "portal_need"


def needs(need: Need) -> Callable[[_View], _View]:
    """Declare on a Flask view what it needs."""

    def declare(view: _View) -> _View:
        setattr(view, _ATTRIBUTE, need)
        return view

    return declare


def declared_need(view: Callable[..., Any]) -> Need | None:
    """What the view declares; None when nobody thought of it."""
    need: Need | None = getattr(view, _ATTRIBUTE, None)
    return need


def allows(need: Need, person: Person | None) -> bool:
    """Whether `person` (None: nobody is logged in) meets `need`."""
    if need is Access.PUBLIC:
        return True
    if person is None or need is Access.TELEPHONY:
        return False
    if need in (Access.CALL, Access.LATEST_CALLS):
        return person.may(Right.VILNIUS)
    return need is Access.LOGIN or person.may(Right(need.value))


def callback_needs(server: Flask) -> dict[str, Need]:
    """The need of each server callback by its output, filled as callbacks are registered."""
    found: dict[str, Need] = server.extensions.setdefault("portal.callback_needs", {})
    return found
