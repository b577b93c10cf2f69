"""The agency directory as a person uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.agencies_page import AgenciesPage
from tests.e2e.call_centre import ADDRESS, AGENCY, AGENCY_PHONE, CLIENT, CallCentre
from tests.e2e.calls_page import LIVE_MS, CallsPage
from tests.e2e.test_accessibility import PHONE
from tests.e2e.visits import Visits
from tests.support.faulty_proxy import FaultyProxy
from tests.support.portal_process import PortalProcess

#: The directory looks once a minute; then comes a tick.
LOOKED_MS = 90_000


@pytest.fixture
def agencies(portal: PortalProcess, visits: Visits) -> AgenciesPage:
    """The directory; its page may use the clipboard."""
    page = visits.logged_in(portal)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return AgenciesPage(page).open()


@pytest.mark.parametrize(
    "text", ["северное сияние", "СИЯНИЕ городец", "тверская 7 туры", "8 (900) 000-33-44", "0003344 туры"]
)
def test_words_and_numbers_of_any_kind_find_an_agency_while_one_types(agencies, text):
    agencies.search.press_sequentially(text, delay=20)

    expect(agencies.names()).to_have_text([AGENCY])
    expect(agencies.found).to_have_text(re.compile(r"^1 агентство из \d+$"))
    agencies.expect_query(q=text)


def test_the_address_brings_the_search_back(agencies):
    agencies.search.fill("сияние")
    expect(agencies.names()).to_have_text([AGENCY])

    agencies.page.reload()

    expect(agencies.search).to_have_value("сияние")
    expect(agencies.names()).to_have_text([AGENCY])


def test_a_search_that_finds_nothing_says_so_and_offers_the_way_out(agencies):
    agencies.search.fill("нет такого % ' \" \\")

    expect(agencies.page.locator("#agencies-notice")).to_contain_text("не подошло ни одно агентство")
    agencies.page.get_by_role("button", name="Очистить поиск").click()

    expect(agencies.names().first).to_be_visible()
    expect(agencies.search).to_be_focused()
    agencies.expect_query()


def test_the_window_tells_all_and_leads_to_the_map(agencies):
    agencies.search.fill("сияние")
    expect(agencies.names()).to_have_text([AGENCY])
    id_ = agencies.id_of(AGENCY)
    agencies.names().first.click()

    expect(agencies.dialog.get_by_role("heading", level=2)).to_have_text(AGENCY)
    for text in (f"Агентство № {id_}", AGENCY_PHONE, "Городец", "директор"):
        expect(agencies.dialog).to_contain_text(text)
    link = agencies.dialog.get_by_role("link", name=ADDRESS)
    assert parse_qs(urlsplit(link.get_attribute("href") or "").query) == {"text": [f"Городец, {ADDRESS}"]}
    agencies.expect_query(q="сияние", open=id_)

    agencies.dialog.get_by_role("button", name=f"Скопировать {AGENCY_PHONE}").click()
    expect(agencies.page.locator("#frame-toasts")).to_have_text(f"Скопировано: {AGENCY_PHONE}")
    assert agencies.page.evaluate("navigator.clipboard.readText()") == AGENCY_PHONE


def test_keys_alone_lead_to_an_agency_and_back(agencies):
    keyboard = agencies.page.keyboard
    keyboard.press("/")
    expect(agencies.search).to_be_focused()
    keyboard.press("ArrowDown")
    expect(agencies.row_at(0).locator('[col-id="name"]')).to_be_focused()
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(agencies.dialog).to_be_visible()

    keyboard.press("Escape")

    expect(agencies.dialog).to_have_count(0)
    expect(agencies.row_at(1).locator('[col-id="name"]')).to_be_focused()
    keyboard.press("ArrowUp")
    keyboard.press("ArrowUp")
    expect(agencies.search).to_be_focused()
    keyboard.type("сияние")
    expect(agencies.names()).to_have_text([AGENCY])
    keyboard.press("Enter")
    expect(agencies.dialog.get_by_role("heading", level=2)).to_have_text(AGENCY)
    keyboard.press("Escape")
    expect(agencies.dialog).to_have_count(0)
    keyboard.press("/")
    keyboard.press("Escape")
    expect(agencies.search).to_have_value("")
    agencies.expect_query()


def test_a_link_opens_the_window_and_closing_it_leaves_the_list(agencies, portal, visits):
    agencies.search.fill("сияние")
    expect(agencies.names()).to_have_text([AGENCY])
    anew = AgenciesPage(visits.logged_in(portal)).open(open=agencies.id_of(AGENCY))

    expect(anew.dialog.get_by_role("heading", level=2)).to_have_text(AGENCY)
    anew.dialog.get_by_role("button", name="Закрыть").click()

    expect(anew.dialog).to_have_count(0)
    anew.expect_query()
    expect(anew.names().first).to_be_visible()


@pytest.mark.parametrize("hidden", [280, 318, 999_999])
def test_a_link_to_an_agency_that_is_not_shown_says_so(portal, visits, hidden):
    page = AgenciesPage(visits.logged_in(portal)).open(open=hidden)

    expect(page.dialog).to_contain_text(f"Агентства № {hidden} нет")


def test_from_a_call_to_its_agency_and_from_there_to_the_call(portal, visits, centre):
    calls = CallsPage(visits.logged_in(portal)).open(**{"from": centre.handmade_day})
    calls.cell(centre.handmade["tour"], "info").get_by_role("button").click()
    calls.dialog.get_by_role("link", name="Все звонки агентства").click()

    agencies = AgenciesPage(calls.page)
    expect(agencies.page).to_have_url(re.compile(r"/agencies\?open=\d+$"))
    expect(agencies.dialog.get_by_role("heading", level=2)).to_have_text(AGENCY)
    rung = agencies.dialog.locator(".hp-rung")
    expect(rung).to_contain_text("1 звонок")
    expect(rung).to_contain_text("Звонки за")
    expect(rung.locator("tbody tr")).to_contain_text(["+7 900 000-22-33"])

    rung.locator("tbody a").first.click()

    expect(calls.page).to_have_url(re.compile(rf"/calls\?from={centre.handmade_day}&open=agency"))
    expect(calls.dialog.get_by_role("heading", level=2)).to_have_text(AGENCY)
    expect(calls.dialog).to_contain_text(CLIENT)


def test_a_number_leads_to_the_calls_from_it(portal, visits, centre):
    page = AgenciesPage(visits.logged_in(portal)).open(q="сияние")
    page.names().first.click()

    page.dialog.get_by_role("link", name=f"Звонки с номера {AGENCY_PHONE}").click()

    calls = CallsPage(page.page).wait()
    expect(calls.phone).to_have_value(AGENCY_PHONE)


def test_on_a_phone_an_agency_is_two_lines(portal, visits):
    page = AgenciesPage(visits.logged_in(portal, **PHONE)).open(q="сияние")

    brief = page.page.locator('.ag-row [col-id="brief"]')
    expect(brief).to_have_count(1)
    for text in (AGENCY, "Городец", AGENCY_PHONE):
        expect(brief).to_contain_text(text)
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.names().first.tap()

    expect(page.dialog.get_by_role("heading", level=2)).to_have_text(AGENCY)
    assert page.dialog.evaluate("one => one.scrollWidth <= one.clientWidth")


@pytest.fixture
def healed(line: FaultyProxy) -> Iterator[None]:
    """Leaves the line as it was, whatever the test did to it."""
    yield
    line.pass_through()


@pytest.mark.usefixtures("healed")
def test_in_an_outage_the_directory_is_searched_on_with_its_age_and_the_reason(
    portal: PortalProcess, visits: Visits, centre: CallCentre, line: FaultyProxy
):
    page = AgenciesPage(visits.logged_in(portal)).open()
    expect(page.age).to_have_text(re.compile(r"обновлено \d+ (с|мин) назад"))

    line.refuse()

    banner = page.page.locator("#frame-banner .hp-banner")
    expect(banner).to_contain_text("База звонков не отвечает", timeout=60_000)
    expect(page.age).to_have_text(re.compile(r"данные на \d\d:\d\d:\d\d, \d+ (с|мин) назад"), timeout=LIVE_MS)
    expect(page.age).to_have_attribute("title", "База звонков не отвечает")
    page.search.fill("сияние")
    page.names().first.click()
    expect(page.dialog).to_contain_text("данные на")
    page.page.keyboard.press("Escape")
    page.search.fill("после тишины")
    expect(page.page.locator("#agencies-notice")).to_contain_text("не подошло ни одно агентство")
    # The centre goes on without us.
    centre.store("agentstvo", name="Агентство после тишины", hidden=0)

    line.pass_through()

    expect(page.names()).to_have_text(["Агентство после тишины"], timeout=LOOKED_MS)
    expect(banner).to_have_count(0, timeout=LIVE_MS)
    expect(page.age).to_have_text(re.compile(r"обновлено"), timeout=LIVE_MS)
