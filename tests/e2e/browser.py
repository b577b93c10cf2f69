"""The installed Chromium under Playwright, and a watch over what a page must not do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
    sync_playwright,
)

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")  # Debian's package; Ubuntu's is a snap, which cannot be driven
LOOPBACK_ONLY = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
FLAGS = (
    "--no-sandbox",  # as root Chromium starts in no other way
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers give /dev/shm 64 MB
    # No calls home, and no name but ours is found: a foreign request fails at once.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-quic",
    "--no-proxy-server",
    f"--host-resolver-rules={LOOPBACK_ONLY}",
)
_WEB_SCHEMES = {"http", "https", "ws", "wss"}  # data:, blob: and about: never leave the page
_REPORT = "portalTestsReport"
_REPORT_VIOLATIONS = f"""
document.addEventListener("securitypolicyviolation", (event) => {{
  const place = `${{event.sourceFile}}:${{event.lineNumber}}`;
  window.{_REPORT}(`${{event.violatedDirective}} blocked ${{event.blockedURI}} at ${{place}}`);
}});
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium: the system's, or where there is none, the one that Playwright installed."""
    installed = SYSTEM_CHROMIUM if SYSTEM_CHROMIUM.exists() else None
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=installed, args=FLAGS) as browser,
    ):
        yield browser


class Watch:
    """Collects what no page of the portal may do, in all pages of one browser context.

    Make it before the context's first page.
    """

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        """Begin to watch; `base_url` is where the portal answers, the only place pages may talk to."""
        self.console_errors: list[str] = []
        self.page_errors: list[str] = []
        self.csp_violations: list[str] = []
        self.foreign_requests: list[str] = []
        self._context = context
        self._home = urlsplit(base_url).netloc
        context.expose_binding(_REPORT, lambda _source, violation: self.csp_violations.append(violation))
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._hear)
        context.on("weberror", self._catch)
        context.on("request", self._see)
        context.on("page", self._follow)

    def assert_clean(self, *, expected_console: str | None = None) -> None:
        """Fail with everything that was collected.

        Args:
            expected_console: pattern of console errors that the test brings about itself, e.g. a refused
                request that the browser reports; they are not counted.
        """
        for page in self._context.pages:
            page.evaluate("0")  # a round trip: what the page did before it has been reported by now
        console = [
            said
            for said in self.console_errors
            if expected_console is None or not re.search(expected_console, said)
        ]
        found = [
            *(f"console: {said}" for said in console),
            *(f"uncaught: {error}" for error in self.page_errors),
            *(f"CSP: {violation}" for violation in self.csp_violations),
            *(f"foreign request: {url}" for url in self.foreign_requests),
        ]
        assert not found, "\n".join(found)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _catch(self, error: WebError) -> None:
        self.page_errors.append(str(error.error))

    def _see(self, request: Request) -> None:
        self._check(request.url)

    def _follow(self, page: Page) -> None:
        page.on("websocket", lambda opened: self._check(opened.url))  # not among the context's requests

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in _WEB_SCHEMES and parts.netloc != self._home:
            self.foreign_requests.append(url)
