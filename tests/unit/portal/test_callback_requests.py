"""What comes to `/_dash-update-component` is not always Dash's script: nothing of it may break the server."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.security.guard import CALLBACK_ENDPOINT
from services.calls import NotConfigured
from services.errors import Reason, UpstreamUnavailable
from tests.unit.portal.fakes import (
    PAGE_ROUTER,
    SAME_ORIGIN,
    callback_request,
    registered_request,
    server_callbacks,
)

DETAILS = "..calls-details-content.children...calls-details.is_open.."
OPEN = [("calls-open", "data", "card:9000000")]
GOOD = callback_request(DETAILS, inputs=OPEN)
PARTS = sorted(GOOD.keys() - {"output"})
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FEW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def without(key: str) -> dict[str, object]:
    return {name: value for name, value in GOOD.items() if name != key}


@pytest.fixture(scope="module")
def client(shared_portal):
    return shared_portal.logged_in("operator")


@pytest.fixture(scope="module")
def admin(shared_portal):
    """Somebody who may ask for every callback."""
    return shared_portal.logged_in("admin")


def send(client, body: object):
    return client.post(CALLBACK_ENDPOINT, json=body, headers=SAME_ORIGIN)


def test_a_well_formed_request_is_answered(client):
    answer = send(client, GOOD)

    assert answer.status_code == 200
    assert "Мария" in answer.text


def test_values_that_are_left_out_are_none(client):
    """JavaScript drops `undefined` on its way into JSON."""
    body = {**GOOD, "inputs": [{"id": "calls-open", "property": "data"}]}

    assert send(client, body).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"5",
        b"\xff\xfe",
        b'{"output": 5}',
        b'{"output": ["a.b"]}',
        b"{}",
    ],
)
def test_what_is_no_callback_request_is_refused(client, sent):
    answer = client.post(CALLBACK_ENDPOINT, data=sent, content_type="application/json", headers=SAME_ORIGIN)

    assert (answer.status_code, answer.json["success"]) == (400, False)


@pytest.mark.parametrize("opening", [b"[", b'{"output":'])
def test_a_request_of_endless_brackets_is_refused(client, opening):
    answer = client.post(
        CALLBACK_ENDPOINT, data=opening * 50_000, content_type="application/json", headers=SAME_ORIGIN
    )

    assert answer.status_code == 400


def test_a_form_is_no_callback_request(client):
    answer = client.post(CALLBACK_ENDPOINT, data={"output": DETAILS}, headers=SAME_ORIGIN)

    assert answer.status_code == 400


def test_a_request_larger_than_any_of_ours_is_refused(client):
    answer = send(client, {**GOOD, "inputs": ["x" * 2_000_000]})

    assert answer.status_code in (400, 413)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(without("inputs"), id="no inputs"),
        pytest.param({**GOOD, "inputs": None}, id="inputs null"),
        pytest.param({**GOOD, "inputs": "text"}, id="inputs a text"),
        pytest.param({**GOOD, "inputs": {}}, id="inputs an object"),
        pytest.param({**GOOD, "inputs": []}, id="inputs missing"),
        pytest.param({**GOOD, "inputs": [1]}, id="input a number"),
        pytest.param({**GOOD, "inputs": [GOOD["inputs"]]}, id="inputs nested"),
        pytest.param({**GOOD, "inputs": GOOD["inputs"] * 2}, id="too many inputs"),
        pytest.param({**GOOD, "inputs": [{"property": "data", "value": 1}]}, id="input without id"),
        pytest.param({**GOOD, "inputs": [{"id": "other", "property": "data"}]}, id="another input"),
        pytest.param({**GOOD, "inputs": [{"id": {"a": 1}, "property": "data"}]}, id="id an object"),
        pytest.param({**GOOD, "inputs": [{"id": "calls-open", "property": []}]}, id="property a list"),
        pytest.param({**GOOD, "state": "text"}, id="state a text"),
        pytest.param({**GOOD, "state": GOOD["inputs"]}, id="state nobody asked for"),
        pytest.param(without("outputs"), id="no outputs"),
        pytest.param({**GOOD, "outputs": None}, id="outputs null"),
        pytest.param({**GOOD, "outputs": "text"}, id="outputs a text"),
        pytest.param({**GOOD, "outputs": [1, 2]}, id="outputs numbers"),
        pytest.param({**GOOD, "outputs": GOOD["outputs"][:1]}, id="outputs missing"),
        pytest.param({**GOOD, "outputs": GOOD["outputs"][0]}, id="one output for many"),
        pytest.param({**GOOD, "outputs": [{"id": "a", "property": "b"}] * 2}, id="other outputs"),
        pytest.param({**GOOD, "changedPropIds": None}, id="changed null"),
        pytest.param({**GOOD, "changedPropIds": [1]}, id="changed a number"),
        pytest.param({**GOOD, "changedPropIds": [{}]}, id="changed an object"),
    ],
)
def test_a_request_of_another_shape_than_registered_is_refused(client, body):
    assert send(client, body).status_code == 400


@FEW
@given(data=st.data())
def test_no_value_of_an_input_breaks_a_callback(shared_portal, admin, data):
    """Anybody who is logged in can send any JSON as an input or a state."""
    output = data.draw(st.sampled_from(server_callbacks(shared_portal)))
    body = registered_request(shared_portal, output)
    for one in (*body["inputs"], *body["state"]):
        one["value"] = data.draw(ANY_JSON)

    answer = send(admin, body)

    assert answer.status_code in (200, 204), json.dumps(body)


@FEW
@given(body=st.fixed_dictionaries({"output": st.just(DETAILS)}, optional=dict.fromkeys(PARTS, ANY_JSON)))
def test_no_part_of_a_request_breaks_the_server(client, body):
    assert send(client, body).status_code < 500


@pytest.mark.parametrize(
    "error", [UpstreamUnavailable("down", Reason.TIMEOUT), NotConfigured("call_centre")], ids=type
)
def test_a_call_log_that_gives_nothing_is_said_in_the_window(fresh_portal, error):
    fresh_portal.calls.error = error

    details = send(fresh_portal.logged_in("operator"), GOOD)

    assert details.json["response"]["calls-details"]["is_open"] is True
    assert "sideUpdate" not in details.json


def test_a_callback_that_fails_is_told_to_the_person_with_the_number_in_the_log(fresh_portal, caplog):
    fresh_portal.calls.error = RuntimeError("a mistake of ours")

    answer = send(fresh_portal.logged_in("operator"), GOOD)

    toast = answer.json["sideUpdate"]["frame-toast"]["data"]["text"]
    assert answer.status_code == 200
    assert answer.headers["X-Request-Id"] in toast
    assert "mistake of ours" not in answer.text
    assert "a mistake of ours" in caplog.text


@pytest.mark.parametrize("error", [UpstreamUnavailable("down", Reason.REFUSED), NotConfigured("call_centre")])
def test_the_page_opens_whatever_the_call_log_does(fresh_portal, error):
    fresh_portal.calls.error = error

    answer = send(fresh_portal.logged_in("operator"), page_at("/calls", "?phone=1&phone=2&open=card:1"))

    assert answer.status_code == 200
    assert "calls-grid" in answer.text


@pytest.mark.parametrize(
    "search", ["?x=1", "?self=1&room=2&path=3", "?__class__=1", "?phone=%00", "?" + "a" * 9000]
)
def test_the_page_opens_under_any_query(client, search):
    answer = send(client, page_at("/calls", search))

    assert answer.status_code == 200
    assert "calls-grid" in answer.text


def page_at(path: str, search: str) -> dict[str, object]:
    inputs = [("_pages_location", "pathname", path), ("_pages_location", "search", search)]
    return callback_request(PAGE_ROUTER, inputs=inputs)
