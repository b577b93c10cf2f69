"""The statistics as a person sees them: figures, tables, periods, and the calls behind a figure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

#: The first fill of the roll-ups, on a machine that does other work as well.
COUNTED_MS = 90_000


@dataclass(frozen=True)
class Figure:
    """A number of calls on the page and the address of the log that is to hold as many."""

    calls: int
    address: str


class StatisticsPage:
    """`/statistics` in one browser page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.kpis = page.locator("#statistics-kpis .hp-kpi")
        self.notice = page.locator("#statistics-notice")
        self.operators = page.locator("#statistics-operators")
        self.heat = page.locator("#statistics-heat")
        self.period = page.locator("#statistics-period")
        self.compare = page.get_by_label("Сравнение", exact=True)
        self.chip = page.locator("#statistics-chip")

    def open(self, **query: object) -> StatisticsPage:
        """Go to the page with this query and wait until all days of the period are counted."""
        self.page.goto("/statistics" + (f"?{urlencode(query)}" if query else ""))
        return self.wait()

    def wait(self) -> StatisticsPage:
        """Wait until the figures are drawn and no day is missing."""
        expect(self.kpis).to_have_count(6, timeout=COUNTED_MS)
        expect(self.notice).not_to_contain_text("ещё не посчитан", timeout=COUNTED_MS)
        return self

    def expect_calls(self, count: int) -> None:
        """Expect the first figure to be this number of calls."""
        grouped = re.sub(r"(?<=\d)(?=(\d{3})+$)", r"\\s?", str(count))
        expect(self.kpis.first.locator(".v")).to_have_text(
            re.compile(rf"^\s*{grouped}\s*$"), timeout=COUNTED_MS
        )

    def calls(self) -> int:
        """The number of calls in the first figure."""
        return _number(self.kpis.first.locator(".v").inner_text())

    def expect_query(self, text: str) -> None:
        """Expect the address to hold exactly this query."""
        expect(self.page).to_have_url(re.compile(rf"/statistics{re.escape('?' + text) if text else ''}$"))

    def shortcut(self, name: str) -> Locator:
        return self.page.locator("#statistics-bar").get_by_role("button", name=name, exact=True)

    def head(self, name: str) -> Locator:
        """The head of a column of the operators' table, to sort by."""
        return self.operators.get_by_role("button", name=name, exact=True)

    def names(self) -> list[str]:
        """The operators in the order of the table."""
        return self.operators.locator("tbody th").all_inner_texts()

    def figures(self) -> list[Figure]:
        """All figures of the page that count calls and open them."""
        links = self.page.locator("#statistics-board a[href^='/calls']").evaluate_all(
            "(links) => links.map((link) => [link.textContent, link.title, link.getAttribute('href')])"
        )
        found = []
        for text, title, address in links:
            # A rounded or averaged figure has the number of its calls in its title.
            told = re.search(r"([\d\s]+) звон", title)
            if told or re.fullmatch(r"[\d\s]+", text):
                found.append(Figure(_number(told[1] if told else text), address))
        return found


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text))
