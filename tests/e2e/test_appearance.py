"""Theme, language and the phone layout."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.call_centre import CallCentre
from tests.e2e.calls_page import CallsPage
from tests.e2e.visits import PASSWORD, Visits, log_in
from tests.support.portal_process import PortalProcess

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
#: Remembers when the theme was written, to compare with the first paint.
_NOTE_THEME = """
window.themeWritten = [];
new MutationObserver(() => window.themeWritten.push(performance.now()))
  .observe(document, {subtree: true, attributes: true, attributeFilter: ["data-bs-theme"]});
"""
_PAINTED_AFTER_THEME = """() => {
  const paint = performance.getEntriesByName("first-paint")[0];
  return paint && window.themeWritten.length > 0 && Math.max(...window.themeWritten) <= paint.startTime;
}"""
_LIGHTNESS = """(selector) => {
  const colour = getComputedStyle(document.querySelector(selector));
  const [r, g, b] = (selector.includes("path") ? colour.fill : colour.backgroundColor).match(/[\\d.]+/g);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}"""


def theme(page: Page) -> str | None:
    return page.locator("html").get_attribute("data-bs-theme")


def press_theme(page: Page) -> None:
    page.locator(".hp-top").get_by_role("button", name="Тема").click()


def test_the_theme_goes_from_light_to_dark_to_the_systems_and_is_kept(portal, visits):
    page = visits.logged_in(portal, color_scheme="light")
    CallsPage(page).open().id_at(0)
    html = page.locator("html")
    bar = "#calls-hours .bars path"
    expect(page.locator(bar).first).to_be_visible()
    light_bar = page.locator(bar).first.evaluate("(bar) => getComputedStyle(bar).fill")

    press_theme(page)
    expect(html).to_have_attribute("data-bs-theme", "light")
    press_theme(page)

    expect(html).to_have_attribute("data-bs-theme", "dark")
    assert page.evaluate(_LIGHTNESS, ".ag-root-wrapper") < 0.3
    assert page.evaluate(_LIGHTNESS, ".hp-card") < 0.3
    expect(page.locator(bar).first).not_to_have_css("fill", light_bar)
    page.goto("/account/password")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.goto("/calls")
    press_theme(page)
    expect(html).to_have_attribute("data-bs-theme", "light")  # as the system, which is light
    page.emulate_media(color_scheme="dark")
    expect(html).to_have_attribute("data-bs-theme", "dark")


def test_a_dark_page_never_flashes_light(portal, visits):
    page = visits.logged_in(portal, color_scheme="light")
    page.context.add_cookies([{"name": "portal_theme", "value": "dark", "url": portal.url}])
    page.add_init_script(_NOTE_THEME)

    for path in ("/calls", "/account/password"):
        page.goto(path)
        page.wait_for_function(_PAINTED_AFTER_THEME)
        assert theme(page) == "dark"


def test_the_language_is_switched_for_the_page_the_grid_and_the_login(
    portal: PortalProcess, visits: Visits, centre: CallCentre
):
    portal.add_person("lena", PASSWORD, name="Лена Петрова")
    page = visits.anonymous(portal)
    log_in(page, "lena", PASSWORD, path=f"/calls?from={centre.handmade_day}")
    calls = CallsPage(page).wait()
    grids_own_word = """() => {
      const text = dash_ag_grid.getApi("calls-grid").getGridOption("getLocaleText");
      return text({key: "noRowsToShow", defaultValue: "No Rows To Show"});
    }"""
    calls.id_at(0)
    assert re.search("[а-я]", page.evaluate(grids_own_word))

    page.get_by_role("button", name="Переключить на английский").click()

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Call log")
    expect(page.locator('.ag-header-cell[col-id="phone"]')).to_have_text("Phone")
    expect(calls.cell(centre.handmade["tour"], "result")).to_have_text("Handled")
    expect(calls.shown).to_have_text("Shown 1–6 of 6")
    expect(calls.age).to_have_text(re.compile(r"updated \d+ s ago"))
    assert page.evaluate(grids_own_word) == "No Rows To Show"
    expect(page.locator("#calls-outcome")).to_have_text("AllSuccessFailureOther")
    page.locator("details.hp-menu summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Enter")).to_be_visible()

    page.get_by_role("link", name="RU").click()

    log_in(page, "lena", PASSWORD, path="/login")
    page.get_by_role("button", name="Switch to Russian").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Обзор")


def test_a_tablet_keeps_the_chart_readable_above_a_scrolling_grid(portal, visits):
    page = visits.logged_in(portal, viewport={"width": 1024, "height": 768})
    CallsPage(page).open().id_at(5)
    expect(page.locator("#calls-hours .bars path").first).to_be_visible()

    heights = page.evaluate("""() =>
      ["#calls-hours", "#calls-grid"].map((one) => document.querySelector(one).getBoundingClientRect().height)
    """)

    assert heights[0] >= 70
    assert heights[1] >= 300
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 1024


def test_a_phone_shows_calls_in_two_lines_between_bar_and_tabs(portal, visits, centre):
    page = visits.logged_in(portal, **PHONE)
    calls = CallsPage(page).open(**{"from": centre.handmade_day})
    tour = calls.row(centre.handmade["tour"])

    expect(tour).to_contain_text("+7 900 000-22-33")
    expect(tour).to_contain_text("Абрикосова А. Л. · Заказ тура")
    expect(tour).to_contain_text("Обработано")
    expect(page.locator(".hp-tabs")).to_be_visible()
    expect(page.locator(".hp-nav")).to_be_hidden()
    expect(calls.operator).to_be_hidden()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390

    page.get_by_role("button", name="Фильтры").tap()
    calls.operator.select_option("не назначен")

    calls.expect_calls(centre.handmade["silent"])
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_a_phone_opens_the_windows_and_the_sheet_with_everything_else(portal, visits, centre):
    page = visits.logged_in(portal, **PHONE)
    calls = CallsPage(page).open(**{"from": centre.handmade_day})
    tour = calls.row(centre.handmade["tour"])
    tour.get_by_role("button", name="Агентство звонка").tap()
    expect(calls.dialog.get_by_role("heading", level=2)).to_contain_text("Северное сияние")
    calls.dialog.get_by_role("button", name="Закрыть").tap()
    expect(calls.dialog).to_have_count(0)

    page.locator(".hp-tabs").get_by_role("button", name="Ещё").tap()

    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("База звонков")
    expect(sheet.get_by_role("button", name="Выйти")).to_be_visible()
    sheet.get_by_role("button", name="Тема").tap()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    sheet.get_by_role("button", name="Тема").tap()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
