"""Error answers in words: a page for people, JSON for scripts, never a trace."""

import logging

from dash.exceptions import DependencyException
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from portal.i18n import _
from portal.security.guard import wants_page
from services.storage import StorageBusy, StorageError, StorageFull

log = logging.getLogger(__name__)

#: What a refusal has to say besides its words: which methods there are, when to ask again.
_KEPT_HEADERS = frozenset({"Allow", "Retry-After"})


def install(server: Flask) -> None:
    """Register the handlers."""
    server.register_error_handler(HTTPException, _refused)
    server.register_error_handler(StorageError, _storage)
    server.register_error_handler(DependencyException, _no_such_file)
    server.register_error_handler(Exception, _broken)


def _refused(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    response = answer(error.code or 500)
    for name, value in error.get_headers(request.environ):
        if name in _KEPT_HEADERS:
            response.headers[name] = value
    return response


def _no_such_file(_error: DependencyException) -> Response:
    """Dash was asked for a script it does not serve."""
    return answer(404)


def _storage(error: StorageError) -> Response:
    log.error("portal database: %s", error)
    if isinstance(error, StorageFull):
        text = _("The disk of the portal is full: nothing can be saved. Reading goes on.")
    elif isinstance(error, StorageBusy):
        text = _("The portal database is busy. Try again in a few seconds.")
    else:
        text = _("The portal database cannot be reached.")
    return answer(503, text)


def _broken(error: Exception) -> Response:
    log.error("unhandled error", exc_info=error)
    return answer(500)


def answer(code: int, text: str | None = None, /, **more: object) -> Response:
    """A refusal in words: a page for people, for scripts JSON with the keys of `more` beside the words."""
    words = text or _words(code)
    request_id = g.get("request_id", "")
    if wants_page():
        page = render_template("error.html", code=code, words=words, request_id=request_id)
        return make_response(page, code)
    refusal = jsonify(success=False, error=words, request_id=request_id, **more)
    refusal.status_code = code
    return refusal


def _words(code: int) -> str:
    return {
        400: _("The request is malformed."),
        401: _("The session has ended: log in again."),
        403: _("You have no right to see or do this."),
        404: _("There is no such page or object."),
        405: _("This address does not take such a request."),
        413: _("The request is too large."),
        415: _("This address does not take data of this kind."),
        429: _("Too many requests. Try again in a minute."),
    }.get(code, _("The portal made a mistake. It is written down under the number below."))
