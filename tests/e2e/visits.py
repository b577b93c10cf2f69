"""Visits to a portal: watched browser contexts, logged in or not."""

from __future__ import annotations

import re
from typing import Any, Protocol

from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from tests.e2e.browser import Watch

DESKTOP = {"width": 1440, "height": 900}
#: The person of the real portal.
SUPERVISOR, PASSWORD = "maria", "correct horse battery"
DEMO_PEOPLE, DEMO_PASSWORD = ("operator", "supervisor", "admin"), "demo"


class Place(Protocol):
    """Where a portal answers."""

    @property
    def url(self) -> str: ...


class Visits:
    """Opens watched browser contexts and, at the end of the test, fails with what their pages did wrong."""

    def __init__(self, browser: Browser, states: dict[tuple[str, str], StorageState]) -> None:
        self._browser = browser
        self._states = states
        self._open: list[tuple[BrowserContext, Watch]] = []
        #: Pattern of console errors that the test brings about itself.
        self.expected_console: str | None = None

    def anonymous(self, portal: Place, **options: Any) -> Page:
        """A page in a context of its own that was never at `portal` before."""
        options = {"viewport": DESKTOP, "base_url": portal.url} | options
        context = self._browser.new_context(**options)
        self._open.append((context, Watch(context, portal.url)))
        return context.new_page()

    def logged_in(self, portal: Place, login: str = SUPERVISOR, **options: Any) -> Page:
        """The same, logged in as `login`; the login itself is done once a session for each person.

        Do not log out in it: others share the session.
        """
        key = (portal.url, login)
        if key not in self._states:
            page = self.anonymous(portal)
            log_in(page, login, DEMO_PASSWORD if login in DEMO_PEOPLE else PASSWORD)
            self._states[key] = page.context.storage_state()
            page.context.close()
            self._open.pop()
        return self.anonymous(portal, storage_state=self._states[key], **options)

    def end(self) -> None:
        """Close everything; AssertionError when a page did what no page may do."""
        try:
            for _context, watch in self._open:
                watch.assert_clean(expected_console=self.expected_console)
        finally:
            for context, _watch in self._open:
                context.close()


def log_in(page: Page, login: str, password: str, *, path: str = "/") -> None:
    """Fill in the login form, which `path` leads to, and wait for the first page."""
    page.goto(path)
    page.get_by_label("Логин", exact=True).fill(login)
    page.get_by_label("Пароль", exact=True).fill(password)
    page.get_by_role("button", name="Войти", exact=True).click()
    expect(page).not_to_have_url(re.compile("/login"))
