"""What stands around the call log's rows, before a call log that tests fill."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from portal import shared_answers
from portal.drawing import drawn
from services.calls import CallFilter, NotConfigured
from services.errors import Reason, UpstreamUnavailable
from services.live import Topic

FIGURES = "/calls/figures"


@pytest.fixture
def portal(fresh_portal):
    return fresh_portal


@pytest.fixture
def client(portal):
    return portal.logged_in("operator")


def texts(part: Any) -> list[str]:
    """All texts in a drawn part, in reading order."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, list):
        return [text for one in part for text in texts(one)]
    return texts(part["props"].get("children")) if isinstance(part, dict) else []


def test_every_part_is_drawn_for_the_filter(portal, client):
    parts = client.get(f"{FIGURES}?from=2025-03-01&to=2025-03-02&operator=3").json

    assert portal.calls.asked == [CallFilter(date(2025, 3, 1), date(2025, 3, 2), operator_id=3)]
    assert "30" in texts(parts["calls-figures"]["children"])
    assert len(parts["calls-hours-data"]["data"]["data"][0]["x"]) >= 14
    assert parts["calls-export-label"]["children"] == "CSV, 30 строк"
    assert parts["calls-notice"]["children"] == []


def test_the_chosen_operator_is_pressed_and_stays_among_the_choices(client):
    parts = client.get(f"{FIGURES}?operator=77").json

    assert {"label": "оператор № 77", "value": "77"} in parts["calls-operator"]["options"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("from", "2025-02-30"),
        ("from", "tomorrow"),
        ("phone", "9" * 10_000),
        ("phone", "\x00"),
        ("operator", "-1"),
        ("operator", "9" * 40),
        ("result", "everything"),
        ("type", "' OR 1=1 --"),
        ("card", "maybe"),
        ("to", "1969-01-01"),
        ("hour", "24"),
        ("weekday", "0"),
        ("number", "none"),
    ],
)
def test_a_filter_that_cannot_be_is_said_and_no_call_is_asked_for(portal, client, field, value):
    answer = client.get(FIGURES, query_string={field: value})

    assert answer.status_code == 400
    assert answer.json["calls-notice"]["children"]["props"]["role"] == "alert"
    assert answer.json["calls-figures"]["children"] == []
    assert portal.calls.asked == []


@pytest.mark.parametrize("phone", ["%", "_", "'", '"', "\\", "; DROP TABLE call", "<script>"])
def test_special_characters_of_a_search_are_asked_for_literally(portal, client, phone):
    answer = client.get(FIGURES, query_string={"phone": phone})

    assert answer.status_code == 200
    (asked,) = portal.calls.asked
    assert asked.phone == phone


@pytest.mark.parametrize(
    "error", [UpstreamUnavailable("down", Reason.TIMEOUT), NotConfigured("call_centre")], ids=type
)
def test_a_call_log_that_gives_nothing_is_said_and_no_figure_is_invented(portal, client, error):
    portal.calls.error = error

    answer = client.get(FIGURES)

    assert answer.status_code == 503
    assert answer.json["calls-notice"]["children"]["props"]["role"] == "alert"
    assert answer.json["calls-figures"]["children"] == []


@pytest.mark.parametrize(("reason", "status"), [(Reason.TOO_SLOW, 200), (Reason.OVERLOADED, 503)])
def test_figures_that_cannot_be_had_in_time_are_unknown_and_hide_no_row(portal, client, reason, status):
    portal.calls.error = UpstreamUnavailable("too much", reason)

    answer = client.get(f"{FIGURES}?from=2024-03-01&to=2025-02-28")

    assert answer.status_code == status
    assert texts(answer.json["calls-figures"]["children"]).count("—") == 3
    assert answer.json["calls-notice"]["children"] == []
    assert answer.json["calls-period-label"]["children"] == "01.03.2024 – 28.02.2025"


def test_a_single_figure_that_nobody_counted_is_unknown(portal, client, monkeypatch):
    summary = type(portal.calls).summary
    monkeypatch.setattr(
        type(portal.calls),
        "summary",
        lambda log, chosen: replace(summary(log, chosen), identified=None, operators=None),
    )

    parts = client.get(f"{FIGURES}?operator=7").json

    shown = texts(parts["calls-figures"]["children"])
    assert shown.count("—") == 1
    assert "30" in shown
    assert "не подсчитано: слишком много звонков" in shown
    assert texts(parts["calls-operators"]["children"]) == ["не подсчитано: слишком много звонков"]
    assert {"label": "оператор № 7", "value": "7"} in parts["calls-operator"]["options"]


def test_pages_that_look_at_the_same_share_one_drawing_until_calls_change(portal, monkeypatch):
    monkeypatch.setattr(shared_answers, "time", lambda: 0.0)  # the minute does not end during the test
    clients = [portal.logged_in(kind) for kind in ("operator", "operator")]

    bodies = {one.get(f"{FIGURES}?phone=900").data for one in clients}

    assert len(bodies) == 1
    assert len(portal.calls.asked) == 1

    portal.bump(Topic.CALLS)
    clients[0].get(f"{FIGURES}?phone=900")

    assert len(portal.calls.asked) == 2


def test_only_components_and_plain_values_are_drawn():
    with pytest.raises(TypeError):
        drawn({"calls-figures": {"children": object()}})
