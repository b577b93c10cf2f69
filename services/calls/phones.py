"""Telephone numbers as they are searched: any part, any punctuation, any case."""

from services.calls.model import FilterFault, InvalidFilter

#: What people type between digits. A number and a search for it both lose these characters.
PUNCTUATION = " \t\u00a0-–—()+./"
LONGEST_NUMBER = 64
_WITHOUT_PUNCTUATION = str.maketrans("", "", PUNCTUATION)


def phone_key(number: str) -> str:
    """The number as it is compared: without punctuation, in small letters."""
    return number.translate(_WITHOUT_PUNCTUATION).lower()


def search_key(phone: str) -> str:
    """What to look for in phone keys for the search `phone`; "" when nothing is searched.

    Raises:
        InvalidFilter: the search consists of punctuation only, so it would match every number.
    """
    key = phone_key(phone)
    if phone and not key:
        raise InvalidFilter("phone", FilterFault.EMPTY)
    return key


def cleaned(text: object, longest: int) -> str | None:
    """A text of the call-centre database without outer blanks, cut to `longest`; None when nothing is left."""
    if text is None:
        return None
    return str(text).strip(" ")[:longest] or None
