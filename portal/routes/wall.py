"""The wall: a read-only screen for a television, let in by the token of a link instead of a login.

The link `/wall/<token>` puts the token into a cookie that is sent to the wall alone and leads to `/wall`, so
it stays in no address, history, log or Referer. The page asks `/wall/state` every few seconds; the answer is
made once for all screens of a language.
"""

from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import orjson
from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import i18n
from portal.calls_today import calls_today
from portal.context import is_secure, services
from portal.i18n import _
from portal.kept import kept
from portal.routes.tick import passing
from portal.security.needs import Access, needs
from portal.static import ASSETS
from portal.ui.wall import OPERATORS, ended_words, screen_state, screen_words
from portal.ui.words import advice, source_name
from portal.wiring import CALL_CENTRE, Services
from services.calls import NotConfigured
from services.errors import UpstreamError
from services.wall import TOKEN_LENGTH, Screen, ScreenState

bp = Blueprint("wall", __name__, url_prefix="/wall")

COOKIE = "portal_wall"
#: Browsers keep no cookie longer; each visit to the page begins the time anew.
COOKIE_S = 400 * 24 * 3600
_PORTAL = Path(__file__).parent.parent
#: What a screen is made of: when any of it changed, open screens load themselves again.
_MADE_OF = (
    _PORTAL / "templates" / "wall.html",
    ASSETS / "00-theme.css",
    ASSETS / "plain" / "wall.css",
    ASSETS / "plain" / "wall.js",
    *(_PORTAL / "translations" / f"{language}.po" for language in i18n.LANGUAGES),
)


@bp.get("/<token>")
@needs(Access.PUBLIC)  # the token is the proof
def enter(token: str) -> BaseResponse:
    """Take the token out of the address; whether it holds, the page says."""
    response = redirect(url_for("wall.screen"), 303)
    if len(token) == TOKEN_LENGTH and token.isascii():
        _keep(response, token)
    else:  # an older link must not answer for a mistyped one
        response.delete_cookie(COOKIE, path=bp.url_prefix)
    return response


@bp.get("")
@needs(Access.PUBLIC)  # it asks for its own token
def screen() -> Response:
    """Show the screen, or in large words why this link shows nothing."""
    found, state = _admitted()
    known = services()
    if found is not None:
        i18n.use(found.language)
    page = render_template(
        "wall.html",
        screen=found,
        ended=None if state is ScreenState.IN_FORCE else ended_words(state),
        words=orjson.dumps(screen_words()).decode(),
        zone=str(known.calls.zone),
        stamp=_stamp(known.sources),
        operators=OPERATORS,
        sources=[(name, source_name(name)) for name in known.sources],
        source=CALL_CENTRE,
    )
    response = make_response(page, 200 if state is ScreenState.IN_FORCE else 403)
    if state is ScreenState.IN_FORCE:
        _keep(response, _token())
    return response


@bp.get("/state")
@needs(Access.PUBLIC)  # it asks for its own token
def state() -> Response:
    """Answer everything a screen shows, as `portal.ui.wall.screen_state`, with the `stamp` of the page.

    304 while nothing changed; the ages of the systems' data come in headers, as with the tick. 403 with
    `title` and `text` when the link does not hold.
    """
    found, holds = _admitted()
    if found is None or holds is not ScreenState.IN_FORCE:
        return _refusal(found, holds)
    i18n.use(found.language)
    known = services()
    known.screens.note_use(_token())
    answer = kept().get(known, ("wall", found.language), lambda: _answer(known))
    # An answer that was compressed on its way comes back with a weak tag.
    if request.headers.get("If-None-Match", "").removeprefix("W/") == answer.etag:
        response = Response(status=304)
    else:
        response = Response(answer.body, mimetype="application/json")
    response.headers["ETag"] = answer.etag
    response.headers.extend(passing(known.live.snapshot()))
    return response


class _Answer(NamedTuple):
    etag: str
    body: bytes


def _answer(known: Services) -> _Answer:
    log = known.calls
    now = datetime.now(UTC)
    today, missing = None, ""
    try:
        today = calls_today(log, now)
    except NotConfigured:
        missing = _("The call database is not configured.")
    except UpstreamError as error:
        missing = advice(CALL_CENTRE, error.reason).what
    live = known.live.snapshot()
    shown = screen_state(
        today,
        missing,
        live,
        known.sources,
        is_current=live.source(CALL_CENTRE).is_current,
        zone=log.zone,
        now=now,
    )
    body = orjson.dumps(shown | {"stamp": _stamp(known.sources)})
    return _Answer(f'"{blake2b(body, digest_size=12).hexdigest()}"', body)


def _admitted() -> tuple[Screen | None, ScreenState | None]:
    """The screen whose token the cookie holds, and whether it holds; both None for an unknown one."""
    return services().screens.find(_token()) or (None, None)


def _refusal(found: Screen | None, holds: ScreenState | None) -> Response:
    if found is not None:
        i18n.use(found.language)
    title, text = ended_words(holds)
    response = jsonify(title=title, text=text)
    response.status_code = 403
    return response


def _token() -> str:
    return request.cookies.get(COOKIE, "")


def _keep(response: BaseResponse, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_S,
        path=bp.url_prefix,
        httponly=True,
        samesite="Lax",  # the link may be opened from a message
        secure=is_secure(),
    )


@cache
def _stamp(sources: tuple[str, ...]) -> str:
    """Changes with everything an open screen was made of, its places for the systems included."""
    digest = blake2b(repr((version("helpdesk-portal"), sources)).encode(), digest_size=8)
    for file in _MADE_OF:
        digest.update(file.read_bytes())
    return digest.hexdigest()
