"""All telephones of agencies in memory."""

from collections.abc import Iterable

from services.telephony.model import Match, MatchKind

NO_MATCH = Match(MatchKind.NONE)
# Nearly every number has one owner, and a hundred thousand lists would take their time and room.
_Owners = dict[str, "int | list[int]"]


class PhoneIndex:
    """Whose number it is, by all of its digits: a part of a number is never looked for."""

    def __init__(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Take agency, exact and probable numbers as the copy has them; no agency comes twice."""
        self._exact: _Owners = {}
        self._probable: _Owners = {}
        for agency_id, exact, probable in rows:
            _enter(self._exact, agency_id, exact)
            if probable:
                _enter(self._probable, agency_id, probable)

    def __len__(self) -> int:
        """How many different numbers there are; one that is known in both forms counts twice."""
        return len(self._exact) + len(self._probable)

    def find(self, number: str) -> Match:
        """The agencies that have `number`, digits of E.164.

        Those that have it in international form come before those of whom it is only probable; among equals
        the highest id is taken. Source: "Oracle schemas", CRM.
        """
        exact = _owners(self._exact, number)
        probable = _owners(self._probable, number)
        chosen = exact or probable
        if not chosen:
            return NO_MATCH
        taken = max(chosen)
        return Match(
            kind=MatchKind.EXACT if exact else MatchKind.PROBABLE,
            agency_id=taken,
            others=tuple(sorted({*exact, *probable} - {taken}, reverse=True)),
        )


def _enter(owners: _Owners, agency_id: int, numbers: str) -> None:
    for number in numbers.split():
        known = owners.setdefault(number, agency_id)
        if isinstance(known, list):
            known.append(agency_id)
        elif known != agency_id:
            owners[number] = [known, agency_id]


def _owners(owners: _Owners, number: str) -> list[int]:
    found = owners.get(number)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]
