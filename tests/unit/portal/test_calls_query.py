"""The filter as text: any text is read as a filter or refused by the name of its key."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.calls_query import KEYS, NO_OPERATOR, UNKNOWN_TYPE, is_narrowed, parse
from services.calls import CallFilter, FilterFault, InvalidFilter, Outcome

TODAY = date(2025, 3, 10)
DAYS = ("2025-03-01", "2025-02-30", "2025-03-11", "0001-01-01", "9999-12-31")
NUMBERS = ("0", "1", "7", "-1", "9999999999", "99999999999", " 7", "1e3", "٣", "+7 (900)")
LIKELY = st.sampled_from((*DAYS, *NUMBERS, "", "none", "unknown", "success", "%", "_", "'", "\x00", "\ud800"))
ANYTHING = LIKELY | st.text(max_size=80)
QUERIES = st.dictionaries(st.sampled_from([*KEYS, "sort", "", "FROM"]), ANYTHING, max_size=8)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(QUERIES)
def test_any_query_is_a_filter_or_refused(query):
    with suppress(InvalidFilter):
        assert isinstance(parse(query, TODAY), CallFilter)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(QUERIES)
def test_what_is_asked_for_never_turns_into_everything(query):
    asked = {key: value for key, value in query.items() if key in KEYS and value.strip()}

    try:
        found = parse(query, TODAY)
    except InvalidFilter:
        return

    if asked.keys() - {"from", "to"}:
        assert found != CallFilter(found.first, found.last)
    if not asked.keys() & {"from", "to"}:
        assert (found.first, found.last) == (TODAY, TODAY)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(first=st.dates(date(1970, 1, 1), date(2900, 1, 1)), days=st.integers(0, 400))
def test_a_period_is_read_as_it_is_written(first, days):
    last = first + timedelta(days=days)

    found = parse({"from": first.isoformat(), "to": last.isoformat()}, TODAY)

    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, CallFilter(TODAY, TODAY)),
        (dict.fromkeys(KEYS, ""), CallFilter(TODAY, TODAY)),
        ({"phone": "   "}, CallFilter(TODAY, TODAY)),
        ({"unknown": "x", "sort": "time"}, CallFilter(TODAY, TODAY)),
        ({"from": "2025-03-01"}, CallFilter(date(2025, 3, 1), date(2025, 3, 1))),
        ({"to": "2025-03-01"}, CallFilter(date(2025, 3, 1), date(2025, 3, 1))),
        ({"phone": " +7 (900) 12 "}, CallFilter(TODAY, TODAY, phone="+7 (900) 12")),
        ({"phone": "%_'"}, CallFilter(TODAY, TODAY, phone="%_'")),
        ({"operator": "7"}, CallFilter(TODAY, TODAY, operator_id=7)),
        ({"operator": NO_OPERATOR}, CallFilter(TODAY, TODAY, no_operator=True)),
        ({"result": "failure"}, CallFilter(TODAY, TODAY, outcome=Outcome.FAILURE)),
        ({"type": "0"}, CallFilter(TODAY, TODAY, call_type=0)),
        ({"type": UNKNOWN_TYPE}, CallFilter(TODAY, TODAY, unknown_type=True)),
        ({"card": "1"}, CallFilter(TODAY, TODAY, with_card=True)),
        ({"card": "0"}, CallFilter(TODAY, TODAY, with_card=False)),
        ({"hour": "0"}, CallFilter(TODAY, TODAY, hour=0)),
        ({"hour": "23"}, CallFilter(TODAY, TODAY, hour=23)),
        ({"weekday": "1"}, CallFilter(TODAY, TODAY, weekday=1)),
        ({"weekday": "7"}, CallFilter(TODAY, TODAY, weekday=7)),
        ({"result": "0"}, CallFilter(TODAY, TODAY, result=0)),
        ({"result": "6"}, CallFilter(TODAY, TODAY, result=6)),
        ({"result": "unknown"}, CallFilter(TODAY, TODAY, unknown_result=True)),
        ({"number": "known"}, CallFilter(TODAY, TODAY, identified=True)),
        ({"number": "unknown"}, CallFilter(TODAY, TODAY, identified=False)),
    ],
    ids=str,
)
def test_each_condition_is_read(query, expected):
    assert parse(query, TODAY) == expected


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("from", "01.03.2025", "from"),
        ("from", "2025-02-30", "from"),
        ("from", "20250301", "from"),
        ("from", "٢٠٢٥-03-01", "from"),
        ("from", " 2025-03-01", "from"),
        ("to", "today", "to"),
        ("to", "2025-03-01\n", "to"),
        ("operator", "7.0", "operator"),
        ("operator", "-7", "operator"),
        ("operator", "None", "operator"),
        ("operator", "any", "operator"),
        ("operator", "99999999999", "operator"),
        ("result", "Success", "result"),
        ("type", "x", "type"),
        ("card", "yes", "card"),
        ("hour", "24", "hour"),
        ("hour", "-1", "hour"),
        ("hour", "07", "hour"),
        ("hour", "٣", "hour"),
        ("weekday", "0", "weekday"),
        ("weekday", "8", "weekday"),
        ("weekday", "Monday", "weekday"),
        ("result", "7", "result"),
        ("result", "-1", "result"),
        ("result", "1 ", "result"),
        ("number", "1", "number"),
        ("number", "none", "number"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_key(key, value, field):
    with pytest.raises(InvalidFilter) as refused:
        parse({key: value}, TODAY)

    assert (refused.value.field, refused.value.code) == (field, FilterFault.UNKNOWN)


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(InvalidFilter) as refused:
        parse({"from": "2025-03-02", "to": "2025-03-01"}, TODAY)

    assert refused.value.code is FilterFault.REVERSED


@pytest.mark.parametrize("phone", ["9" * 65, "9" * 10_000])
def test_a_search_longer_than_any_number_is_refused(phone):
    with pytest.raises(InvalidFilter) as refused:
        parse({"phone": phone}, TODAY)

    assert (refused.value.field, refused.value.code) == ("phone", FilterFault.TOO_LONG)


@pytest.mark.parametrize(
    ("query", "narrowed"),
    [
        ({}, False),
        ({"from": "2025-03-01", "to": "2025-03-02"}, False),
        ({"phone": ""}, False),
        ({"phone": "7"}, True),
        ({"card": "0"}, True),
        ({"hour": "0"}, True),
        ({"weekday": "1"}, True),
        ({"number": "known"}, True),
        ({"sort": "time"}, False),
    ],
    ids=str,
)
def test_the_period_alone_narrows_nothing(query, narrowed):
    assert is_narrowed(query) is narrowed
