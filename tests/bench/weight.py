"""What the call log weighs over the wire, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.bench.portal import LOGIN, PASSWORD, Portal
from tests.bench.promises import Finding
from tests.e2e.browser import chromium

_FIRST_KB, _AGAIN_KB = 1_500, 100
_WAIT_MS = 60_000.0


def findings(portal: Portal) -> Iterator[Finding]:
    """Visit `/calls` with an empty cache, the login page included, and once more."""
    with chromium() as browser:
        context = browser.new_context(base_url=portal.url)
        first = _weigh(context, _come_in)
        again = _weigh(context, _come_back)
    yield Finding("/calls after login, first visit", first.kilobytes, _FIRST_KB, "KB", first.told)
    yield Finding("/calls, second visit", again.kilobytes, _AGAIN_KB, "KB", again.told)
