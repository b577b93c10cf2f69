"""The walk over everything the portal answers: what is new and declares no right is found by name."""

import json
from collections.abc import Iterator

import pytest
from dash import Input, Output
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.security import guard
from portal.security.guard import CALLBACK_ENDPOINT, DASH_NEEDS, PAGE_ENDPOINTS, need_of
from portal.security.needs import Access, Need, allows, callback_needs, declared_need
from services.accounts import Right
from tests.unit.portal.fakes import (
    AS_PAGE,
    KINDS,
    PASSWORD,
    SAME_ORIGIN,
    Portal,
    callback_request,
    page_request,
    proof_of,
    registered_request,
    server_callbacks,
)

#: Values for the places in paths; a room, a file and an object that exist.
PLACES = {
    "path": "calls",
    "filename": "00-theme.css",
    "package_name": "dash",
    "fingerprinted_path": "dash-renderer/build/dash_renderer.min.js",
    "call_id": "9000000",
    "pp_id": "52",
    "agency_id": "11",
    "_unknown": "nothing",
    "name": "operators",
    "kind": "csv",
    "token": "a-token-that-nobody-was-given-and-that-is-43",
    "tel": "37060000417",
    "agency_name": "Breeze",
}
FORMS = {"login.enter": {"username": "admin", "password": PASSWORD}}
CHANGE_SESSION = {"login.enter", "login.leave"}
#: Open to strangers by intention; whoever adds to this list should think twice.
PUBLIC = {
    "/_favicon.ico",
    "/assets/<path:filename>",
    "/healthz",
    "/login",
    "/metrics",
    "/readyz",
    "/wall",
    "/wall/<token>",
    "/wall/state",
}
#: They ask for a token of their own, and who is let in without one: a scraper and a television do not log in.
TELEPHONY = {Access.TELEPHONY, Access.CALL, Access.LATEST_CALLS}
OWN_GATES = {"health.metrics": {"admin"}, "wall.screen": set(), "wall.state": set()}
EVERYBODY = ("stranger", *KINDS)
RIGHTS = {
    "operator": {Right.MOSCOW},
    "supervisor": {Right.MOSCOW, Right.STATISTICS, Right.VILNIUS},
    "admin": set(Right),
    "outsider": set(),
}


def walk(portal: Portal, kind: str) -> Iterator[str]:
    """Ask for every rule with every method as `kind` and yield what is not as it must be."""
    usual = client_of(portal, kind)
    for rule in portal.server.url_map.iter_rules():
        need = need_of(portal.server, rule.endpoint)
        if need is None:
            yield f"{rule.rule} ({rule.endpoint}) declares no need"
            continue
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            client = client_of(portal, kind) if rule.endpoint in CHANGE_SESSION else usual
            answer = ask(portal, client, rule, method, proven=kind != "stranger")
            if (got := class_of(answer)) != (expected := expected_class(rule, need, kind)):
                yield f"{kind}: {method} {rule.rule} is {got} ({answer.status_code}), expected {expected}"


def client_of(portal: Portal, kind: str) -> FlaskClient:
    return portal.stranger() if kind == "stranger" else portal.logged_in(kind)


def ask(portal: Portal, client: FlaskClient, rule: Rule, method: str, *, proven: bool) -> TestResponse:
    path = portal.server.url_map.bind("localhost").build(
        rule.endpoint, {name: PLACES[name] for name in rule.arguments}, method=method
    )
    if rule.endpoint == CALLBACK_ENDPOINT:
        return client.post(path, json=page_request(), headers=SAME_ORIGIN)
    headers = proof_of(client) if proven and method == "POST" else {}
    # Buffered: a file that is sent is closed again.
    return client.open(path, method=method, headers=headers, data=FORMS.get(rule.endpoint), buffered=True)


def class_of(answer: TestResponse) -> str:
    if answer.status_code in (401, 403):
        return {401: "log in", 403: "refused"}[answer.status_code]
    return "failed" if answer.status_code >= 500 else "let in"


