"""The log as a file for a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import re

from playwright.sync_api import expect

from tests.e2e.call_centre import FORMULA
from tests.e2e.calls_page import CallsPage


def download(calls: CallsPage) -> bytes:
    """Press the button and return the file."""
    with calls.page.expect_download() as coming:
        calls.page.locator("#calls-export").click()
    return coming.value.path().read_bytes()


def lines(file: bytes) -> list[list[str]]:
    """The cells of a Russian reader's file."""
    assert file.startswith(codecs.BOM_UTF8)
    return list(csv.reader(file.decode("utf-8-sig").splitlines(), delimiter=";"))


def test_the_file_holds_exactly_the_calls_under_the_filter(portal, visits, centre):
    calls = CallsPage(visits.logged_in(portal)).open(**{"from": centre.handmade_day})
    made = centre.handmade
    expect(calls.page.locator("#calls-export")).to_have_text("CSV, 6 строк")

    header, *all_calls = lines(download(calls))
    calls.press_outcome("Успех")
    expect(calls.page.locator("#calls-export")).to_have_text("CSV, 2 строки")
    _, *successes = lines(download(calls))

    assert header[0] == "№"
    assert [int(row[0]) for row in all_calls] == sorted(made.values(), reverse=True)
    assert [int(row[0]) for row in successes] == [made["foreign"], made["tour"]]
    assert {len(row) for row in all_calls} == {len(header)}


def test_no_cell_of_the_file_begins_like_a_formula(portal, visits, centre):
    calls = CallsPage(visits.logged_in(portal)).open(**{"from": centre.handmade_day})

    rows = lines(download(calls))

    cells = {cell for row in rows for cell in row}
    assert f"'{FORMULA}" in cells
    assert "'=7900000555" in cells
    assert not [cell for cell in cells if re.match(r"[=@\t\r-]", cell)]


def test_a_large_day_is_complete(demo, visits):
    """More than one block of the grid and more than one piece of the stream; yesterday stands still."""
    calls = CallsPage(visits.logged_in(demo, "supervisor")).open()
    calls.page.get_by_role("button", name="Предыдущий день").click()
    expect(calls.period).to_contain_text("Вчера")
    label = calls.page.locator("#calls-export")
    expect(label).to_have_text(re.compile(r"CSV, \d\D?\d{3} стро"))

    _, *rows = lines(download(calls))

    assert len(rows) == int(re.sub(r"\D", "", label.inner_text()))
