"""What the present request knows: the services of its app, who asks, with which session."""

from flask import current_app, g, request

from portal.security import origin
from portal.wiring import Services
from services.accounts import Person, SessionView

SESSION_COOKIE = "portal_session"


def services() -> Services:
    """The services of the app that handles the present request."""
    found: Services = current_app.extensions["portal"]
    return found


def current_session() -> SessionView | None:
    """The session the guard found, or None."""
    session: SessionView | None = g.get("session")
    return session


def current_person() -> Person | None:
    """Who is logged in, or None."""
    session = current_session()
    return session.person if session is not None else None


def session_token() -> str:
    """The session cookie of the present request; empty without one."""
    return request.cookies.get(SESSION_COOKIE, "")


def csrf_token() -> str:
    """The proof for a form of the present session; empty for strangers."""
    if current_session() is None:
        return ""
    return origin.token_for(session_token(), services().settings.portal.secret_key.get_secret_value())


def is_secure() -> bool:
    """Whether people reach the portal over TLS: cookies are then for TLS alone."""
    public = services().settings.portal.public_url
    return request.is_secure or (public is not None and public.startswith("https://"))
