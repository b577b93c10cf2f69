"""Who and what the calls refer to: operators, clients, agencies with their telephones, places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from sqlalchemy import Connection, MetaData, func, insert, select

from sandbox.call_centre import mixes, words
from sandbox.call_centre.references import GONE_FROM, loose, pointless
from sandbox.call_centre.schema import AGENCY_FLAGS, AGENCY_TELEPHONES

Row = dict[str, Any]
#: Rows by table name.
Rows = dict[str, list[Row]]

#: The first rows of `names` are the managers, all others are clients.
MANAGERS: Final = 40
CLIENTS: Final = 2_500
#: Callers whose card is remembered, so that some of them call again.
REMEMBERED_CARDS: Final = 3_000
_TELEPHONES_OF_AN_AGENCY: Final = mixes.Mix(
    (1, 0), (22, 1), (33, 2), (22, 3), (10, 4), (6, 5), (3, 6), (3, 7)
)
_HIDDEN: Final[mixes.Mix[int | None]] = mixes.Mix((86, 0), (8, None), (6, 1))
_FLAG_SHARES: Final = dict(zip(AGENCY_FLAGS, (0.18, 0.4, 0.05, 0.12, 0.55, 0.08, 0.06), strict=True))


@dataclass(frozen=True, slots=True)
class Directory:
    """The ids that calls may refer to."""

    operators: Sequence[int]
    managers: Sequence[int]
    clients: Sequence[int]
    cities: Sequence[int]
    countries: Sequence[int]
    metros: Sequence[int]
    adverts: Sequence[int]
    agency_telephones: Sequence[int]
    cards: Sequence[int]  # of earlier callers, newest first


def load(connection: Connection, metadata: MetaData) -> Directory:
    """Read the directory of a database."""
    tables = metadata.tables

    def ids(table: str) -> list[int]:
        column = tables[table].c.id
        return list(connection.scalars(select(column).order_by(column)))

    agencies, cards = tables["agentstvo"], tables["cards"]
    telephones: set[int] = set()
    for row in connection.execute(select(*(agencies.c[slot] for slot in AGENCY_TELEPHONES))):
        telephones.update(id_ for id_ in row if id_ and id_ < GONE_FROM)
    last_name = connection.scalar(select(func.max(tables["names"].c.id))) or 0
    return Directory(
        operators=ids("operators"),
        managers=range(1, MANAGERS + 1),
        clients=range(MANAGERS + 1, last_name + 1),
        cities=ids("city"),
        countries=ids("country"),
        metros=ids("metro"),
        adverts=ids("ads"),
        agency_telephones=sorted(telephones),
        cards=list(
            connection.scalars(
                select(cards.c.id)
                .where(cards.c.telephone_id.between(1, GONE_FROM - 1))
                .order_by(cards.c.id.desc())
                .limit(REMEMBERED_CARDS)
            )
        ),
    )


def store(connection: Connection, metadata: MetaData, *, operators: int, agencies: int, rng: Random) -> None:
    """Fill every table but those that grow with each call."""
    for table, rows in _rows(operators, agencies, rng).items():
        connection.execute(insert(metadata.tables[table]), rows)


def _rows(operators: int, agencies: int, rng: Random) -> Rows:
    areas = sorted({quarter.area for quarter in words.QUARTERS})
    regions = sorted({city.region for city in words.CITIES})
    districts: list[Row] = [{"name": quarter.district, "hidden": 0} for quarter in words.QUARTERS]
    districts += [{"name": name, "hidden": 1} for name in words.HIDDEN_DISTRICTS]
    for row in districts[::7]:
        row["hidden"] = row["hidden"] or None  # NULL means shown, too
    rows: Rows = {
        "operators": _named(_distinct_people(operators, rng)),
        "names": _named([words.person(rng) for _ in range(MANAGERS)])
        + _named([words.caller_name(rng) for _ in range(CLIENTS)], first_id=MANAGERS + 1),
        "city": _named([city.name for city in words.CITIES]),
        "metro": _named([quarter.metro for quarter in words.QUARTERS]),
        "district": [{"id": id_, **row} for id_, row in enumerate(districts, 1)],
        "areas": _named(areas),
        "regions": _named(regions),
        "country": _named(words.COUNTRIES),
        "ads": [{"id": id_, "ads_name": name} for id_, name in enumerate(words.ADVERTS, 1)],
    }
    rows["telephone"], rows["agentstvo"] = _Agencies(areas, regions, rng).made(agencies)
    return rows


def _named(names: Sequence[str], first_id: int = 1) -> list[Row]:
    return [{"id": id_, "name": name} for id_, name in enumerate(names, first_id)]


def _distinct_people(count: int, rng: Random) -> list[str]:
    people: dict[str, None] = {}
    while len(people) < count:
        people[words.person(rng)] = None
    return list(people)


class _Agencies:
    """Makes agencies and, on the way, their telephones."""

    def __init__(self, areas: Sequence[str], regions: Sequence[str], rng: Random) -> None:
        self._rng = rng
        self._telephones: list[Row] = []
        self._area_ids = {name: id_ for id_, name in enumerate(areas, 1)}
        self._region_ids = {name: id_ for id_, name in enumerate(regions, 1)}

    def made(self, count: int) -> tuple[list[Row], list[Row]]:
        """Rows of `telephone` and `agentstvo`: `count` agencies and the technical ones."""
        technical = words.TECHNICAL_AGENCIES
        last_id = max(count * 3 // 2, *technical) + 1
        free_ids = [id_ for id_ in range(1, last_id) if id_ not in technical]
        ids = sorted([*self._rng.sample(free_ids, count), *technical])
        agencies = [self._technical(id_) if id_ in technical else self._agency(id_) for id_ in ids]
        self._lend_telephones_to_hidden(agencies)
        return self._telephones, agencies

    def _agency(self, id_: int) -> Row:
        rng = self._rng
        name = words.agency_name(rng)
        return {
            "id": id_,
            "name": name,
            "english_name": words.latin(name) if rng.random() < 0.85 else rng.choice(("", None)),
            "adres": words.address(rng) if rng.random() < 0.97 else "",
            "comment": rng.choice(words.AGENCY_COMMENTS) if rng.random() < 0.4 else rng.choice(("", None)),
            "time_rezhim_id": loose(rng.randrange(1, 13), rng),
            **self._place(),
            **{flag: int(rng.random() < share) for flag, share in _FLAG_SHARES.items()},
            **self._telephone_slots(_TELEPHONES_OF_AN_AGENCY.draw(rng)),
            "hidden": _HIDDEN.draw(rng),
        }

    def _technical(self, id_: int) -> Row:
        """Looks like any other agency, but for its name: only its id gives it away."""
        return {
            **self._agency(id_),
            "name": words.TECHNICAL_AGENCIES[id_],
            "english_name": None,
            "hidden": 0,
            **self._telephone_slots(1),
        }

    def _place(self) -> Row:
        """City, metro and the rest of an agency; only Moscow has districts."""
        rng = self._rng
        in_moscow = rng.random() < 0.7
        city = words.MOSCOW if in_moscow else rng.choice(words.CITIES)
        place: Row = {
            "city_id": loose(words.CITIES.index(city) + 1, rng),
            "region": loose(self._region_ids[city.region], rng),
            "time_zone": city.ahead,
            "metro_id": 0,
            "district_id": 0,
            "area_id": None,
        }
        if city is words.MOSCOW:
            number, quarter = rng.choice(tuple(enumerate(words.QUARTERS, 1)))
            is_hidden = rng.random() < 0.04
            hidden_district = len(words.QUARTERS) + rng.randrange(len(words.HIDDEN_DISTRICTS)) + 1
            place["metro_id"] = loose(number, rng)
            place["district_id"] = hidden_district if is_hidden else loose(number, rng)
            place["area_id"] = loose(self._area_ids[quarter.area], rng)
        return place

    def _telephone_slots(self, count: int) -> Row:
        """The seven columns, `count` of them filled, wherever somebody happened to type the numbers."""
        rng = self._rng
        filled = set(rng.sample(AGENCY_TELEPHONES, count))
        return {
            slot: self._telephone() if slot in filled else self._no_telephone() for slot in AGENCY_TELEPHONES
        }

    def _telephone(self) -> int:
        rng = self._rng
        is_commented = rng.random() < 0.6
        comment = rng.choice(words.TELEPHONE_COMMENTS if is_commented else ("", None))
        id_ = len(self._telephones) + 1
        self._telephones.append({"id": id_, "number": typed_number(rng), "comment": comment})
        return id_

    def _no_telephone(self) -> int | None:
        is_gone = self._rng.random() < 0.005
        return pointless(mixes.DANGLING if is_gone else mixes.ABSENT.draw(self._rng), self._rng)

    def _lend_telephones_to_hidden(self, agencies: Sequence[Row]) -> None:
        """Some hidden agencies are closed branches and keep the telephone of one that still works."""
        hidden = [row for row in agencies if row["hidden"] == 1]
        working = [
            row for row in agencies if row["hidden"] != 1 and row["id"] not in words.TECHNICAL_AGENCIES
        ]
        for branch in hidden[::3]:
            branch["tel_7_id"] = self._rng.choice(working)["tel_1_id"]


def typed_number(rng: Random) -> str:
    """A telephone number as somebody typed it."""
    return mixes.NUMBERS.draw(rng).format(f"{rng.randrange(100):02}", f"{rng.randrange(100):02}")
