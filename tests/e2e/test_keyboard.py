"""The whole way without a mouse."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.call_centre import AGENCY
from tests.e2e.calls_page import CallsPage
from tests.e2e.visits import PASSWORD, SUPERVISOR

#: More stops than any page of the portal has before its grid.
_MOST_STOPS = 60
#: The focus is in the window, or in the browser's own controls, where the body stands for them.
_WITHIN_DIALOG = """() =>
  document.activeElement === document.body || document.activeElement.closest("[role=dialog]") !== null
"""


def press_until_inside(page: Page, key: str, selector: str) -> None:
    """Press `key` until the focus is on or within what `selector` names."""
    for _ in range(_MOST_STOPS):
        if page.evaluate("(selector) => document.activeElement.closest(selector) !== null", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never leads to {selector}")


def test_from_the_login_to_an_agency_and_back_by_keyboard_alone(portal, visits, centre):
    page = visits.anonymous(portal)
    page.goto(f"/calls?from={centre.handmade_day}")
    expect(page.get_by_label("Логин")).to_be_focused()
    page.keyboard.type(SUPERVISOR)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    calls = CallsPage(page).wait()
    calls.expect_calls(*reversed(centre.handmade.values()))

    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="К содержанию")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#main') !== null")

    page.keyboard.press("/")
    expect(calls.phone).to_be_focused()
    page.keyboard.type("22-33")
    calls.expect_calls(centre.handmade["silent"], centre.handmade["tour"])

    press_until_inside(page, "Tab", "#calls-grid")
    press_until_inside(page, "ArrowDown", f'.ag-row[row-id="{centre.handmade["tour"]}"]')
    press_until_inside(page, "ArrowRight", '[col-id="info"]')
    page.keyboard.press("Enter")
    expect(calls.dialog.get_by_role("heading", level=2)).to_have_text(AGENCY)
    for _ in range(12):
        page.keyboard.press("Tab")
        page.wait_for_function(_WITHIN_DIALOG)

    page.keyboard.press("Escape")

    expect(calls.dialog).to_have_count(0)
    expect(calls.cell(centre.handmade["tour"], "info")).to_be_focused()


def test_operators_and_results_are_chosen_by_keyboard(portal, visits, centre):
    page = visits.logged_in(portal)
    calls = CallsPage(page).open(**{"from": centre.handmade_day})
    made = centre.handmade
    press_until_inside(page, "Tab", "#calls-operators")

    page.keyboard.press("Enter")

    pressed = page.locator("#calls-operators [aria-pressed=true]")
    expect(pressed).to_have_count(1)
    expect(pressed).to_be_focused()
    page.keyboard.press("Enter")
    calls.expect_calls(*reversed(made.values()))
    press_until_inside(page, "Tab", "#calls-outcome")
    page.keyboard.press("ArrowRight")
    calls.expect_calls(made["foreign"], made["tour"])
