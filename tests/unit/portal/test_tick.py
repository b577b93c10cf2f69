"""The tick: what an open page hears, at what cost, and by what right."""

from datetime import timedelta

import pytest

from portal.routes import tick as module
from portal.routes.tick import AGES_HEADER
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.errors import Reason, UpstreamUnavailable
from services.live import Topic, report_answer, report_failure
from tests.unit.portal.fakes import call


def ages(answer) -> dict[str, float]:
    parts = (part.split("=") for part in answer.headers[AGES_HEADER].split(",") if part)
    return {name: float(age) for name, age in parts}


def test_a_page_hears_the_versions_of_its_own_topics(fresh_portal):
    fresh_portal.bump(Topic.CALLS)
    client = fresh_portal.logged_in("operator")

    topics = client.get("/tick?page=/calls").json["topics"]

    assert topics.keys() == {"calls", "sources"}
    assert topics["calls"] == 1
    fresh_portal.bump(Topic.CALLS)
    assert client.get("/tick?page=/calls").json["topics"]["calls"] == 2


@pytest.mark.parametrize("page", ["/nothing", "", "calls", "//calls", "\x00", "x" * 9000])
def test_an_address_without_a_page_hears_no_topic(fresh_portal, page):
    client = fresh_portal.logged_in("operator")

    answer = client.get("/tick", query_string={"page": page})

    assert (answer.status_code, answer.json["topics"]) == (200, {})


def test_a_person_without_the_right_hears_nothing_of_a_page_even_when_asking_for_it(fresh_portal):
    fresh_portal.bump(Topic.CALLS)

    answer = fresh_portal.logged_in("outsider").get("/tick?page=/calls")

    assert answer.status_code == 200
    assert answer.json["topics"] == {}
    assert answer.json["counts"] == {}


def test_one_persons_answer_is_never_given_to_another_with_other_rights(fresh_portal):
    operator, outsider = fresh_portal.logged_in("operator"), fresh_portal.logged_in("outsider")

    pairs = [(operator.get("/tick?page=/calls"), outsider.get("/tick?page=/calls")) for _ in range(3)]

    assert all("calls" in one.json["topics"] and "calls" not in other.json["topics"] for one, other in pairs)
    assert all(one.headers["ETag"] != other.headers["ETag"] for one, other in pairs)


def test_what_has_not_changed_is_not_sent_again(fresh_portal):
    client = fresh_portal.logged_in("operator")
    first = client.get("/tick?page=/calls")

    again = client.get("/tick?page=/calls", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_tag_that_became_weak_on_its_way_is_known_again(fresh_portal):
    """Whoever compresses an answer marks its tag as weak."""
    client = fresh_portal.logged_in("operator")
    tag = client.get("/tick").headers["ETag"]

    assert client.get("/tick", headers={"If-None-Match": f"W/{tag}"}).status_code == 304


@pytest.mark.parametrize("topic", [Topic.CALLS, Topic.SOURCES])
def test_a_new_version_is_sent(fresh_portal, topic):
    client = fresh_portal.logged_in("operator")
    tag = client.get("/tick?page=/calls").headers["ETag"]

    fresh_portal.bump(topic)
    answer = client.get("/tick?page=/calls", headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


def test_a_topic_the_page_does_not_listen_to_changes_nothing(fresh_portal):
    client = fresh_portal.logged_in("operator")
    tag = client.get("/tick?page=/calls").headers["ETag"]

    fresh_portal.bump(Topic.ACCOUNTS)

    assert client.get("/tick?page=/calls", headers={"If-None-Match": tag}).status_code == 304


def test_a_tag_of_another_page_does_not_stop_the_answer(fresh_portal):
    client = fresh_portal.logged_in("operator")
    tag = client.get("/tick?page=/nothing").headers["ETag"]

    assert client.get("/tick?page=/calls", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("tag", ["*", "", '"x"', "x" * 9000, "W/", 'W/"x"'])
def test_a_tag_of_nobody_gets_the_whole_answer(fresh_portal, tag):
    answer = fresh_portal.logged_in("operator").get("/tick", headers={"If-None-Match": tag})

    assert answer.status_code == 200


def test_ages_run_on_while_nothing_else_changes(fresh_portal):
    now = module.datetime.now(module.UTC)
    with fresh_portal.services.store.write() as session:
        report_answer(session, CALL_CENTRE, took=timedelta(seconds=1), now=now - timedelta(seconds=3))
    client = fresh_portal.logged_in("operator")

    first = client.get("/tick?page=/calls")
    again = client.get("/tick?page=/calls", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    assert 3 <= ages(first)[CALL_CENTRE] <= ages(again)[CALL_CENTRE] < 60


def test_a_source_that_never_answered_has_no_age(fresh_portal):
    assert ages(fresh_portal.logged_in("operator").get("/tick")) == {}


def test_an_outage_is_heard_with_its_reason_and_its_beginning(fresh_portal):
    error, now = UpstreamUnavailable("down", Reason.TIMEOUT), fresh_portal.clock()
    with fresh_portal.services.store.write() as session:
        report_failure(session, CALL_CENTRE, error, now=now, next_try_at=now + timedelta(seconds=5))

    source = fresh_portal.logged_in("operator").get("/tick").json["sources"][CALL_CENTRE]

    assert source == {"state": "down", "reason": "timeout", "since": round(now.timestamp() * 1000)}


def test_the_figure_beside_a_page_is_for_those_who_may_enter(fresh_portal):
    fresh_portal.calls.calls = (call(0), call(1))

    counts = fresh_portal.logged_in("operator").get("/tick").json["counts"]

    assert counts == {"/calls": 2}


def test_an_unchanged_tick_asks_the_call_log_for_nothing(make_portal):
    portal = make_portal()
    client = portal.logged_in("operator")
    tag = client.get("/tick?page=/calls").headers["ETag"]
    portal.calls.asked.clear()

    for _ in range(3):
        assert client.get("/tick?page=/calls", headers={"If-None-Match": tag}).status_code == 304

    assert portal.calls.asked == []


def test_an_ended_session_is_told_to_log_in(fresh_portal):
    client = fresh_portal.logged_in("operator")
    tag = client.get("/tick").headers["ETag"]

    fresh_portal.services.accounts.end_sessions(fresh_portal.people["operator"].id)

    answer = client.get("/tick", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.mimetype) == (401, "application/json")


def test_a_granted_right_is_heard_with_the_next_tick(fresh_portal):
    client = fresh_portal.logged_in("outsider")
    assert client.get("/tick?page=/calls").json["topics"] == {}

    fresh_portal.services.accounts.grant(fresh_portal.people["outsider"].id, Right.MOSCOW)

    assert "calls" in client.get("/tick?page=/calls").json["topics"]


def test_a_slow_answer_to_an_old_state_does_not_pass_for_the_new_one(fresh_portal, monkeypatch):
    """One thread builds an answer while another comes with a newer snapshot: each keeps its own."""
    answers, live = module._Answers(), fresh_portal.services.live
    old = live.snapshot()
    fresh_portal.bump(Topic.CALLS)
    new = live.snapshot()
    person, build = fresh_portal.people["operator"], module._answer

    with fresh_portal.server.test_request_context("/tick"):
        room = module.rooms(fresh_portal.server).at("/calls")

        def interrupted(known, snapshot, *rest):
            if snapshot is old:
                answers.get(new, room, person)
            return build(known, snapshot, *rest)

        monkeypatch.setattr(module, "_answer", interrupted)
        answers.get(old, room, person)

        assert answers.get(new, room, person).etag == build(fresh_portal.services, new, room, person).etag
