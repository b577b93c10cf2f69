"""The wall: let in by a link alone, it shows the shift and nothing of any client."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.kept import KeptForTheMoment
from portal.routes.wall import COOKIE
from portal.wiring import CALL_CENTRE
from services.calls import NotConfigured, OperatorCount
from services.errors import Reason, UpstreamUnavailable
from services.live import Topic, report_answer, report_failure
from services.wall import TOKEN_LENGTH, NewScreen, Theme
from tests.unit.portal.fakes import AGENCY, AS_PAGE, CARD, Portal, call, in_russian


def made(portal: Portal, **options: object) -> NewScreen:
    values = {"name": "Зал 2", "language": "ru"} | options
    return portal.services.screens.add(values.pop("name"), **values)


def opened(portal: Portal, screen: NewScreen):
    """A television that opened the link of `screen`."""
    client = portal.stranger()
    assert client.get(f"/wall/{screen.token}").status_code == 303
    return client


@pytest.fixture
def portal(fresh_portal) -> Portal:
    with fresh_portal.services.store.write() as session:
        report_answer(session, CALL_CENTRE, took=timedelta(milliseconds=20), now=fresh_portal.clock())
    fresh_portal.server.extensions["portal.kept"] = KeptForTheMoment(clock=lambda: 0.0)
    return fresh_portal


def test_a_link_puts_its_token_out_of_sight_and_leads_to_the_screen(portal):
    screen = made(portal)

    answer = portal.stranger().get(f"/wall/{screen.token}")

    assert (answer.status_code, answer.location) == (303, "/wall")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}={screen.token};")
    assert {"HttpOnly", "Path=/wall", "SameSite=Lax"} <= set(cookie.split("; "))


def test_a_link_over_tls_keeps_its_token_for_tls(make_portal):
    portal = make_portal(PORTAL__PUBLIC_URL="https://portal.example.com")

    assert "Secure" in portal.stranger().get(f"/wall/{made(portal).token}").headers["Set-Cookie"]


def test_the_token_is_in_no_log_and_in_no_page(portal, caplog):
    caplog.set_level("DEBUG")
    screen = made(portal)
    television = opened(portal, screen)

    pages = television.get("/wall").text + television.get("/wall/state").text

    assert "/wall/<token>" in caplog.text
    assert screen.token not in caplog.text
    assert screen.token not in json.dumps([vars(record) for record in caplog.records], default=str)
    assert screen.token not in pages


def test_the_cookie_is_sent_to_the_wall_alone(portal):
    television = opened(portal, made(portal))

    assert television.get_cookie(COOKIE, path="/wall") is not None
    assert television.get_cookie(COOKIE) is None


@pytest.mark.parametrize(
    "path", ["/", "/calls", "/calls/rows", "/tick", "/api/calls", "/admin/wall", "/_dash-layout"]
)
def test_a_television_sees_nothing_but_the_wall(portal, path):
    assert opened(portal, made(portal)).get(path).status_code == 401


def test_the_screen_shows_its_name_in_the_language_and_theme_of_its_link(portal):
    russian = opened(portal, made(portal)).get("/wall", headers=AS_PAGE).text
    english = opened(portal, made(portal, name="Hall 3", language="en", theme=Theme.DARK)).get("/wall").text

    assert 'lang="ru" data-bs-theme="light" data-theme="system"' in russian
    assert "Зал 2" in russian
    assert "Звонков сегодня" in russian
    assert 'lang="en" data-bs-theme="dark" data-theme="dark"' in english
    assert "Calls today" in english


def test_a_name_is_shown_as_text(portal):
    page = opened(portal, made(portal, name='<img src=x onerror="alert(1)">')).get("/wall").text

    assert "<img" not in page
    assert "&lt;img" in page


def test_the_state_has_the_figures_of_the_day(portal):
    state = opened(portal, made(portal)).get("/wall/state").json

    assert [figure["value"] for figure in state["figures"]] == ["30", "100,0\u00a0%", "12:00"]
    assert state["figures"][0]["change"] == {"text": "0,0\u00a0%", "way": "same", "kind": "flat"}
    assert state["hours"]["now"][8] == 30
    assert state["operators"]["shown"] == [{"name": "Белова А. И.", "calls": "30", "share": 1.0}]
    assert state["sources"][CALL_CENTRE]["state"] == "ok"
    assert state["trouble"] is None


def test_the_wall_shows_no_phone_number_and_nothing_of_a_client(portal):
    television = opened(portal, made(portal))

    shown = television.get("/wall").text + television.get("/wall/state").text

    digits = re.sub(r"\D", "", shown)
    assert not [one for one in portal.calls.calls if (one.number or "").removeprefix("+") in digits]
    for private in (CARD.client_name, CARD.phone, AGENCY.name, AGENCY.address, "card", "client"):
        assert private not in shown


def test_only_the_ten_with_the_most_calls_are_named_and_nobody_is_no_operator(portal, monkeypatch):
    summary = portal.calls.summary
    counts = (OperatorCount(None, None, 99), *(OperatorCount(n, f"Имя {n}", 40 - n) for n in range(1, 14)))
    monkeypatch.setattr(portal.calls, "summary", lambda chosen: replace(summary(chosen), operators=counts))

    operators = opened(portal, made(portal)).get("/wall/state").json["operators"]

    assert len(operators["shown"]) == 10
    assert operators["shown"][0]["calls"] == "39"
    assert operators["rest"] == "и ещё 3 оператора"


def test_all_screens_of_a_language_are_answered_by_one_look(portal):
    televisions = [opened(portal, made(portal, name=f"hall {number}")) for number in range(3)]
    first = televisions[0].get("/wall/state")
    portal.calls.asked.clear()

    others = [television.get("/wall/state") for television in televisions]

    assert portal.calls.asked == []
    assert {(answer.data, answer.headers["ETag"]) for answer in others} == {
        (first.data, first.headers["ETag"])
    }


def test_a_language_never_gets_the_words_of_another(portal):
    russian = opened(portal, made(portal))
    english = opened(portal, made(portal, name="hall", language="en"))

    assert "отвечает" in russian.get("/wall/state").text
    assert "answers" in english.get("/wall/state").text
    assert "отвечает" in russian.get("/wall/state").text


def test_what_has_not_changed_is_not_sent_again_but_its_age_is(portal):
    television = opened(portal, made(portal))
    tag = television.get("/wall/state").headers["ETag"]

    again = television.get("/wall/state", headers={"If-None-Match": f"W/{tag}"})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["X-Portal-Ages"].startswith(f"{CALL_CENTRE}=")


def test_a_new_call_is_sent(portal):
    television = opened(portal, made(portal))
    tag = television.get("/wall/state").headers["ETag"]
    portal.calls.calls = (*portal.calls.calls, call(99))
    portal.bump(Topic.CALLS)

    answer = television.get("/wall/state", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.json["figures"][0]["value"]) == (200, "31")


def test_the_page_and_its_state_carry_the_same_stamp(portal):
    television = opened(portal, made(portal))

    assert f'data-stamp="{television.get("/wall/state").json["stamp"]}"' in television.get("/wall").text


def test_a_silent_source_leaves_the_last_figures_and_says_since_when(portal):
    now = portal.clock()
    with portal.services.store.write() as session:
        error = UpstreamUnavailable("down", Reason.TIMEOUT)
        report_failure(session, CALL_CENTRE, error, now=now, next_try_at=now + timedelta(seconds=5))

    state = opened(portal, made(portal)).get("/wall/state").json

    assert (state["figures"][0]["value"], state["figures"][0]["change"]) == ("30", None)
    assert state["trouble"]["stale"] is True
    assert "не отвечает с" in state["trouble"]["what"]
    assert "VPN" in state["trouble"]["do"]
    assert state["sources"][CALL_CENTRE]["kind"] == "crit"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UpstreamUnavailable("down", Reason.REFUSED), "не отвечает"),
        (NotConfigured("call_centre"), "не настроена"),
    ],
    ids=["silent", "not configured"],
)
def test_a_day_of_which_nothing_is_known_has_no_figure_and_says_why(portal, error, words):
    portal.calls.error = error

    state = opened(portal, made(portal)).get("/wall/state").json

    assert words in state["missing"]
    assert [figure["value"] for figure in state["figures"]] == ["—"] * 3
    assert (state["hours"], state["operators"]) == (None, None)


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_link_that_ended_says_in_words_what_to_do(portal, how):
    screen = made(portal, lifetime=timedelta(days=1))
    television = opened(portal, screen)
    assert television.get("/wall/state").status_code == 200
    if how == "revoked":
        portal.services.screens.revoke(screen.screen.id)
    else:
        portal.clock.move(days=1)

    page, state = television.get("/wall", headers=AS_PAGE), television.get("/wall/state")

    assert (page.status_code, state.status_code) == (403, 403)
    assert state.json.keys() == {"title", "text"}
    title = "Этот экран отключён" if how == "revoked" else "Срок этого экрана истёк"
    assert state.json["title"] == title
    assert title in page.text
    assert "новую ссылку" in page.text


@pytest.mark.parametrize("token", ["x" * TOKEN_LENGTH, "x", "x" * 500, "%00", "я" * TOKEN_LENGTH])
def test_a_link_that_nobody_was_given_shows_words_and_forgets_the_link_before(portal, token):
    television = opened(portal, made(portal))

    television.get(f"/wall/{token}")
    page = television.get("/wall", headers=AS_PAGE)

    assert page.status_code == 403
    assert in_russian("This link is not known") in page.text
    assert television.get("/wall/state").status_code == 403


def test_a_login_is_no_link(portal):
    assert portal.logged_in("admin").get("/wall/state").status_code == 403


def test_the_last_use_is_noted(portal):
    screen = made(portal)

    opened(portal, screen).get("/wall/state")

    assert portal.services.screens.get(screen.screen.id).last_used_at == portal.clock()


def test_the_wall_takes_nothing_but_reading(portal):
    television = opened(portal, made(portal))

    for path in ("/wall", "/wall/state"):
        assert television.post(path).status_code == 405


def test_hours_that_have_not_come_yet_are_told_from_hours_without_a_call(portal):
    hours = opened(portal, made(portal)).get("/wall/state").json["hours"]

    assert hours["running"] == datetime.now(UTC).astimezone(portal.calls.zone).hour
    assert (hours["first"], len(hours["now"]), len(hours["then"])) == (8, 24, 24)
