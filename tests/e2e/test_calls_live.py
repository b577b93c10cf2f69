"""Calls that arrive and change while somebody looks at today."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.call_centre import ALICE, CallCentre
from tests.e2e.calls_page import LIVE_MS, CallsPage
from tests.e2e.conftest import Visits
from tests.support.portal_process import PortalProcess
from tests.support.processes import wait_until


@pytest.fixture
def calls(portal: PortalProcess, visits: Visits) -> CallsPage:
    """Today's calls of the real portal."""
    calls = CallsPage(visits.logged_in(portal)).open()
    expect(calls.row_at(0)).to_be_visible()
    return calls


def test_todays_calls_are_shown_newest_first(calls, centre):
    newest = centre.receive_call("+7 900 000-77-01")

    expect(calls.row_at(0)).to_have_attribute("row-id", str(newest), timeout=LIVE_MS)
    expect(calls.period).to_contain_text("Сегодня")
    times = [calls.row_at(place).locator('[col-id="time"]').inner_text() for place in range(10)]
    assert times == sorted(times, reverse=True)


def test_the_demo_shows_calls_as_they_come(demo, visits):
    calls = CallsPage(visits.logged_in(demo, "supervisor")).open()
    first = calls.row_at(0).get_attribute("row-id")
    assert first is not None

    expect(calls.row_at(0)).not_to_have_attribute("row-id", first, timeout=60_000)

    expect(calls.row_at(0)).to_have_class(re.compile("hp-new"))


def test_a_new_call_comes_to_the_top_and_is_counted(calls, centre):
    total = centre.count(centre.day())

    call = centre.receive_call("+7 900 000-77-02")

    expect(calls.row_at(0)).to_have_attribute("row-id", str(call), timeout=LIVE_MS)
    expect(calls.cell(call, "phone")).to_have_text("+7 900 000-77-02")
    expect(calls.cell(call, "operator")).to_have_text("не назначен")
    expect(calls.cell(call, "result")).to_have_text("Идёт")
    expect(calls.row(call)).to_have_class(re.compile("hp-new"))
    expect(calls.shown).to_have_text(re.compile(rf"из {total + 1}$"))
    expect(calls.page.locator(".hp-kpi").first).to_contain_text(str(total + 1))
    expect(calls.page.locator('.hp-nav [data-count="/calls"]')).to_have_text(str(total + 1))


def test_what_becomes_known_of_a_call_later_changes_its_row(calls, centre):
    call = centre.receive_call("+7 900 000-77-03")
    expect(calls.cell(call, "result")).to_have_text("Идёт", timeout=LIVE_MS)

    operator_id = centre.handmade_people[ALICE]
    centre.change_call(call, result=1, type_call=5, operator_id=operator_id)

    expect(calls.cell(call, "result")).to_have_text("Обработано", timeout=LIVE_MS)
    expect(calls.cell(call, "type")).to_have_text("Заказ тура")
    expect(calls.cell(call, "operator")).to_have_text(ALICE)


def test_a_reader_further_down_keeps_their_place_and_a_pill_counts_what_is_new(calls, centre):
    calls.scroll_to(20)
    place = calls.first_in_sight()

    first, second = (centre.receive_call(f"+7 900 000-77-1{last}") for last in range(2))

    expect(calls.pill).to_have_text("Новых: 2", timeout=LIVE_MS)
    assert calls.first_in_sight() == place
    calls.pill.click()
    expect(calls.row_at(0)).to_have_attribute("row-id", str(second))
    expect(calls.row_at(1)).to_have_attribute("row-id", str(first))
    expect(calls.row(second)).to_be_in_viewport()
    expect(calls.pill).to_be_hidden()


def test_an_edit_reaches_a_reader_further_down_without_moving_them(calls, centre):
    calls.scroll_to(20)
    place = calls.first_in_sight()
    watched = int(place[0])

    centre.change_call(watched, result=5, type_call=3)

    expect(calls.cell(watched, "result")).to_have_text("Плохая слышимость", timeout=LIVE_MS)
    assert calls.first_in_sight() == place


def test_going_back_to_the_top_brings_the_new_calls(calls, centre):
    calls.scroll_to(20)
    call = centre.receive_call("+7 900 000-77-21")
    expect(calls.pill).to_be_visible(timeout=LIVE_MS)

    calls.page.mouse.wheel(0, -100_000)

    expect(calls.row_at(0)).to_have_attribute("row-id", str(call))
    expect(calls.pill).to_be_hidden()


def test_filters_and_what_is_marked_stay_while_calls_arrive(calls, centre):
    calls.phone.fill("000-78")
    calls.expect_query(phone="000-78")
    first = centre.receive_call("+7 900 000-78-01")
    expect(calls.row_at(0)).to_have_attribute("row-id", str(first), timeout=LIVE_MS)
    calls.cell(first, "time").click()
    calls.cell(first, "time").dblclick()
    marked = calls.page.evaluate("getSelection().toString()")
    assert marked

    centre.receive_call("+7 900 000-79-01")  # another number: the filter keeps it out
    second = centre.receive_call("+7 900 000-78-02")

    calls.expect_calls(second, first)
    expect(calls.cell(first, "time")).to_have_class(re.compile("ag-cell-focus"))
    assert calls.page.evaluate("getSelection().toString()") == marked
    expect(calls.phone).to_have_value("000-78")


def test_the_button_fetches_what_is_new_without_waiting_for_the_tick(calls, centre):
    page = calls.page
    page.route("**/tick?*", lambda route: route.abort())
    call = centre.receive_call("+7 900 000-77-31")

    def is_shown() -> bool:
        page.get_by_role("button", name="Обновить сейчас").click()
        return calls.row_at(0).get_attribute("row-id") == str(call)

    wait_until(is_shown, "the new call is at the top", timeout=30)


def test_the_age_of_the_data_runs(calls):
    expect(calls.age).to_have_text(re.compile(r"обновлено \d с назад"))
    seen = {calls.age.inner_text()}

    def has_moved() -> bool:
        seen.add(calls.age.inner_text())
        return len(seen) > 2

    wait_until(has_moved, "the age is written anew", timeout=15)
