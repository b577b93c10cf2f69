"""Health for machines: alive, ready, figures, and who may read them."""

import re
from datetime import timedelta

import pytest

from portal.wiring import CALL_CENTRE
from services.errors import Reason, UpstreamUnavailable
from services.live import report_answer, report_failure
from services.storage import StorageUnavailable

TOKEN = "a-long-random-text"


def figure(text: str, name: str) -> float | None:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return None if found is None else float(found.group(1))


@pytest.fixture
def without_database(fresh_portal, monkeypatch):
    """The portal database is away, and nothing was read before."""

    def away():
        raise StorageUnavailable("sqlite:////srv/portal.db")

    monkeypatch.setattr(fresh_portal.services.live, "snapshot", away)
    return fresh_portal.stranger()


def test_a_living_process_says_so_even_without_its_database(without_database):
    answer = without_database.get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_ready_portal_tells_each_system_with_state_and_age(fresh_portal):
    now = fresh_portal.clock()
    with fresh_portal.services.store.write() as session:
        report_answer(session, CALL_CENTRE, took=timedelta(seconds=1), now=now)

    answer = fresh_portal.stranger().get("/readyz")

    assert answer.status_code == 200
    assert answer.json["database"] == "ok"
    assert answer.json["sources"][CALL_CENTRE]["state"] == "ok"
    assert answer.json["sources"][CALL_CENTRE]["age_seconds"] > 0
    assert answer.json["sources"][CALL_CENTRE]["remark"] is None
    assert answer.json["copied_share"] == 0.5
    assert answer.json["rolled_up_share"] == 0.5


def test_a_system_that_is_down_leaves_the_portal_ready(fresh_portal):
    error, now = UpstreamUnavailable("calls.example.com", Reason.REFUSED), fresh_portal.clock()
    with fresh_portal.services.store.write() as session:
        report_failure(session, CALL_CENTRE, error, now=now, next_try_at=now)

    answer = fresh_portal.stranger().get("/readyz")

    assert answer.status_code == 200
    source = answer.json["sources"][CALL_CENTRE]
    assert (source["state"], source["reason"], source["age_seconds"]) == ("down", "refused", None)
    assert "example.com" not in answer.text


def test_without_its_database_the_portal_is_not_ready(without_database):
    answer = without_database.get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {"status": "unavailable", "database": "StorageUnavailable", "sources": {}}


# Figures


@pytest.mark.parametrize(("kind", "status"), [("operator", 403), ("supervisor", 403), ("admin", 200)])
def test_figures_are_for_administrators(shared_portal, kind, status):
    assert shared_portal.logged_in(kind).get("/metrics").status_code == status


@pytest.mark.parametrize(
    "header", [None, "", "Bearer ", "Bearer", "Bearer x", "Bearer None", "Basic eDp5", "ы"]
)
def test_without_a_token_in_the_settings_no_token_opens_the_figures(shared_portal, header):
    headers = {} if header is None else {"Authorization": header.encode().decode("latin-1")}

    assert shared_portal.stranger().get("/metrics", headers=headers).status_code == 403


def test_the_token_of_the_settings_opens_the_figures_and_nothing_else(make_portal):
    portal = make_portal(PORTAL__METRICS_TOKEN=TOKEN)

    def status(path: str, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return portal.stranger().get(path, headers=headers).status_code

    assert status("/metrics", TOKEN) == 200
    assert status("/metrics", TOKEN + "x") == 403
    assert status("/metrics", TOKEN[:-1]) == 403
    assert status("/metrics", "") == 403
    assert status("/calls/rows", TOKEN) == 401


def test_the_figures_tell_systems_and_requests(fresh_portal):
    now = fresh_portal.clock()
    with fresh_portal.services.store.write() as session:
        report_answer(session, CALL_CENTRE, took=timedelta(seconds=1), now=now)
    client = fresh_portal.logged_in("admin")
    client.get("/calls/rows")

    text = client.get("/metrics").text

    assert figure(text, "portal_database_up") == 1
    assert figure(text, 'portal_source_up{source="call_centre"}') == 1
    assert figure(text, 'portal_source_age_seconds{source="call_centre"}') > 0
    assert figure(text, 'portal_statistics_days{state="unknown"}') == 19
    assert figure(text, "portal_statistics_different_days") == 0
    assert figure(text, 'portal_requests_total{endpoint="calls.rows",status="200"}') >= 1
    assert figure(text, 'portal_request_seconds_count{endpoint="calls.rows"}') >= 1


def test_figures_come_even_when_the_database_is_away(make_portal, monkeypatch):
    portal = make_portal(PORTAL__METRICS_TOKEN=TOKEN)

    def away():
        raise StorageUnavailable("gone")

    monkeypatch.setattr(portal.services.live, "snapshot", away)
    answer = portal.stranger().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 200
    assert figure(answer.text, "portal_database_up") == 0


def test_no_figure_is_named_by_what_strangers_send(fresh_portal):
    """A label for every address would fill the memory."""
    for place in range(3):
        fresh_portal.stranger().get(f"/made-up-{place}?x=1")

    text = fresh_portal.logged_in("admin").get("/metrics").text

    assert "made-up" not in text
