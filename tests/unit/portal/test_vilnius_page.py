"""The centre's page: what is laid out for whom, and what an administrator decides about refused calls."""

import json

import pytest

from portal.security.guard import CALLBACK_ENDPOINT
from services.telephony.model import EntryState
from tests.unit.portal.fakes import (
    SAME_ORIGIN,
    callback_request,
    in_russian,
    page_request,
    registered_request,
)
from tests.unit.portal.vilnius_world import with_centre

PAGE = "/contact-center/vilnius"
DECIDE = "..vilnius-question-text.children...vilnius-question.is_open.."


@pytest.fixture
def world(make_portal):
    return with_centre(make_portal)


@pytest.fixture
def portal(world):
    return world[0]


@pytest.fixture
def vilnius(world):
    return world[1]


def page(portal, kind="supervisor", search="") -> str:
    request = page_request(PAGE)
    request["inputs"][1]["value"] = search
    answer = portal.logged_in(kind).post(CALLBACK_ENDPOINT, json=request, headers=SAME_ORIGIN)
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json["response"]["_pages_content"]["children"], ensure_ascii=False)


def press(portal, button, asked, kind="admin"):
    """Send what the buttons of the list or of the question ask for."""
    inputs = [
        ("vilnius-entry", "data", asked),
        ("vilnius-drop", "n_clicks", 1),
        ("vilnius-keep", "n_clicks", 1),
    ]
    request = callback_request(DECIDE, inputs=inputs)
    changed = {"list": "vilnius-entry.data", "drop": "vilnius-drop.n_clicks", "keep": "vilnius-keep.n_clicks"}
    request["changedPropIds"] = [changed[button]]
    return portal.logged_in(kind).post(CALLBACK_ENDPOINT, json=request, headers=SAME_ORIGIN)


def is_asked(answer) -> bool:
    return answer.json["response"]["vilnius-question"]["is_open"]


def test_the_page_is_drawn_with_the_search_of_its_address(portal):
    shown = page(portal, search="?q=kelion&from=2026-01-01&to=2026-01-31")

    assert '"value": "kelion"' in shown
    assert '"value": "2026-01-31"' in shown


def test_curators_and_themes_of_the_register_can_be_chosen(portal, vilnius):
    vilnius.call(curator="205", theme="Visa")

    shown = page(portal)

    assert '{"label": "205", "value": "205"}' in shown
    assert '{"label": "Visa", "value": "Visa"}' in shown
    assert '{"label": "Booking", "value": "Booking"}' in shown


def test_a_value_of_the_address_that_nobody_has_is_offered_too(portal):
    assert '{"label": "999", "value": "999"}' in page(portal, search="?curator=999")


def test_the_address_names_what_the_card_shows(portal):
    def panels(search: str) -> dict[str, bool]:
        request = page_request(PAGE)
        request["inputs"][1]["value"] = search
        answer = portal.logged_in("admin").post(CALLBACK_ENDPOINT, json=request, headers=SAME_ORIGIN)
        return dict(found(answer.json))

    def found(node):
        if isinstance(node, list):
            for inner in node:
                yield from found(inner)
        elif isinstance(node, dict):
            name = str(node.get("id", ""))
            if name.startswith("vilnius-panel-"):
                yield name.removeprefix("vilnius-panel-"), not node["hidden"]
            for inner in node.values():
                yield from found(inner)

    assert panels("") == {"calls": True, "statistics": False, "entries": False}
    assert panels("?view=statistics") == {"calls": False, "statistics": True, "entries": False}
    assert panels("?view=entries") == {"calls": False, "statistics": False, "entries": True}
    assert panels("?view=nonsense") == {"calls": True, "statistics": False, "entries": False}


def test_decisions_are_laid_out_for_administrators_alone(portal):
    assert "vilnius-entries" in page(portal, "admin")
    for trace in ("vilnius-entries", "vilnius-question", "vilnius-entry"):
        assert trace not in page(portal, "supervisor", "?view=entries")


@pytest.mark.parametrize(
    "search", ["?q=a&q=b", "?q=" + "x" * 5000, "?agency=x&period=x&from=x", "?curator=any"]
)
def test_an_odd_address_still_leads_to_the_page(portal, search):
    assert "vilnius-grid" in page(portal, search=search)


