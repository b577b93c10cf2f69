"""The windows over the log: client card and agency."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.call_centre import (
    ADDRESS,
    ADVERT,
    AGENCY,
    AGENCY_PHONE,
    AGENCY_PHONE_COMMENT,
    ALICE,
    CLIENT,
    CallCentre,
)
from tests.e2e.calls_page import LIVE_MS, CallsPage
from tests.e2e.visits import Visits
from tests.support.portal_process import PortalProcess


@pytest.fixture
def calls(portal: PortalProcess, visits: Visits, centre: CallCentre) -> CallsPage:
    """The day made by hand; its page may use the clipboard."""
    page = visits.logged_in(portal)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return CallsPage(page).open(**{"from": centre.handmade_day})


def test_the_client_card_shows_who_called(calls, centre):
    call = centre.handmade["tour"]

    calls.cell(call, "card").get_by_role("button").click()

    expect(calls.dialog.get_by_role("heading", level=2)).to_have_text(CLIENT)
    for text in ("Городец", ADVERT, ALICE, "+7 900 000-22-33"):
        expect(calls.dialog).to_contain_text(text)
    calls.expect_query(**{"from": str(centre.handmade_day), "open": f"card:{call}"})


def test_the_agency_leads_to_the_map_and_tells_how_it_was_rung(calls, centre):
    calls.cell(centre.handmade["tour"], "info").get_by_role("button").click()

    expect(calls.dialog.get_by_role("heading", level=2)).to_have_text(AGENCY)
    for text in (AGENCY_PHONE, AGENCY_PHONE_COMMENT, "дозвон", CLIENT):
        expect(calls.dialog).to_contain_text(text)
    link = calls.dialog.get_by_role("link", name=ADDRESS)
    address = urlsplit(link.get_attribute("href") or "")
    assert (address.scheme, address.netloc, address.path) == ("https", "yandex.ru", "/maps/")
    assert parse_qs(address.query) == {"text": [f"Городец, {ADDRESS}"]}
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", re.compile("noopener"))


def test_a_phone_can_be_copied(calls, centre):
    calls.cell(centre.handmade["tour"], "info").get_by_role("button").click()

    calls.dialog.get_by_role("button", name=f"Скопировать {AGENCY_PHONE}").click()

    expect(calls.page.locator("#frame-toasts")).to_have_text(f"Скопировано: {AGENCY_PHONE}")
    assert calls.page.evaluate("navigator.clipboard.readText()") == AGENCY_PHONE


def test_escape_closes_the_window_and_gives_the_focus_back(calls, centre):
    button = calls.cell(centre.handmade["foreign"], "card").get_by_role("button")
    button.click()
    expect(calls.dialog).to_be_visible()

    calls.page.keyboard.press("Escape")

    expect(calls.dialog).to_have_count(0)
    calls.expect_query(**{"from": str(centre.handmade_day)})
    expect(button).to_be_focused()


def test_the_focus_goes_back_to_the_call_even_when_others_came_above_it(portal, visits, centre):
    calls = CallsPage(visits.logged_in(portal)).open()
    pp_id = centre.store("privat_processing", calls_results_ids="", client_name_id=0)
    call = centre.receive_call("+7 900 000-76-01", pp_id=pp_id)
    expect(calls.row_at(0)).to_have_attribute("row-id", str(call), timeout=LIVE_MS)
    calls.cell(call, "card").get_by_role("button").click()
    expect(calls.dialog).to_be_visible()
    centre.receive_call("+7 900 000-76-02")
    expect(calls.row_at(1)).to_have_attribute("row-id", str(call), timeout=LIVE_MS)

    calls.dialog.get_by_role("button", name="Закрыть").click()

    expect(calls.dialog).to_have_count(0)
    expect(calls.cell(call, "card")).to_be_focused()


def test_a_link_to_a_window_opens_it(portal, visits, centre):
    calls = CallsPage(visits.logged_in(portal))

    calls.open(**{"from": centre.handmade_day, "open": f"agency:{centre.handmade['tour']}"})

    expect(calls.dialog.get_by_role("heading", level=2)).to_have_text(AGENCY)
    calls.dialog.get_by_role("button", name="Закрыть").click()
    expect(calls.dialog).to_have_count(0)
    calls.expect_query(**{"from": str(centre.handmade_day)})


def test_a_link_to_a_card_that_is_not_there_says_so(portal, visits, centre):
    calls = CallsPage(visits.logged_in(portal))

    calls.open(open=f"card:{centre.handmade['silent']}")

    expect(calls.dialog).to_contain_text("нет карты клиента")
