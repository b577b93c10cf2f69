"""What 200 simulated browsers cost the call-centre database, beside what one costs."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from statistics import mean
from time import monotonic
from urllib.parse import urlencode, urlsplit

from services.accounts import Role
from services.live import Topic
from tests.bench.call_centre import CallCentre, Work
from tests.bench.portal import PASSWORD, Portal
from tests.bench.promises import Finding
from tests.support.processes import wait_until

CROWD = 200
#: How long all of them look at the page, once the last one is in.
_LOOK_S = 15.0
#: How long the one stays.
_ALONE_S = 30.0
_IN_WITHIN_S = 180.0
_TICK_S = 5.0
_OPERATORS = 300
_BROWSERS_OF_A_PERSON = 4
#: Logins at a time, as many as the portal hashes: a rush is another matter.
_LOGINS = threading.BoundedSemaphore(2)
_TIMEOUT_S = 30.0
#: The collector's cycles do not fall alike into two periods.
_TOLERANCE = 1.2


def findings(portal: Portal, centre: CallCentre) -> Iterator[Finding]:
    """Count the portal's statements to the database: one browser, the crowd, one browser again.

    The collector asks less and less of a database where nothing happens: the two single visits around the
    crowd's level that out.
    """
    for number in range(CROWD // _BROWSERS_OF_A_PERSON):
        portal.services.accounts.add(_login(number), f"Оператор {number}", Role.OPERATOR, PASSWORD)
    before = _visit(portal, centre, 1, lasting=_ALONE_S)
    crowd = _visit(portal, centre, CROWD)
    after = _visit(portal, centre, 1, lasting=_ALONE_S)
    one = mean((before.statements_a_minute, after.statements_a_minute))
    asked = ", ".join(f"{count:,} {what}" for what, count in crowd.requests.most_common())
    yield Finding(
        f"{CROWD} browsers cost the call-centre database what one costs",
        crowd.statements_a_minute / one,
        _TOLERANCE,
        "x",
        f"{crowd.statements_a_minute:.0f} to {one:.0f} statements a minute; the crowd"
        f" asked the portal in {crowd.seconds:.0f} s: {asked}",
    )


@dataclass(frozen=True, slots=True)
class _Visit:
    """Some browsers that came, looked and went, and what the portal asked the database meanwhile."""

    seconds: float
    work: Work
    requests: Counter[str]

    @property
    def statements_a_minute(self) -> float:
        return 60 * self.work.statements / self.seconds


def _visit(portal: Portal, centre: CallCentre, size: int, *, lasting: float = 0.0) -> _Visit:
    """Let `size` browsers come and look, for `lasting` seconds in all at least.

    Raises:
        RuntimeError: one of them was refused something, or saw nothing.
        TimeoutError: not all of them came in.
    """
    stop = threading.Event()
    browsers = [_Browser(portal.url, number, stop) for number in range(size)]
    threads = [threading.Thread(target=browser.stay) for browser in browsers]
    before, began = centre.work_of_portal(), monotonic()
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: all(browser.has_come for browser in browsers), "all came", timeout=_IN_WITHIN_S)
        stop.wait(max(_LOOK_S, lasting - (monotonic() - began)))
        seconds, work = monotonic() - began, centre.work_of_portal() - before
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    problems = [browser.problem for browser in browsers if browser.problem]
    if problems:
        raise RuntimeError(f"{len(problems)} of {size} browsers failed: {problems[0]}")
    return _Visit(seconds, work, sum((browser.requests for browser in browsers), Counter()))


def _login(number: int) -> str:
    return f"crowd-{number}"


class _Browser:
    """Asks what an open call log asks: everything at first, ticks, and what changed."""

    def __init__(self, url: str, number: int, stop: threading.Event) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT_S)
        self._login = _login(number // _BROWSERS_OF_A_PERSON)
        self._headers = {"Origin": url, "Accept-Encoding": "gzip, br", "Sec-Fetch-Site": "same-origin"}
        # Every second one looks at everything, the others each at an operator of their own.
        self._filter = {"operator": str(1 + number % _OPERATORS)} if number % 2 else {}
        self._version = 0
        self._stop = stop
        self.has_come = False  # or failed to
        self.requests: Counter[str] = Counter()
        self.problem: str | None = None

    def stay(self) -> None:
        """Come in and look at the call log until it is time to go."""
        try:
            self._log_in()
            self._open_page()
            self.has_come = True
            while not self._stop.wait(_TICK_S):
                self._tick()
        except (OSError, RuntimeError, ValueError) as error:
            self.problem = f"{type(error).__name__}: {error}"
        finally:
            self.has_come = True
            self._connection.close()

    def _log_in(self) -> None:
        form = urlencode({"username": self._login, "password": PASSWORD})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with _LOGINS:
            answer, _body = self._ask("POST", "/login", "logins", form.encode(), headers)
        cookie = answer.getheader("Set-Cookie")
        if answer.status != 303 or cookie is None:
            raise RuntimeError(f"login answered {answer.status}")
        self._headers["Cookie"] = cookie.split(";")[0]

    def _open_page(self) -> None:
        self._get("/calls", "pages")
        self._get("/_dash-layout", "layouts")
        self._get("/_dash-dependencies", "layouts")
        self._tick()

    def _tick(self) -> None:
        version = json.loads(self._get("/tick?page=%2Fcalls", "ticks", plain=True))["topics"][Topic.CALLS]
        if version != self._version:
            self._version = version
            asked = {"offset": 0, "limit": 100, "sort": "time", "direction": "desc", **self._filter}
            self._get(f"/calls/rows?{urlencode(asked)}", "rows")
            self._get(f"/calls/figures?{urlencode(self._filter)}", "figures")

    def _get(self, target: str, kind: str, *, plain: bool = False) -> bytes:
        headers = {"Accept-Encoding": "identity"} if plain else {}
        answer, body = self._ask("GET", target, kind, None, headers)
        if answer.status != 200:
            raise RuntimeError(f"{target} answered {answer.status}")
        return body

    def _ask(
        self, method: str, target: str, kind: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        self._connection.request(method, target, body, {**self._headers, **headers})
        answer = self._connection.getresponse()
        self.requests[kind] += 1
        return answer, answer.read()
