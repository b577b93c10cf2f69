"""The person of an agency behind a telephone number."""

from services.telephony.directory.typed import digits_in, numbers_in
from services.telephony.model import AgencyCard, Contact

# Every number ends as it was typed, so what does not hold its last digits need not be read with care.
_LAST_DIGITS = 6


def caller_of(card: AgencyCard, number: str | None, country: str) -> Contact | None:
    """The contact whose value is `number`, digits of E.164; None when there is none.

    A value may hold several numbers, in any typing, in national form of `country` (ISO 3166) too. Of several
    contacts one with a person behind it comes first, then one that has the number in international form.
    """
    if number is None:
        return None
    found: list[tuple[bool, bool, Contact]] = []
    for contact in card.contacts:
        if number[-_LAST_DIGITS:] not in digits_in(contact.value):
            continue
        numbers = numbers_in(contact.value, country)
        if number in numbers.exact or number in numbers.probable:
            found.append((contact.person is not None, number in numbers.exact, contact))
    return max(found, key=lambda match: match[:2])[2] if found else None
