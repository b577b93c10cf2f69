"""From rows of `calls` to calls with number, names, client card and agencies, a batch at a time.

Dangling ids, NULL, 0 and junk in `calls_results_ids` are normal: what they would name is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.calls import source
from services.calls.directory import Agencies, Directory, Places, by_id, names_of, rows_by_id
from services.calls.model import Agency, AgencyInfo, AgencyPhone, Call, ClientCard, Ringing, is_possible_id
from services.calls.phones import LONGEST_NUMBER, cleaned
from services.calls.source import AGENCY_FLAGS, AGENCY_TELEPHONES, AnyRow, AnySelect, Reader

_NUMBERS = by_id(
    select(source.cards.c.id, source.telephone.c.number).join(
        source.telephone, source.telephone.c.id == source.cards.c.telephone_id
    ),
    source.cards,
)
_PROCESSINGS = by_id(select(source.privat_processing), source.privat_processing)
_RINGS = by_id(
    select(*(source.calls_result.c[name] for name in ("id", "telephone_id", "datetime", "result"))),
    source.calls_result,
)
_TELEPHONES = by_id(select(source.telephone), source.telephone)


@dataclass(frozen=True, slots=True)
class RawCall:
    """A row of `calls` as it is in the source; `at` is naive local time."""

    id: int
    at: datetime
    operator_id: int | None
    card_id: int | None
    pp_id: int | None
    result: int | None
    call_type: int | None


def raw_calls() -> AnySelect:
    """Selects what `RawCall` takes, in its order."""
    call = source.calls.c
    return select(
        call.id,
        call.datetime,
        call.operator_id,
        call.card_id,
        call.privat_processing_id,
        call.result,
        call.type_call,
    )


def raw_of(rows: Iterable[AnyRow]) -> list[RawCall]:
    """Rows of `raw_calls`; those without a readable time are left out, as no period could hold them."""
    return [RawCall(*row) for row in rows if isinstance(row[1], datetime)]


@dataclass(frozen=True, slots=True)
class Ring:
    """One ringing of an agency for a client: a row of `calls_result`, and whose telephone it was."""

    id: int
    agency_id: int
    at: datetime | None  # naive local time
    result: int | None


@dataclass(frozen=True, slots=True)
class ResolvedCall:
    """A call with what its ids lead to; `rings` are those of agencies that may be shown, newest first."""

    raw: RawCall
    number: str | None
    processing: AnyRow | None
    rings: tuple[Ring, ...]

    @property
    def has_card(self) -> bool:
        return self.processing is not None and (self.raw.card_id or 0) > 0


@dataclass(frozen=True, slots=True)
class Details:
    """What the two windows of a call show. The first agency is the one the call's Info names."""

    card: ClientCard | None
    agencies: tuple[AgencyInfo, ...]


