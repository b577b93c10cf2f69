"""The agencies of CRM and of the gateway: who they are, and how people typed their telephones.

Shapes as in the real systems: several numbers in a field, any punctuation, national forms, numbers that
several agencies share, short numbers that stand inside longer ones, fields that hold no number at all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from sandbox.errors import SandboxError
from sandbox.vilnius import words
from sandbox.vilnius.files import Rows, reading

_FIRST_ID: Final = 10_040
_BLACKLISTED: Final = 0.03
_SPARSE: Final = 0.04


@dataclass(frozen=True, slots=True)
class Contact:
    """A telephone or mail with the person behind it, as the gateway tells it."""

    value: str
    person: str
    description: str


@dataclass(frozen=True, slots=True)
class Agency:
    """What the gateway tells of an agency; an empty text stands for an element that is missing."""

    id: int
    name: str
    english_name: str = ""
    city: str = ""
    percent: str = ""
    front_office: str = ""
    contract: str = ""
    sent_tourists: str = ""
    boss: str = ""
    curator: str = ""
    black_list: str = ""
    managers: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownAgency:
    """An agency with a number (digits of E.164) that leads to it and to no other one."""

    id: int
    name: str
    number: str
    person: str  # who answers at that number, as the gateway tells


@dataclass(slots=True)
class _Made:
    """An agency with everything that is to be written of it."""

    agency: Agency
    number: str
    phones: list[str] = field(default_factory=list)


def rows(*, agencies: int, phones: int, seed: int) -> Rows:
    """The rows of `agencies` agencies, with `phones` rows of telephones between them.

    Raises:
        SandboxError: there are to be fewer telephones than agencies.
    """
    if phones < agencies:
        raise SandboxError("each agency has a telephone: there cannot be fewer telephones than agencies")
    made = list(_agencies(Random(seed), agencies))
    _share_out(Random(seed + 1), made, phones - agencies)
    return {
        "T_AGENCY_PHONE": [(one.agency.id, text) for one in made for text in one.phones],
        "SANDBOX_AGENCY": [
            (one.agency.id, json.dumps(asdict(one.agency), ensure_ascii=False), one.number) for one in made
        ],
    }


def known_agencies(crm_file: Path) -> list[KnownAgency]:
    """All agencies of the file, the lowest id first.

    Raises:
        SandboxError: the file is not there, or not the sandbox's.
    """
    with reading(crm_file) as connection:
        found = connection.execute("SELECT CARD, OWN_NUMBER FROM SANDBOX_AGENCY ORDER BY AGENCY_ID")
        told = [(_from_json(card), number) for card, number in found]
    return [
        KnownAgency(agency.id, agency.name, number, _person_at(agency, number)) for agency, number in told
    ]


def agency_of(connection: sqlite3.Connection, agency_id: int) -> Agency | None:
    """The agency, None if there is none of that id."""
    row = connection.execute("SELECT CARD FROM SANDBOX_AGENCY WHERE AGENCY_ID = ?", (agency_id,)).fetchone()
    return None if row is None else _from_json(row[0])


def _from_json(text: str) -> Agency:
    fields = json.loads(text)
    contacts = tuple(Contact(**contact) for contact in fields.pop("contacts"))
    return Agency(**{**fields, "managers": tuple(fields["managers"])}, contacts=contacts)


def _person_at(agency: Agency, number: str) -> str:
    return next(
        (one.person for one in agency.contacts if number in "".join(filter(str.isdigit, one.value))), ""
    )


def _agencies(rng: Random, count: int) -> Iterator[_Made]:
    taken: set[str] = set()
    agency_id = _FIRST_ID
    for _ in range(count):
        agency_id += rng.choice((1, 1, 1, 2, 3, 17))
        place = rng.choice(words.PLACES)
        number = _new_number(rng, place, taken)
        agency = _agency(rng, agency_id, place, number, taken)
        yield _Made(agency, number, [_typed_abroad(rng, number)])


def _agency(rng: Random, agency_id: int, place: words.Place, number: str, taken: set[str]) -> Agency:
    name = words.agency_name(rng)
    boss = words.person(rng)
    managers = tuple(words.person(rng) for _ in range(rng.choice((0, 1, 1, 2, 3, 5))))
    people = (boss, *managers)
    own = Contact(_typed_abroad(rng, number), rng.choice(people), rng.choice(words.CONTACT_DESCRIPTIONS))
    if rng.random() < _SPARSE:
        return Agency(agency_id, name, city=place.city, contacts=(own,))
    others = tuple(
        Contact(
            _typed_abroad(rng, _new_number(rng, place, taken)),
            rng.choice(people),
            rng.choice((*words.CONTACT_DESCRIPTIONS, "")),
        )
        for _ in range(rng.choice((0, 0, 1, 2)))
    )
    mail = Contact(f"agency{agency_id}@example.com", boss, "")
    return Agency(
        id=agency_id,
        name=name,
        english_name=words.english(name),
        city=place.city,
        percent=rng.choice(("8", "9", "10", "10", "11", "12", "12,5", "14")),
        front_office=rng.choice(("true", "false", "false")),
        contract=rng.choice(words.CONTRACTS),
        sent_tourists=str(int(rng.lognormvariate(4.5, 1.2))),
        boss=boss,
        curator=rng.choice(words.OUR_CURATORS),
        black_list="true" if rng.random() < _BLACKLISTED else "false",
        managers=managers,
        contacts=(own, *others, mail),
    )


def _new_number(rng: Random, place: words.Place, taken: set[str], *, landline: float = 0) -> str:
    while True:
        if rng.random() < landline:
            number = place.landline + _digits(rng, place.landline_digits)
        else:
            number = rng.choice(place.mobile) + _digits(rng, place.mobile_digits)
        if number not in taken:
            taken.add(number)
            return number


def _digits(rng: Random, count: int) -> str:
    # No area has numbers that begin with 0 or 1.
    return rng.choice("23456789") + "".join(rng.choice("0123456789") for _ in range(count - 1))


def _share_out(rng: Random, made: list[_Made], count: int) -> None:
    """Give the agencies `count` more telephone fields; none of their numbers is some agency's own one."""
    taken = {one.number for one in made}
    shared = [_new_number(rng, rng.choice(words.PLACES), taken) for _ in range(max(1, len(made) // 20))]
    for _ in range(count):
        one = rng.choice(made)
        kind = rng.random()
        if kind < 0.05:
            text = rng.choice(words.NO_PHONES)
        elif kind < 0.12:
            text = _typed_abroad(rng, rng.choice(shared))
        elif kind < 0.16:
            text = one.number[-rng.randrange(5, 8) :]  # its end alone: it must lead nowhere
        else:
            place = rng.choice(words.PLACES)
            several = [
                _typed(rng, _new_number(rng, place, taken, landline=0.4))
                for _ in range(rng.choice((1, 1, 1, 2, 3)))
            ]
            text = rng.choice((", ", "; ", ",", " ; ")).join(several)
        one.phones.append(text)


def _typed(rng: Random, number: str) -> str:
    """A number as somebody typed it, of Lithuania also in its national form."""
    if number.startswith("370") and rng.random() < 0.3:
        national = number[3:]
        return rng.choice(
            (f"8{national}", f"8 {national[:3]} {national[3:]}", f"(8 {national[:1]}) {national[1:]}")
        )
    return _typed_abroad(rng, number)


def _typed_abroad(rng: Random, number: str) -> str:
    """A number in international form, with or without its plus."""
    country, area, rest = number[:3], number[3:6], number[6:]
    return rng.choice(
        (
            f"+{number}",
            number,
            f"+{country} {area} {rest}",
            f"+{country} ({area}) {rest[:2]}-{rest[2:]}",
            f"+{country}-{area}-{rest}",
            f"{country} {area} {rest[:2]} {rest[2:]}",
            f" +{country}{area} {rest} ",
        )
    )
