"""What changes something must come from our own page: by the browser's headers or by the session's token."""

import pytest

from portal.security import origin
from portal.security.guard import CALLBACK_ENDPOINT
from tests.unit.portal.fakes import (
    PASSWORD,
    SAME_ORIGIN,
    SECRET_KEY,
    Portal,
    enter,
    page_request,
    proof_of,
    token_of,
)

LOGIN = "login.enter"
FORMS = {
    LOGIN: {"username": "operator", "password": PASSWORD},
    "login.change_password": {"old": "x", "new": "y", "again": "z"},
    "login.choose_language": {"language": "en"},
}
#: Not for a login: what proves their origin is in test_telephony_access.py.
TELEPHONY = {"telephony.report", "telephony.choose_theme"}
FOREIGN = (
    {"Origin": "https://evil.example.com"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost.evil.example.com"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost:81"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "whatever"},
    # A foreign origin is believed over everything that says otherwise.
    {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "same-origin"},
)


def changing_rules(portal: Portal) -> dict[str, str]:
    """Endpoint and path of everything that takes another method than reading, for whoever has logged in."""
    return {
        rule.endpoint: rule.rule
        for rule in portal.server.url_map.iter_rules()
        if (rule.methods or set()) - origin.SAFE_METHODS and rule.endpoint not in TELEPHONY
    }


def send(client, endpoint: str, path: str, headers: dict[str, str]):
    if endpoint == CALLBACK_ENDPOINT:
        return client.post(path, json=page_request(), headers=headers)
    return client.post(path, data=FORMS.get(endpoint, {}), headers=headers)


def answers_to(portal: Portal, headers_of) -> dict[str, int]:
    """The status of every changing route, each asked by a new session with `headers_of(client)`."""
    statuses = {}
    for endpoint, path in changing_rules(portal).items():
        client = portal.logged_in("operator")
        statuses[endpoint] = send(client, endpoint, path, headers_of(client)).status_code
    return statuses


def test_the_changing_routes_are_those_these_tests_know(shared_portal):
    """Whoever adds one sees here that it is covered, or says with which form it is asked."""
    assert changing_rules(shared_portal).keys() == {*FORMS, "login.leave", CALLBACK_ENDPOINT}


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_foreign_page_changes_nothing_not_even_with_the_right_token(fresh_portal, headers):
    statuses = answers_to(fresh_portal, lambda client: {**proof_of(client), **headers})

    assert set(statuses.values()) == {403}


def test_a_client_without_headers_and_without_token_may_only_log_in(fresh_portal):
    statuses = answers_to(fresh_portal, lambda _client: {})

    assert {endpoint for endpoint, status in statuses.items() if status != 403} == {LOGIN}


@pytest.mark.parametrize(
    "headers",
    [SAME_ORIGIN, {"Sec-Fetch-Site": "same-origin"}, {**SAME_ORIGIN, "Sec-Fetch-Site": "same-origin"}],
    ids=str,
)
def test_our_own_page_needs_no_token(fresh_portal, headers):
    statuses = answers_to(fresh_portal, lambda _client: headers)

    assert 403 not in statuses.values()


def test_the_token_of_the_session_is_proof(fresh_portal):
    assert 403 not in answers_to(fresh_portal, proof_of).values()


def test_the_token_of_another_session_of_the_same_person_is_no_proof(fresh_portal):
    other = proof_of(fresh_portal.logged_in("operator"))

    statuses = answers_to(fresh_portal, lambda _client: other)

    assert {endpoint for endpoint, status in statuses.items() if status != 403} == {LOGIN}


@pytest.mark.parametrize("token", ["", "0" * 64, "ы", "x" * 9000])
def test_a_made_up_token_is_no_proof(fresh_portal, token):
    headers = {origin.TOKEN_HEADER: token.encode().decode("latin-1")}

    statuses = answers_to(fresh_portal, lambda _client: headers)

    assert {endpoint for endpoint, status in statuses.items() if status != 403} == {LOGIN}


def test_navigation_typed_by_hand_is_not_proof_for_a_change(fresh_portal):
    """`none` is what a browser says for an address that was typed: good for reading, not for a POST."""
    statuses = answers_to(fresh_portal, lambda _client: {"Sec-Fetch-Site": "none"})

    assert {endpoint for endpoint, status in statuses.items() if status != 403} == {LOGIN}


def test_the_forms_carry_the_token_for_browsers_that_send_no_headers(fresh_portal):
    client = fresh_portal.logged_in("operator")
    token = origin.token_for(token_of(client), SECRET_KEY)

    form = client.get("/account/password").text
    frame = client.get("/_dash-layout").text
    answer = client.post("/logout", data={origin.TOKEN_FIELD: token})

    assert f'name="csrf_token" value="{token}"' in form
    assert token in frame
    assert answer.status_code == 303


def test_the_token_tells_nothing_about_the_session(fresh_portal):
    client = fresh_portal.logged_in("operator")

    assert token_of(client) not in client.get("/account/password").text
    assert origin.token_for("a", SECRET_KEY) != origin.token_for("a", SECRET_KEY + "x")


@pytest.mark.parametrize("path", ["/calls", "/tick", "/calls/rows"])
def test_a_link_on_another_site_may_lead_here(shared_portal, path):
    answer = shared_portal.logged_in("operator").get(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 200


def test_the_address_people_type_is_our_own_origin_behind_a_proxy(make_portal):
    portal = make_portal(PORTAL__PUBLIC_URL="https://portal.example.com/")

    def login(sent: str) -> int:
        form = {"username": "operator", "password": PASSWORD}
        return portal.stranger().post("/login", data=form, headers={"Origin": sent}).status_code

    assert login("https://portal.example.com") == 303
    assert login("http://portal.example.com") == 403
    assert login("https://portal.example.com.evil.example.com") == 403


def test_a_refused_change_leaves_the_session_alone(fresh_portal):
    client = fresh_portal.logged_in("operator")

    client.post("/logout", headers={"Origin": "https://evil.example.com"})

    assert client.get("/tick").status_code == 200


def test_a_refused_login_sets_no_cookie(fresh_portal):
    """Otherwise another site could log its visitor in as somebody else."""
    client = fresh_portal.stranger()

    answer = client.post("/login", data=FORMS[LOGIN], headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert enter(client, "operator").status_code == 303
