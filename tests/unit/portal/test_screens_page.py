"""The page of wall screens: a link is shown once, listed without its token, and revoked after a question."""

import json

import pytest

from portal.security.guard import CALLBACK_ENDPOINT
from tests.unit.portal.fakes import SAME_ORIGIN, Portal, callback_request, registered_request

ADD = "..screens-link.children...screens-problem.children...screens-name.value...screens-added.data.."
ASK = "..screens-question-text.children...screens-question.is_open...screens-revoked.data.."
FORM = {
    "screens-name": "Зал 2",
    "screens-language": "ru",
    "screens-theme": "dark",
    "screens-rotation": "60",
    "screens-lifetime": "30",
}


def send(portal: Portal, body: dict[str, object], kind: str = "admin"):
    return portal.logged_in(kind).post(CALLBACK_ENDPOINT, json=body, headers=SAME_ORIGIN)


def add(portal: Portal, **changes: object) -> dict[str, dict[str, object]]:
    values = FORM | {f"screens-{name}": value for name, value in changes.items()}
    body = callback_request(
        ADD,
        inputs=[("screens-add", "n_clicks", 1), ("screens-name", "n_submit", None)],
        state=[(name, "value", value) for name, value in values.items()],
    )
    answer = send(portal, body)
    assert answer.status_code == 200, answer.text
    return answer.json["response"]


def press(portal: Portal, button: str, number: object):
    """Answer the question about screen `number`: `screens-asked` asks it, the buttons answer it."""
    body = callback_request(
        ASK,
        inputs=[
            ("screens-asked", "data", {"id": number, "at": 1}),
            ("screens-revoke", "n_clicks", 1),
            ("screens-keep", "n_clicks", None),
        ],
    )
    changed = {"screens-asked": "screens-asked.data"}.get(button, f"{button}.n_clicks")
    return send(portal, body | {"changedPropIds": [changed]})


def listed(portal: Portal) -> str:
    answer = send(portal, registered_request(portal, "screens-list.children"))
    return json.dumps(answer.json, ensure_ascii=False)


def screens(portal: Portal):
    return portal.services.screens.all_screens()


def test_a_link_is_shown_once_and_holds(fresh_portal):
    shown = json.dumps(add(fresh_portal))

    (screen,) = screens(fresh_portal)
    token = shown.partition("http://localhost/wall/")[2][:43]
    assert fresh_portal.services.screens.find(token)[0] == screen
    assert (screen.name, screen.theme, screen.rotation_s, screen.created_by) == ("Зал 2", "dark", 60, "admin")
    assert (screen.expires_at - screen.created_at).days == 30
    assert token not in listed(fresh_portal)


def test_the_link_leads_to_where_people_reach_the_portal(make_portal):
    portal = make_portal(PORTAL__PUBLIC_URL="https://portal.example.com/")

    assert "https://portal.example.com/wall/" in json.dumps(add(portal))


def test_a_link_without_an_end_can_be_made(fresh_portal):
    add(fresh_portal, lifetime="0")

    assert screens(fresh_portal)[0].expires_at is None


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "   "},
        {"name": None},
        {"name": ["Зал"]},
        {"name": "x" * 61},
        {"language": "de"},
        {"theme": ["dark"]},
        {"rotation": "7"},
        {"lifetime": "-1"},
        {"lifetime": "99999999999"},
    ],
    ids=str,
)
def test_what_the_form_does_not_offer_makes_no_screen_and_is_told(fresh_portal, changes):
    answer = add(fresh_portal, **changes)

    assert screens(fresh_portal) == []
    assert answer["screens-problem"]["children"]["props"]["role"] == "alert"


def test_a_name_is_given_once(fresh_portal):
    add(fresh_portal)

    answer = add(fresh_portal)

    assert "уже есть" in json.dumps(answer, ensure_ascii=False)
    assert len(screens(fresh_portal)) == 1


def test_the_question_names_the_screen_and_changes_nothing_yet(fresh_portal):
    add(fresh_portal)

    answer = press(fresh_portal, "screens-asked", 1)

    assert "«Зал 2»" in json.dumps(answer.json, ensure_ascii=False)
    assert answer.json["response"]["screens-question"]["is_open"] is True
    assert screens(fresh_portal)[0].revoked_at is None


def test_a_screen_is_revoked_when_the_question_is_answered_so(fresh_portal):
    add(fresh_portal)

    press(fresh_portal, "screens-keep", 1)
    assert screens(fresh_portal)[0].revoked_at is None
    answer = press(fresh_portal, "screens-revoke", 1)

    assert answer.json["response"]["screens-question"]["is_open"] is False
    assert screens(fresh_portal)[0].revoked_at is not None
    assert "отозвана" in listed(fresh_portal)


@pytest.mark.parametrize("number", [2, 0, -1, 10**30, "1", None, [1]])
@pytest.mark.parametrize("button", ["screens-asked", "screens-revoke"])
def test_a_screen_that_is_not_there_is_neither_asked_about_nor_revoked(fresh_portal, button, number):
    add(fresh_portal)

    answer = press(fresh_portal, button, number)

    assert answer.json["response"]["screens-question"]["is_open"] is False
    assert screens(fresh_portal)[0].revoked_at is None


@pytest.mark.parametrize("kind", ["operator", "supervisor", "outsider"])
def test_nobody_but_an_administrator_makes_lists_or_revokes(fresh_portal, kind):
    for output in (ADD, ASK, "screens-list.children"):
        assert send(fresh_portal, registered_request(fresh_portal, output), kind).status_code == 403
    assert fresh_portal.logged_in(kind).get("/admin/wall").status_code == 403


def test_an_empty_list_says_how_to_begin(fresh_portal):
    assert "Экранов пока нет" in listed(fresh_portal)
