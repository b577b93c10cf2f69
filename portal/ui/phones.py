"""Phone numbers as people read them."""

from functools import lru_cache

import phonenumbers


def readable_number(number: str | None) -> str | None:
    """A Russian number as `+7 900 000-60-58`; any other as the source has it; None for none."""
    if not number or not number.strip():
        return None
    digits = "".join(character for character in number if character.isascii() and character.isdigit())
    plain = all(character in "+-() .0123456789\u00a0" for character in number)
    if plain and len(digits) == 11 and digits[0] in "78":
        return f"+7 {digits[1:4]} {digits[4:7]}-{digits[7:9]}-{digits[9:]}"
    return number.strip()


@lru_cache(maxsize=10_000)
def international_number(digits: str) -> str:
    """Digits of E.164 in the grouping of their country: `+370 612 34567`; with a bare plus if it has none."""
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return f"+{digits}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
