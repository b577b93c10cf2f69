"""Rows of the register, lines of its file, and the words where nothing is found."""

from datetime import date, timedelta

import pytest

from portal import i18n
from portal.csv_file import csv_pieces
from portal.ui.vilnius.register import file_head, file_line, nothing_found, period_words, reaches, row
from portal.vilnius_query import Reach, parse
from services.telephony.model import CallState, EntryState
from tests.unit.portal.vilnius_examples import MINUTE, NOW, VILNIUS, call, listed, unknown_call

TODAY = date(2026, 11, 25)


@pytest.fixture(autouse=True)
def in_english():
    i18n.use("en")
    yield
    i18n.use(None)


def row_of(one, entry: EntryState | None = EntryState.WRITTEN) -> dict[str, object]:
    return row(listed(one, entry), zone=VILNIUS, today=TODAY)


def test_a_row_is_a_call_in_words():
    assert row_of(call()) == {
        "id": "7",
        "began": "13:22:00",
        "lasted": "3:00",
        "since": None,
        "number": "37060000417",
        "phone": "+370 600 00417",
        "who": "Pavyzdinės Kelionės, Рута Петрайтене",
        "unknown": "agency not found",
        "curator": "205",
        "theme": "Оплата",
        "kind": "ok",
        "icon": "check-circle-fill",
        "entry": "written",
    }


def test_a_row_of_a_call_that_goes_on_tells_since_when():
    shown = row_of(call(MINUTE, None))

    assert shown["since"] == round((NOW - MINUTE).timestamp() * 1000)
    assert shown["lasted"] == "In progress"


def test_a_row_of_an_unknown_caller_has_nobody():
    assert row_of(unknown_call())["who"] is None


def test_an_end_that_was_not_reported_is_said():
    assert row_of(call(300 * MINUTE, None, state=CallState.EXPIRED))["lasted"] == "end not reported"


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(minutes=10), "13:22:00"),
        (timedelta(days=1), "24 Nov, 13:32"),
        (timedelta(days=365), "25 Nov 2025, 13:32"),
    ],
)
def test_a_row_shows_as_much_of_its_day_as_is_needed(ago, words):
    assert row_of(call(ago))["began"] == words


def test_a_file_has_a_cell_for_each_head():
    assert len(file_line(listed(call()), VILNIUS)) == len(file_head())


def test_a_line_of_the_file_has_the_local_times_and_seconds():
    one = call(answered=True, queue="lt-1", cause="hangup")

    assert file_line(listed(one), VILNIUS) == [
        41,
        "25.11.2026",
        "13:22:00",
        "13:25:00",
        180,
        "+370 600 00417",
        11,
        "Pavyzdinės Kelionės",
        "Рута Петрайтене",
        "205",
        "Оплата",
        "yes",
        "lt-1",
        "hangup",
        "written",
    ]


def test_what_is_not_known_is_an_empty_cell_and_not_zero():
    one = unknown_call(lasted=None, state=CallState.EXPIRED, register_key=None, number="")

    line = file_line(listed(one), VILNIUS)

    assert line[0] == line[3] == line[4] == line[5] == line[6] == line[11] == ""


def test_a_name_that_looks_like_a_formula_computes_nothing_in_a_spreadsheet():
    one = call(agency_name='=HYPERLINK("x")', manager="@SUM(1)", curator="-1", theme="+1|cmd")

    file = b"".join(csv_pieces([file_head(), file_line(listed(one), VILNIUS)])).decode("utf-8-sig")

    for cell in ('\'=HYPERLINK(""x"")', "'@SUM(1)", "'-1", "'+1|cmd"):
        assert cell in file
    assert ",+370 600 00417," in file  # a number as people read it is none


# Nothing is found


def nothing(query: dict[str, str], found: int, reach: Reach | None):
    return nothing_found(parse(query, TODAY), reach, found)


def test_where_nothing_is_found_a_wider_period_that_has_some_is_offered():
    said = nothing({"q": "viln"}, 14, Reach.YEAR)

    assert said.title == "Nothing for “viln” within 30 days"
    assert said.text == "Widen the period: within a year 14 calls are found."
    assert (said.wider, said.button) == (Reach.YEAR, "Show the year")


def test_where_a_wider_period_has_none_either_it_is_not_offered():
    said = nothing({"q": "viln"}, 0, Reach.YEAR)

    assert said.wider is None
    assert said.text == "Check the spelling, or drop a condition."


def test_beyond_a_year_the_whole_register_is_offered():
    said = nothing({"curator": "205", "period": "year"}, 1, Reach.ALL)

    assert said.title == "No call fits the filter within a year"
    assert said.text == "Widen the period: in the whole register 1 call is found."
    assert said.wider is Reach.ALL


def test_a_register_without_calls_promises_some():
    assert nothing({"period": "all"}, 0, None).text == "Calls appear here."


def test_every_reach_has_words():
    assert set(reaches()) == set(Reach)
    assert {period_words(parse({"period": reach}, TODAY)) for reach in Reach}
    assert period_words(parse({"from": "2026-11-01", "to": "2026-11-03"}, TODAY)) == (
        "in the days 1–3 November 2026"
    )
