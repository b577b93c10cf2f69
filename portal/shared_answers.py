"""Answers that are the same for everybody with the same rights, given again without asking Flask.

Every open page asks for the tick, and after a change for the same rows. Flask takes several times longer to
lead a request to its view than such an answer takes to be found again. So a view may be declared `shared`:
what it answered is given again until the live tables change, for a minute at most, to whoever has a session
with the same rights and asks the same. Such a view depends on nothing else: not on the person, nor on
anything that changes without a topic. All other requests go through Flask and its guard.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from threading import Lock
from time import perf_counter, time
from typing import Any, TypeVar

from flask import Flask
from werkzeug.http import parse_cookie

from portal import observe
from portal.context import SESSION_COOKIE
from portal.observe import REQUEST_ID_HEADER
from portal.security.guard import IDLE_HEADER, LANGUAGE_COOKIE, claimed_idle
from portal.wiring import Services
from services.live import LiveSnapshot
from services.storage import StorageError

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]
Headers = list[tuple[str, str]]
#: Makes the headers that change with every answer, from the live tables as they are then.
FreshHeaders = Callable[[LiveSnapshot], Headers]
_View = TypeVar("_View", bound=Callable[..., Any])

MOST_KEPT = 200
LARGEST_KEPT = 64 * 1024
_KEPT_STATUS = ("200", "304")
_ATTRIBUTE = "portal_shared"
_IDLE = "HTTP_" + IDLE_HEADER.upper().replace("-", "_")
#: What a request asks, and in which form it takes the answer.
_ASKED_BY = ("PATH_INFO", "QUERY_STRING", "HTTP_IF_NONE_MATCH", "HTTP_ACCEPT_ENCODING")


def shared(fresh: FreshHeaders = lambda _snapshot: []) -> Callable[[_View], _View]:
    """Declare a view's answers to GET shared; `fresh` makes those of its headers that never stay the same."""

    def declare(view: _View) -> _View:
        setattr(view, _ATTRIBUTE, fresh)
        return view

    return declare


@dataclass(frozen=True, slots=True)
class _Shared:
    """A view of the app that is declared shared."""

    endpoint: str
    fresh: FreshHeaders


@dataclass(frozen=True, slots=True)
class _Answer:
    status: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class _Generation:
    """The answers to one state of everything they depend on.

    Who began to ask in an older state keeps the answer there, where nobody looks any more.
    """

    snapshot: LiveSnapshot
    minute: int
    state: object
    answers: dict[object, _Answer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request of somebody with a session for a shared answer; equal questions have equal answers."""

    token: str
    generation: _Generation
    question: tuple[object, ...]


class SharedAnswers:
    """WSGI middleware before `server`; make it when all views are registered."""

    def __init__(self, server: Flask) -> None:
        self._server = server
        self._app: WsgiApp = server.wsgi_app
        self._views = {
            rule.rule: _Shared(rule.endpoint, getattr(view, _ATTRIBUTE))
            for rule in server.url_map.iter_rules()
            if hasattr(view := server.view_functions.get(rule.endpoint), _ATTRIBUTE)
        }
        self._generation: _Generation | None = None
        self._lock = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        view = self._views.get(environ["PATH_INFO"])
        if view is None or environ["REQUEST_METHOD"] != "GET":
            return self._app(environ, start_response)
        began = perf_counter()
        services: Services = self._server.extensions["portal"]
        try:
            asked = self._look(environ, services)
        except StorageError:  # Flask will meet it too, and has words for it
            asked = None
        if asked is None:
            return self._app(environ, start_response)
        answer = asked.generation.answers.get(asked.question)
        if answer is None:
            return self._ask(environ, start_response, view, asked)
        # From here on what the guard and the watch over all requests do for any other answer.
        services.accounts.touch(asked.token, idle=claimed_idle(environ.get(_IDLE)))
        identifier = observe.new_request_id()
        headers = [*answer.headers, *view.fresh(asked.generation.snapshot), (REQUEST_ID_HEADER, identifier)]
        start_response(answer.status, headers)
        observe.note(
            view.endpoint,
            int(answer.status[:3]),
            perf_counter() - began,
            method="GET",
            path=environ["PATH_INFO"],
            address=environ.get("REMOTE_ADDR"),
        )
        return [answer.body]

    def _look(self, environ: dict[str, Any], services: Services) -> _Asked | None:
        """Who asks what, in which state of things; None when nobody is logged in. Raises StorageError."""
        cookies = parse_cookie(environ)
        token = cookies.get(SESSION_COOKIE, "")
        session = services.accounts.who(token) if token else None
        if session is None:
            return None
        person = session.person
        question = (
            *(environ.get(name) for name in _ASKED_BY),
            person.rights,
            person.language,
            cookies.get(LANGUAGE_COOKIE),
        )
        return _Asked(token, self._present(services), question)

    def _present(self, services: Services) -> _Generation:
        """The generation of the present state. Raises StorageError."""
        snapshot = services.live.snapshot()
        minute = int(time()) // 60  # some words depend on the clock: "in progress" ends without an event
        present = self._generation
        if present is None or present.snapshot is not snapshot or present.minute != minute:
            state = services, minute, lasting(snapshot)
            known = present.answers if present is not None and present.state == state else {}
            present = self._generation = _Generation(snapshot, minute, state, known)
        return present

    def _ask(self, environ: dict[str, Any], start_response: Any, view: _Shared, asked: _Asked) -> list[bytes]:
        """Let Flask answer, and keep what it says."""
        said: list[Any] = []

        def start(status: str, headers: Headers, *error: Any) -> Any:
            said[:] = status, headers
            return start_response(status, headers, *error)

        chunks: Any = self._app(environ, start)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):  # PEP 3333: then it must be called
                chunks.close()
        status, headers = said
        is_for_all = status.startswith(_KEPT_STATUS) and all(name != "Set-Cookie" for name, _ in headers)
        if is_for_all and len(body) <= LARGEST_KEPT:
            fresh = {REQUEST_ID_HEADER, *(name for name, _ in view.fresh(asked.generation.snapshot))}
            lasting = [header for header in headers if header[0] not in fresh]
            self._keep(asked, _Answer(status, lasting, body))
        return [body]

    def _keep(self, asked: _Asked, answer: _Answer) -> None:
        with self._lock:
            answers = asked.generation.answers
            while len(answers) >= MOST_KEPT:
                del answers[next(iter(answers))]
            answers[asked.question] = answer


def lasting(snapshot: LiveSnapshot) -> object:
    """What a snapshot says, but for the times of the collector's last looks."""
    statuses = [
        replace(status, checked_at=None, answered_at=None, latency=None, next_try_at=None)
        for status in snapshot.sources.values()
    ]
    return dict(snapshot.versions), statuses
