"""One sender: reports calls as the platform does, each event again and again until it is taken."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from threading import Event
from urllib.parse import urlencode

from tests.soak.plans import BEGIN, Plan
from tests.support.processes import LOOPBACK

#: The portal says that it could not store the event.
_AGAIN = {429, 503}
_PAUSE_S = 0.2
_TIMEOUT_S = 15.0
_TOKEN = re.compile(r"call=([A-Za-z0-9_-]{43})")
#: The platform repeats a begin for no longer than 30 s; what is under way has to arrive as well.
REPEATED_WITHIN = timedelta(seconds=15)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Stopped(Exception):
    """The run was given up while this sender was still at work."""


class Unexpected(Exception):
    """The portal gave an answer that no event may get."""


@dataclass(frozen=True, slots=True)
class Told:
    """When an event was first sent and first taken (aware UTC): the portal's own moment lies between."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """One reported call; what the register has to say of it follows."""

    plan: Plan
    told: dict[str, Told]


class Sender:
    """Speaks HTTP over one connection, which it opens anew whenever it broke."""

    def __init__(self, port: int, stop: Event) -> None:
        self._port = port
        self._stop = stop
        self._connection: HTTPConnection | None = None
        self.requests = 0
        self.repeated = 0  # because there was no answer, or one that asked for it

    def report(self, plan: Plan) -> Sent:
        """Report all events of a call, and choose its theme as soon as its card is there.

        Raises:
            Unexpected: an answer that is neither success nor "say it again".
            Stopped: the run was given up.
        """
        told: dict[str, Told] = {}
        theme = plan.theme
        for event in plan.events:
            since = datetime.now(UTC)
            if event == BEGIN and BEGIN in told and since - told[BEGIN].until > REPEATED_WITHIN:
                continue  # by the interface this would be another call
            page = self._until_taken("GET", plan.target(event))
            told.setdefault(event, Told(since, datetime.now(UTC)))
            if theme is not None and event == BEGIN:
                self._choose(theme, page)
                theme = None
        return Sent(plan, told)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _choose(self, theme: str, card: str) -> None:
        token = _TOKEN.search(card)
        if token is None:
            raise Unexpected(f"a card without its call: {card[:500]}")
        body = urlencode({"theme": theme, "call": token[1]})
        self._until_taken("POST", "/update_call_theme", body)

    def _until_taken(self, method: str, target: str, body: str | None = None) -> str:
        while True:
            if self._stop.is_set():
                raise Stopped
            self.requests += 1
            with suppress(HTTPException, OSError):
                status, text = self._ask(method, target, body)
                if status == 200:
                    return text
                if status not in _AGAIN:
                    raise Unexpected(f"{method} {target}: {status} {text[:500]}")
            self.close()
            self.repeated += 1
            self._stop.wait(_PAUSE_S)

    def _ask(self, method: str, target: str, body: str | None) -> tuple[int, str]:
        if self._connection is None:
            self._connection = HTTPConnection(LOOPBACK, self._port, timeout=_TIMEOUT_S)
        headers = _FORM | {"Origin": f"http://{LOOPBACK}:{self._port}"} if body is not None else {}
        self._connection.request(method, target, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()