def expected_class(rule: Rule, need: Need, kind: str) -> str:
    if rule.endpoint in OWN_GATES:
        return "let in" if kind in OWN_GATES[rule.endpoint] else "refused"
    if need is Access.PUBLIC:
        return "let in"
    if need in TELEPHONY:  # nobody's network is listed here
        is_open = need is not Access.TELEPHONY and Right.VILNIUS in RIGHTS.get(kind, ())
        return "let in" if is_open else "refused"
    if kind == "stranger":
        return "log in"
    # Pages ask for a login only; which of them is open is decided by the room at the address.
    needed = Right.MOSCOW if rule.endpoint in PAGE_ENDPOINTS and rule.arguments else need
    return "let in" if needed is Access.LOGIN or needed in RIGHTS[kind] else "refused"


def undeclared_callbacks(portal: Portal) -> list[str]:
    """Server callbacks without a need; those that run in the browser never reach the server."""
    server_side = {output for output, one in portal.app.callback_map.items() if "callback" in one}
    return sorted(server_side - callback_needs(portal.server).keys())


@pytest.mark.parametrize("kind", EVERYBODY)
def test_every_rule_lets_in_exactly_those_who_meet_its_need(shared_portal, kind):
    assert list(walk(shared_portal, kind)) == []


def test_every_rule_declares_a_need(shared_portal):
    server = shared_portal.server
    missing = [rule.rule for rule in server.url_map.iter_rules() if need_of(server, rule.endpoint) is None]

    assert missing == []


def test_nothing_but_the_list_is_open_to_strangers(shared_portal):
    server = shared_portal.server
    found = {
        rule.rule for rule in server.url_map.iter_rules() if need_of(server, rule.endpoint) is Access.PUBLIC
    }

    assert found == PUBLIC


def test_every_endpoint_of_dash_is_in_the_table_and_the_table_names_no_other(shared_portal):
    server = shared_portal.server
    ours = {endpoint for endpoint, view in server.view_functions.items() if declared_need(view) is not None}

    assert {rule.endpoint for rule in server.url_map.iter_rules()} - ours == DASH_NEEDS.keys()


def test_every_server_callback_has_a_need(shared_portal):
    assert undeclared_callbacks(shared_portal) == []


def test_every_need_of_a_callback_belongs_to_a_callback(shared_portal):
    assert callback_needs(shared_portal.server).keys() == set(server_callbacks(shared_portal))


def test_a_new_route_without_a_need_is_refused_to_everybody_and_found_by_the_walk(fresh_portal):
    fresh_portal.server.add_url_rule("/brand-new", "brand_new", lambda: "secret")

    complaints = list(walk(fresh_portal, "admin"))

    assert complaints == ["/brand-new (brand_new) declares no need"]
    for kind in KINDS:
        answer = fresh_portal.logged_in(kind).get("/brand-new")
        assert (answer.status_code, "secret" in answer.text) == (403, False)
    assert fresh_portal.stranger().get("/brand-new").status_code == 403


def test_a_new_callback_without_a_need_is_refused_to_everybody_and_found_by_the_walk(fresh_portal):
    app = fresh_portal.app
    app.callback(Output("new-thing", "children"), Input("new-button", "n_clicks"))(lambda _clicks: "secret")

    answer = fresh_portal.logged_in("admin").post(
        CALLBACK_ENDPOINT,
        json=callback_request("new-thing.children", inputs=[("new-button", "n_clicks", 1)]),
        headers=SAME_ORIGIN,
    )

    assert undeclared_callbacks(fresh_portal) == ["new-thing.children"]
    assert (answer.status_code, "secret" in answer.text) == (403, False)


def test_a_guard_that_lets_everybody_in_is_found_by_the_walk(fresh_portal, monkeypatch):
    monkeypatch.setattr(guard, "allows", lambda _need, _person: True)

    assert "stranger: GET /calls/rows is let in (200), expected log in" in list(
        walk(fresh_portal, "stranger")
    )


def test_strangers_get_no_callback_answered(shared_portal):
    for output in [*shared_portal.app.callback_map, "unknown.children"]:
        answer = shared_portal.stranger().post(
            CALLBACK_ENDPOINT, json={"output": output}, headers=SAME_ORIGIN
        )

        assert (output, answer.status_code) == (output, 401)


