"""The front page: where a shift starts, live, and true in an outage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.calls_page import LIVE_MS, CallsPage
from tests.e2e.test_outage import HEALED_MS, NOTICED_MS
from tests.e2e.visits import PASSWORD, log_in
from tests.support.faulty_proxy import FaultyProxy


@pytest.fixture
def healed(line: FaultyProxy) -> Iterator[None]:
    """Leaves the line as it was, whatever the test did to it."""
    yield
    line.pass_through()


def figure(page: Page) -> str:
    """The calls of the day on the centre's card."""
    return page.locator(".hp-centre .hp-kpi .v").first.inner_text()


def open_home(page: Page) -> Page:
    page.goto("/")
    expect(page.locator(".hp-centre .hp-kpi .v").first).to_have_text(re.compile(r"\d"))
    return page


def test_the_centre_leads_to_its_calls_and_counts_them_alike(portal, visits):
    page = open_home(visits.logged_in(portal))
    expect(page.locator('a.hp-navlink[href="/"]')).to_have_attribute("aria-current", "page")
    count = page.locator('[data-count="/calls"]')
    expect(count).to_have_text(re.compile(r"\d"))
    expect(page.locator(".hp-centre .hp-kpi .v").first).to_have_text(count.inner_text())

    page.get_by_role("link", name="Москва").click()

    CallsPage(page).wait()
    expect(page).to_have_url(f"{portal.url}/calls")


def test_a_call_that_begins_shows_without_a_reload(portal, visits, centre):
    page = open_home(visits.logged_in(portal))
    before = figure(page)
    page.evaluate("window.sameDocument = true")

    centre.receive_call("+7 900 000-81-01", result=1)

    expect(page.locator(".hp-centre .hp-kpi .v").first).not_to_have_text(before, timeout=LIVE_MS)
    assert page.evaluate("window.sameDocument")


def test_calls_without_an_operator_are_told_and_opened(portal, visits, centre):
    page = open_home(visits.logged_in(portal))
    number = centre.receive_call("+7 900 000-81-02", at=centre.now() - timedelta(minutes=3))

    told = page.locator(".hp-concerns .hp-banner", has_text="без оператора")
    expect(told).to_be_visible(timeout=LIVE_MS)
    told.get_by_role("link", name="Показать звонки").click()

    calls = CallsPage(page).wait()
    expect(calls.row(number)).to_be_visible()
    centre.change_call(number, result=2)


@pytest.mark.usefixtures("healed")
def test_a_silent_source_stands_first_until_it_is_back(portal, visits, line):
    page = open_home(visits.logged_in(portal))
    before = figure(page)

    line.refuse()

    worst = page.locator(".hp-concerns .hp-banner").first
    expect(worst).to_contain_text(re.compile(r"База звонков не отвечает с \d\d:\d\d"), timeout=NOTICED_MS)
    expect(page.locator(".hp-systems")).to_contain_text("молчит")
    expect(page.locator(".hp-centre").first).to_have_class(re.compile("hp-stale"))
    assert figure(page) == before

    line.pass_through()

    expect(page.locator(".hp-systems")).to_contain_text("отвечает", timeout=HEALED_MS)
    expect(page.locator(".hp-centre").first).not_to_have_class(re.compile("hp-stale"), timeout=HEALED_MS)


def test_who_may_not_see_the_calls_starts_without_their_figures(portal, visits):
    portal.command(
        *("users", "add", "pavel", "--name", "Павел", "--role", "operator", "--revoke", "moscow"),
        typed=[PASSWORD],
    )
    page = visits.anonymous(portal)

    log_in(page, "pavel", PASSWORD)

    expect(page.locator("#home-board")).to_contain_text("Вам пока не открыт ни один раздел")
    expect(page.locator("#home-board")).to_contain_text("База звонков")
    expect(page.locator(".hp-centre")).to_have_count(0)


def test_the_page_fits_a_phone(portal, visits):
    page = visits.logged_in(portal, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_home(page)

    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    expect(page.locator(".hp-tabs a").first).to_have_text("Обзор")
    expect(page.locator(".hp-tabs a").nth(1)).to_have_text("Журнал")
