"""What a page takes over the wire."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.calls_page import CallsPage
from tests.e2e.statistics_page import StatisticsPage


class Wire:
    """Counts what arrives in a page, as it was encoded on the way."""

    def __init__(self, page: Page) -> None:
        self._sizes: dict[str, float] = {}
        self._urls: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._begin)
        session.on("Network.loadingFinished", self._end)

    @property
    def kilobytes(self) -> float:
        return sum(self._sizes.values()) / 1000

    @property
    def urls(self) -> list[str]:
        return list(self._urls.values())

    def heaviest(self) -> str:
        """For the failure: the largest answers, in kB."""
        largest = sorted(self._sizes, key=lambda request: self._sizes[request], reverse=True)[:12]
        return "\n".join(f"{self._sizes[one] / 1000:8.1f} {self._urls.get(one)}" for one in largest)

    def forget(self) -> None:
        self._sizes.clear()
        self._urls.clear()

    def _begin(self, event: dict[str, Any]) -> None:
        self._urls[event["requestId"]] = event["request"]["url"]

    def _end(self, event: dict[str, Any]) -> None:
        self._sizes[event["requestId"]] = event["encodedDataLength"]


def wait_for_everything(page: Page) -> None:
    """Wait until the call log shows its rows and its chart, and nothing more comes."""
    calls = CallsPage(page).wait()
    calls.id_at(0)
    expect(page.locator("#calls-hours .bars path").first).to_be_visible()
    page.wait_for_load_state("networkidle")


def wait_for_statistics(page: Page) -> None:
    """Wait until the statistics show their figures and their chart, and nothing more comes."""
    StatisticsPage(page).wait()
    expect(page.locator("#statistics-months .scatterlayer .trace").first).to_be_attached()
    page.wait_for_load_state("networkidle")
