"""What 200 simulated browsers cost the call-centre database, beside what one costs."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection, HTTPResponse
from statistics import median
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

from portal import ids
from sandbox.call_centre.database import connect
from sandbox.call_centre.live import LiveTraffic
from services.accounts import Role
from services.live import Topic
from tests.bench.call_centre import CallCentre, Work
from tests.bench.portal import PASSWORD, Portal
from tests.bench.promises import Finding

CROWD = 200
_PERIOD_S = 20.0
_ROUNDS = 2
_TICK_S = 5.0
_CALLS_A_MINUTE = 60.0
_OPERATORS = 300
#: So many browsers have one person each: five logins at once would look like an attack on an account.
_BROWSERS_OF_A_PERSON = 4
_LOGIN_AGAIN_S = 0.5
_TIMEOUT_S = 30.0
#: The collector's cycles do not fall alike into two periods.
_TOLERANCE = 1.15


def findings(portal: Portal, centre: CallCentre) -> Iterator[Finding]:
    """Count the portal's statements to the database while calls come in and people look at them."""
    work: dict[int, list[Work]] = {1: [], CROWD: []}
    requests: dict[int, Counter[str]] = {1: Counter(), CROWD: Counter()}
    for number in range(CROWD // _BROWSERS_OF_A_PERSON):
        portal.services.accounts.add(_login(number), f"Оператор {number}", Role.OPERATOR, PASSWORD)
    with _live_calls(centre):
        for _ in range(_ROUNDS):
            for browsers in work:
                before = centre.work_of_portal()
                requests[browsers] += _visit(portal.url, browsers)
                work[browsers].append(centre.work_of_portal() - before)
    one, crowd = (median(spent.statements for spent in work[browsers]) for browsers in work)
    rows_one, rows_crowd = (median(spent.rows_read for spent in work[browsers]) for browsers in work)
    asked = ", ".join(f"{count:,} {what}" for what, count in sorted(requests[CROWD].items()))
    yield Finding(
        f"{CROWD} browsers cost the call-centre database what one costs",
        crowd / one,
        _TOLERANCE,
        "x",
        f"{crowd:,.0f} to {one:,.0f} statements, {rows_crowd:,.0f} to {rows_one:,.0f} rows read in"
        f" {_PERIOD_S:g} s with live calls; the crowd's requests: {asked}",
    )


@contextmanager
def _live_calls(centre: CallCentre) -> Iterator[None]:
    """Let calls begin and change in the block, as the product that owns the database does."""
    stop = threading.Event()
    engine = connect(centre.owner_url)

    def now() -> datetime:
        return datetime.now(centre.zone).replace(tzinfo=None)

    playing = threading.Thread(
        target=LiveTraffic(engine, seed=1, rate=_CALLS_A_MINUTE).run, args=(stop, now), name="live calls"
    )
    playing.start()
    try:
        yield
    finally:
        stop.set()
        playing.join()
        engine.dispose()


def _visit(url: str, count: int) -> Counter[str]:
    """Let `count` browsers come and look for a period; returns their requests by kind.

    Raises:
        RuntimeError: one of them was refused something, or saw nothing.
    """
    until = monotonic() + _PERIOD_S
    browsers = [_Browser(url, number) for number in range(count)]
    threads = [threading.Thread(target=browser.stay, args=(until,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    problems = [browser.problem for browser in browsers if browser.problem]
    if problems:
        raise RuntimeError(f"{len(problems)} of {count} browsers failed: {problems[0]}")
    return sum((browser.requests for browser in browsers), Counter[str]())


def _login(number: int) -> str:
    return f"crowd-{number}"


class _Browser:
    """Asks what an open call log asks: everything at first, ticks, and what changed."""

    def __init__(self, url: str, number: int) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT_S)
        self._login = _login(number // _BROWSERS_OF_A_PERSON)
        self._headers = {"Origin": url, "Accept-Encoding": "gzip, br", "Sec-Fetch-Site": "same-origin"}
        # Every second one looks at everything, the others each at an operator of their own.
        self._filter = {"operator": str(1 + number % _OPERATORS)} if number % 2 else {}
        self._version = 0
        self._figures: Mapping[str, Any] = {}  # the callback that draws figures and bars
        self.requests: Counter[str] = Counter()
        self.problem: str | None = None

    def stay(self, until: float) -> None:
        """Come in, look at the call log and go when it is `until`."""
        try:
            self._log_in(until)
            self._open_page()
            while (left := until - monotonic()) > 0:
                threading.Event().wait(min(_TICK_S, left))
                self._tick()
        except (OSError, RuntimeError, ValueError) as error:
            self.problem = f"{type(error).__name__}: {error}"
        finally:
            self._connection.close()

    def _log_in(self, until: float) -> None:
        """Log in; when too many do at once, again a little later."""
        form = urlencode({"username": self._login, "password": PASSWORD})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        while True:
            answer, _body = self._ask("POST", "/login", "logins", form.encode(), headers)
            if answer.status != 503 or monotonic() > until:
                break
            threading.Event().wait(_LOGIN_AGAIN_S)
        cookie = answer.getheader("Set-Cookie")
        if answer.status != 303 or cookie is None:
            raise RuntimeError(f"login answered {answer.status}")
        self._headers["Cookie"] = cookie.split(";")[0]

    def _open_page(self) -> None:
        self._get("/calls", "pages")
        self._get("/_dash-layout", "layouts")
        callbacks = json.loads(self._get("/_dash-dependencies", "layouts", plain=True))
        [self._figures] = [one for one in callbacks if f"{ids.CALLS_FIGURES}.children" in one["output"]]
        self._tick()

    def _tick(self) -> None:
        version = json.loads(self._get("/tick?page=%2Fcalls", "ticks", plain=True))["topics"][Topic.CALLS]
        if version != self._version:
            self._version = version
            asked = {"offset": 0, "limit": 100, "sort": "time", "direction": "desc", **self._filter}
            self._get(f"/calls/rows?{urlencode(asked)}", "rows")
            self._refresh_figures()

    def _refresh_figures(self) -> None:
        values = {ids.CALLS_FILTER: self._filter, ids.topic(Topic.CALLS): self._version}
        output = self._figures["output"]
        outputs = [target.rpartition(".") for target in output.strip(".").split("...")]
        body = {
            "output": output,
            "outputs": [{"id": target, "property": name} for target, _dot, name in outputs],
            "inputs": [{**one, "value": values.get(one["id"])} for one in self._figures["inputs"]],
            "state": [{**one, "value": values.get(one["id"])} for one in self._figures["state"]],
            "changedPropIds": [f"{ids.topic(Topic.CALLS)}.data"],
        }
        headers = {"Content-Type": "application/json"}
        answer, _ = self._ask(
            "POST", "/_dash-update-component", "figures", json.dumps(body).encode(), headers
        )
        if answer.status != 200:
            raise RuntimeError(f"the figures' callback answered {answer.status}")

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
