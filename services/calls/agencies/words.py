"""How a search is read and what it is compared with: folded texts, and telephones as digits."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from services.calls.phones import PUNCTUATION

#: So many digits in neighbouring words that are nothing but telephone are one telephone number.
WHOLE_NUMBER = 7
#: Fewer digits beside other words are the number of a house, not a part of a telephone.
PART_OF_NUMBER = 3
_NATIONAL = 10  # digits of a Russian number without +7 or 8
_PHONE = re.compile(f"[0-9{re.escape(PUNCTUATION)}]+")
_NO_DIGITS = re.compile(r"[^0-9]+")
#: What stands between two numbers that were typed into one field.
_NEXT_NUMBER = re.compile("[,;]")


def folded(text: str) -> str:
    """The text as it is compared: small letters, the letter yo as ye, single blanks."""
    plain = unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
    return " ".join(plain.split())


def digits_of(text: str) -> str:
    return _NO_DIGITS.sub("", text)


def number_key(number: str) -> str:
    """A number's digits; a Russian one begins with 7, whether it was typed with +7, with 8 or without."""
    digits = digits_of(number)
    if number.strip().startswith("+"):
        return digits
    if len(digits) == _NATIONAL:
        return "7" + digits
    return "7" + digits[1:] if digits.startswith("8") and len(digits) > _NATIONAL else digits


def texts_key(texts: Iterable[str | None]) -> str:
    """Texts in one, as they are compared, each after a line break."""
    return "".join("\n" + folded(text) for text in texts if text)


def numbers_key(numbers: Iterable[str]) -> str:
    """Numbers in one, as they are compared, each after a line break."""
    single = (number for typed in numbers for number in _NEXT_NUMBER.split(typed))
    return "".join("\n" + key for number in single if (key := number_key(number)))


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a search: to be found in the texts as it is, or in a telephone by its digits."""

    text: str
    digits: str

    @property
    def beginning(self) -> str | None:
        """How a number begins, in a `numbers_key`, if the 8 of these digits stands for the 7 kept there."""
        return "\n7" + self.digits[1:] if len(self.digits) > 1 and self.digits[0] == "8" else None


def words_of(search: str) -> list[Word]:
    """The words of a search.

    Neighbours that are nothing but digits and punctuation are one number, if it is long enough or there is
    nothing else.
    """
    found: list[Word] = []
    runs = [(is_phone, list(run)) for is_phone, run in groupby(folded(search).split(), key=_is_phone)]
    for is_phone, run in runs:
        whole = digits_of("".join(run)) if is_phone else ""
        if len(whole) >= WHOLE_NUMBER or (whole and len(runs) == 1):
            found.append(Word(" ".join(run), whole))
        else:
            found += [Word(token, _part_of_number(token) if is_phone else "") for token in run]
    return found


def _is_phone(token: str) -> bool:
    return _PHONE.fullmatch(token) is not None


def _part_of_number(token: str) -> str:
    digits = digits_of(token)
    return digits if len(digits) >= PART_OF_NUMBER else ""
