"""What axe finds: nothing, on every page in both themes."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import time_ns
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.agencies_page import AgenciesPage
from tests.e2e.call_centre import AGENCY, CallCentre
from tests.e2e.calls_page import CallsPage
from tests.e2e.statistics_page import StatisticsPage
from tests.e2e.visits import PASSWORD, Visits
from tests.support.portal_process import PortalProcess

WCAG_A_AND_AA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def expect_nothing(page: Page) -> None:
    """Fail with what axe finds on the page."""
    found: list[dict[str, Any]] = Axe().run(page, options=WCAG_A_AND_AA).response["violations"]
    told = [
        f"{rule['impact']} {rule['id']}: {rule['help']}\n"
        + "\n".join(f"    {node['target']} {node['html'][:160]}" for node in rule["nodes"][:5])
        for rule in found
    ]
    assert not found, "\n".join(told)


def login(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    visits.expected_console = "401"
    page = visits.anonymous(portal, **options)
    page.goto("/login")
    page.get_by_label("Логин").fill("nobody")
    page.get_by_label("Пароль", exact=True).fill("wrong password")
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def calls(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **options)
    CallsPage(page).open().id_at(10)
    expect(page.locator("#calls-operators [data-operator]").first).to_be_visible()
    return page


def filtered_calls(visits: Visits, portal: PortalProcess, centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **options)
    log = CallsPage(page).open(**{"from": centre.handmade_day})
    log.bar("Абрикосова Алиса Львовна").click()
    expect(page.locator(".hp-bar.off").first).to_be_visible()
    log.period.click()
    return page


def no_calls(visits: Visits, portal: PortalProcess, centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **options)
    CallsPage(page).open(**{"from": centre.quiet_day, "phone": "12345"})
    expect(page.locator("#calls-reset")).to_be_visible()
    return page


def agency(visits: Visits, portal: PortalProcess, centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **options)
    log = CallsPage(page).open(**{"from": centre.handmade_day, "open": f"agency:{centre.handmade['tour']}"})
    expect(log.dialog.get_by_role("heading", name=AGENCY)).to_be_visible()
    expect(log.dialog).to_have_css("opacity", "1")
    return page


def phone(visits: Visits, portal: PortalProcess, centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **PHONE, **options)
    CallsPage(page).open(**{"from": centre.handmade_day}).id_at(0)
    page.get_by_role("button", name="Фильтры").tap()
    return page


def phone_sheet(visits: Visits, portal: PortalProcess, centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **PHONE, **options)
    CallsPage(page).open(**{"from": centre.handmade_day}).id_at(0)
    page.locator(".hp-tabs").get_by_role("button", name="Ещё").tap()
    expect(page.locator(".offcanvas.show:not(.showing)")).to_be_visible()
    return page


def error(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    visits.expected_console = "404"
    page = visits.logged_in(portal, **options)
    page.goto("/nowhere")
    return page


def password(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **options)
    page.goto("/account/password")
    return page


def home(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **options)
    page.goto("/")
    expect(page.locator(".hp-centre .hp-hourbars")).to_be_visible()
    return page


def home_on_a_phone(visits: Visits, portal: PortalProcess, centre: CallCentre, **options: Any) -> Page:
    return home(visits, portal, centre, **PHONE, **options)


def wall_screens(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    if "olga" not in portal.command("users", "list"):
        portal.add_person("olga", PASSWORD, role="admin")
    page = visits.logged_in(portal, "olga", **options)
    page.goto("/admin/wall")
    page.get_by_label("Название").fill(f"Зал {options['color_scheme']} {time_ns()}")
    page.get_by_role("button", name="Создать ссылку").click()
    expect(page.locator(".hp-screen-link")).to_be_visible()
    page.get_by_role("button", name="Отозвать ссылку").first.click()
    expect(page.get_by_role("dialog")).to_have_css("opacity", "1")
    return page


def wall(view: str) -> Callable[..., Page]:
    """A screen on the wall that shows `view`."""

    def show(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
        page = visits.anonymous(portal, viewport={"width": 1920, "height": 1080}, **options)
        page.goto(portal.command("wall", "add", f"{view} {time_ns()}").strip())
        expect(page.locator(".wl-figure .v").first).to_contain_text(re.compile(r"\d"))
        page.locator(f"[data-show={view}]").click()
        return page

    show.__name__ = f"wall_{view}"
    return show


def ended_wall(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    visits.expected_console = "403"
    page = visits.anonymous(portal, **options)
    page.goto("/wall")
    expect(page.get_by_role("alert")).to_contain_text("Такой ссылки нет")
    return page


def agencies(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    page = AgenciesPage(visits.logged_in(portal, **options)).open()
    expect(page.names().first).to_be_visible()
    return page.page


def agencies_on_a_phone(visits: Visits, portal: PortalProcess, centre: CallCentre, **options: Any) -> Page:
    return agencies(visits, portal, centre, **PHONE, **options)


def no_agencies(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    page = AgenciesPage(visits.logged_in(portal, **options)).open(q="нет такого агентства")
    expect(page.page.locator("#agencies-clear")).to_be_visible()
    return page.page


def agency_window(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    page = AgenciesPage(visits.logged_in(portal, **options)).open(q=AGENCY)
    page.names().first.click()
    expect(page.dialog.locator(".hp-rung tbody tr").first).to_be_visible()
    expect(page.dialog).to_have_css("opacity", "1")
    return page.page


def statistics(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **options)
    StatisticsPage(page).open(sort="name").period.click()
    return page


def statistics_files(visits: Visits, portal: PortalProcess, _centre: CallCentre, **options: Any) -> Page:
    page = visits.logged_in(portal, **options)
    StatisticsPage(page).open(period="today")
    page.locator("#statistics-export summary").click()
    return page


def statistics_on_a_phone(visits: Visits, portal: PortalProcess, centre: CallCentre, **options: Any) -> Page:
    return statistics(visits, portal, centre, **PHONE, **options)


PAGES = [
    login,
    calls,
    filtered_calls,
    no_calls,
    agency,
    phone,
    phone_sheet,
    error,
    password,
    home,
    home_on_a_phone,
    wall_screens,
    wall("day"),
    wall("operators"),
    wall("sources"),
    ended_wall,
    agencies,
    agencies_on_a_phone,
    no_agencies,
    agency_window,
    statistics,
    statistics_files,
    statistics_on_a_phone,
]


@pytest.mark.parametrize("show", PAGES, ids=lambda show: show.__name__)
def test_axe_finds_nothing_in_either_theme(portal, visits, centre, show: Callable[..., Page]):
    page = show(visits, portal, centre, color_scheme="light")
    expect_nothing(page)

    page.emulate_media(color_scheme="dark", reduced_motion="reduce")

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect_nothing(page)
