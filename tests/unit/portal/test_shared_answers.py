"""Answers given again without Flask: to whom, for how long, and as if Flask had given them."""

import pytest

from portal import shared_answers as module
from portal.observe import REQUEST_ID_HEADER
from portal.security.guard import IDLE_HEADER
from services.accounts import Right, Role
from services.errors import Reason, UpstreamUnavailable
from services.live import Topic
from tests.unit.portal.fakes import call, enter, proof_of

ROWS = "/calls/rows?limit=5"
# Each answer's own.
PASSING = {REQUEST_ID_HEADER, "X-Portal-Ages"}


@pytest.fixture
def portal(fresh_portal, monkeypatch):
    """A portal whose minute does not end during the test."""
    monkeypatch.setattr(module, "time", lambda: 0.0)
    return fresh_portal


def lasting(answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in PASSING}


def ids(answer) -> list[str]:
    return [row["id"] for row in answer.json["rows"]]


@pytest.mark.parametrize("path", [ROWS, "/tick?page=/calls"])
@pytest.mark.parametrize("encoding", ["identity", "br"])
def test_an_answer_given_again_is_the_same_to_the_last_header(portal, path, encoding):
    client = portal.logged_in("operator")

    first, again = (client.get(path, headers={"Accept-Encoding": encoding}) for _ in range(2))

    assert (again.status, again.data) == (first.status, first.data)
    assert lasting(again) == lasting(first)
    assert set(again.headers.keys()) == set(first.headers.keys())


def test_each_answer_has_an_id_of_its_own(portal):
    client = portal.logged_in("operator")

    identifiers = {client.get(ROWS).headers[REQUEST_ID_HEADER] for _ in range(5)}

    assert len(identifiers) == 5


def test_people_with_the_same_rights_cost_one_question(portal):
    for right in (Right.STATISTICS, Right.VILNIUS):  # what a supervisor may see besides
        portal.services.accounts.grant(portal.people["operator"].id, right)
    operator, supervisor = portal.logged_in("operator"), portal.logged_in("supervisor")

    answers = [client.get(ROWS) for client in (operator, supervisor, operator, supervisor)]

    assert {answer.data for answer in answers} == {answers[0].data}
    assert len({repr(question) for question in portal.calls.asked}) == len(portal.calls.asked)


def test_other_rights_do_not_get_the_answer(portal):
    assert portal.logged_in("operator").get(ROWS).status_code == 200

    assert portal.logged_in("outsider").get(ROWS).status_code == 403
    assert portal.stranger().get(ROWS).status_code == 401


def test_a_session_that_ended_does_not_get_the_answer(portal):
    client = portal.logged_in("operator")
    client.get(ROWS)

    portal.services.accounts.end_sessions(portal.people["operator"].id)

    assert client.get(ROWS).status_code == 401


def test_another_language_gets_its_own_words(portal):
    portal.calls.calls = (call(operator=None, operator_id=None),)
    client = portal.logged_in("operator")
    russian = client.get(ROWS).json

    client.post("/language", data={"language": "en"}, headers=proof_of(client))

    assert client.get(ROWS).json["rows"][0]["result"] != russian["rows"][0]["result"]


def test_a_change_is_seen_at_once(portal):
    client = portal.logged_in("operator")
    before = ids(client.get(ROWS))

    portal.calls.calls = portal.calls.calls[1:]
    portal.bump(Topic.CALLS)

    assert ids(client.get(ROWS))[0] == before[1]


def test_an_answer_is_kept_for_a_minute_at_most(portal, monkeypatch):
    client = portal.logged_in("operator")
    before = ids(client.get(ROWS))
    portal.calls.calls = portal.calls.calls[1:]

    monkeypatch.setattr(module, "time", lambda: 60.0)

    assert ids(client.get(ROWS))[0] == before[1]


def test_a_failure_is_not_kept(portal):
    client = portal.logged_in("operator")
    portal.calls.error = UpstreamUnavailable("down", Reason.TIMEOUT)
    assert client.get(ROWS).status_code == 503

    portal.calls.error = None

    assert client.get(ROWS).status_code == 200


def test_another_question_is_asked(portal):
    client = portal.logged_in("operator")

    assert len(ids(client.get("/calls/rows?limit=5"))) == 5
    assert len(ids(client.get("/calls/rows?limit=6"))) == 6


def test_the_old_answers_give_way_when_there_are_many(portal, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    client = portal.logged_in("operator")
    for limit in (1, 2, 3):
        client.get(f"/calls/rows?limit={limit}")
    portal.calls.asked.clear()

    client.get("/calls/rows?limit=3")
    assert portal.calls.asked == []
    client.get("/calls/rows?limit=1")
    assert portal.calls.asked != []


def test_an_answer_too_large_to_keep_is_asked_for_again(portal, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_KEPT", 100)
    client = portal.logged_in("operator")
    client.get(ROWS)
    portal.calls.asked.clear()

    assert len(ids(client.get(ROWS))) == 5
    assert portal.calls.asked != []


def test_who_acts_stays_logged_in_although_flask_never_hears_of_it(portal):
    client = portal.logged_in("operator")
    client.get(ROWS)
    for _ in range(3):
        portal.clock.move(hours=7)
        assert client.get(ROWS, headers={IDLE_HEADER: "0"}).status_code == 200


def test_ticks_alone_do_not_keep_a_session(portal):
    client = portal.logged_in("operator")
    for hours in (3, 6):
        portal.clock.move(hours=3)
        client.get("/tick", headers={IDLE_HEADER: str(hours * 3600)})

    portal.clock.move(hours=3)

    assert client.get("/tick", headers={IDLE_HEADER: str(9 * 3600)}).status_code == 401


def test_a_right_that_is_withdrawn_is_missed_at_once(portal):
    accounts = portal.services.accounts
    accounts.add("guest", "Guest", Role.OPERATOR, "demo", allow_weak_password=True)
    client = portal.stranger()
    enter(client, "guest")
    assert client.get(ROWS).status_code == 200

    accounts.revoke(accounts.find_person("guest").person.id, Right.MOSCOW)

    assert client.get(ROWS).status_code == 403
