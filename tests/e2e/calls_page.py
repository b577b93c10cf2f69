"""The call log as a person sees it: its rows, its filters and what stands above them."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

#: A new call needs a cycle of the collector (2 s), a tick (5 s), and what a busy machine adds.
LIVE_MS = 30_000


class CallsPage:
    """`/calls` in one browser page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        #: The rows the grid keeps drawn, a few beyond its edges included.
        self.rows = page.locator(".ag-center-cols-container .ag-row")
        self.phone = page.get_by_label("Телефон, любая часть")
        self.operator = page.get_by_label("Оператор", exact=True)
        self.call_type = page.get_by_label("Тип звонка", exact=True)
        self.card = page.get_by_label("Карта клиента", exact=True)
        self.period = page.locator("#calls-period")
        self.pill = page.locator("#calls-pill")
        self.shown = page.locator("#calls-shown")
        self.dialog = page.get_by_role("dialog")
        self.age = page.locator(".hp-top .hp-age")
        self.banner = page.locator("#frame-banner .hp-banner")

    def open(self, **query: object) -> CallsPage:
        """Go to the page with this query and wait until the figures are there."""
        self.page.goto("/calls" + (f"?{urlencode(query)}" if query else ""))
        return self.wait()

    def wait(self) -> CallsPage:
        """Wait until the figures above the log are drawn."""
        expect(self.page.locator("#calls-figures .v").first).to_be_visible()
        return self

    def row(self, call_id: int) -> Locator:
        """The row of a call, if the grid has it drawn."""
        return self.page.locator(f'.ag-row[row-id="{call_id}"]')

    def row_at(self, place: int) -> Locator:
        """The row at a place counted from 0."""
        return self.page.locator(f'.ag-center-cols-container .ag-row[row-index="{place}"]')

    def id_at(self, place: int) -> int:
        """The call at a place; waits until the grid has it."""
        row = self.row_at(place)
        expect(row).to_have_attribute("row-id", re.compile(r"^\d+$"))
        return int(row.get_attribute("row-id") or 0)

    def cell(self, call_id: int, column: str) -> Locator:
        """One cell of a call's row; `column` is time, phone, operator, result, type, card, info."""
        return self.row(call_id).locator(f'[col-id="{column}"]')

    def expect_calls(self, *call_ids: int) -> None:
        """Expect exactly these calls, from the top."""
        for place, call_id in enumerate(call_ids):
            expect(self.row_at(place)).to_have_attribute("row-id", str(call_id))
        expect(self.rows).to_have_count(len(call_ids))

    def expect_query(self, **query: str) -> None:
        """Expect the address to hold exactly this, in any order."""
        each = "".join(
            f"(?=(.*&)?{re.escape(urlencode({key: value}, safe=':'))}(&|$))" for key, value in query.items()
        )
        parts = rf"\?{each}[^&]+(&[^&]+){{{len(query) - 1}}}" if query else ""
        expect(self.page).to_have_url(re.compile(f"/calls{parts}$"))

    def press_outcome(self, word: str) -> None:
        """Choose one of Все, Успех, Неудача, Другое."""
        self.page.locator("#calls-outcome").get_by_text(word, exact=True).click()

    def outcome(self, word: str) -> Locator:
        """The radio button of that word."""
        return self.page.get_by_role("radio", name=word, exact=True)

    def bar(self, name: str) -> Locator:
        """The bar of an operator, named in full."""
        return self.page.locator("#calls-operators").get_by_title(re.compile(f"^{re.escape(name)}:"))

    def scroll_to(self, place: int) -> None:
        """Scroll with the wheel until the row at `place` is the first one in sight."""
        self.row_at(0).hover()
        height = self.row_at(0).bounding_box()
        assert height is not None
        self.page.mouse.wheel(0, place * height["height"])
        expect(self.shown).to_have_text(re.compile(f"^Показаны {place + 1}–"))

    def first_in_sight(self) -> tuple[str, float]:
        """The call whose row is the first whole one below the header, and its distance from the grid's top.

        Of a grid that is being drawn again there may be none: ("", 0).
        """
        call_id, top = self.page.evaluate(_FIRST_IN_SIGHT)
        return str(call_id), float(top)


#: Row ids by their place on the screen, whatever order the grid keeps its elements in.
_FIRST_IN_SIGHT = """() => {
  const edge = document.querySelector(".ag-body-viewport").getBoundingClientRect().top;
  const rows = [...document.querySelectorAll(".ag-center-cols-container .ag-row[row-id]")]
    .map((row) => [row.getAttribute("row-id"), row.getBoundingClientRect().top - edge])
    .filter(([id, top]) => top >= -1).sort((one, other) => one[1] - other[1]);
  return rows.length ? rows[0] : ["", 0];
}"""
