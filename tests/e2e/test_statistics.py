"""The statistics in a browser: periods, order, files, paper, and the calls behind each figure."""

from __future__ import annotations

import csv
import random
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.calls_page import LIVE_MS, CallsPage
from tests.e2e.statistics_page import StatisticsPage
from tests.e2e.test_keyboard import press_until_inside
from tests.support.faulty_proxy import FaultyProxy

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NOTICED_MS = HEALED_MS = 60_000


@pytest.fixture
def healed(line: FaultyProxy) -> Iterator[None]:
    """Leaves the line as it was, whatever the test did to it."""
    yield
    line.pass_through()


def test_the_page_opens_with_the_month_and_says_zone_and_freshness(portal, visits):
    statistics = StatisticsPage(visits.logged_in(portal)).open()

    assert statistics.calls() > 0
    expect(statistics.page.locator("#statistics-bar [aria-pressed=true]")).to_have_count(1)
    expect(statistics.page.locator("#statistics-bar")).to_contain_text("Время центра:")
    expect(statistics.chip).to_contain_text(re.compile(r"\d+ (с|мин|ч).* назад"))
    expect(statistics.page.locator("#statistics-months .scatterlayer .trace").first).to_be_attached()
    expect(statistics.kpis.last).to_contain_text("база не хранит окончание")


def test_a_shortcut_changes_figures_and_address_and_the_address_brings_them_back(portal, visits, centre):
    statistics = StatisticsPage(visits.logged_in(portal)).open()
    month = statistics.calls()

    statistics.shortcut("Вчера").click()
    expect(statistics.shortcut("Вчера")).to_have_attribute("aria-pressed", "true")

    statistics.expect_query("period=yesterday")
    assert statistics.calls() == centre.count(centre.day(1)) != month
    anew = StatisticsPage(visits.logged_in(portal))
    anew.page.goto(urlsplit(statistics.page.url)._replace(scheme="", netloc="").geturl())
    anew.wait()
    expect(anew.shortcut("Вчера")).to_have_attribute("aria-pressed", "true")
    assert anew.calls() == statistics.calls()


def test_days_of_ones_own_are_chosen_by_keyboard(portal, visits, centre):
    statistics = StatisticsPage(visits.logged_in(portal)).open()
    page, day = statistics.page, centre.day(2)

    statistics.period.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#statistics-first")).to_be_focused()
    page.locator("#statistics-first").fill(str(day))
    page.locator("#statistics-last").fill(str(day))
    page.keyboard.press("Enter")

    statistics.expect_query(f"from={day}&to={day}")
    expect(statistics.period).to_be_focused()
    expect(page.locator("#statistics-own-days")).to_be_hidden()
    statistics.expect_calls(centre.count(day))


def test_a_comparison_is_chosen_and_dropped(portal, visits):
    statistics = StatisticsPage(visits.logged_in(portal)).open(period="yesterday")
    below = statistics.kpis.first.locator(".d")
    expect(below).to_contain_text("было")

    statistics.compare.select_option(label="без сравнения")

    statistics.expect_query("period=yesterday&compare=none")
    expect(below).to_be_empty()


def test_an_address_that_makes_no_sense_is_answered_in_words(portal, visits):
    visits.expected_console = "400"
    page = visits.logged_in(portal)

    page.goto("/statistics?from=yesterday")

    expect(page.locator("#statistics-notice [role=alert]")).to_contain_text("from")
    expect(page.locator("#statistics-kpis")).to_be_hidden()


def test_operators_are_sorted_by_keyboard_and_the_focus_stays(portal, visits):
    statistics = StatisticsPage(visits.logged_in(portal)).open(period="yesterday")
    page = statistics.page
    by_calls = statistics.names()

    statistics.head("Оператор").focus()
    page.keyboard.press("Enter")

    column = statistics.operators.locator("th[aria-sort]")
    expect(column).to_have_attribute("aria-sort", "ascending")
    expect(column).to_contain_text("Оператор")
    expect(statistics.head("Оператор")).to_be_focused()
    statistics.expect_query("period=yesterday&sort=name")
    people = [name for name in statistics.names() if name != "не назначен"]
    assert sorted(people, key=str.casefold) == people
    assert sorted(statistics.names()) == sorted(by_calls)

    page.keyboard.press("Enter")

    expect(column).to_have_attribute("aria-sort", "descending")
    statistics.expect_query("period=yesterday&sort=-name")


def test_a_call_that_comes_in_changes_the_figures_and_nothing_else(portal, visits, centre):
    statistics = StatisticsPage(visits.logged_in(portal)).open(period="today")
    page = statistics.page
    before = statistics.calls()
    link = statistics.operators.locator("tbody tr").nth(8).locator("a").nth(1)
    link.focus()
    statistics.operators.evaluate("(place) => { place.scrollTop = 60; place.marked = true; }")
    row = statistics.operators.locator("tbody tr").nth(8).evaluate_handle("(row) => row")

    centre.receive_call("+7 900 000-61-61", at=centre.now())

    expect(statistics.kpis.first.locator(".v")).not_to_have_text(
        statistics.kpis.first.locator(".v").inner_text(), timeout=LIVE_MS
    )
    assert statistics.calls() > before
    expect(link).to_be_focused()
    assert statistics.operators.evaluate("(place) => place.scrollTop") == 60
    assert row.evaluate("(row) => row.isConnected")
    page.close()