def test_a_person_without_the_right_gets_no_callback_answered_that_asks_for_it(shared_portal):
    client = shared_portal.logged_in("outsider")
    needing = [
        output for output, need in callback_needs(shared_portal.server).items() if need is Right.MOSCOW
    ]
    assert needing

    for output in needing:
        answer = client.post(
            CALLBACK_ENDPOINT, json=registered_request(shared_portal, output), headers=SAME_ORIGIN
        )

        assert (output, answer.status_code) == (output, 403)


@pytest.mark.parametrize("kind", ["operator", "supervisor", "admin"])
def test_a_person_gets_exactly_those_callbacks_answered_that_their_rights_allow(shared_portal, kind):
    client, person = shared_portal.logged_in(kind), shared_portal.people[kind]

    for output in server_callbacks(shared_portal):
        answer = client.post(
            CALLBACK_ENDPOINT, json=registered_request(shared_portal, output), headers=SAME_ORIGIN
        )

        allowed = allows(callback_needs(shared_portal.server)[output], person)
        assert (output, answer.status_code in (200, 204)) == (output, allowed)


@pytest.mark.parametrize(
    "output", ["unknown.children", "", "..", "calls-figures.children", "__proto__", "null"]
)
def test_an_output_that_nobody_registered_is_refused_even_to_administrators(shared_portal, output):
    answer = shared_portal.logged_in("admin").post(
        CALLBACK_ENDPOINT, json=callback_request("a.b") | {"output": output}, headers=SAME_ORIGIN
    )

    assert answer.status_code == 403


def test_a_callback_of_the_browser_cannot_be_called_on_the_server(shared_portal):
    client = shared_portal.logged_in("admin")
    clientside = set(shared_portal.app.callback_map) - set(server_callbacks(shared_portal))
    assert clientside

    for output in clientside:
        answer = client.post(CALLBACK_ENDPOINT, json={"output": output}, headers=SAME_ORIGIN)
        assert (output, answer.status_code) == (output, 403)


def test_the_page_router_draws_a_page_only_for_those_who_may_enter(shared_portal):
    def drawn(kind: str) -> str:
        answer = shared_portal.logged_in(kind).post(
            CALLBACK_ENDPOINT, json=page_request("/calls"), headers=SAME_ORIGIN
        )
        assert answer.status_code == 200
        return answer.text

    assert "calls-grid" in drawn("operator")
    assert "calls-grid" not in drawn("outsider")


@pytest.mark.parametrize("path", ["/calls", "/calls/", "/"])
def test_the_address_of_a_page_leads_a_stranger_to_the_login(shared_portal, path):
    answer = shared_portal.stranger().get(path, headers=AS_PAGE)

    assert answer.status_code == 303
    assert answer.location.startswith("/login?next=")


def test_a_script_of_a_stranger_is_told_so_and_not_sent_to_a_page(shared_portal):
    """A browser's fetch takes anything; a login page in place of rows would end in silence."""
    for path in ("/calls/rows", "/tick", "/api/calls", "/_dash-layout"):
        answer = shared_portal.stranger().get(path, headers={"Accept": "*/*"})

        assert (path, answer.status_code, answer.mimetype) == (path, 401, "application/json")


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_page_is_open_to_everybody_who_is_logged_in(shared_portal, kind):
    assert shared_portal.logged_in(kind).get("/").status_code == 200


def test_a_revoked_right_is_gone_with_the_next_request(fresh_portal):
    client = fresh_portal.logged_in("operator")
    assert client.get("/calls/rows").status_code == 200

    fresh_portal.services.accounts.revoke(fresh_portal.people["operator"].id, Right.MOSCOW)

    assert client.get("/calls/rows").status_code == 403
    assert client.get("/calls").status_code == 403


def test_the_navigation_names_only_rooms_the_reader_may_enter(shared_portal):
    def frame(kind: str) -> str:
        return json.dumps(shared_portal.logged_in(kind).get("/_dash-layout").json)

    assert '"href": "/calls"' in frame("operator")
    assert '"href": "/calls"' not in frame("outsider")


def test_an_address_that_only_takes_orders_says_so_to_who_reads_it(shared_portal):
    answer = shared_portal.logged_in("admin").get("/update_call_theme", headers=AS_PAGE)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_stranger_does_not_learn_which_addresses_take_orders(shared_portal):
    assert shared_portal.stranger().get("/update_call_theme").status_code == 401
