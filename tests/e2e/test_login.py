"""Entering the portal, and being shut out of it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.calls_page import LIVE_MS, CallsPage
from tests.e2e.visits import DEMO_PASSWORD, PASSWORD, Visits, log_in
from tests.support.portal_process import PortalProcess


def test_a_stranger_is_led_to_the_login_and_then_to_the_address_they_wanted(demo, visits):
    page = visits.anonymous(demo)

    log_in(page, "supervisor", DEMO_PASSWORD, path="/calls?result=failure&phone=900")

    calls = CallsPage(page).wait()
    calls.expect_query(result="failure", phone="900")
    expect(calls.outcome("Неудача")).to_be_checked()


def test_a_wrong_password_is_refused_in_words_that_keep_the_login(portal: PortalProcess, visits: Visits):
    portal.add_person("wanda", PASSWORD)
    visits.expected_console = "401"
    page = visits.anonymous(portal)
    page.goto("/login")
    page.get_by_label("Логин").fill("wanda")
    page.get_by_label("Пароль", exact=True).fill("not her password")

    page.get_by_role("button", name="Войти").click()

    expect(page.get_by_role("alert")).to_contain_text("Логин или пароль не подошли.")
    expect(page.get_by_label("Логин")).to_have_value("wanda")
    expect(page.get_by_label("Пароль", exact=True)).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{portal.url}/")


def test_the_eye_shows_the_password_that_is_being_typed(demo, visits):
    page = visits.anonymous(demo)
    page.goto("/login")
    field = page.get_by_label("Пароль", exact=True)
    field.fill("secret")

    page.get_by_role("button", name="Показать пароль").click()

    expect(field).to_have_attribute("type", "text")
    expect(field).to_have_value("secret")


@pytest.mark.parametrize(
    ("login", "role"), [("operator", "оператор"), ("supervisor", "супервизор"), ("admin", "администратор")]
)
def test_each_demo_person_sees_the_calls_and_their_own_role(demo, visits, login, role):
    page = visits.logged_in(demo, login)
    calls = CallsPage(page).open()

    page.locator("details.hp-menu summary").click()

    expect(page.locator(".hp-menu-pop")).to_contain_text(role)
    expect(calls.rows.first).to_be_visible()


def test_who_may_not_see_the_calls_is_told_so(portal: PortalProcess, visits: Visits):
    portal.command(
        *("users", "add", "nikita", "--name", "Никита", "--role", "operator", "--revoke", "moscow"),
        typed=[PASSWORD],
    )
    visits.expected_console = "403"
    page = visits.anonymous(portal)

    log_in(page, "nikita", PASSWORD, path="/calls")

    expect(page.get_by_role("heading", level=1)).to_have_text("У вас нет на это права.")


def test_who_logs_out_cannot_go_back(demo, visits):
    page = visits.anonymous(demo)
    log_in(page, "operator", DEMO_PASSWORD)
    page.locator("details.hp-menu summary").click()

    page.locator(".hp-menu-pop").get_by_role("button", name="Выйти").click()

    expect(page).to_have_url(f"{demo.url}/login")
    page.goto("/calls")
    expect(page).to_have_url(re.compile(r"/login\?next="))


def test_a_session_that_is_revoked_leads_an_open_page_to_the_login(portal: PortalProcess, visits: Visits):
    portal.add_person("rita", PASSWORD)
    visits.expected_console = "401"
    page = visits.anonymous(portal)
    log_in(page, "rita", PASSWORD, path="/calls?result=failure")
    CallsPage(page).wait()

    portal.command("users", "disable", "rita")

    expect(page).to_have_url(re.compile(r"/login\?next=%2Fcalls%3Fresult%3Dfailure"), timeout=LIVE_MS)


def test_the_old_address_leads_to_the_calls(demo, visits):
    page = visits.logged_in(demo, "operator")

    page.goto("/contact-center/moscow")

    expect(page).to_have_url(f"{demo.url}/calls")
