"""The front page: for everybody who is logged in, and for each only what their rights show."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from dash import html

from portal.kept import KeptForTheMoment
from portal.rooms import Room, rooms
from portal.security.guard import CALLBACK_ENDPOINT
from portal.security.needs import Access
from portal.ui.blocks import banner
from portal.ui.room_state import Concern, RoomState, Severity
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.calls import Comparison, LogFacts, NotConfigured, RollUpFacts
from services.errors import Reason, UpstreamUnavailable
from services.live import Topic, report_answer, report_failure
from tests.unit.portal.fakes import SAME_ORIGIN, Portal, call, in_russian, registered_request

BOARD = "home-board.children"


def board(portal: Portal, kind: str) -> str:
    """The front page as it travels to the browser of `kind`, as text."""
    answer = portal.logged_in(kind).post(
        CALLBACK_ENDPOINT, json=registered_request(portal, BOARD), headers=SAME_ORIGIN
    )
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json["response"]["home-board"]["children"], ensure_ascii=False)


def answer_well(portal: Portal, took: timedelta = timedelta(milliseconds=20)) -> None:
    with portal.services.store.write() as session:
        report_answer(session, CALL_CENTRE, took=took, now=portal.clock())


def fall_silent(portal: Portal, reason: Reason = Reason.TIMEOUT) -> None:
    now = portal.clock()
    with portal.services.store.write() as session:
        error = UpstreamUnavailable("down", reason)
        report_failure(session, CALL_CENTRE, error, now=now, next_try_at=now + timedelta(seconds=5))


@pytest.fixture
def portal(fresh_portal) -> Portal:
    """A portal where nothing is wrong: its source answers, its copy and its statistics are complete."""
    fresh_portal.calls.facts = lambda: LogFacts((), 1.0)
    everything = RollUpFacts(None, 10, 10, None, None, 0)
    fresh_portal.statistics.facts = lambda: everything
    fresh_portal.calls.calls = (replace(call(0), at=datetime.now(UTC)),)
    answer_well(fresh_portal)
    return fresh_portal


@pytest.mark.parametrize("kind", ["operator", "supervisor", "admin"])
def test_who_may_see_the_calls_sees_the_centre_now(portal, kind):
    shown = board(portal, kind)

    assert in_russian("Moscow") in shown
    assert '"href": "/calls"' in shown
    assert in_russian("Last call") in shown
    assert in_russian("Nothing needs attention") in shown


def test_who_may_not_see_the_calls_sees_nothing_of_them_and_is_told_so(portal):
    shown = board(portal, "outsider")

    assert in_russian("No room is open to you yet") in shown
    assert in_russian("Connected systems") in shown
    for hidden in (in_russian("Moscow"), "/calls", in_russian("Last call"), in_russian("Handled")):
        assert hidden not in shown


def test_what_one_person_may_see_is_not_kept_for_another(portal):
    assert "/calls" in board(portal, "operator")
    assert "/calls" not in board(portal, "outsider")
    assert "/calls" in board(portal, "operator")


def test_a_revoked_right_takes_the_figures_away_at_the_next_draw(portal):
    assert "/calls" in board(portal, "operator")

    portal.services.accounts.revoke(portal.people["operator"].id, Right.MOSCOW)

    assert "/calls" not in board(portal, "operator")


@pytest.mark.parametrize(
    ("kind", "topics"),
    [
        ("operator", {"calls", "sources"}),
        ("supervisor", {"calls", "sources", "statistics", "telephony"}),
        ("outsider", {"sources"}),
    ],
)
def test_the_page_listens_only_to_rooms_that_are_open_to_the_reader(portal, kind, topics):
    assert portal.logged_in(kind).get("/tick?page=/").json["topics"].keys() == topics


def test_any_number_of_readers_cost_one_look(portal):
    portal.server.extensions["portal.kept"] = KeptForTheMoment(clock=lambda: 0.0)
    board(portal, "operator")
    portal.calls.asked.clear()

    for _ in range(5):
        board(portal, "operator")
        board(portal, "admin")

    assert portal.calls.asked == []
    portal.bump(Topic.CALLS)
    board(portal, "operator")
    assert portal.calls.asked


def test_a_silent_source_stands_first_with_since_when_why_and_what_to_do(portal):
    portal.calls.facts = lambda: LogFacts((), 0.5)
    fall_silent(portal)

    shown = board(portal, "operator")

    assert "hp-stale" in shown
    assert "не отвечает" in shown
    assert "VPN" in shown
    assert in_russian("Next try in") in shown
    assert in_russian("Nothing needs attention") not in shown
    assert shown.index("hp-banner crit") < shown.index("hp-banner info")


def test_of_a_dead_source_nothing_is_called_unusual(portal):
    portal.calls.calls = (
        replace(call(0), at=datetime.now(UTC) - timedelta(minutes=5), operator_id=None, result=None),
    )
    assert "operator=none" in board(portal, "operator")

    fall_silent(portal)

    assert "operator=none" not in board(portal, "operator")


def test_a_collector_that_is_not_at_work_is_said(portal):
    portal.clock.move(minutes=5)

    shown = board(portal, "operator")

    assert in_russian("The portal's collector is not at work") in shown
    assert "hp-banner crit" in shown


def test_a_slow_source_is_a_warning(portal):
    answer_well(portal, took=timedelta(seconds=4))

    shown = board(portal, "operator")

    assert "hp-banner warn" in shown
    assert in_russian("slow") in shown


def test_calls_without_an_operator_are_counted_and_can_be_opened(portal):
    began = datetime.now(UTC) - timedelta(minutes=3)
    portal.calls.calls = tuple(
        replace(call(number), at=began, operator_id=None, operator=None, result=None) for number in range(2)
    )

    shown = board(portal, "operator")

    assert "2 звонка дольше минуты без оператора" in shown
    assert '"href": "/calls?operator=none"' in shown


def test_a_share_of_handled_calls_far_below_last_weeks_is_told_in_numbers(portal, monkeypatch):
    summary = portal.calls.summary

    def poor(chosen):
        before = Comparison(chosen.first - timedelta(days=7), 100, 80, 100, (0,) * 24)
        return replace(summary(chosen), total=100, handled=60, with_known_result=100, before=before)

    monkeypatch.setattr(portal.calls, "summary", poor)

    shown = board(portal, "operator")

    assert "Обработано 60,0\u00a0%: на 20 п. п. меньше" in shown.replace("20\u00a0п", "20 п")
    assert "60 из 100" in shown
    assert '"href": "/calls?result=failure"' in shown


def test_a_copy_that_is_being_filled_tells_how_far_it_is_and_never_a_whole(portal):
    portal.calls.facts = lambda: LogFacts((), 0.999)

    assert "готово 99" in board(portal, "operator")


def test_statistics_that_are_being_counted_are_told_to_those_who_may_see_them(portal):
    portal.statistics.facts = lambda: RollUpFacts(None, 10, 4, None, None, 0)
    words = "Статистика звонков считается: готово 40"

    assert words in board(portal, "supervisor")
    assert words not in board(portal, "operator")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UpstreamUnavailable("down", Reason.REFUSED), "не отвечает"),
        (NotConfigured("call_centre"), "[call_centre]"),
    ],
    ids=["silent", "not configured"],
)
def test_a_centre_of_which_nothing_is_known_says_why_and_shows_no_figure(portal, error, words):
    portal.calls.error = error

    shown = board(portal, "operator")

    assert words in shown
    assert in_russian("Last call") not in shown


def test_a_day_without_a_call_shows_nought_and_no_time(portal):
    portal.calls.calls = ()

    shown = board(portal, "operator")

    assert in_russian("no calls today yet") in shown
    assert '"children": "0"' in shown


def test_a_new_room_comes_onto_the_page_by_its_state_alone(portal):
    def state(_known):
        concern = Concern(Severity.CRITICAL, banner("crit", "wifi-off", "the depths are silent"))
        return RoomState(html.Section("the deep room"), (concern,))

    room = Room("/deep", "Deep", "", "list", Right.ADMIN, topics=(Topic.AGENCIES,), state=state)
    rooms(portal.server).add(room)

    shown = board(portal, "admin")

    assert "the deep room" in shown
    assert "the depths are silent" in shown
    assert "the deep room" not in board(portal, "operator")
    assert "agencies" in portal.logged_in("admin").get("/tick?page=/").json["topics"]
    assert "agencies" not in portal.logged_in("operator").get("/tick?page=/").json["topics"]


def test_the_front_page_is_the_first_room_of_everybody(portal):
    first = rooms(portal.server).open_to(portal.people["operator"])[0]

    assert (first.path, first.need) == ("/", Access.LOGIN)


def test_a_login_leads_to_the_front_page(portal):
    answer = portal.stranger().post("/login", data={"username": "operator", "password": "demo"})

    assert (answer.status_code, answer.location) == (303, "/")
    assert portal.logged_in("operator").get("/", headers={"Accept": "text/html"}).status_code == 200
