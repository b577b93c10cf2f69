"""The agency directory as a person sees it: its search, its list and the window of an agency."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect


class AgenciesPage:
    """`/agencies` in one browser page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.search = page.get_by_label("Название, адрес, город, метро, район или телефон")
        self.found = page.locator("#agencies-found")
        self.dialog = page.get_by_role("dialog")
        self.age = page.locator("#agencies-age")

    def open(self, **query: object) -> AgenciesPage:
        """Go to the page with this query and wait until its list is there."""
        self.page.goto("/agencies" + (f"?{urlencode(query)}" if query else ""))
        expect(self.found).to_have_text(re.compile("агентств"))
        return self

    def names(self) -> Locator:
        return self.page.locator(".ag-center-cols-container .hp-agency-name")

    def row_at(self, place: int) -> Locator:
        return self.page.locator(f'.ag-center-cols-container .ag-row[row-index="{place}"]')

    def id_of(self, name: str) -> str:
        row = self.page.locator(".ag-center-cols-container .ag-row", has_text=name).first
        return row.get_attribute("row-id") or ""

    def expect_query(self, **query: str) -> None:
        expected = f"?{urlencode(query)}" if query else ""
        expect(self.page).to_have_url(re.compile(re.escape(f"/agencies{expected}") + "$"))
