"""The number of a caller is read as the platform writes it, and never guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.telephony.numbers import clean_number

#: A busy machine is no failure.
UNHURRIED = settings(deadline=None)


@pytest.mark.parametrize(
    "ani",
    [
        "37061234567",
        "+37061234567",
        " 37061234567",  # a plus that a URL made a space
        "+370 (612) 34-567",
        "370\u2011612\u201134567",
        "0037061234567",
        "tel:+370-612-34567",
        "sip:37061234567@10.0.0.1:5060",
        "37061234567 ext. 205",
        "Unknown <37061234567>",
        "３７０６１２３４５６７",
        "٣٧٠٦١٢٣٤٥٦٧",
    ],
)
def test_any_way_to_write_a_number_gives_the_digits_of_e164(ani):
    assert clean_number(ani, "LT") == "37061234567"


@pytest.mark.parametrize(
    ("ani", "number"),
    [
        ("39061234567", "39061234567"),  # the zero of an Italian number is part of it
        ("79161234567", "79161234567"),
        ("+442071838750", "442071838750"),
        ("37000000000", "37000000000"),  # nobody's, but it could be one
    ],
)
def test_a_number_without_its_plus_is_international(ani, number):
    assert clean_number(ani, "LT") == number


@pytest.mark.parametrize("ani", ["861234567", "061234567", "8 612 34567"])
def test_a_number_that_is_none_abroad_is_read_as_people_at_home_dial_it(ani):
    assert clean_number(ani, "LT") == "37061234567"


@pytest.mark.parametrize(
    "ani",
    [
        "",
        " ",
        "+",
        "Unknown",
        "anonymous",
        "205",
        "0",
        "000000000",
        "3706123****",
        "3706A1234567",
        "+3706123456789012",
        "3" * 300,
        " " * 1_000_000 + "37061234567",
        "37061234567, 37069999999",
        "<script>alert(1)</script>",
        "\0",
        "☎️",
    ],
)
def test_what_cannot_be_a_number_is_none(ani):
    assert clean_number(ani, "LT") is None


def test_the_same_number_twice_is_one():
    assert clean_number("+37061234567 <37061234567>", "LT") == "37061234567"


@UNHURRIED
@given(st.text(max_size=320))
def test_whatever_is_typed_gives_digits_of_e164_or_nothing(ani):
    number = clean_number(ani, "LT")

    assert number is None or (number.isascii() and number.isdigit() and 7 <= len(number) <= 15)


@UNHURRIED
@given(st.text(alphabet="+0123456789 ()-,;/@x", max_size=30))
def test_a_number_that_was_read_is_read_the_same_again(ani):
    number = clean_number(ani, "LT")

    assert number is None or clean_number("+" + number, "LT") == number
