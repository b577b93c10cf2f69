"""Long periods: rows, their count and the figures come or fail each by itself.

The answers that only millions of calls bring about are put in the place of the portal's own.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.calls_page import CallsPage

WHY = "База звонков не успевает на это ответить. Выберите период короче."


@pytest.fixture
def calls(portal, visits):
    return CallsPage(visits.logged_in(portal))


def test_a_year_is_opened(calls, centre):
    calls.open(**{"from": str(centre.day(365)), "to": str(centre.day())})

    calls.id_at(0)
    expect(calls.shown).to_have_text(re.compile(r"^Показаны 1–\d+ из "))
    expect(calls.page.locator("#calls-figures .v")).to_have_count(3)


def test_rows_that_cannot_be_had_say_why_and_the_figures_stay(calls, centre, visits):
    visits.expected_console = "503"
    calls.page.route(re.compile("/calls/rows"), lambda route: route.fulfill(status=503, json={"error": WHY}))
    calls.open(**{"from": centre.handmade_day})

    expect(calls.page.get_by_role("alert")).to_have_text(WHY)
    expect(calls.page.locator("#calls-figures .v").first).to_have_text("6")
    expect(calls.page.locator(".hp-sk-cell:visible")).to_have_count(0)

    calls.page.unroute_all()
    calls.page.get_by_role("button", name="Обновить сейчас").click()

    calls.expect_calls(*reversed(centre.handmade.values()))
    expect(calls.page.get_by_role("alert")).to_have_count(0)


def test_rows_that_nobody_counted_are_shown_and_say_so(calls, centre):
    def uncounted(route: Route) -> None:
        answer = route.fetch().json()
        # The last block is shorter than what was asked for: then its end is the end.
        rows = answer["rows"] * 20 if "offset=0" in route.request.url else []
        named = [row | {"id": str(place + 1)} for place, row in enumerate(rows[:100])]
        route.fulfill(json=answer | {"rows": named, "total": None})

    calls.page.route(re.compile("/calls/rows"), uncounted)
    calls.open(**{"from": centre.handmade_day})

    expect(calls.shown).to_have_text(re.compile(r"^Показаны 1–\d+, всего не подсчитано$"))
    calls.row_at(0).hover()
    calls.page.mouse.wheel(0, 100_000)
    expect(calls.shown).to_have_text(re.compile(r"–100 из 100$"))
