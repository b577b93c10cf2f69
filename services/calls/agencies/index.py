"""The directory in memory: found by any words, the best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from services.calls.agencies.model import ListedAgency
from services.calls.agencies.payload import listed_from_json
from services.calls.agencies.words import Word, folded, numbers_key, texts_key, words_of

#: Quotes and the like before a name: nobody types them to find it.
_OPENING = "«»„“”\"'([ "


@dataclass(frozen=True, slots=True)
class _Place:
    """One agency with what it is found and ranked by; `beginnings` are its names, each after a line break."""

    listed: ListedAgency
    texts: str
    numbers: str
    beginnings: str

    @classmethod
    def of(cls, listed: ListedAgency) -> Self:
        agency = listed.agency
        names = [name for name in (agency.name, agency.english_name) if name]
        return cls(
            listed=listed,
            texts=texts_key(
                [*names, agency.address, agency.city, agency.district, agency.metro, agency.area]
            ),
            numbers=numbers_key(phone.number for phone in agency.phones),
            beginnings="".join("\n" + folded(name).lstrip(_OPENING) for name in names),
        )


class Index:
    """All agencies, in the order of their names; those without one come last."""

    def __init__(self, texts: Mapping[int, str], before: "Index | None" = None) -> None:
        """Agencies as JSON texts by id; those that are the same in `before` are taken from there."""
        known: Mapping[int, tuple[str, _Place]] = before._known if before is not None else {}
        self._known: dict[int, tuple[str, _Place]] = {
            id_: known[id_] if id_ in known and known[id_][0] == text else (text, _place(text))
            for id_, text in texts.items()
        }
        self._places = sorted((place for _text, place in self._known.values()), key=_order)

    def __len__(self) -> int:
        return len(self._places)

    def agency(self, id_: int) -> ListedAgency | None:
        known = self._known.get(id_)
        return None if known is None else known[1].listed

    def found(self, search: str) -> Sequence[ListedAgency]:
        """The agencies that hold every word of `search`; first those whose name begins with it."""
        places = self._places
        for word in words_of(search):
            places = _holding(word, places)
        return [place.listed for place in _best_first(places, folded(search).lstrip(_OPENING))]


def _place(text: str) -> _Place:
    return _Place.of(listed_from_json(text))


def _order(place: _Place) -> tuple[bool, str, int]:
    return not place.beginnings, place.beginnings, place.listed.agency.id


def _holding(word: Word, places: list[_Place]) -> list[_Place]:
    """The places that hold `word`. One plain loop for each case: thousands of places are looked at."""
    text, digits, beginning = word.text, word.digits, word.beginning
    if not digits:
        return [place for place in places if text in place.texts]
    if beginning is None:
        return [place for place in places if digits in place.numbers or text in place.texts]
    return [
        place
        for place in places
        if digits in place.numbers or beginning in place.numbers or text in place.texts
    ]


def _best_first(places: list[_Place], search: str) -> list[_Place]:
    """First those with a name that begins with `search`, then with one of its words; else the order stays."""
    ranks = [[search], search.split()] if " " in search else [[search]] if search else []
    first: list[_Place] = []
    for beginnings in ranks:
        taken: set[int] = set()
        for beginning in beginnings:
            mark = "\n" + beginning
            taken.update(place.listed.agency.id for place in places if mark in place.beginnings)
        if taken:
            first += [place for place in places if place.listed.agency.id in taken]
            places = [place for place in places if place.listed.agency.id not in taken]
    return first + places
