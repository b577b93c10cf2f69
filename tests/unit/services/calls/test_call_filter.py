"""Questions that can be asked, and those that are refused before any database sees them."""

from datetime import date, timedelta

import pytest

from services.calls import CallFilter, FilterFault, InvalidFilter, Outcome, Page, outcome_of
from services.calls.phones import cleaned, phone_key
from tests.unit.services.calls.world import TODAY


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"last": TODAY - timedelta(days=1)}, "last", FilterFault.REVERSED),
        ({"first": date.min}, "first", FilterFault.OUT_OF_RANGE),
        ({"last": date.max}, "last", FilterFault.OUT_OF_RANGE),
        ({"phone": "1" * 65}, "phone", FilterFault.TOO_LONG),
        ({"phone": "1\0"}, "phone", FilterFault.UNREADABLE),
        ({"phone": "\ud800"}, "phone", FilterFault.UNREADABLE),
        ({"phone": " +() -–—./\u00a0\t"}, "phone", FilterFault.EMPTY),
        ({"operator_id": 0}, "operator_id", FilterFault.OUT_OF_RANGE),
        ({"operator_id": 2**63}, "operator_id", FilterFault.OUT_OF_RANGE),
        ({"operator_id": 1, "no_operator": True}, "no_operator", FilterFault.CONTRADICTION),
        ({"call_type": 2**31}, "call_type", FilterFault.OUT_OF_RANGE),
        ({"call_type": 1, "unknown_type": True}, "unknown_type", FilterFault.CONTRADICTION),
        ({"hour": -1}, "hour", FilterFault.OUT_OF_RANGE),
        ({"hour": 24}, "hour", FilterFault.OUT_OF_RANGE),
        ({"weekday": 0}, "weekday", FilterFault.OUT_OF_RANGE),
        ({"weekday": 8}, "weekday", FilterFault.OUT_OF_RANGE),
        ({"result": 7}, "result", FilterFault.UNKNOWN),
        ({"result": -1}, "result", FilterFault.UNKNOWN),
        ({"result": 1, "outcome": Outcome.SUCCESS}, "result", FilterFault.CONTRADICTION),
        ({"result": 1, "unknown_result": True}, "unknown_result", FilterFault.CONTRADICTION),
        (
            {"outcome": Outcome.OTHER, "unknown_result": True},
            "unknown_result",
            FilterFault.CONTRADICTION,
        ),
    ],
)
def test_an_impossible_filter_is_refused_with_its_field_and_reason(values, field, code):
    with pytest.raises(InvalidFilter) as caught:
        CallFilter(**{"first": TODAY, "last": TODAY} | values)

    assert (caught.value.field, caught.value.code) == (field, code)


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"limit": 0}, "limit", FilterFault.OUT_OF_RANGE),
        ({"limit": 501}, "limit", FilterFault.OUT_OF_RANGE),
        ({"offset": -1}, "offset", FilterFault.OUT_OF_RANGE),
        ({"offset": 2**31}, "offset", FilterFault.OUT_OF_RANGE),
        ({"until_id": -1}, "until_id", FilterFault.OUT_OF_RANGE),
        ({"sort": "password"}, "sort", FilterFault.UNKNOWN),
    ],
)
def test_an_impossible_page_is_refused_with_its_field_and_reason(values, field, code):
    with pytest.raises(InvalidFilter) as caught:
        Page(**{"offset": 0, "limit": 10} | values)

    assert (caught.value.field, caught.value.code) == (field, code)


@pytest.mark.parametrize(
    ("number", "key"),
    [
        ("+7 (900) 000-12-34", "79000001234"),
        ("8–900—000.12/34", "89000001234"),
        ("900\u00a0000\t12", "90000012"),
        ("Доб. Ёж", "добёж"),
        ("50%_\\", "50%_\\"),
    ],
)
def test_a_number_is_compared_without_punctuation_and_case(number, key):
    assert phone_key(number) == key


@pytest.mark.parametrize(("text", "kept"), [(None, None), ("  ", None), (" 7 ", "7"), ("123456", "1234")])
def test_blank_texts_are_missing_and_long_ones_are_cut(text, kept):
    assert cleaned(text, 4) == kept


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (1, Outcome.SUCCESS),
        *((code, Outcome.FAILURE) for code in (0, 4, 5, 6)),
        *((code, Outcome.OTHER) for code in (2, 3, 7, -1, None)),
    ],
)
def test_each_result_code_has_its_outcome(result, outcome):
    assert outcome_of(result) is outcome
