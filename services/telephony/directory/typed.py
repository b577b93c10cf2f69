"""The telephone numbers in a text that somebody typed."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from phonenumbers import (
    CountryCodeSource,
    NumberParseException,
    PhoneNumber,
    ValidationResult,
    is_possible_number_with_reason,
    is_valid_number,
    parse,
)

#: Raise it when the same text is to be read differently, and the whole copy is read anew.
RULES = 1
_PLUS_OR_PREFIX = (
    CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN,
    CountryCodeSource.FROM_NUMBER_WITH_IDD,
)
# Between two numbers of a field. A plus begins a new one, also when only a blank stands before it.
_NEXT_NUMBER = re.compile(r"[,;/\\|\r\n]|(?=\+)")
# Digits with what people put between them; a letter ends the number (an extension, a name, "fax").
_ONE_NUMBER = re.compile(r"(?:\+[\s(]{0,3})?[0-9][0-9\s().~_*\-\u2010-\u2015\u2212]*")
_NO_DIGITS = re.compile(r"[^0-9]+")
_FEWEST, _MOST = 5, 18  # digits worth a look; 15 of E.164 and an international prefix


@dataclass(frozen=True, slots=True)
class TypedNumbers:
    """Digits of E.164, without repetitions, in the order they were typed.

    `exact` stood there in international form (with a plus, the prefix for calls abroad, or the bare digits),
    `probable` in national form of the country they were read for.
    """

    exact: tuple[str, ...]
    probable: tuple[str, ...]


def numbers_in(text: str, country: str) -> TypedNumbers:
    """Read all numbers in `text`, for people of `country` (ISO 3166).

    Bare digits may be both: what is a valid number abroad with a plus before it, and at home without. They
    are then in both. What cannot be a number is left out; nothing is ever taken out of the middle of digits.
    """
    exact: dict[str, None] = {}
    probable: dict[str, None] = {}
    for number in _numbers(plain(text)):
        digits = _NO_DIGITS.sub("", number)
        if not _FEWEST <= len(digits) <= _MOST:
            continue
        here = _parsed(number, country)
        if here is not None and here.country_code_source in _PLUS_OR_PREFIX:
            if _is_possible(here):
                exact[_digits_of(here)] = None
            continue
        abroad = _parsed("+" + digits, country)
        is_ours = here is not None and is_valid_number(here)
        if abroad is not None and (is_valid_number(abroad) or (not is_ours and _is_possible(abroad))):
            exact[_digits_of(abroad)] = None
        if here is not None and is_ours and _digits_of(here) not in exact:
            probable[_digits_of(here)] = None
    return TypedNumbers(tuple(exact), tuple(number for number in probable if number not in exact))


def plain(text: str) -> str:
    """The text with digits and punctuation of other scripts as those of ASCII."""
    if text.isascii():
        return text
    normal = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in normal)


def digits_in(text: str) -> str:
    """All digits of the text in one."""
    return _NO_DIGITS.sub("", plain(text))


def _numbers(text: str) -> Iterator[str]:
    for part in _NEXT_NUMBER.split(text):
        if "@" in part:  # digits in a mail address are none
            part = " ".join(word for word in part.split() if "@" not in word)
        yield from (found.group() for found in _ONE_NUMBER.finditer(part))


def _parsed(number: str, country: str) -> PhoneNumber | None:
    try:
        return parse(number, country, keep_raw_input=True)
    except NumberParseException:
        return None


def _is_possible(number: PhoneNumber) -> bool:
    return is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE


def _digits_of(number: PhoneNumber) -> str:
    zeros = "0" * (number.number_of_leading_zeros or 1) if number.italian_leading_zero else ""
    return f"{number.country_code}{zeros}{number.national_number}"