def test_without_telephony_the_page_says_what_is_missing(fresh_portal):
    shown = page(fresh_portal)

    assert in_russian("Telephony is not configured.") in shown
    assert "[telephony]" in shown
    assert "vilnius-grid" not in shown


def test_without_the_right_there_is_no_page(portal):
    assert in_russian("No access") in page(portal, "operator")


def test_a_refused_call_is_sent_again_at_once(portal, vilnius):
    call_id = vilnius.call()
    vilnius.refuse(call_id)

    answer = press(portal, "list", {"do": "retry", "id": call_id, "at": 1})

    assert vilnius.state(call_id) is EntryState.WAITING
    assert not is_asked(answer)
    assert in_russian("The call goes to Oracle once more.") in answer.text


def test_a_refused_call_is_left_out_only_after_the_question(portal, vilnius):
    call_id = vilnius.call(number="37060000882")
    vilnius.refuse(call_id)
    wish = {"do": "drop", "id": call_id, "at": 1}

    asked = press(portal, "list", wish)

    assert is_asked(asked)
    assert "+370 600 00882" in asked.text
    assert vilnius.state(call_id) is EntryState.REFUSED
    answered = press(portal, "drop", wish)
    assert not is_asked(answered)
    assert vilnius.state(call_id) is EntryState.DROPPED


def test_a_call_that_is_kept_stays_refused(portal, vilnius):
    call_id = vilnius.call()
    vilnius.refuse(call_id)

    answer = press(portal, "keep", {"do": "drop", "id": call_id, "at": 1})

    assert not is_asked(answer)
    assert vilnius.state(call_id) is EntryState.REFUSED


def test_the_button_of_the_question_never_drops_what_was_to_be_sent_again(portal, vilnius):
    call_id = vilnius.call()
    vilnius.refuse(call_id)

    press(portal, "drop", {"do": "retry", "id": call_id, "at": 1})

    assert vilnius.state(call_id) is not EntryState.DROPPED


@pytest.mark.parametrize("wish", ["retry", "drop"])
def test_a_call_that_somebody_else_decided_about_is_left_as_it_is_and_that_is_said(portal, vilnius, wish):
    call_id = vilnius.call()

    answer = press(portal, "list", {"do": wish, "id": call_id, "at": 1})

    assert vilnius.state(call_id) is EntryState.WRITTEN
    assert not is_asked(answer)
    assert in_russian("Oracle does not refuse this call any more: there is nothing to decide.") in answer.text


@pytest.mark.parametrize(
    "asked",
    [
        None,
        "x",
        [],
        {},
        {"do": "retry"},
        {"do": "burn", "id": 1},
        {"do": "drop", "id": True},
        {"do": "drop", "id": -1},
        {"do": "drop", "id": 2**63},
        {"do": "drop", "id": "1; DROP"},
        {"do": {"a": 1}, "id": 1},
    ],
)
@pytest.mark.parametrize("button", ["list", "drop"])
def test_whatever_a_client_sends_changes_nothing(portal, vilnius, button, asked):
    call_id = vilnius.call()
    vilnius.refuse(call_id)

    answer = press(portal, button, asked)

    assert answer.status_code == 200
    assert not is_asked(answer)
    assert vilnius.state(call_id) is EntryState.REFUSED


@pytest.mark.parametrize("kind", ["operator", "supervisor", "outsider"])
def test_nobody_but_an_administrator_decides(portal, vilnius, kind):
    call_id = vilnius.call()
    vilnius.refuse(call_id)

    assert press(portal, "list", {"do": "retry", "id": call_id, "at": 1}, kind).status_code == 403
    assert vilnius.state(call_id) is EntryState.REFUSED


def test_without_telephony_there_is_nothing_to_decide(fresh_portal):
    request = registered_request(fresh_portal, DECIDE)
    client = fresh_portal.logged_in("admin")

    assert client.post(CALLBACK_ENDPOINT, json=request, headers=SAME_ORIGIN).status_code == 200


@pytest.mark.parametrize(
    ("search", "words"), [("", "за 30 дней"), ("?period=week", "за 7 дней"), ("?period=x", "Период")]
)
def test_the_button_of_the_period_names_it_before_any_call_is_there(portal, search, words):
    assert f'"children": "{words}", "id": "vilnius-period-label"' in page(portal, search=search)
