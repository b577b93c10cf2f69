"""The routes of the centre's page: board, rows, figures, entries and the file, and who gets them."""

import json
from datetime import timedelta

import pytest

from portal.shared_answers import SharedAnswers
from services.live import Topic
from services.telephony.model import EntryState
from tests.unit.portal.fakes import in_russian
from tests.unit.portal.vilnius_world import with_centre
from tests.unit.services.telephony.centre_world import KELIONES

PAGE = "/contact-center/vilnius"
ROUTES = ("board", "rows", "statistics", "entries", "export.csv")


@pytest.fixture
def world(make_portal):
    return with_centre(make_portal)


@pytest.fixture
def portal(world):
    return world[0]


@pytest.fixture
def vilnius(world):
    return world[1]


@pytest.fixture
def client(portal):
    return portal.logged_in("supervisor")


def board(client) -> str:
    answer = client.get(f"{PAGE}/board")
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json["parts"], ensure_ascii=False)


def rows(client, **query):
    answer = client.get(f"{PAGE}/rows", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("route", ROUTES)
def test_who_may_not_see_the_centre_gets_nothing_of_it(portal, route):
    assert portal.logged_in("operator").get(f"{PAGE}/{route}").status_code == 403
    assert portal.stranger().get(f"{PAGE}/{route}").status_code == 401


def test_what_oracle_refused_is_for_administrators_alone(portal, client, vilnius):
    vilnius.refuse(vilnius.call(number="37060000882"))

    assert client.get(f"{PAGE}/entries").status_code == 403
    assert "+370 600 00882" in portal.logged_in("admin").get(f"{PAGE}/entries").text


@pytest.mark.parametrize("route", ROUTES)
def test_without_telephony_every_route_says_so(fresh_portal, route):
    answer = fresh_portal.logged_in("admin").get(f"{PAGE}/{route}")

    assert answer.status_code == 404
    assert answer.json["error"] == in_russian("Telephony is not configured.")


def test_the_board_shows_the_call_that_goes_on_and_leads_to_its_card(client, vilnius):
    vilnius.call(timedelta(minutes=1), None, token="t" * 43, **KELIONES)

    shown = board(client)

    assert "Pavyzdinės Kelionės" in shown
    assert "data-running" in shown
    assert f"/call-show/Pavyzdin%C4%97s-Kelion%C4%97s/?call={'t' * 43}" in shown


def test_a_call_of_another_program_has_no_card(client, vilnius):
    vilnius.call(timedelta(minutes=1), token=None, entry=None, **KELIONES)

    assert "call-show" not in board(client)
    assert rows(client)["rows"][0]["card"] is None


def test_the_board_tells_what_waits_and_what_was_refused_and_leads_administrators_there(
    portal, client, vilnius
):
    vilnius.call(entry=EntryState.WAITING)
    vilnius.refuse(vilnius.call())

    assert "ждёт" in board(client)
    assert "view=entries" not in board(client)
    assert "view=entries" in board(portal.logged_in("admin"))


def test_a_board_without_a_register_says_that_it_is_not_configured(make_portal):
    portal, _vilnius = with_centre(make_portal, TELEPHONY__COUNTRY="LT")

    assert in_russian("the call register is not configured") in board(portal.logged_in("supervisor"))


def test_the_same_board_is_drawn_once_for_all_until_a_call_comes(portal, client, vilnius, monkeypatch):
    monkeypatch.setattr("portal.shared_answers.time", lambda: 0.0)
    portal.server.wsgi_app = SharedAnswers(portal.server)
    before = board(client)
    vilnius.call(**KELIONES)

    assert board(portal.logged_in("supervisor")) == before
    portal.bump(Topic.TELEPHONY)
    assert "Pavyzdinės Kelionės" in board(client)


def test_a_block_of_rows_is_what_the_list_asks_for(client, vilnius):
    calls = [vilnius.call(timedelta(minutes=minutes)) for minutes in range(1, 6)]

    shown = rows(client, offset=1, limit=2)

    assert [row["id"] for row in shown["rows"]] == [str(calls[1]), str(calls[2])]
    assert (shown["total"], shown["latest"], shown["nothing"]) == (5, calls[-1], None)


def test_calls_that_come_later_leave_an_anchored_view_alone(client, vilnius):
    known = vilnius.call()
    later = vilnius.call(timedelta(minutes=1))

    shown = rows(client, until=known)

    assert [row["id"] for row in shown["rows"]] == [str(known)]
    assert (shown["total"], shown["latest"]) == (1, later)


def test_a_search_that_finds_nothing_offers_the_period_that_has_some(client, vilnius):
    vilnius.call(timedelta(days=90), **KELIONES)

    shown = rows(client, q="kelion")

    assert (shown["rows"], shown["total"]) == ([], 0)
    assert "kelion" in shown["nothing"]["title"]
    assert shown["nothing"]["reach"] == "year"
    assert rows(client, q="kelion", period="year")["total"] == 1


def test_a_search_that_finds_nothing_anywhere_offers_nothing(client):
    assert rows(client, q="kelion")["nothing"]["button"] == ""


@pytest.mark.parametrize(
    "query",
    [
        "period=century",
        "from=yesterday",
        "from=2026-01-02&to=2026-01-01",
        "period=week&from=2026-01-01",
        "agency=x",
        "agency=-1",
        "q=" + "x" * 300,
        "q=%00",
        "q=%2B()",
        "curator=" + "x" * 300,
    ],
)
@pytest.mark.parametrize("route", ["rows", "statistics", "export.csv"])
def test_what_cannot_be_asked_is_refused_in_words(client, route, query):
    answer = client.get(f"{PAGE}/{route}?{query}")

    assert (answer.status_code, answer.json["success"]) == (400, False)
    assert answer.json["error"]


@pytest.mark.parametrize("query", ["offset=-1", "offset=x", "limit=0", "limit=x", "until=x"])
def test_a_block_that_cannot_be_is_refused(client, query):
    assert client.get(f"{PAGE}/rows?{query}").status_code == 400


def test_punctuation_alone_is_told_from_a_wrong_condition(client):
    words = client.get(f"{PAGE}/rows?q=%2B()").json["error"]

    assert words == in_russian("Type a number, or a part of a name.")


def test_figures_are_those_of_the_calls_that_are_asked_for(client, vilnius):
    vilnius.call(curator="205", **KELIONES)
    vilnius.call(curator="206")

    whole = client.get(f"{PAGE}/statistics").text
    one = client.get(f"{PAGE}/statistics?curator=206").text

    assert "Pavyzdinės Kelionės" in whole
    assert "Pavyzdinės Kelionės" not in one
    assert '"data-curator":"206"' in one


def test_the_file_has_the_calls_that_are_asked_for_and_computes_nothing(client, vilnius):
    vilnius.call(curator="=cmd()", agency_name="@SUM(A1)", agency_id=11)
    vilnius.call(curator="206")

    answer = client.get(f"{PAGE}/export.csv?period=today&curator=%3Dcmd()")

    head, *lines = answer.data.decode("utf-8-sig").splitlines()
    assert ";" in head
    assert len(lines) == 1
    assert "'=cmd()" in lines[0]
    assert "'@SUM(A1)" in lines[0]
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="vilnius-20')


def test_the_file_of_the_whole_register_names_no_days(client, vilnius):
    vilnius.call(timedelta(days=800))

    answer = client.get(f"{PAGE}/export.csv?period=all")

    assert 'filename="vilnius.csv"' in answer.headers["Content-Disposition"]
    assert len(answer.data.decode("utf-8-sig").splitlines()) == 2


def test_the_navigation_tells_how_many_calls_go_on(portal, client, vilnius):
    vilnius.call(timedelta(minutes=1), None)
    vilnius.call(timedelta(minutes=2), None, curator="206")

    assert client.get(f"/tick?page={PAGE}").json["counts"][PAGE] == 2
    assert PAGE not in portal.logged_in("operator").get(f"/tick?page={PAGE}").json["counts"]


def test_without_telephony_the_navigation_tells_no_figure(fresh_portal):
    assert PAGE not in fresh_portal.logged_in("admin").get(f"/tick?page={PAGE}").json["counts"]


def test_hostile_names_stay_texts(client, vilnius):
    evil = "<script>alert(1)</script>"
    vilnius.call(
        timedelta(minutes=1), None, agency_id=5, agency_name=evil, manager=evil, curator=evil, theme=evil
    )

    answer = client.get(f"{PAGE}/board")

    assert answer.mimetype == "application/json"
    assert evil in answer.text
    assert '"script"' not in answer.text
