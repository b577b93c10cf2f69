"""The statistics' query: what an address means, and what is no query at all."""

from datetime import date, timedelta

import pytest

from portal.statistics_query import Base, Shortcut, compared, days_of, parse
from services.calls import FilterFault, InvalidFilter, Period

TODAY = date(2026, 11, 25)


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


def test_an_address_without_anything_means_the_present_month_against_as_many_days_before():
    query = parse({}, TODAY)

    assert query.shortcut is Shortcut.MONTH
    assert query.period == days("2026-11-01", "2026-11-25")
    assert query.before == days("2026-10-07", "2026-10-31")
    assert (query.column, query.is_descending) == ("calls", True)


@pytest.mark.parametrize(
    ("shortcut", "expected"),
    [
        ("today", days("2026-11-25", "2026-11-25")),
        ("yesterday", days("2026-11-24", "2026-11-24")),
        ("week", days("2026-11-19", "2026-11-25")),
        ("month", days("2026-11-01", "2026-11-25")),
        ("previous-month", days("2026-10-01", "2026-10-31")),
        ("year", days("2026-01-01", "2026-11-25")),
    ],
)
def test_a_shortcut_follows_the_calendar(shortcut, expected):
    assert parse({"period": shortcut}, TODAY).period == expected


@pytest.mark.parametrize("shortcut", list(Shortcut))
def test_a_shortcut_goes_on_at_midnight(shortcut):
    new_year = date(2027, 1, 1)

    before, after = days_of(shortcut, new_year - timedelta(days=1)), days_of(shortcut, new_year)

    assert after != before
    assert after.last <= new_year


def test_days_of_ones_own_are_taken_as_they_are():
    query = parse({"from": "2026-02-03", "to": "2026-02-05"}, TODAY)

    assert (query.shortcut, query.period) == (None, days("2026-02-03", "2026-02-05"))


@pytest.mark.parametrize("given", [{"from": "2026-02-03"}, {"to": "2026-02-03"}])
def test_one_end_alone_is_one_day(given):
    assert parse(given, TODAY).period == days("2026-02-03", "2026-02-03")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"period": "decade"}, "period"),
        ({"period": "TODAY"}, "period"),
        ({"period": "week", "from": "2026-01-01"}, "period"),
        ({"from": "01.02.2026"}, "from"),
        ({"from": "2026-02-30"}, "from"),
        ({"to": "x"}, "to"),
        ({"from": "1200-01-01"}, "first"),
        ({"from": "2026-02-03", "to": "2026-02-01"}, "last"),
        ({"compare": "everything"}, "compare"),
        ({"sort": "--calls"}, "sort"),
        ({"sort": "password"}, "sort"),
        ({"sort": "-"}, "sort"),
    ],
)
def test_a_query_that_cannot_be_names_its_fault(given, field):
    with pytest.raises(InvalidFilter) as refusal:
        parse(given, TODAY)

    assert refusal.value.field == field


def test_two_periods_at_once_contradict_each_other():
    with pytest.raises(InvalidFilter) as refusal:
        parse({"period": "week", "to": "2026-01-01"}, TODAY)

    assert refusal.value.code is FilterFault.CONTRADICTION


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (days("2026-11-25", "2026-11-25"), days("2025-11-25", "2025-11-25")),
        (days("2024-02-29", "2024-02-29"), days("2023-02-28", "2023-02-28")),
        (days("2024-02-01", "2024-02-29"), days("2023-02-01", "2023-02-28")),
        (days("2016-01-01", "2026-11-25"), days("2015-01-01", "2025-11-25")),
    ],
)
def test_the_same_days_of_the_year_before_leave_leap_days_out(period, expected):
    assert compared(period, Base.YEAR) == expected


def test_the_period_before_has_as_many_days_and_ends_where_this_one_begins():
    assert compared(days("2026-03-01", "2026-03-31"), Base.PREVIOUS) == days("2026-01-29", "2026-02-28")


@pytest.mark.parametrize("base", [Base.PREVIOUS, Base.YEAR])
def test_where_the_calendar_begins_there_is_nothing_to_compare_with(base):
    assert compared(days("1970-01-01", "1970-01-01"), base) is None


def test_without_a_base_nothing_is_compared():
    assert parse({"compare": "none"}, TODAY).before is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "period=year",
        "from=2026-02-03&to=2026-02-05",
        "period=week&compare=year&sort=name",
        "compare=none&sort=-success",
    ],
)
def test_a_query_written_out_is_read_back_as_the_same(text):
    given = dict(pair.split("=") for pair in text.split("&") if pair)

    query = parse(given, TODAY)

    assert query.text() == text
    assert parse(query.values(), TODAY) == query
