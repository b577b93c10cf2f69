"""Conditions that have no control of their own: their words, and how the page is laid out with them."""

import json

import pytest

from portal.ui.conditions import chips, without_control
from tests.unit.portal.fakes import SAME_ORIGIN, in_russian, page_request

EVERYTHING = {
    "from": "2025-03-01",
    "phone": "900",
    "operator": "7",
    "result": "6",
    "type": "2",
    "card": "1",
    "weekday": "1",
    "hour": "10",
    "number": "unknown",
}


@pytest.fixture(autouse=True)
def russian():
    in_russian("")


def words_of(chip) -> str:
    text, _button = chip.children
    return text.children


def layout(client, search: str) -> str:
    body = page_request("/calls")
    body["inputs"][1]["value"] = search
    answer = client.post("/_dash-update-component", json=body, headers=SAME_ORIGIN)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("hour", "0", "Час: 0"),
        ("hour", "10", "Час: 10"),
        ("weekday", "1", "Понедельники"),
        ("weekday", "7", "Воскресенья"),
        ("result", "6", "Результат: Тишина"),
        ("result", "unknown", "Результат: неизвестен"),
        ("number", "known", "С номером"),
        ("number", "unknown", "Без номера"),
        # Nothing that can be wrong in a link stays without a way to drop it.
        ("hour", "99", "Час: 99"),
        ("weekday", "0", "День недели: 0"),
        ("result", "splendid", "Результат: splendid"),
        ("number", "<b>", "Номер: <b>"),
    ],
)
def test_each_condition_says_what_it_is_and_how_it_is_dropped(key, value, words):
    (chip,) = chips({key: value})
    _text, button = chip.children

    assert words_of(chip) == words
    assert chip.to_plotly_json()["props"]["data-condition"] == key
    assert button.to_plotly_json()["props"]["aria-label"] == f"Снять условие «{words}»"


def test_only_conditions_without_a_control_become_chips():
    assert [words_of(chip) for chip in chips(EVERYTHING)] == [
        "Понедельники",
        "Час: 10",
        "Результат: Тишина",
        "Без номера",
    ]
    assert without_control({"result": "success", "phone": "900", "hour": ""}) == {}


def test_the_page_is_laid_out_with_the_chips_and_no_result_pressed(shared_portal):
    text = layout(shared_portal.logged_in("operator"), "?result=6&hour=10")
    shown = json.loads(text)

    props = {one["id"]: one for one in components(shown) if "id" in one}
    assert props["calls-conditions"]["data"] == {"hour": "10", "result": "6"}
    assert props["calls-outcome"]["value"] is None
    assert len(props["calls-chips"]["children"]) == 2


def test_the_page_of_a_plain_link_has_no_chip(shared_portal):
    shown = json.loads(layout(shared_portal.logged_in("operator"), "?result=success"))

    props = {one["id"]: one for one in components(shown) if "id" in one}
    assert props["calls-conditions"]["data"] == {}
    assert props["calls-outcome"]["value"] == "success"
    assert props["calls-chips"]["children"] == []


def components(part) -> list[dict]:
    """The properties of all components in a drawn part."""
    if isinstance(part, list):
        return [props for one in part for props in components(one)]
    if not isinstance(part, dict):
        return []
    own = [part["props"]] if "props" in part else []
    return own + [props for one in part.values() for props in components(one)]
