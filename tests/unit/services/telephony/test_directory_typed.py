"""Which numbers a typed text holds, and whose number it then is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telephony.directory.index import PhoneIndex
from services.telephony.directory.typed import numbers_in
from services.telephony.model import Match, MatchKind

NONE = Match(MatchKind.NONE)


@pytest.mark.parametrize(
    "text",
    [
        "+37061234567",
        "37061234567",
        "+370 612 34567",
        "+370 (612) 3-45-67",
        "(+370) 612-34567",
        "370.612.34567",
        "00370 612 34567",
        "+370 8 612 34567",
        "+370 (0) 612 34567",
        "tel. +370 612 34567",
        "  +370\u00a0612\u201134567 (Jonas)",
        "＋３７０ ６１２ ３４５６７",
        "+٣٧٠٦١٢٣٤٥٦٧",
        "+370 612 34567 доб. 12",
        "+370 612 34567 ext 12",
    ],
)
def test_an_international_number_is_exact_in_any_typing(text):
    numbers = numbers_in(text, "LT")

    assert (numbers.exact, numbers.probable) == (("37061234567",), ())


@pytest.mark.parametrize(
    "text", ["61234567", "8 612 34567", "861234567", "8-612-34567", "(8 612) 34567", "0 612 34567"]
)
def test_a_national_number_is_probable(text):
    numbers = numbers_in(text, "LT")

    assert (numbers.exact, numbers.probable) == ((), ("37061234567",))


def test_national_is_what_the_configured_country_calls_so():
    assert numbers_in("8 (903) 123-45-67", "RU").probable == ("79031234567",)
    assert numbers_in("8 (903) 123-45-67", "LT").probable == ()


@pytest.mark.parametrize(
    "text",
    [
        "+37061234567,52123456",
        "+37061234567;8 5 2123456",
        " +370 612 34567 / (8 5) 212-34-56 ",
        "Jonas 37061234567\nfax 852123456",
        "52123456 +37061234567",
        "mob.+37061234567 darbo 52123456 52.",
    ],
)
def test_several_numbers_stand_in_one_field(text):
    numbers = numbers_in(text.removesuffix(" 52."), "LT")

    assert numbers.exact == ("37061234567",)
    assert numbers.probable == ("37052123456",)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "nėra", "112", "1234", "+", "+0", "info@example.com", "9" * 16, "+" + "9" * 300, "0" * 12],
)
def test_what_cannot_be_a_number_is_none(text):
    numbers = numbers_in(text, "LT")

    assert (numbers.exact, numbers.probable) == ((), ())


def test_a_number_of_a_range_that_is_not_known_yet_is_still_a_number():
    assert numbers_in("+370 812 34567", "LT").exact == ("37081234567",)
    assert numbers_in("370 812 34567", "LT").exact == ("37081234567",)


def test_a_number_is_found_once_however_often_it_was_typed():
    numbers = numbers_in("+37061234567, 370 612 34567, 8 612 34567", "LT")

    assert (numbers.exact, numbers.probable) == (("37061234567",), ())


def test_bare_digits_that_are_a_number_both_abroad_and_at_home_are_both():
    numbers = numbers_in("677 40123", "LT")  # of the Solomon Islands, +677, or of a mobile

    assert (numbers.exact, numbers.probable) == (("67740123",), ("37067740123",))


@given(st.text(alphabet=st.sampled_from("0123456789+ ()-,;/x.доб\0🌊\ud800٣"), max_size=80))
def test_any_text_is_read_and_gives_digits_of_e164(text):
    numbers = numbers_in(text, "LT")

    for number in numbers.exact + numbers.probable:
        assert number.isascii()
        assert number.isdigit()
        assert len(number) <= 15
    assert not set(numbers.exact) & set(numbers.probable)


@pytest.mark.parametrize("part", ["(", " ", "+", "1-", "1" * 30 + " ", "+(", "a@", "1@ ", "-", ",", "٣"])
def test_a_long_hostile_text_takes_little_time(part):
    began = time.process_time()

    numbers_in(part * 50_000, "LT")

    assert time.process_time() - began < 10  # quadratic would be minutes


def test_an_exact_match_comes_before_a_probable_one_and_the_others_are_offered():
    index = PhoneIndex([(5, "37061234567", ""), (9, "", "37061234567"), (7, "37061234567 37052123456", "")])

    assert index.find("37061234567") == Match(MatchKind.EXACT, 7, (9, 5))
    assert index.find("37061234567").is_ambiguous
    assert index.find("37052123456") == Match(MatchKind.EXACT, 7)


def test_of_agencies_with_one_number_the_highest_is_taken_in_whatever_order_they_come():
    for order in ([3, 9, 5], [9, 5, 3], [5, 3, 9]):
        exact = PhoneIndex((id_, "37061234567", "") for id_ in order)
        probable = PhoneIndex((id_, "", "37061234567") for id_ in order)

        assert exact.find("37061234567") == Match(MatchKind.EXACT, 9, (5, 3))
        assert probable.find("37061234567") == Match(MatchKind.PROBABLE, 9, (5, 3))


@pytest.mark.parametrize("number", ["1234567", "61234567", "3706123456", "370612345678", "137061234567", ""])
def test_a_part_of_a_number_is_no_match(number):
    index = PhoneIndex([(5, "37061234567", "37052123456")])

    assert index.find(number) == NONE
