"""The number in what the platform says of who calls (`ani`)."""

import re

from phonenumbers import (
    CountryCodeSource,
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    is_valid_number,
    parse,
)

from services.telephony.directory.typed import plain

#: Characters; what is longer is refused by the ledger.
LONGEST_ANI = 300
# Digits with what people and programs put between them. A letter ends the number, so do an asterisk (masked
# digits) and the separators of URIs: "sip:37061234567@10.0.0.1", "37061234567 ext. 5".
_DIGITS = re.compile(r"\+?[\s(]*[0-9][0-9\s().\-\u2010-\u2015\u2212/]*")
_NO_DIGIT = re.compile(r"[^0-9]+")
_FEWEST, _MOST = 6, 18  # worth a look: 15 of E.164 with an international prefix before them


def clean_number(ani: str, country: str) -> str | None:
    """The digits of E.164, without a plus; None when there is no number in `ani`, or more than one.

    Without its plus a number is international all the same (callback interface of the platform). Only what is
    no valid number abroad is read as people of `country` (ISO 3166) dial it: with their prefix for calls
    abroad, or in national form.
    """
    if len(ani) > LONGEST_ANI:
        return None
    found = {_read(piece, country) for piece in _DIGITS.findall(plain(ani).partition("@")[0])} - {None}
    return found.pop() if len(found) == 1 else None


def _read(piece: str, country: str) -> str | None:
    digits = _NO_DIGIT.sub("", piece)
    if not _FEWEST <= len(digits) <= _MOST:
        return None
    abroad = _parsed("+" + digits, country)
    here = None if piece.startswith("+") else _parsed(digits, country)
    if here is not None and not (abroad is not None and is_valid_number(abroad)) and is_valid_number(here):
        return _e164(here)
    if here is not None and here.country_code_source != CountryCodeSource.FROM_NUMBER_WITH_IDD:
        here = None  # dialled at home, and no valid number there
    for number in (abroad, here):
        if number is not None and is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE:
            return _e164(number)
    return None


def _parsed(text: str, country: str) -> PhoneNumber | None:
    try:
        return parse(text, country, keep_raw_input=True)
    except NumberParseException:
        return None


def _e164(number: PhoneNumber) -> str:
    return str(format_number(number, PhoneNumberFormat.E164)).removeprefix("+")
