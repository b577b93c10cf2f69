"""Tells a portal of calls over HTTP, each event again and again until it is taken."""

from __future__ import annotations

import html
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlencode, urlsplit

from sandbox.vilnius.live_calls import PlannedCall, Step, Teller, What

log = logging.getLogger(__name__)

REPORT_PATH: Final = "/contact-center/vilnius/tel/"
THEME_PATH: Final = "/update_call_theme"
_TIMEOUT_S: Final = 10.0
#: The platform gives an event up after so long.
_GIVES_UP_S: Final = 600.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
_TOO_MANY: Final = 429
_TOKEN: Final = re.compile(r"call=([A-Za-z0-9_-]{43})")
_THEME: Final = re.compile(r'name="theme" value="([^"]+)"')
_ACCEPT: Final = {Teller.BROWSER: "text/html,*/*;q=0.8", Teller.SERVER: "application/json"}
_CARDS: Final = 500


class NotTaken(Exception):
    """It was told to stop before the portal took the event."""


class Reporter:
    """Reports to one portal; may be used by any thread."""

    def __init__(self, portal_url: str, stop: threading.Event) -> None:
        self._url = urlsplit(portal_url)
        self._stop = stop
        self._lock = threading.Lock()
        self._cards: OrderedDict[PlannedCall, str] = OrderedDict()
        self._is_away = False

    def report(self, call: PlannedCall, step: Step) -> None:
        """Tell one step of a call. What the portal refuses for good is logged and dropped.

        Raises:
            NotTaken: it was told to stop meanwhile.
        """
        if step.what is What.THEME:
            self._choose_theme(call)
            return
        target = f"{self._url.path}{REPORT_PATH}?{urlencode(call.query(step))}"
        page = self._until_taken("GET", target, {"Accept": _ACCEPT[step.teller]})
        if step.what is What.BEGIN and step.teller is Teller.BROWSER:
            with self._lock:
                self._cards[call] = page
                while len(self._cards) > _CARDS:
                    self._cards.popitem(last=False)

    def _choose_theme(self, call: PlannedCall) -> None:
        """Press a theme on the card, if a card was shown and offers some."""
        with self._lock:
            card = self._cards.pop(call, "")
        token, themes = _TOKEN.search(card), _THEME.findall(card)
        if token is None or not themes:
            return
        theme = html.unescape(themes[int(call.choice * len(themes))])
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"{self._url.scheme}://{self._url.netloc}",
        }
        body = urlencode({"theme": theme, "call": token[1]})
        self._until_taken("POST", f"{self._url.path}{THEME_PATH}", headers, body)

    def _until_taken(
        self, method: str, target: str, headers: Mapping[str, str], body: str | None = None
    ) -> str:
        """The page that answers; empty when the portal refused."""
        gives_up_at = time.monotonic() + _GIVES_UP_S
        pause = _FIRST_PAUSE_S
        while True:
            try:
                status, page = self._ask(method, target, headers, body)
            except (OSError, HTTPException) as error:
                problem = f"{type(error).__name__}: {error}"
            else:
                if status < 400:
                    self._tell_back()
                    return page
                problem = f"status {status}"
                if status < 500 and status != _TOO_MANY:
                    log.warning("the portal refused an event: %s", problem)
                    return ""
            self._tell_away(problem)
            if time.monotonic() > gives_up_at:
                log.warning("an event was given up: %s", problem)
                return ""
            if self._stop.wait(pause):
                raise NotTaken
            pause = min(_LONGEST_PAUSE_S, pause * 2)

    def _ask(self, method: str, target: str, headers: Mapping[str, str], body: str | None) -> tuple[int, str]:
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=_TIMEOUT_S)
        try:
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def _tell_away(self, problem: str) -> None:
        if not self._is_away:
            self._is_away = True
            log.warning("the portal does not take events: %s", problem)

    def _tell_back(self) -> None:
        if self._is_away:
            self._is_away = False
            log.info("the portal takes events again")