def test_a_table_is_downloaded_as_csv_and_as_a_workbook(portal, visits):
    statistics = StatisticsPage(visits.logged_in(portal)).open(period="yesterday", sort="name")
    page = statistics.page
    people = len(statistics.names())
    page.get_by_text("Скачать", exact=True).click()

    with page.expect_download() as coming:
        page.get_by_role("link", name="Операторы, CSV").click()
    rows = list(csv.reader(coming.value.path().read_text("utf-8-sig").splitlines(), delimiter=";"))
    with page.expect_download() as coming:
        page.get_by_role("link", name="Операторы, XLSX").click()

    assert len(rows) == people + 1
    assert coming.value.suggested_filename.endswith(".xlsx")
    with zipfile.ZipFile(coming.value.path()) as book:
        assert "xl/worksheets/sheet2.xml" in book.namelist()


def test_paper_is_light_and_has_all_tables_and_no_navigation(portal, visits):
    statistics = StatisticsPage(visits.logged_in(portal, color_scheme="dark")).open(period="yesterday")
    page = statistics.page
    page.evaluate("""addEventListener('beforeprint', () => {
      window.onPaper = document.documentElement.dataset.bsTheme;
    })""")

    file = page.pdf(prefer_css_page_size=True)

    assert page.evaluate("window.onPaper") == "light"
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert len(re.findall(rb"/Type\s*/Page\b", file)) in range(2, 7)
    assert b"/MediaBox [0 0 594" in file or b"/MediaBox [0 0 595" in file  # A4, upright
    page.emulate_media(media="print")
    for hidden in (".hp-nav", "#statistics-bar", ".hp-top .end"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#statistics-paper-head")).to_contain_text("Часовой пояс:")
    expect(page.locator("#statistics-paper-foot")).to_be_visible()
    heights = statistics.operators.evaluate("(place) => [place.scrollHeight, place.clientHeight]")
    assert heights[0] <= heights[1] + 1


def test_a_phone_has_figures_two_by_two_and_scrolls_tables_inside_their_cards(portal, visits):
    statistics = StatisticsPage(visits.logged_in(portal, **PHONE)).open(period="yesterday")

    first, second, third = (statistics.kpis.nth(place).bounding_box() for place in range(3))

    assert first["y"] == second["y"] < third["y"]
    assert first["x"] == third["x"]
    assert _overflow(statistics.page) <= 0


@pytest.mark.parametrize("width", [768, 1024, 1440, 1920])
def test_no_width_makes_the_page_scroll_sideways(portal, visits, width):
    statistics = StatisticsPage(visits.logged_in(portal, viewport={"width": width, "height": 900})).open()

    assert _overflow(statistics.page) <= 0


@pytest.mark.usefixtures("healed")
def test_an_outage_leaves_the_figures_and_says_of_when_they_are(portal, visits, line):
    statistics = StatisticsPage(visits.logged_in(portal)).open(period="yesterday")
    calls = statistics.calls()

    line.refuse()

    board = statistics.page.locator("#statistics-board")
    expect(board).to_have_class(re.compile("hp-stale"), timeout=NOTICED_MS)
    expect(statistics.chip).to_contain_text("данные на")
    expect(statistics.page.locator("#frame-banner .hp-banner")).to_have_count(1)
    assert statistics.calls() == calls

    line.pass_through()

    expect(board).not_to_have_class(re.compile("hp-stale"), timeout=HEALED_MS)


def test_from_the_navigation_to_a_cell_of_the_heat_map_by_keyboard_alone(portal, visits):
    page = visits.logged_in(portal)
    CallsPage(page).open()

    press_until_inside(page, "Tab", "a.hp-navlink[href='/statistics']")
    page.keyboard.press("Enter")
    statistics = StatisticsPage(page).wait()
    press_until_inside(page, "Tab", "#statistics-heat a")
    address = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(re.escape(address)))
    CallsPage(page).wait()
    assert statistics.page is page


@pytest.mark.parametrize("attempt", range(3))
def test_a_figure_its_click_through_and_the_log_agree(portal, visits, centre, attempt):
    """Days that are over: nobody changes them while the test looks."""
    choice = random.Random()
    ago = sorted((choice.randint(1, 13), choice.randint(1, 13)), reverse=True)
    first, last = (centre.day(0) - timedelta(days=days) for days in ago)
    statistics = StatisticsPage(visits.logged_in(portal)).open(**{"from": first, "to": last})
    page = statistics.page
    figures = statistics.figures()
    asked = choice.sample(figures, min(20, len(figures)))

    found = {figure.address: _calls_in_log(page, figure.address) for figure in asked}

    assert {figure.address: figure.calls for figure in asked} == found, (attempt, first, last)
    opened = choice.choice([figure for figure in asked if figure.calls])
    page.locator(f"#statistics-board a[href='{opened.address}']").first.click()
    label = CallsPage(page).wait().page.locator("#calls-export")
    expect(label).to_have_text(re.compile(r"CSV, "))
    assert int(re.sub(r"\D", "", label.inner_text())) == opened.calls
    page.go_back()
    statistics.wait()
    statistics.expect_query(f"from={first}&to={last}")


def _calls_in_log(page: Page, address: str) -> int:
    answer = page.request.get(address.replace("/calls?", "/calls/rows?") + "&limit=1")
    assert answer.ok, (address, answer.text())
    return int(answer.json()["total"])


def _overflow(page: Page) -> int:
    return int(page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"))
