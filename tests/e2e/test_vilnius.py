"""The centre's page in a browser: the board that moves, the search in the address, figures, decisions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from services.live import Topic, bump
from services.telephony.model import CallState, EntryState
from services.telephony.tables import CallRow
from tests.e2e.test_accessibility import PHONE, expect_nothing
from tests.e2e.visits import Visits, log_in
from tests.support.processes import LOOPBACK
from tests.unit.portal.fakes import PASSWORD, open_portal, prepare
from tests.unit.portal.vilnius_world import WITH_REGISTER, Vilnius, with_centre
from tests.unit.services.telephony.centre_world import KELIONES, ZALIAS

PATH = "/contact-center/vilnius"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_about: object) -> None:
        pass


@dataclass
class Hall:
    """A portal that answers on the loopback, and the calls of its centre."""

    url: str
    calls: Vilnius

    def happened(self) -> None:
        """Say that calls changed, as whoever writes them does."""
        with self.calls.store.write() as session:
            bump(session, Topic.TELEPHONY)


@pytest.fixture
def hall(tmp_path) -> Iterator[Hall]:
    directory = tmp_path / "portal"
    directory.mkdir()
    with open_portal(directory, prepare(tmp_path / "prepared.db"), **WITH_REGISTER) as made:
        portal, calls = with_centre(lambda **_environment: made)
        listener = make_server(LOOPBACK, 0, portal.server, threaded=True, request_handler=_Quiet)
        thread = Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield Hall(f"http://{LOOPBACK}:{listener.port}", calls)
        finally:
            listener.shutdown()
            thread.join()
            listener.server_close()


@pytest.fixture
def enter(visits: Visits, hall: Hall):
    """Opens the page for somebody who is logged in."""

    def opened(login: str = "supervisor", query: str = "", **options: Any) -> Page:
        page = visits.anonymous(hall, **options)
        log_in(page, login, PASSWORD)
        page.goto(PATH + query)
        expect(page.locator(".hp-vilnius-last")).to_be_visible()
        return page

    return opened


def board(page: Page, part: str):
    return page.locator(f".hp-vilnius-{part}")


def rows(page: Page):
    return page.locator("#vilnius-grid .ag-center-cols-container .ag-row")


def test_a_call_appears_runs_and_ends_by_itself(hall: Hall, enter):
    page = enter()
    expect(board(page, "going")).to_contain_text("Никто не говорит")

    call_id = hall.calls.call(timedelta(seconds=5), None, token="t" * 43, **KELIONES)
    hall.happened()

    expect(board(page, "last")).to_contain_text("Pavyzdinės Kelionės")
    time = board(page, "last").locator("[data-running]")
    expect(time).to_have_text(re.compile("[0-9][0-9]:[0-9][0-9]"))
    before = time.inner_text()
    expect(time).not_to_have_text(before)
    with hall.calls.store.write() as session:
        row = session.get_one(CallRow, call_id)
        row.state, row.ended_at = CallState.ENDED, row.began_at + timedelta(minutes=3, seconds=41)
    hall.happened()
    expect(board(page, "last")).to_contain_text("3:41")
    expect(board(page, "last").locator("[data-running]")).to_have_count(0)


def test_a_time_stands_still_while_the_portal_does_not_answer(visits: Visits, hall: Hall, enter):
    hall.calls.call(MINUTE, None)
    page = enter()
    time = board(page, "last").locator("[data-running]")
    expect(time).not_to_be_empty()
    visits.expected_console = "ERR_FAILED"

    page.route("**/tick?*", lambda route: route.abort())

    expect(page.locator("#frame-lost")).to_be_visible()
    stood = time.inner_text()
    page.wait_for_function("() => new Promise((done) => setTimeout(() => done(true), 2500))")
    assert time.inner_text() == stood


def test_a_search_goes_into_the_address_and_comes_back_from_it(hall: Hall, enter):
    hall.calls.call(DAY, manager="Рута Петрайтене", **KELIONES)
    hall.calls.call(2 * DAY, number="37060000999", **ZALIAS)
    page = enter()
    expect(rows(page)).to_have_count(2)

    page.locator("#vilnius-query").fill("keliones")

    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Рута Петрайтене")
    expect(page).to_have_url(re.compile(r"\?q=keliones$"))
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#vilnius-query")).to_have_value("keliones")


def test_where_nothing_is_found_the_year_is_offered(hall: Hall, enter):
    hall.calls.call(100 * DAY, **KELIONES)
    page = enter(query="?q=keliones")
    expect(page.locator("#vilnius-notice")).to_contain_text("за год найден 1 звонок")

    page.get_by_role("button", name="Показать за год").click()

    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile("period=year"))


def test_a_curators_bar_shows_todays_calls(hall: Hall, enter):
    hall.calls.call(MINUTE, curator="206")
    hall.calls.call(2 * MINUTE, curator="205")
    hall.calls.call(3 * DAY, curator="206")
    page = enter()

    board(page, "curators").get_by_role("button", name=re.compile("^206")).click()

    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile("curator=206"))
    expect(page).to_have_url(re.compile("period=today"))


def test_figures_of_the_same_period_lead_back_to_their_calls(hall: Hall, enter):
    hall.calls.call(MINUTE, theme="Payment", **KELIONES)
    hall.calls.call(2 * MINUTE, **ZALIAS)
    page = enter()

    page.locator("#vilnius-tab-statistics").click()

    figures = page.locator("#vilnius-figures")
    expect(figures.locator(".hp-vilnius-kpis")).to_contain_text("100,0")
    expect(page).to_have_url(re.compile("view=statistics"))
    figures.get_by_role("button", name="Pavyzdys Žalias").click()
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile("agency=12"))


def test_a_refused_call_is_left_out_after_the_question(hall: Hall, enter):
    call_id = hall.calls.call(entry=EntryState.REFUSED, **KELIONES)
    hall.calls.refuse(call_id)
    page = enter("admin", "?view=entries")
    expect(page.locator("#vilnius-entries")).to_contain_text("ORA-12899")

    page.get_by_role("button", name=re.compile("^Не вносить")).first.click()

    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Отменить это нельзя")
    assert hall.calls.state(call_id) is EntryState.REFUSED
    question.locator("#vilnius-drop").click()
    expect(page.locator("#vilnius-entries")).to_contain_text("Отказов нет")
    assert hall.calls.state(call_id) is EntryState.DROPPED


def test_the_page_fits_a_phone(hall: Hall, enter):
    hall.calls.call(MINUTE, None, **KELIONES | {"agency_name": "Pavyzdinis Pajūrio Turizmo Biuras " * 4})
    hall.calls.call(2 * MINUTE, manager="Рута Петрайтене", theme="Документы и визы", **ZALIAS)
    page = enter(**PHONE)
    expect(rows(page)).to_have_count(2)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["", "?view=statistics", "?view=entries"])
def test_axe_finds_nothing(hall: Hall, enter, theme, view):
    for place in range(8):
        hall.calls.call(
            (place + 2) * MINUTE, MINUTE, curator=str(200 + place % 3), theme="Payment", **KELIONES
        )
    hall.calls.call(MINUTE, None, number="37060000219", answered=False)
    hall.calls.call(4 * MINUTE, MINUTE, number="37060000219", answered=False)
    hall.calls.refuse(hall.calls.call(5 * MINUTE, **ZALIAS))
    page = enter("admin", view, color_scheme=theme)
    expect(page.locator("[id^=vilnius-panel-]:not([hidden])")).to_be_visible()
    page.wait_for_load_state("networkidle")

    expect_nothing(page)
