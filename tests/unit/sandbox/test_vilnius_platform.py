from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.vilnius import KnownAgency, reporter
from sandbox.vilnius.live_calls import PlannedCall, Step, Teller, What, live_calls
from sandbox.vilnius.platform import Platform
from sandbox.vilnius.reporter import NotTaken, Reporter

AGENCIES = [KnownAgency(10_000 + place, f"Agency {place}", f"37061200{place:03d}", "") for place in range(40)]
TOKEN = "t" * 43
CARD = f'<a href="/call-show/x/?call={TOKEN}"></a><button name="theme" value="Бронь &amp; виза">'


class Portal:
    """A portal that takes what it is told, or answers as `answers` says, one after the other."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.answers: list[int] = []
        self.has_taken = threading.Condition()
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(parse_qs(urlsplit(self.path).query))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._answer(parse_qs(body))

            def _answer(self, said: dict[str, list[str]]) -> None:
                with portal.has_taken:
                    status = portal.answers.pop(0) if portal.answers else 200
                    seen = {
                        "path": urlsplit(self.path).path,
                        "accept": self.headers["Accept"],
                        "origin": self.headers["Origin"] or "",
                    }
                    portal.asked.append(seen | {name: texts[0] for name, texts in said.items()})
                    portal.has_taken.notify_all()
                self.send_response(status)
                self.end_headers()
                self.wfile.write(CARD.encode())

            def log_message(self, format: str, *values: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def portal() -> Iterator[Portal]:
    portal = Portal()
    yield portal
    portal.close()


@pytest.fixture
def call() -> PlannedCall:
    steps = (Step(What.BEGIN, 0), Step(What.THEME, 1), Step(What.END, 2, Teller.SERVER))
    return PlannedCall(0, "+37061200001", "205", "c-1", True, 0.0, steps)


def some(count: int, rate: float = 6, seed: int = 1) -> list[PlannedCall]:
    return list(islice(live_calls(AGENCIES, rate, seed), count))


def test_the_same_seed_makes_the_same_calls() -> None:
    assert some(200) == some(200)
    assert some(200) != some(200, seed=2)


def test_another_run_gives_the_same_calls_other_ids() -> None:
    ids = [
        {call.call_id for call in islice(live_calls(AGENCIES, 6, 1, run=run), 200) if call.call_id}
        for run in ("1", "2")
    ]

    assert len(ids[0]) == len(ids[1]) > 50
    assert ids[0].isdisjoint(ids[1])


def test_calls_begin_at_the_rate_that_was_asked_for() -> None:
    begins = [call.begins_s for call in some(2000, rate=30)]

    assert begins == sorted(begins)
    assert 2000 / (begins[-1] / 60) == pytest.approx(30, rel=0.1)


def test_a_curator_has_one_call_at_a_time_however_many_there_are() -> None:
    busy_until: dict[str, float] = defaultdict(float)
    for call in some(1500, rate=60):
        ends = [step.after_s for step in call.steps if step.what is What.END and step.after_s]
        assert busy_until[call.curator] <= call.begins_s
        busy_until[call.curator] = call.begins_s + min(ends, default=0)

    assert len(busy_until) > 50


def test_calls_come_in_all_the_disorder_of_a_platform() -> None:
    calls = some(3000)
    told = [[step.what for step in call.steps if step.what is not What.THEME] for call in calls]
    known = {agency.number for agency in AGENCIES}
    digits = ["".join(filter(str.isdigit, call.ani)) for call in calls]

    assert any(events[0] is What.END for events in told)
    assert any(What.END not in events for events in told)
    assert any(Counter(events)[What.BEGIN] > 1 for events in told)
    assert any(Counter(events)[What.END] > 1 for events in told)
    assert {call.call_id is None for call in calls} == {True, False}
    assert {call.answered for call in calls} == {True, False}
    assert {"anonymous", "Unknown", ""} <= {call.ani for call in calls}
    assert max(len(call.ani) for call in calls) == 300
    assert 0.5 < sum(number in known for number in digits) / len(calls) < 0.8
    assert any(call.ani.startswith("+") and " " in call.ani for call in calls)


def test_events_are_told_by_the_platforms_names(call: PlannedCall) -> None:
    begin, _, end = call.steps

    assert call.query(begin) == {
        "type": "newcall",
        "ani": "+37061200001",
        "curator_id": "205",
        "queue": "vilnius",
        "call_id": "c-1",
    }
    assert call.query(end) | {"type": "endcall", "answered": "1"} == call.query(end)


def test_browser_and_server_ask_for_what_they_can_show(portal: Portal, call: PlannedCall) -> None:
    one = Reporter(portal.url, threading.Event())

    one.report(call, call.steps[0])
    one.report(call, call.steps[2])

    begin, end = portal.asked
    assert begin["path"] == end["path"] == "/contact-center/vilnius/tel/"
    assert (begin["type"], end["type"]) == ("newcall", "endcall")
    assert begin["accept"].startswith("text/html")
    assert end["accept"] == "application/json"


def test_a_theme_is_chosen_from_those_on_the_card(portal: Portal, call: PlannedCall) -> None:
    one = Reporter(portal.url, threading.Event())

    one.report(call, call.steps[0])
    one.report(call, call.steps[1])

    chosen = portal.asked[1]
    assert chosen["path"] == "/update_call_theme"
    assert (chosen["theme"], chosen["call"]) == ("Бронь & виза", TOKEN)
    assert chosen["origin"] == portal.url


def test_without_a_card_no_theme_is_chosen(portal: Portal, call: PlannedCall) -> None:
    Reporter(portal.url, threading.Event()).report(call, call.steps[1])

    assert portal.asked == []


def test_an_event_is_told_again_until_it_is_taken(
    portal: Portal, call: PlannedCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter, "_FIRST_PAUSE_S", 0.0)
    portal.answers = [503, 429, 500]

    Reporter(portal.url, threading.Event()).report(call, call.steps[0])

    assert [one["call_id"] for one in portal.asked] == ["c-1"] * 4


def test_an_event_that_is_refused_for_good_is_not_told_again(
    portal: Portal, call: PlannedCall, caplog: pytest.LogCaptureFixture
) -> None:
    portal.answers = [403]

    Reporter(portal.url, threading.Event()).report(call, call.steps[0])

    assert len(portal.asked) == 1
    assert "403" in caplog.text


def test_a_portal_that_is_away_holds_up_nobody_who_is_told_to_stop(call: PlannedCall) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(NotTaken):
        Reporter("http://127.0.0.1:1", stop).report(call, call.steps[0])


def test_the_platform_reports_begins_and_ends_and_gives_no_id_twice(portal: Portal) -> None:
    with Platform(portal.url, AGENCIES, rate=6000, seed=1), portal.has_taken:
        assert portal.has_taken.wait_for(
            lambda: (
                {"newcall", "endcall"} <= {one.get("type") for one in portal.asked} and len(portal.asked) > 50
            ),
            timeout=30,
        )
    first_run = {one["call_id"] for one in portal.asked if "call_id" in one}
    portal.asked.clear()
    with Platform(portal.url, AGENCIES, rate=6000, seed=1), portal.has_taken:
        assert portal.has_taken.wait_for(lambda: any("call_id" in one for one in portal.asked), timeout=30)

    assert first_run.isdisjoint(one.get("call_id") for one in portal.asked)
