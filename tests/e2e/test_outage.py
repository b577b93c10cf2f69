"""The call centre or the portal itself falls silent while somebody looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.calls_page import LIVE_MS, CallsPage
from tests.e2e.conftest import real_config
from tests.e2e.visits import PASSWORD, SUPERVISOR
from tests.support.faulty_proxy import FaultyProxy
from tests.support.processes import LOOPBACK, wait_until

#: The collector waits up to 15 s between two tries, the line up to 10 s for an answer; then comes a tick.
NOTICED_MS = HEALED_MS = 60_000


@pytest.fixture
def healed(line: FaultyProxy) -> Iterator[None]:
    """Leaves the line as it was, whatever the test did to it."""
    yield
    line.pass_through()


def changes(page: Page, selector: str) -> None:
    """Wait until a running duration has moved on."""
    place = page.locator(selector).first
    before = place.inner_text()
    wait_until(lambda: place.inner_text() != before, f"{selector} runs", timeout=90)


@pytest.mark.usefixtures("healed")
@pytest.mark.parametrize("fault", ["refuse", "blackhole"])
def test_a_silent_call_centre_leaves_the_last_known_calls_and_says_since_when(
    portal, visits, centre, line, fault
):
    calls = CallsPage(visits.logged_in(portal)).open()
    top = calls.id_at(0)

    getattr(line, fault)()

    expect(calls.banner).to_contain_text(
        re.compile(r"База звонков не отвечает с \d\d:\d\d"), timeout=NOTICED_MS
    )
    expect(calls.banner).to_contain_text("Показано последнее известное на")
    expect(calls.banner).to_contain_text("VPN")
    expect(calls.banner).to_contain_text(re.compile(r"Следующая попытка через \d+ с"))
    expect(calls.age).to_have_text(re.compile(r"данные на \d\d:\d\d:\d\d, \d+ (с|мин) назад"))
    expect(calls.page.locator("html")).to_have_class(re.compile("hp-source-down"))
    expect(calls.page.locator("#frame-sources .hp-src.down")).to_contain_text("База звонков")
    expect(calls.row(top)).to_be_visible()
    changes(calls.page, "#frame-banner [data-since]")
    # The centre goes on without us.
    missed = centre.receive_call("+7 900 000-75-01")
    anew = CallsPage(visits.logged_in(portal)).open()
    expect(anew.row(top)).to_be_visible()
    expect(anew.banner).to_contain_text("не отвечает")
    anew.page.close()

    line.pass_through()

    expect(calls.row(missed)).to_be_visible(timeout=HEALED_MS)
    expect(calls.banner).to_have_count(0, timeout=HEALED_MS)
    expect(calls.age).to_have_text(re.compile(r"обновлено \d+ с назад"))
    expect(calls.page.locator("html")).not_to_have_class(re.compile("hp-source-down"))


@pytest.mark.usefixtures("healed")
def test_a_slow_call_centre_is_called_slow_and_pages_do_not_wait_for_it(portal, visits, line):
    calls = CallsPage(visits.logged_in(portal)).open()
    top = calls.id_at(0)

    line.delay(5)

    expect(calls.banner).to_contain_text("База звонков отвечает медленно", timeout=NOTICED_MS)
    expect(calls.age).to_contain_text("отвечает медленно")
    anew = CallsPage(visits.logged_in(portal)).open()
    expect(anew.row(top)).to_be_visible()
    anew.page.close()

    line.pass_through()

    expect(calls.banner).to_have_count(0, timeout=HEALED_MS)


def test_a_portal_that_starts_without_its_call_centre_says_why_and_heals(start_portal, visits, centre, line):
    with FaultyProxy(LOOPBACK, line.port) as own_line:
        own_line.refuse()
        portal = start_portal(real_config(centre, own_line.port))
        portal.add_person(SUPERVISOR, PASSWORD)
        visits.expected_console = "503"
        page = visits.logged_in(portal)
        page.goto("/calls")
        expect(page.locator("#calls-notice")).to_contain_text("База звонков не отвечает")
        expect(page.locator("#calls-notice")).to_contain_text("VPN")
        expect(page.locator("#calls-figures")).to_be_empty()

        own_line.pass_through()

        calls = CallsPage(page).wait()
        calls.id_at(0)
        expect(page.locator("#calls-notice")).to_be_empty()
        page.close()
        portal.stop()


def test_a_page_that_lost_the_portal_says_so_until_it_is_back(portal, visits):
    """One page whose portal was stopped, and one whose way to it went silent."""
    visits.expected_console = "ERR_CONNECTION|ERR_EMPTY|Failed to fetch"
    port = urlsplit(portal.url).port or 0
    with FaultyProxy(LOOPBACK, port) as first, FaultyProxy(LOOPBACK, port) as second:
        ways = (first, second)
        pages = [CallsPage(visits.logged_in(_Place(f"http://{LOOPBACK}:{way.port}"))).open() for way in ways]
        tops = [calls.id_at(0) for calls in pages]

        first.refuse()
        second.blackhole()

        for calls, top in zip(pages, tops, strict=True):
            lost = calls.page.get_by_role("alert").filter(has_text="Портал не отвечает с")
            expect(lost).to_be_visible(timeout=LIVE_MS)
            expect(calls.row(top)).to_be_visible()

        for way in ways:
            way.pass_through()

        for calls in pages:
            expect(calls.page.locator("#frame-lost")).to_be_hidden(timeout=LIVE_MS)
            calls.page.close()


class _Place:
    """A portal as it is reached through a line."""

    def __init__(self, url: str) -> None:
        self.url = url
