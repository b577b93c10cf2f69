"""A screen on the wall: weeks on its own, with a clock that the tests move."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import real_config
from tests.e2e.visits import PASSWORD, Visits
from tests.support.portal_process import PortalProcess

TV = {"width": 1920, "height": 1080}
#: The screen asks every 4 s; a revoked link is known everywhere within half a second.
HEARD_MS = 10_000
ADMIN = "wanda-admin"
_numbers = count(1)


def new_link(portal: PortalProcess, *options: str) -> str:
    """The link of a new screen."""
    return portal.command("wall", "add", f"Зал {next(_numbers)}", *options).strip()


def open_wall(visits: Visits, portal: PortalProcess, *options: str, **context: Any) -> Page:
    page = visits.anonymous(portal, **({"viewport": TV} | context))
    page.goto(new_link(portal, *options))
    expect(value(page)).to_have_text(re.compile(r"\d"))
    return page


def value(page: Page):
    """The calls of the day."""
    return page.locator(".wl-figure .v span").first


def view(page: Page) -> str | None:
    return page.locator(".wl-view:not([hidden])").get_attribute("data-view")


class Answers:
    """Stands between the screen and the portal: changes what is answered, or answers nothing."""

    def __init__(self, page: Page) -> None:
        self.is_lost = False
        self.changes: dict[str, Any] = {}
        self.given = 0
        self.ahead = timedelta()  # of the portal's clock
        page.route("**/wall/state", self._answer)

    def _answer(self, route: Route) -> None:
        if self.is_lost:
            route.abort("connectionrefused")
            return
        headers = {name: value for name, value in route.request.headers.items() if name != "if-none-match"}
        response = route.fetch(headers=headers)
        self.given += 1
        body = response.json() | self.changes
        body["figures"][0]["value"] = str(self.given)
        date = format_datetime(datetime.now(UTC) + self.ahead, usegmt=True)
        route.fulfill(response=response, headers=response.headers | {"date": date}, body=json.dumps(body))


def test_a_link_leads_to_the_screen_and_stays_nowhere(portal, visits):
    link = new_link(portal)
    page = visits.anonymous(portal, viewport=TV)

    page.goto(link)

    expect(page).to_have_url(f"{portal.url}/wall")
    expect(value(page)).to_have_text(re.compile(r"\d"))
    token = link.rpartition("/")[2]
    assert token not in page.content()
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("history.length") <= 2
    assert token not in (portal.directory / "portal.log").read_text(encoding="utf-8").replace(link, "")
    page.reload()
    expect(value(page)).to_have_text(re.compile(r"\d"))


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160)])
def test_every_view_fits_the_screen(portal, visits, size):
    page = open_wall(visits, portal, viewport={"width": size[0], "height": size[1]})

    for name in ("day", "operators", "sources"):
        page.locator(f"[data-show={name}]").click()
        beyond = page.evaluate("""() => [...document.querySelectorAll(".wl-stage *")]
          .filter((one) => one.getClientRects().length)
          .filter((one) => { const box = one.getBoundingClientRect();
            return box.right > innerWidth + 1 || box.bottom > innerHeight + 1; })
          .map((one) => one.className)""")
        assert beyond == [], name
        height = page.locator(f"[data-view={name}] h2").first.evaluate(
            "(one) => parseFloat(getComputedStyle(one).fontSize) / innerHeight"
        )
        assert height > 0.025  # read from across a room


def test_views_take_turns_until_somebody_pauses_them(portal, visits):
    page = visits.anonymous(portal, viewport=TV)
    page.clock.install()
    page.goto(new_link(portal))
    expect(value(page)).to_have_text(re.compile(r"\d"))
    assert view(page) == "day"

    page.clock.run_for(21_000)
    assert view(page) == "operators"
    page.clock.run_for(20_000)
    assert view(page) == "sources"
    page.clock.run_for(20_000)
    assert view(page) == "day"

    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Дальше")).to_have_attribute("aria-pressed", "true")
    page.clock.run_for(120_000)
    assert view(page) == "day"
    page.keyboard.press("ArrowRight")
    assert view(page) == "operators"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert view(page) == "sources"

    page.get_by_role("button", name="Дальше").click()
    page.clock.run_for(21_000)
    assert view(page) == "day"


def test_a_screen_that_is_not_to_change_stays(portal, visits):
    page = visits.anonymous(portal, viewport=TV)
    page.clock.install()
    page.goto(new_link(portal, "--rotation", "0"))
    expect(value(page)).to_have_text(re.compile(r"\d"))

    page.clock.run_for(200_000)

    assert view(page) == "day"


def test_the_link_decides_on_language_and_theme(portal, visits):
    english = open_wall(visits, portal, "--language", "en", "--theme", "dark", color_scheme="light")
    expect(english.get_by_role("heading", name="Calls today")).to_be_visible()
    expect(english.locator("html")).to_have_attribute("data-bs-theme", "dark")

    as_system = open_wall(visits, portal, color_scheme="dark")
    expect(as_system.get_by_role("heading", name="Звонков сегодня")).to_be_visible()
    expect(as_system.locator("html")).to_have_attribute("data-bs-theme", "dark")
    as_system.emulate_media(color_scheme="light")
    expect(as_system.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_a_revoked_link_goes_dark_and_says_what_to_do(portal, visits):
    visits.expected_console = "403"
    page = open_wall(visits, portal)
    name = page.locator(".wl-name").inner_text()
    (line,) = [one for one in portal.command("wall", "list").splitlines() if one.endswith(f" {name}")]

    portal.command("wall", "revoke", line.split()[0])

    expect(page.get_by_role("alert")).to_contain_text("Этот экран отключён", timeout=HEARD_MS)
    expect(page.get_by_role("alert")).to_contain_text("новую ссылку")
    expect(page.locator("#stage")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("Этот экран отключён")

    page.goto(new_link(portal))
    expect(value(page)).to_have_text(re.compile(r"\d"))


def test_a_lost_network_keeps_the_last_figures_with_their_age_and_heals_alone(portal, visits):
    visits.expected_console = "ERR_CONNECTION_REFUSED"
    page = visits.anonymous(portal, viewport=TV)
    answers = Answers(page)
    page.goto(new_link(portal))
    expect(value(page)).to_have_text(re.compile(r"\d"))

    answers.is_lost = True

    trouble = page.get_by_role("status")
    expect(trouble).to_contain_text(re.compile(r"Нет связи с порталом с \d\d:\d\d"), timeout=HEARD_MS)
    expect(trouble).to_contain_text(re.compile(r"уже \d+ с"))
    expect(value(page)).to_have_text(str(answers.given))
    expect(page.locator("#age")).to_have_text(re.compile(r"данные на \d\d:\d\d:\d\d, \d+ с назад"))
    expect(page.locator("#stage")).to_have_class(re.compile("wl-stale"))

    answers.is_lost = False

    expect(trouble).to_be_hidden(timeout=HEARD_MS)
    expect(page.locator("#stage")).not_to_have_class(re.compile("wl-stale"))
    expect(page.locator("#age")).to_have_text(re.compile("обновлено"))


def test_a_portal_that_stops_is_told_and_found_again(start_portal, visits, centre, line):
    visits.expected_console = "ERR_CONNECTION|ERR_EMPTY|Failed to fetch|50[23]"
    portal = start_portal(real_config(centre, line.port))
    page = open_wall(visits, portal)
    before = value(page).inner_text()

    portal.stop()
    expect(page.get_by_role("status")).to_contain_text("Нет связи с порталом", timeout=30_000)
    assert value(page).inner_text() == before
    portal.start()

    expect(page.get_by_role("status")).to_be_hidden(timeout=30_000)
    page.close()
    portal.stop()


def test_a_new_version_of_the_portal_loads_the_screen_again(portal, visits):
    page = visits.anonymous(portal, viewport=TV)
    page.clock.install()
    answers = Answers(page)
    page.goto(new_link(portal))
    expect(value(page)).to_have_text(re.compile(r"\d"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.evaluate("window.sameDocument = true")

    answers.changes = {"stamp": "another"}
    page.clock.run_for(30_000)
    assert page.evaluate("window.sameDocument")  # at first it may come from an older process beside a new one
    with page.expect_navigation():
        page.clock.run_for(40_000)
    answers.changes = {}

    expect(value(page)).to_have_text(re.compile(r"\d"))
    assert page.evaluate("window.sameDocument") is None
    assert view(page) == "operators"
    expect(page.get_by_role("button", name="Дальше")).to_be_visible()
    assert page.evaluate("history.length") <= 2


def test_the_screen_loads_itself_again_at_night(portal, visits):
    page = visits.anonymous(portal, viewport=TV)
    page.clock.install()
    answers = Answers(page)
    page.goto(new_link(portal))
    expect(value(page)).to_have_text(re.compile(r"\d"))
    page.evaluate("window.sameDocument = true")
    noon = int(page.locator("#clock").inner_text()[:2])

    answers.ahead = timedelta(hours=28 - noon)
    page.clock.run_for(60_000)
    expect(page.locator("#clock")).to_have_text(re.compile("^0?4:"))
    assert page.evaluate("window.sameDocument")  # it was loaded just now
    page.clock.fast_forward(24 * 3600_000)
    with page.expect_navigation():
        page.clock.run_for(10_000)

    expect(value(page)).to_have_text(re.compile(r"\d"))
    assert page.evaluate("window.sameDocument") is None


def test_hundreds_of_updates_leave_the_page_as_large_as_it_was(portal, visits):
    page = visits.anonymous(portal, viewport=TV)
    page.clock.install()
    answers = Answers(page)
    page.goto(new_link(portal))
    expect(value(page)).to_have_text(re.compile(r"\d"))
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def size() -> dict[str, float]:
        session.send("HeapProfiler.collectGarbage")
        found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        elements = page.evaluate("document.getElementsByTagName('*').length")
        return {
            "elements": elements,
            "listeners": found["JSEventListeners"],
            "nodes": found["Nodes"],
            "heap": found["JSHeapUsedSize"],
        }

    for _ in range(20):
        page.clock.run_for(4_000)
    before, given = size(), answers.given
    for _ in range(1_000):
        page.clock.run_for(4_000)
        if answers.given - given >= 200:
            break
    after = size()

    assert answers.given - given >= 200
    assert after["elements"] == before["elements"]
    assert after["listeners"] <= before["listeners"]
    assert after["nodes"] <= before["nodes"] + 50  # text nodes that wait to be collected
    assert after["heap"] <= before["heap"] * 1.5


def test_nothing_stands_still_for_hours(portal, visits):
    page = visits.anonymous(portal, viewport=TV)
    page.clock.install()
    page.goto(new_link(portal))
    expect(value(page)).to_have_text(re.compile(r"\d"))

    places = set()
    for _ in range(5):
        page.clock.run_for(60_000)
        places.add(page.locator("#stage").evaluate("(stage) => stage.style.transform"))

    assert len(places) >= 3


def test_an_administrator_makes_a_link_and_revokes_it_after_a_question(portal, visits):
    visits.expected_console = "403"
    portal.add_person(ADMIN, PASSWORD, role="admin")
    admin = visits.logged_in(portal, ADMIN)
    admin.goto("/admin/wall")
    name = f"Зал {next(_numbers)} у окна"
    admin.get_by_label("Название").fill(name)
    admin.locator("#screens-theme").select_option("тёмная")
    admin.get_by_role("button", name="Создать ссылку").click()
    link = admin.locator(".hp-screen-link").inner_text()
    row = admin.locator(".hp-screens tr", has_text=name)
    expect(row).to_contain_text("действует")
    television = visits.anonymous(portal, viewport=TV)
    television.goto(link)
    expect(television.locator(".wl-name")).to_have_text(name)

    admin.reload()
    expect(row).to_be_visible()
    expect(admin.locator(".hp-screen-link")).to_have_count(0)
    row.get_by_role("button", name="Отозвать").click()
    expect(admin.get_by_role("dialog")).to_contain_text(f"«{name}»?")
    admin.get_by_role("button", name="Оставить").click()
    expect(admin.get_by_role("dialog")).to_have_count(0)
    expect(row).to_contain_text("действует")
    row.get_by_role("button", name="Отозвать").click()
    admin.get_by_role("dialog").get_by_role("button", name="Отозвать").click()

    expect(row).to_contain_text("отозвана")
    expect(television.get_by_role("alert")).to_contain_text("отключён", timeout=HEARD_MS)
