"""The caller's card in a browser: it names its call, completes itself, saves a theme without loading again.

What the pages are made of is decided by a telephony of the tests' own, so that a gateway can answer late and
a call can end when a test wants it to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Thread

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from services.errors import Reason
from services.storage import StorageUnavailable
from services.telephony.model import CallState, CardAnswer, Match, MatchKind
from tests.e2e.test_accessibility import PHONE, expect_nothing
from tests.e2e.visits import Visits
from tests.support.processes import LOOPBACK
from tests.unit.portal.fakes import open_portal, prepare
from tests.unit.portal.telephony_examples import (
    AGENCY_ID,
    CARD,
    NUMBER,
    TEL,
    THEMES,
    UNKNOWN_NUMBER,
    FakeTelephony,
    past_call,
    token_of_call,
)

BEGIN = f"{TEL}?type=newcall&ani={NUMBER}&curator_id=205"


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_about: object) -> None:
        pass


@dataclass
class Desk:
    """A portal that answers on the loopback, and its telephony."""

    url: str
    telephony: FakeTelephony


@pytest.fixture
def desk(tmp_path) -> Iterator[Desk]:
    directory = tmp_path / "portal"
    directory.mkdir()
    telephony = FakeTelephony()
    telephony.centre.past = tuple(past_call(days) for days in range(1, 42))
    settings = {
        "TELEPHONY__THEMES": ", ".join(THEMES),
        "TELEPHONY__LOG_FILE": str(tmp_path / "stat.log"),
        "CRM__DATABASE_URL": f"sqlite:///{tmp_path / 'crm.db'}",
    }
    with open_portal(directory, prepare(tmp_path / "prepared.db"), telephony=telephony, **settings) as portal:
        listener = make_server(LOOPBACK, 0, portal.server, threaded=True, request_handler=_Quiet)
        thread = Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield Desk(f"http://{LOOPBACK}:{listener.port}", telephony)
        finally:
            listener.shutdown()
            thread.join()
            listener.server_close()


@pytest.fixture
def page(visits: Visits, desk: Desk) -> Page:
    return visits.anonymous(desk)


def called(desk: Desk, number: int = 1):
    """The call with this id, as it is stored."""
    return desk.telephony.ledger.calls[token_of_call(number)]


def test_the_address_becomes_the_calls_own_and_loading_it_again_reports_nothing(page, desk):
    page.goto(BEGIN)

    expect(page).to_have_url(f"{desk.url}/call-show/caller/?call={token_of_call(1)}")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(CARD.name)
    assert len(desk.telephony.reports) == 1


def test_a_card_completes_itself_and_warns(page, desk):
    desk.telephony.cards.answer = CardAnswer(None, None, Reason.TIMEOUT)
    page.goto(BEGIN)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Агентство № 11")
    page.keyboard.press("2")
    expect(page.locator("#saved")).to_contain_text("Сохранено")

    desk.telephony.cards.cards[AGENCY_ID] = replace(CARD, blacklisted=True)
    desk.telephony.cards.answer = None

    expect(heading).to_have_text(CARD.name)
    expect(page.get_by_role("alert")).to_contain_text("Чёрный список")
    expect(page.get_by_role("button", name="Оплата")).to_have_attribute("aria-pressed", "true")
    assert len(desk.telephony.reports) == 1


def test_a_digit_saves_a_theme_without_loading_the_page_again(page, desk):
    page.goto(BEGIN)
    page.evaluate("window.same = true")

    page.keyboard.press("4")
    expect(page.locator("#saved")).to_have_text(re.compile(r"Сохранено в \d\d:\d\d:\d\d"))
    assert called(desk).theme == THEMES[3]
    page.get_by_role("button", name=THEMES[0]).click()
    expect(page.get_by_role("button", name=THEMES[0])).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name=THEMES[3])).to_have_attribute("aria-pressed", "false")

    assert called(desk).theme == THEMES[0]
    assert page.evaluate("window.same") is True


def test_a_theme_that_is_not_saved_is_not_shown_as_chosen(page, desk, visits):
    visits.expected_console = "503"
    page.goto(BEGIN)
    desk.telephony.ledger.error = StorageUnavailable("x")

    page.keyboard.press("1")

    expect(page.locator("#saved")).to_contain_text("Не сохранено")
    expect(page.get_by_role("button", name=THEMES[0])).to_have_attribute("aria-pressed", "false")
    desk.telephony.ledger.error = None
    page.keyboard.press("1")
    expect(page.locator("#saved")).to_contain_text("Сохранено в")


def test_two_tabs_set_the_themes_of_their_own_calls(page, desk):
    page.goto(BEGIN)
    other = page.context.new_page()
    other.goto(f"{TEL}?type=newcall&ani={UNKNOWN_NUMBER}&curator_id=206")

    page.keyboard.press("1")
    other.keyboard.press("2")

    for tab in (page, other):
        expect(tab.locator("#saved")).to_contain_text("Сохранено")
    assert (called(desk, 1).theme, called(desk, 2).theme) == (THEMES[0], THEMES[1])


def test_times_run_until_the_call_ends(page, desk):
    page.clock.install()
    page.goto(BEGIN)
    running = page.locator("[data-running]")
    before = running.inner_text()

    page.clock.run_for(5_000)
    assert running.inner_text() > before
    expect(page.locator("[data-age]")).to_have_text(re.compile(r"данные шлюза [5-9] с назад"))
    call = called(desk)
    ended_at = call.began_at + timedelta(minutes=3)
    desk.telephony.ledger.calls[call.token] = replace(call, state=CallState.ENDED, ended_at=ended_at)
    page.clock.run_for(20_000)

    expect(page.locator("[data-part=line]")).to_contain_text("длился 3:00")
    expect(running).to_have_count(0)


def test_the_farewell_shows_the_theme_that_is_chosen_there(page, desk):
    page.goto(BEGIN)
    page.goto(f"{TEL}?type=endcall&ani={NUMBER}&curator_id=205")
    expect(page.locator("#theme")).to_have_text("не выбрана")

    page.keyboard.press("5")

    expect(page.locator("#theme")).to_have_text(THEMES[4])


def test_an_unknown_number_can_be_copied(page, desk):
    page.goto(f"{TEL}?type=newcall&ani={UNKNOWN_NUMBER}")

    page.get_by_role("button", name="Скопировать номер").click()

    expect(page.get_by_role("button", name=f"Скопировано: +{UNKNOWN_NUMBER}")).to_be_visible()


def test_a_card_can_be_read_and_used_without_script(visits, desk):
    page = visits.anonymous(desk, java_script_enabled=False)
    page.goto(BEGIN)
    expect(page.get_by_role("heading", level=1)).to_have_text(CARD.name)

    page.get_by_role("button", name=THEMES[1]).click()

    expect(page).to_have_url(re.compile("/call-show/"))
    expect(page.get_by_role("button", name=THEMES[1])).to_have_attribute("aria-pressed", "true")
    assert called(desk).theme == THEMES[1]


PAGES = {
    "card": BEGIN,
    "blacklisted": f"{TEL}?type=newcall&ani=37060000733",
    "unknown": f"{TEL}?type=newcall&ani={UNKNOWN_NUMBER}",
    "hidden": f"{TEL}?type=newcall&ani=anonymous",
    "farewell": f"{TEL}?type=endcall&ani={NUMBER}",
    "refused": f"{TEL}?type=nothing",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_no_page_is_wider_than_its_window(visits, desk, name, theme):
    visits.expected_console = "400"
    desk.telephony.matches["37060000733"] = Match(MatchKind.PROBABLE, 12, (9,))
    desk.telephony.cards.cards[12] = replace(CARD, agency_id=12, blacklisted=True, contract=False, boss=None)
    for options in ({}, PHONE):
        page = visits.anonymous(desk, color_scheme=theme, **options)
        page.goto(PAGES[name])
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)

        expect_nothing(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
