"""Conditions that come with a link and have no control of their own: chips that can be dropped."""

from __future__ import annotations

import csv

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.call_centre import CallCentre
from tests.e2e.calls_page import CallsPage
from tests.e2e.visits import Visits
from tests.support.portal_process import PortalProcess

WEEKDAYS = ("Понедельники", "Вторники", "Среды", "Четверги", "Пятницы", "Субботы", "Воскресенья")


def chips(calls: CallsPage) -> Locator:
    return calls.page.locator("#calls-chips .hp-chip")


def drop(calls: CallsPage, words: str) -> Locator:
    """The button that drops the condition of these words."""
    return calls.page.get_by_role("button", name=f"Снять условие «{words}»", exact=True)


def total(calls: CallsPage) -> Locator:
    """The first of the figures above the log."""
    return calls.page.locator("#calls-figures .v").first


@pytest.fixture
def calls(portal: PortalProcess, visits: Visits) -> CallsPage:
    return CallsPage(visits.logged_in(portal))


def weekday(centre: CallCentre) -> tuple[str, str]:
    """The handmade day's weekday as the address and as the page have it."""
    number = centre.handmade_day.isoweekday()
    return str(number), WEEKDAYS[number - 1]


def test_a_link_with_conditions_shows_each_of_them_and_exactly_their_calls(calls, centre):
    made, (number, word) = centre.handmade, weekday(centre)
    query = {"from": centre.handmade_day, "weekday": number, "hour": "9", "result": "6", "number": "known"}

    calls.open(**query)

    for _ in range(2):
        expect(chips(calls)).to_have_text([word, "Час: 9", "Результат: Тишина", "С номером"])
        for segment in ("Все", "Успех", "Неудача", "Другое"):
            expect(calls.outcome(segment)).not_to_be_checked()
        calls.expect_calls(made["silent"])
        expect(total(calls)).to_have_text("1")
        calls.expect_query(**{key: str(value) for key, value in query.items()})
        calls.page.reload()


def test_a_condition_that_is_dropped_by_mouse_leaves_address_rows_and_figures(calls, centre):
    made, (number, word) = centre.handmade, weekday(centre)
    day = str(centre.handmade_day)
    calls.open(**{"from": day, "weekday": number, "hour": "9", "result": "unknown", "number": "known"})
    calls.expect_calls(made["odd"])

    drop(calls, "Результат: неизвестен").click()

    calls.expect_calls(*(made[name] for name in ("foreign", "odd", "silent", "dropped", "tour")))
    expect(calls.outcome("Все")).to_be_checked()
    expect(total(calls)).to_have_text("5")
    calls.expect_query(**{"from": day, "weekday": number, "hour": "9", "number": "known"})

    drop(calls, "С номером").click()

    calls.expect_calls(*reversed(made.values()))
    expect(chips(calls)).to_have_text([word, "Час: 9"])
    expect(total(calls)).to_have_text("6")


def test_conditions_are_dropped_by_keyboard_one_after_the_other(calls, centre):
    number, word = weekday(centre)
    day = str(centre.handmade_day)
    calls.open(**{"from": day, "weekday": number, "hour": "9", "number": "unknown"})
    calls.expect_calls(centre.handmade["hidden"])

    calls.card.focus()
    calls.page.keyboard.press("Tab")
    expect(drop(calls, word)).to_be_focused()
    calls.page.keyboard.press("Enter")
    expect(drop(calls, "Час: 9")).to_be_focused()
    calls.expect_query(**{"from": day, "hour": "9", "number": "unknown"})
    calls.page.keyboard.press("Space")
    expect(drop(calls, "Без номера")).to_be_focused()
    calls.page.keyboard.press("Enter")

    expect(calls.period).to_be_focused()
    expect(chips(calls)).to_have_count(0)
    calls.expect_query(**{"from": day})
    calls.expect_calls(*reversed(centre.handmade.values()))


def test_a_press_in_the_choice_of_results_takes_the_place_of_an_exact_result(calls, centre):
    made, day = centre.handmade, str(centre.handmade_day)
    calls.open(**{"from": day, "result": "0", "hour": "9"})
    calls.expect_calls(made["dropped"])

    calls.press_outcome("Успех")

    calls.expect_calls(made["foreign"], made["tour"])
    expect(chips(calls)).to_have_text(["Час: 9"])
    calls.expect_query(**{"from": day, "result": "success", "hour": "9"})


def test_other_filters_and_days_keep_the_conditions(calls, centre):
    made, day = centre.handmade, str(centre.handmade_day)
    calls.open(**{"from": day, "hour": "9", "number": "known"})

    calls.phone.fill("00022-33")

    calls.expect_calls(made["silent"], made["tour"])
    calls.expect_query(**{"from": day, "phone": "00022-33", "hour": "9", "number": "known"})
    calls.page.get_by_role("button", name="Предыдущий день").click()
    calls.expect_query(**{"from": str(centre.quiet_day), "phone": "00022-33", "hour": "9", "number": "known"})
    expect(chips(calls)).to_have_text(["Час: 9", "С номером"])


def test_the_file_holds_exactly_the_calls_under_the_conditions(calls, centre):
    calls.open(**{"from": centre.handmade_day, "hour": "9", "number": "unknown"})
    label = calls.page.locator("#calls-export")
    expect(label).to_have_text("CSV, 1 строка")

    with calls.page.expect_download() as coming:
        label.click()

    _, *rows = csv.reader(coming.value.path().read_text("utf-8-sig").splitlines(), delimiter=";")
    assert [int(row[0]) for row in rows] == [centre.handmade["hidden"]]


def test_conditions_that_no_call_meets_can_be_reset(calls, centre):
    day = str(centre.handmade_day)
    calls.open(**{"from": day, "hour": "3", "result": "6"})
    notice = calls.page.locator("#calls-notice")
    expect(notice).to_contain_text("Под фильтр не подошёл ни один звонок")

    notice.get_by_role("button", name="Сбросить фильтр").click()

    calls.expect_calls(*reversed(centre.handmade.values()))
    expect(chips(calls)).to_have_count(0)
    expect(calls.outcome("Все")).to_be_checked()
    calls.expect_query(**{"from": day})


def test_a_wrong_condition_of_a_link_is_told_and_can_be_dropped(calls, centre, visits):
    visits.expected_console = "400"
    day = str(centre.handmade_day)
    calls.page.goto(f"/calls?from={day}&hour=99")
    expect(calls.page.get_by_role("alert")).to_contain_text("На такой фильтр ответить нельзя")

    drop(calls, "Час: 99").click()

    calls.expect_calls(*reversed(centre.handmade.values()))
    calls.expect_query(**{"from": day})


def test_on_a_phone_conditions_are_in_sight_and_large_enough_to_drop(portal, visits, centre):
    page = visits.logged_in(portal, viewport={"width": 390, "height": 844})
    calls = CallsPage(page).open(**{"from": centre.handmade_day, "hour": "9", "number": "unknown"})
    calls.expect_calls(centre.handmade["hidden"])
    button = drop(calls, "Без номера")
    box = button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 40

    button.click()

    calls.expect_calls(*reversed(centre.handmade.values()))
    expect(chips(calls)).to_have_text(["Час: 9"])
