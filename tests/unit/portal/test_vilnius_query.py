"""What the centre's page asks of the register, as its address has it."""

from datetime import date

import pytest

from portal.vilnius_query import KEYS, WITHOUT, Reach, days_of, parse, wider
from services.calls import InvalidFilter, Period
from services.telephony.centre import RegisterQuery

TODAY = date(2026, 11, 25)


def test_an_empty_address_means_the_last_30_days():
    asked = parse({}, TODAY)

    assert asked.register == RegisterQuery(period=Period(date(2026, 10, 27), TODAY))
    assert asked.reach is Reach.MONTH
    assert not asked.is_narrowed


def test_every_key_narrows():
    asked = parse(
        {"q": " viln ", "curator": "205", "theme": "Оплата", "agency": "11", "period": "all"}, TODAY
    )

    assert asked.register == RegisterQuery(text="viln", curator="205", theme="Оплата", agency_id=11)
    assert asked.is_narrowed


@pytest.mark.parametrize("key", ["curator", "theme"])
def test_calls_without_a_curator_or_theme_can_be_asked_for(key):
    asked = parse({key: WITHOUT}, TODAY)

    assert getattr(asked.register, key) == ""
    assert asked.is_narrowed


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({"period": "today"}, date(2026, 11, 25), TODAY),
        ({"period": "week"}, date(2026, 11, 19), TODAY),
        ({"period": "year"}, date(2025, 11, 26), TODAY),
        ({"from": "2026-03-01", "to": "2026-03-09"}, date(2026, 3, 1), date(2026, 3, 9)),
        ({"from": "2026-03-01"}, date(2026, 3, 1), date(2026, 3, 1)),
        ({"to": "2026-03-09"}, date(2026, 3, 9), date(2026, 3, 9)),
    ],
)
def test_a_period_is_named_or_days_of_ones_own(query, first, last):
    assert parse(query, TODAY).register.period == Period(first, last)


@pytest.mark.parametrize(
    "query",
    [
        {"period": "century"},
        {"period": "week", "from": "2026-03-01"},
        {"from": "2026-02-30"},
        {"from": "yesterday"},
        {"from": "2026-03-09", "to": "2026-03-01"},
        {"agency": "0"},
        {"agency": "x"},
        {"agency": "1" * 30},
        {"q": "x" * 101},
        {"q": "\0"},
        {"q": "+++"},
        {"curator": "x" * 129},
    ],
)
def test_what_cannot_be_is_refused_and_never_means_everything(query):
    with pytest.raises(InvalidFilter):
        parse(query, TODAY)


def test_the_view_is_no_condition():
    assert "view" in KEYS
    assert parse({"view": "statistics"}, TODAY) == parse({}, TODAY)


@pytest.mark.parametrize(
    ("query", "reach"),
    [
        ({"period": "today"}, Reach.YEAR),
        ({}, Reach.YEAR),
        ({"period": "year"}, Reach.ALL),
        ({"from": "2020-01-01"}, Reach.ALL),
        ({"from": "2026-11-01", "to": "2027-01-01"}, Reach.ALL),
        ({"period": "all"}, None),
    ],
)
def test_a_wider_period_takes_in_all_days_asked_for_and_more(query, reach):
    assert wider(parse(query, TODAY), TODAY) is reach


def test_the_whole_register_has_no_first_day():
    assert days_of(Reach.ALL, TODAY) is None
