"""Finding calls: every filter, its way into the address, and the days."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.call_centre import ALICE, BORIS, FORMULA, CallCentre
from tests.e2e.calls_page import CallsPage
from tests.e2e.visits import Visits
from tests.support.portal_process import PortalProcess


@pytest.fixture
def calls(portal: PortalProcess, visits: Visits, centre: CallCentre) -> CallsPage:
    """The day made by hand."""
    calls = CallsPage(visits.logged_in(portal)).open(**{"from": centre.handmade_day})
    calls.expect_calls(*reversed(centre.handmade.values()))
    return calls


def field(calls: CallsPage, label: str) -> Locator:
    """A date field of the period's choice."""
    return calls.page.locator("#calls-period-choice").get_by_label(label)


def test_any_part_of_a_number_in_any_punctuation_finds_its_calls(calls, centre):
    made = centre.handmade
    for typed in ("00022-33", "(900) 000 22 33", "8-900-000-22-33"):
        calls.phone.fill("")
        calls.expect_calls(*reversed(made.values()))
        calls.phone.fill(typed)
        calls.expect_calls(made["silent"], made["tour"])
        calls.expect_query(**{"from": str(centre.handmade_day), "phone": typed})


def test_each_filter_leaves_the_calls_it_names(calls, centre):
    made = centre.handmade
    day = str(centre.handmade_day)

    calls.operator.select_option(ALICE)
    calls.expect_calls(made["dropped"], made["tour"])
    calls.operator.select_option("не назначен")
    calls.expect_calls(made["silent"])
    calls.expect_query(**{"from": day, "operator": "none"})
    calls.operator.select_option("Оператор")

    for word, value, names in (
        ("Успех", "success", ["foreign", "tour"]),
        ("Неудача", "failure", ["silent", "dropped"]),
        ("Другое", "other", ["odd", "hidden"]),
    ):
        calls.press_outcome(word)
        calls.expect_calls(*(made[name] for name in names))
        calls.expect_query(**{"from": day, "result": value})
    calls.press_outcome("Все")

    calls.call_type.select_option("Заказ тура")
    calls.expect_calls(made["tour"])
    calls.call_type.select_option("Неизвестный тип")
    calls.expect_calls(made["odd"], made["silent"])
    calls.call_type.select_option("Тип")

    calls.card.select_option("с картой")
    calls.expect_calls(made["foreign"], made["tour"])
    calls.card.select_option("без карты")
    calls.expect_calls(*(made[name] for name in ("odd", "silent", "hidden", "dropped")))
    calls.expect_query(**{"from": day, "card": "0"})


def test_an_operators_bar_filters_and_a_second_press_lifts_the_filter(calls, centre):
    made = centre.handmade

    calls.bar(ALICE).click()

    calls.expect_calls(made["dropped"], made["tour"])
    expect(calls.bar(ALICE)).to_have_attribute("aria-pressed", "true")
    expect(calls.operator.locator("option:checked")).to_have_text(ALICE)
    calls.bar(ALICE).click()
    calls.expect_calls(*reversed(made.values()))
    expect(calls.bar(ALICE)).to_have_attribute("aria-pressed", "false")


def test_a_number_in_a_row_leads_to_its_calls(calls, centre):
    made = centre.handmade

    calls.cell(made["silent"], "phone").get_by_role("button").click()

    calls.expect_calls(made["silent"], made["tour"])
    expect(calls.phone).to_have_value("+7 900 000-22-33")


def test_a_name_that_looks_like_markup_is_shown_as_it_is(calls, centre):
    expect(calls.cell(centre.handmade["hidden"], "operator")).to_have_text(FORMULA)
    expect(calls.cell(centre.handmade["odd"], "phone")).to_have_text("=7900000555")


def test_a_link_with_filters_opens_them_and_a_reload_keeps_them(portal, visits, centre):
    day, boris = str(centre.handmade_day), str(centre.handmade_people[BORIS])
    query = {"from": day, "operator": boris, "result": "success", "type": "2", "card": "1", "phone": "+44"}
    calls = CallsPage(visits.logged_in(portal)).open(**query)

    for _ in range(2):
        calls.expect_calls(centre.handmade["foreign"])
        expect(calls.phone).to_have_value("+44")
        expect(calls.operator.locator("option:checked")).to_have_text(BORIS)
        expect(calls.outcome("Успех")).to_be_checked()
        expect(calls.call_type.locator("option:checked")).to_have_text("Агентство")
        expect(calls.card.locator("option:checked")).to_have_text("с картой")
        calls.expect_query(**query)
        calls.page.reload()


def test_a_filter_that_is_too_narrow_says_so_and_can_be_reset(calls, centre):
    calls.phone.fill("999999")
    empty = calls.page.locator("#calls-notice")
    expect(empty).to_contain_text("Под фильтр не подошёл ни один звонок")

    empty.get_by_role("button", name="Сбросить фильтр").click()

    calls.expect_calls(*reversed(centre.handmade.values()))
    expect(calls.phone).to_have_value("")
    expect(empty).to_be_empty()
    calls.expect_query(**{"from": str(centre.handmade_day)})


def test_one_steps_from_day_to_day_and_back_to_today(calls, centre):
    page = calls.page
    page.get_by_role("button", name="Предыдущий день").click()
    expect(page.locator("#calls-notice")).to_contain_text("звонков не было")
    calls.expect_query(**{"from": str(centre.quiet_day)})
    page.get_by_role("button", name="Следующий день").click()
    calls.expect_calls(*reversed(centre.handmade.values()))

    calls.period.click()
    page.locator("#calls-show-today").click()

    expect(calls.period).to_contain_text("Сегодня")
    calls.expect_query()
    expect(page.get_by_role("button", name="Следующий день")).to_be_disabled()
    page.get_by_role("button", name="Предыдущий день").click()
    expect(calls.period).to_contain_text("Вчера")
    expect(page.get_by_role("button", name="Следующий день")).to_be_enabled()


def test_a_period_from_day_to_day_shows_the_calls_of_all_its_days(calls, centre):
    calls.period.click()
    expect(field(calls, "С")).to_be_focused()
    before, after = centre.handmade_day - timedelta(days=1), centre.handmade_day + timedelta(days=1)

    field(calls, "По").fill(str(after))
    field(calls, "С").fill(str(before))

    calls.expect_query(**{"from": str(before), "to": str(after)})
    total = centre.count(after) + len(centre.handmade)
    expect(calls.shown).to_have_text(re.compile(rf"из {total}$"))
    # With more than one day, the time of a call names its day.
    expect(calls.row_at(0).locator('[col-id="time"]')).to_have_text(re.compile(rf"^{after:%d\.%m}, "))
    calls.page.keyboard.press("Escape")
    expect(field(calls, "С")).to_be_hidden()


def test_a_day_older_than_the_copy_is_read_from_the_call_centre(portal, visits, centre):
    calls = CallsPage(visits.logged_in(portal)).open(**{"from": centre.old_day})

    calls.id_at(0)
    expect(calls.shown).to_have_text(re.compile(rf"из {centre.count(centre.old_day)}$"))


def test_a_link_with_a_wrong_filter_is_told_so_and_shows_no_call(portal, visits):
    visits.expected_console = "400"
    page = visits.logged_in(portal)

    page.goto("/calls?result=splendid")

    notice = page.locator("#calls-notice")
    expect(notice.get_by_role("alert")).to_contain_text("На такой фильтр ответить нельзя")
    expect(page.locator(".ag-center-cols-container .ag-row .hp-b")).to_have_count(0)