class Resolver:
    """Resolves calls with one reader; made for one batch or one cycle."""

    def __init__(self, reader: Reader, directory: Directory, zone: ZoneInfo) -> None:
        self._reader = reader
        self._directory = directory
        self._zone = zone

    @cached_property
    def _agencies(self) -> Agencies:
        """The same ones for everything this resolver says, however long it takes."""
        return self._directory.agencies(self._reader)

    def resolve(self, raws: Sequence[RawCall]) -> list[ResolvedCall]:
        """The calls in the same order. Raises UpstreamError."""
        if not raws:
            return []
        numbers = self._numbers(raw.card_id for raw in raws)
        processings = self.processings(raw.pp_id for raw in raws)
        rings = self.rings(processings.values())
        return [
            ResolvedCall(
                raw=raw,
                number=numbers.get(raw.card_id or 0),
                processing=processings.get(raw.pp_id or 0),
                rings=rings.get(raw.pp_id or 0, ()),
            )
            for raw in raws
        ]

    def processings(self, ids: Iterable[int | None]) -> dict[int, AnyRow]:
        """Rows of `privat_processing` by id."""
        return {row.id: row for row in rows_by_id(self._reader, _PROCESSINGS, _present(ids))}

    def rings(self, processings: Iterable[AnyRow]) -> dict[int, tuple[Ring, ...]]:
        """Rings of agencies that may be shown, by processing id, newest first."""
        ids = {row.id: ring_ids(row.calls_results_ids) for row in processings}
        wanted = {ring_id for some in ids.values() for ring_id in some}
        owners = self._agencies.of_telephone
        found: dict[int, Ring] = {}
        for id_, telephone_id, at, result in rows_by_id(self._reader, _RINGS, wanted):
            agency_id = owners.get(telephone_id or 0)
            if agency_id is not None:
                found[id_] = Ring(id_, agency_id, at if isinstance(at, datetime) else None, result)
        return {
            pp_id: tuple(sorted((found[one] for one in some if one in found), key=_age, reverse=True))
            for pp_id, some in ids.items()
        }

    def details(self, calls: Sequence[ResolvedCall], operators: Mapping[int, str]) -> dict[int, Details]:
        """Client card and agencies by call id, for the calls that have either. Raises UpstreamError."""
        wanted = [call for call in calls if call.processing is not None and (call.has_card or call.rings)]
        if not wanted:
            return {}
        words = self._words([call.processing for call in wanted if call.processing is not None])
        book = self._book({ring.agency_id for call in wanted for ring in call.rings})
        found = {}
        for call in wanted:
            assert call.processing is not None
            client = words.client(call.processing)
            operator = operators.get(call.raw.operator_id or 0)
            card = _card(call, client, operator, self._zone) if call.has_card else None
            found[call.raw.id] = Details(card, book.agencies(call.rings, client, operator))
        return found

    def agencies_of(
        self, processing: AnyRow, rings: Sequence[Ring], operator: str | None = None
    ) -> tuple[AgencyInfo, ...]:
        """The agencies of a processing's rings, newest ringing first. Raises UpstreamError."""
        if not rings:
            return ()
        client = self._words([processing]).client(processing)
        return self._book({ring.agency_id for ring in rings}).agencies(rings, client, operator)

    def operator_names(self, ids: Iterable[int | None]) -> dict[int, str]:
        """Names by operator id. Raises UpstreamError."""
        return names_of(self._reader, source.operators, _present(ids))

    def _numbers(self, card_ids: Iterable[int | None]) -> dict[int, str]:
        rows = rows_by_id(self._reader, _NUMBERS, _present(card_ids))
        return {row[0]: number for row in rows if (number := cleaned(row[1], LONGEST_NUMBER))}

    def _words(self, processings: Sequence[AnyRow]) -> "_Words":
        people = _present(id_ for row in processings for id_ in (row.client_name_id, row.manager_name_id))
        return _Words(
            people=names_of(self._reader, source.names, people),
            adverts=names_of(self._reader, source.ads, _present(row.ads_id for row in processings)),
            places=self._directory.places(self._reader),
        )

    def _book(self, agency_ids: Iterable[int]) -> "_RungBook":
        """The book of these agencies, with their telephones."""
        rows = {id_: self._agencies.by_id[id_] for id_ in agency_ids}
        return _RungBook(agency_book(self._reader, rows, self._directory.places(self._reader)), self._zone)


def ring_ids(joined: object) -> list[int]:
    """The ids in `calls_results_ids`, e.g. `12|15|19`; what is no id is skipped."""
    parts = (part.strip() for part in str(joined or "").split("|"))
    ids = (int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 20)
    return list(dict.fromkeys(id_ for id_ in ids if is_possible_id(id_)))


