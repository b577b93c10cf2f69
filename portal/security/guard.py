"""The guard: runs before every request and refuses what is not declared, not allowed or not proven."""

import logging
from datetime import timedelta

from flask import Flask, current_app, g, redirect, request, url_for
from werkzeug.exceptions import BadRequest, Forbidden, MethodNotAllowed, NotFound, Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from portal import i18n
from portal.context import csrf_token, current_person, services, session_token
from portal.rooms import rooms
from portal.security import origin, telephony
from portal.security.needs import Access, Need, allows, callback_needs, declared_need
from services.accounts import Person

log = logging.getLogger(__name__)

LANGUAGE_COOKIE = "portal_language"
#: Sent by our script: seconds since the person last touched the page. A tick alone keeps no session alive.
IDLE_HEADER = "X-Portal-Idle"
#: Longer than any session holds; what is claimed beyond it cannot be reckoned with.
LONGEST_IDLE_S = 366 * 24 * 3600

#: Dash's own endpoints. The layout and the callbacks tell what the portal is made of: not for strangers.
DASH_NEEDS: dict[str, Need] = {
    "/_dash-layout": Access.LOGIN,
    "/_dash-dependencies": Access.LOGIN,
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": Access.LOGIN,
    "/_dash-update-component": Access.LOGIN,
    "/_reload-hash": Access.LOGIN,
    "/_favicon.ico": Access.PUBLIC,
    "/<path:path>": Access.LOGIN,
    "/": Access.LOGIN,
    "_dash_assets.static": Access.PUBLIC,  # styles and scripts of the login page too; nothing secret
}
CALLBACK_ENDPOINT = "/_dash-update-component"
PAGE_ENDPOINTS = frozenset({"/", "/<path:path>"})


def install(server: Flask) -> None:
    """Put the guard before everything else: call it before Dash is built, whose hooks would run first."""
    server.before_request(_guard)


def _guard() -> BaseResponse | None:
    cookie = request.cookies.get(LANGUAGE_COOKIE)
    chosen = cookie if cookie in i18n.LANGUAGES else services().settings.portal.language
    i18n.use(chosen)  # before anything can fail: this thread still has the language of its last request
    need = None if request.endpoint is None else need_of(current_app, request.endpoint)
    if need in telephony.NEEDS and telephony.admits(need):
        return None
    token = session_token()
    g.session = services().accounts.who(token) if token else None
    person = current_person()
    # The cookie wins: what another web process knows of the person may be half a second old, too old for the
    # reload after a switch. A login writes the person's language into it.
    if person is not None and person.language is not None and cookie not in i18n.LANGUAGES:
        i18n.use(person.language)
    if request.endpoint is None:  # no such route: Flask answers 404 or 405
        return None
    if need is None:
        log.error("endpoint %s declares no right", request.endpoint)
        raise Forbidden
    if not allows(need, person):
        if need in telephony.NEEDS:
            telephony.refuse()
        return _turn_away(person)
    _check_origin(need)
    if person is not None:
        services().accounts.touch(token, idle=claimed_idle(request.headers.get(IDLE_HEADER)))
    if request.endpoint in PAGE_ENDPOINTS:
        _check_page(person)
    if request.endpoint == CALLBACK_ENDPOINT:
        _check_callback(person)
    return None


def need_of(server: Flask, endpoint: str) -> Need | None:
    """What an endpoint needs: Dash's from the table, ours from the view itself."""
    return DASH_NEEDS.get(endpoint) or declared_need(server.view_functions[endpoint])


def wants_page() -> bool:
    """Whether a person's browser asks for a page, as against a script asking for data."""
    if request.endpoint != "openapi.viewer" and request.path.startswith(("/api/", "/_dash-", "/tick")):
        return False
    if request.is_json:
        return False
    # A browser that goes somewhere names HTML; a script's fetch takes "*/*".
    return any(kind == "text/html" for kind, _quality in request.accept_mimetypes)


def _turn_away(person: Person | None) -> BaseResponse:
    if person is not None:
        raise Forbidden
    if wants_page():
        return redirect(url_for("login.form", next=origin.present_target()), 303)
    raise Unauthorized


def _check_origin(need: Need) -> None:
    if request.method in origin.SAFE_METHODS:
        return
    public_url = services().settings.portal.public_url
    if need is Access.PUBLIC:
        proven = not origin.is_foreign(request, public_url)
    else:
        proven = origin.is_proven(request, public_url, csrf_token())
    if not proven:
        log.warning("refused: %s %s without proof of origin", request.method, request.path)
        raise Forbidden


def claimed_idle(header: str | None) -> timedelta:
    """How long ago the person acted, by what our script said; whatever it cannot mean is: just now."""
    try:
        claimed = float(header or 0)
    except ValueError:
        claimed = 0.0
    return timedelta(seconds=max(0.0, min(claimed, LONGEST_IDLE_S)))


def _check_page(person: Person | None) -> None:
    """A page's address leads to the page, or nowhere."""
    room = rooms(current_app).at(request.path)
    if room is None:
        others = _other_methods()
        raise MethodNotAllowed(valid_methods=others) if others else NotFound
    if not allows(room.need, person):
        raise Forbidden


def _other_methods() -> list[str]:
    """What routes at this path take besides reading: Dash takes every path for reading, theirs too."""
    adapter = current_app.create_url_adapter(request)
    return sorted(set(adapter.allowed_methods()) - origin.SAFE_METHODS) if adapter is not None else []


def _check_callback(person: Person | None) -> None:
    try:
        body = request.get_json(silent=True)
    except RecursionError as error:  # a thousand brackets
        raise BadRequest from error
    output = body.get("output") if isinstance(body, dict) else None
    if not isinstance(output, str):
        raise BadRequest
    need = callback_needs(current_app).get(output)
    if need is None or not allows(need, person):
        raise Forbidden
