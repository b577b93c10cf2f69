"""Calls that arrive and change while somebody looks at today."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.call_centre import ALICE
from tests.e2e.calls_page import LIVE_MS, CallsPage
from tests.e2e.visits import Visits
from tests.support.portal_process import PortalProcess
from tests.support.processes import wait_until


@pytest.fixture
def calls(portal: PortalProcess, visits: Visits) -> CallsPage:
    """Today's calls of the real portal."""
    calls = CallsPage(visits.logged_in(portal)).open()
    calls.id_at(0)
    return calls


def test_todays_calls_are_shown_newest_first_with_the_age_of_the_data(calls):
    expect(calls.period).to_contain_text("Сегодня")
    times = [calls.row_at(place).locator('[col-id="time"]').inner_text() for place in range(10)]
    assert times == sorted(times, reverse=True)
    expect(calls.age).to_have_text(re.compile(r"обновлено \d с назад"))
    seen = {calls.age.inner_text()}

    def has_moved() -> bool:
        seen.add(calls.age.inner_text())
        return len(seen) > 2

    wait_until(has_moved, "the age is written anew", timeout=15)


def test_the_demo_shows_calls_as_they_come(demo, visits):
    calls = CallsPage(visits.logged_in(demo, "supervisor")).open()
    first = calls.id_at(0)

    expect(calls.row_at(0)).not_to_have_attribute("row-id", str(first), timeout=60_000)

    expect(calls.row_at(0)).to_have_class(re.compile("hp-new"))


def test_a_new_call_comes_to_the_top_and_changes_as_more_becomes_known(calls, centre):
    total = centre.count(centre.day())

    call = centre.receive_call("+7 900 000-77-02")

    expect(calls.row_at(0)).to_have_attribute("row-id", str(call), timeout=LIVE_MS)
    expect(calls.row(call)).to_have_class(re.compile("hp-new"))
    expect(calls.cell(call, "phone")).to_have_text("+7 900 000-77-02")
    expect(calls.cell(call, "operator")).to_have_text("не назначен")
    expect(calls.cell(call, "result")).to_have_text("Идёт")
    expect(calls.shown).to_have_text(re.compile(rf"из {total + 1}$"))
    expect(calls.page.locator(".hp-kpi").first).to_contain_text(str(total + 1))
    expect(calls.page.locator('.hp-nav [data-count="/calls"]')).to_have_text(str(total + 1))

    centre.change_call(call, result=1, type_call=5, operator_id=centre.handmade_people[ALICE])

    expect(calls.cell(call, "result")).to_have_text("Обработано", timeout=LIVE_MS)
    expect(calls.cell(call, "type")).to_have_text("Заказ тура")
    expect(calls.cell(call, "operator")).to_have_text(ALICE)


def test_a_reader_further_down_keeps_their_place_while_calls_come_and_change(calls, centre):
    calls.scroll_to(20)
    place = calls.first_in_sight()
    watched = int(place[0])

    centre.change_call(watched, result=5, type_call=3)
    first, second = (centre.receive_call(f"+7 900 000-77-1{last}") for last in range(2))

    expect(calls.pill).to_have_text("Новых: 2", timeout=LIVE_MS)
    expect(calls.cell(watched, "result")).to_have_text("Плохая слышимость", timeout=LIVE_MS)
    assert calls.first_in_sight() == place
    calls.pill.click()
    expect(calls.row_at(0)).to_have_attribute("row-id", str(second))
    expect(calls.row_at(1)).to_have_attribute("row-id", str(first))
    expect(calls.row(second)).to_be_in_viewport()
    expect(calls.pill).to_be_hidden()


def test_going_back_to_the_top_brings_the_new_calls(calls, centre):
    calls.scroll_to(20)
    call = centre.receive_call("+7 900 000-77-21")
    expect(calls.pill).to_be_visible(timeout=LIVE_MS)

    calls.row(int(calls.first_in_sight()[0])).locator('[col-id="type"]').hover()
    calls.page.mouse.wheel(0, -100_000)

    expect(calls.row_at(0)).to_have_attribute("row-id", str(call))
    expect(calls.pill).to_be_hidden()


def test_a_filter_stays_while_calls_arrive(calls, centre):
    calls.phone.fill("000-78")
    calls.expect_query(phone="000-78")
    centre.receive_call("+7 900 000-79-01")  # another number: the filter keeps it out

    call = centre.receive_call("+7 900 000-78-01")

    expect(calls.row_at(0)).to_have_attribute("row-id", str(call), timeout=LIVE_MS)
    expect(calls.page.locator(".ag-row", has_text="+7 900 000-79-01")).to_have_count(0)
    expect(calls.phone).to_have_value("000-78")


def test_the_cell_somebody_works_in_goes_down_with_its_call(calls, centre):
    row_id = calls.id_at(2)
    calls.cell(row_id, "type").click()
    expect(calls.cell(row_id, "type")).to_be_focused()

    centre.receive_call("+7 900 000-77-41")

    expect(calls.row_at(3)).to_have_attribute("row-id", str(row_id), timeout=LIVE_MS)
    expect(calls.cell(row_id, "type")).to_be_focused()


def test_rows_hold_still_while_text_in_them_is_marked(calls, centre):
    row_id = calls.id_at(0)
    calls.cell(row_id, "time").dblclick()
    marked = calls.page.evaluate("getSelection().toString()")
    assert marked

    centre.receive_call("+7 900 000-77-42")

    expect(calls.pill).to_have_text("Новых: 1", timeout=LIVE_MS)
    expect(calls.row_at(0)).to_have_attribute("row-id", str(row_id))
    assert calls.page.evaluate("getSelection().toString()") == marked


def test_the_operators_somebody_opened_stay_open_while_calls_arrive(portal, visits, centre):
    """Operators the database has no name for, so many that the list hides the last ones."""
    nameless = [900_000 + number for number in range(20)]
    for operator_id in nameless:
        call = centre.receive_call(operator_id=operator_id)
    calls = CallsPage(visits.logged_in(portal)).open()
    expect(calls.cell(call, "operator")).to_have_text(f"оператор № {nameless[-1]}", timeout=LIVE_MS)
    hidden = calls.page.locator("#calls-operators details [data-operator]").last
    expect(hidden).to_be_hidden()
    calls.page.locator("#calls-operators summary").click()
    expect(hidden).to_be_visible()

    newest = centre.receive_call("+7 900 000-77-51")

    expect(calls.row_at(0)).to_have_attribute("row-id", str(newest), timeout=LIVE_MS)
    expect(calls.bar("не назначен")).to_have_attribute("title", re.compile("."))
    expect(hidden).to_be_visible()


def test_the_button_fetches_what_is_new_without_waiting_for_the_tick(calls, centre):
    page = calls.page
    page.route("**/tick?*", lambda route: route.fulfill(status=304))
    call = centre.receive_call("+7 900 000-77-31")

    def is_shown() -> bool:
        page.get_by_role("button", name="Обновить сейчас").click()
        return calls.row_at(0).get_attribute("row-id") == str(call)

    wait_until(is_shown, "the new call is at the top", timeout=30)
