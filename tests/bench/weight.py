"""What the call log and the statistics weigh over the wire, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.portal import LOGIN, PASSWORD, Portal
from tests.bench.promises import Finding
from tests.e2e.browser import chromium
from tests.e2e.visits import log_in
from tests.e2e.wire import Wire, wait_for_everything, wait_for_statistics

FIRST_VISIT_KB, NEXT_VISIT_KB = 1500, 100


def findings(portal: Portal) -> Iterator[Finding]:
    """Visit `/calls` with an empty cache, then once more; then `/statistics` with an empty cache."""
    with chromium() as browser:
        page = browser.new_context(base_url=portal.url).new_page()
        wire = Wire(page)
        log_in(page, LOGIN, PASSWORD, path="/calls")
        wait_for_everything(page)
        yield _finding("/calls, first visit, login page included", wire, FIRST_VISIT_KB)
        wire.forget()
        page.goto("/calls")
        wait_for_everything(page)
        yield _finding("/calls, second visit", wire, NEXT_VISIT_KB)
        page = browser.new_context(base_url=portal.url).new_page()
        wire = Wire(page)
        log_in(page, LOGIN, PASSWORD, path="/statistics")
        wait_for_statistics(page)
        yield _finding("/statistics, first visit, login page included", wire, FIRST_VISIT_KB)


def _finding(visit: str, wire: Wire, limit: float) -> Finding:
    detail = f"{len(wire.urls)} requests, from the cache or over the wire"
    return Finding(f"Page {visit}", wire.kilobytes, limit, "KB", detail)