def to_utc(at: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a naive local time; of an hour that comes twice, the first."""
    return at.replace(tzinfo=zone).astimezone(UTC)


def call_of(call: ResolvedCall, operator: str | None, zone: ZoneInfo) -> Call:
    """The call as the log shows it."""
    raw = call.raw
    return Call(
        id=raw.id,
        at=to_utc(raw.at, zone),
        number=call.number,
        operator_id=present_id(raw.operator_id),
        operator=operator,
        card_id=present_id(raw.card_id),
        pp_id=present_id(raw.pp_id),
        has_card=call.has_card,
        has_agency=bool(call.rings),
        result=raw.result,
        call_type=raw.call_type,
    )


def present_id(id_: int | None) -> int | None:
    """None for what stands for an absent id."""
    return id_ if id_ is not None and id_ > 0 else None


def _present(ids: Iterable[int | None]) -> set[int]:
    return {id_ for id_ in ids if id_ is not None and id_ > 0}


def _age(ring: Ring) -> tuple[datetime, int]:
    return ring.at or datetime.min, ring.id  # noqa: DTZ901 - naive local times are compared


@dataclass(frozen=True, slots=True)
class _Client:
    """The names of one row of `privat_processing`."""

    name: str | None
    city: str | None
    manager: str | None
    metro: str | None
    country: str | None
    advert: str | None


@dataclass(frozen=True, slots=True)
class _Words:
    """Names for the ids of some rows of `privat_processing`."""

    people: Mapping[int, str]
    adverts: Mapping[int, str]
    places: Places

    def client(self, processing: AnyRow) -> _Client:
        places = self.places
        return _Client(
            name=self.people.get(processing.client_name_id or 0),
            city=places.name(source.city, processing.client_city_id),
            manager=self.people.get(processing.manager_name_id or 0),
            metro=places.name(source.metro, processing.metro_id),
            country=places.name(source.country, processing.country_id),
            advert=self.adverts.get(processing.ads_id or 0),
        )


@dataclass(frozen=True, slots=True)
class AgencyBook:
    """Some agencies as rows of `agentstvo` by id, their telephones by id, and the names of their places."""

    rows: Mapping[int, AnyRow]
    phones: Mapping[int, AgencyPhone]
    places: Places

    def agency(self, id_: int) -> Agency:
        """The agency with everything its ids lead to."""
        return Agency(**self.facts(id_))

    def facts(self, id_: int) -> dict[str, Any]:
        """The fields of `Agency`."""
        row, places = self.rows[id_], self.places
        telephone_ids = dict.fromkeys(getattr(row, slot) for slot in AGENCY_TELEPHONES)
        return {
            "id": row.id,
            "name": _text(row.name),
            "english_name": _text(row.english_name),
            "address": _text(row.adres),
            "city": places.name(source.city, row.city_id),
            "metro": places.name(source.metro, row.metro_id),
            "district": places.name(source.district, row.district_id),
            "area": places.name(source.areas, row.area_id),
            "region": places.name(source.regions, row.region),
            "time_zone": row.time_zone,
            **{flag: bool(getattr(row, flag)) for flag in AGENCY_FLAGS},
            "comment": _text(row.comment),
            "phones": tuple(self.phones[one] for one in telephone_ids if one in self.phones),
        }


def agency_book(reader: Reader, rows: Mapping[int, AnyRow], places: Places) -> AgencyBook:
    """The book of the agencies in `rows`, with their telephones. Raises UpstreamError."""
    telephone_ids = _present(getattr(row, slot) for row in rows.values() for slot in AGENCY_TELEPHONES)
    phones = {
        row.id: AgencyPhone(number, _text(row.comment))
        for row in rows_by_id(reader, _TELEPHONES, telephone_ids)
        if (number := cleaned(row.number, LONGEST_NUMBER))
    }
    return AgencyBook(rows, phones, places)


@dataclass(frozen=True, slots=True)
class _RungBook:
    """Agencies that were rung for clients."""

    book: AgencyBook
    zone: ZoneInfo

    def agencies(
        self, rings: Sequence[Ring], client: _Client, operator: str | None
    ) -> tuple[AgencyInfo, ...]:
        """Each agency once, by its newest ring."""
        newest: dict[int, Ring] = {}
        for ring in rings:
            newest.setdefault(ring.agency_id, ring)
        return tuple(self._info(ring, client, operator) for ring in newest.values())

    def _info(self, ring: Ring, client: _Client, operator: str | None) -> AgencyInfo:
        return AgencyInfo(
            **self.book.facts(ring.agency_id),
            ringing=Ringing(
                outcome=ring.result,
                at=to_utc(ring.at, self.zone) if ring.at else None,
                client_name=client.name,
                country=client.country,
                metro=client.metro,
                manager=client.manager,
                operator=operator,
            ),
        )


def _card(call: ResolvedCall, client: _Client, operator: str | None, zone: ZoneInfo) -> ClientCard:
    assert call.processing is not None
    return ClientCard(
        call_id=call.raw.id,
        at=to_utc(call.raw.at, zone),
        operator=operator,
        processing_id=call.processing.id,
        client_name=client.name,
        client_city=client.city,
        manager_name=client.manager,
        metro_name=client.metro,
        country_name=client.country,
        ad_name=client.advert,
        phone=call.number,
    )


def _text(text: object) -> str | None:
    """A text for reading: outer blanks do not count, and a blank one is none."""
    return None if text is None else str(text).strip() or None
