"""The tables of the Moscow call-centre database, as the product that owns it lays them out.

Nothing is declared as a foreign key, ids are 0 or NULL when absent, and only primary keys are indexed,
besides (usually) `calls.datetime`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, DateTime, Engine, Index, Integer, MetaData, SmallInteger, String, Table, Text
from sqlalchemy import inspect as inspector_of

DATETIME_INDEX = "idx_calls_datetime"
#: Tables that only give an id a name.
NAMED = ("operators", "names", "city", "metro", "areas", "regions", "country")
AGENCY_FLAGS = (
    "english",
    "tickets",
    "station_not_set",
    "switch_msk_agency",
    "bank_card",
    "stambul",
    "austria",
)
AGENCY_TELEPHONES = tuple(f"tel_{slot}_id" for slot in range(1, 8))
#: Not in the original: marks a database as made here, see `origin.py`.
ORIGIN = "sandbox_origin"


class CallEnd(StrEnum):
    """What an installation of the product tells about the end of a call."""

    UNKNOWN = "none"
    DURATION = "duration"  # column `duration`, seconds
    MOMENT = "moment"  # column `datetime_end`


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs between installations."""

    datetime_index: bool = True
    call_end: CallEnd = CallEnd.UNKNOWN


def call_centre(variant: Variant = Variant()) -> MetaData:
    """All tables, under the names they have in the database."""
    metadata = MetaData()
    for name in NAMED:
        _table(metadata, name, Column("name", String(255)))
    _table(metadata, "district", Column("name", String(255)), Column("hidden", SmallInteger))
    _table(metadata, "ads", Column("ads_name", String(255)))
    _table(metadata, "telephone", Column("number", String(64)), Column("comment", String(255)))
    _table(metadata, "cards", _reference("telephone_id"))
    _table(metadata, "agentstvo", *_agency_columns())
    _table(
        metadata,
        "calls_result",
        _reference("telephone_id"),
        Column("datetime", DateTime),
        Column("result", Integer),
    )
    _table(
        metadata,
        "privat_processing",
        Column("calls_results_ids", String(255)),
        *map(_reference, ("client_name_id", "manager_name_id", "client_city_id")),
        *map(_reference, ("country_id", "metro_id", "ads_id")),
    )
    calls = _table(metadata, "calls", *_call_columns(variant.call_end))
    if variant.datetime_index:
        Index(DATETIME_INDEX, calls.c.datetime)
    _table(
        metadata,
        ORIGIN,
        Column("seed", Integer, nullable=False),
        Column("calls_per_day", Integer, nullable=False),
        Column("made_at", DateTime, nullable=False),
    )
    return metadata


def variant_of(engine: Engine) -> Variant:
    """The variant that is laid out in the database of `engine`, found by inspection."""
    inspector = inspector_of(engine)
    columns = {column["name"] for column in inspector.get_columns("calls")}
    indexes = {index["name"] for index in inspector.get_indexes("calls")}
    if "duration" in columns:
        call_end = CallEnd.DURATION
    else:
        call_end = CallEnd.MOMENT if "datetime_end" in columns else CallEnd.UNKNOWN
    return Variant(datetime_index=DATETIME_INDEX in indexes, call_end=call_end)


def _call_columns(call_end: CallEnd) -> list[Column[Any]]:
    columns: list[Column[Any]] = [
        Column("datetime", DateTime, nullable=False),
        *map(_reference, ("operator_id", "card_id", "privat_processing_id")),
        Column("result", Integer),
        Column("type_call", Integer),
    ]
    if call_end is CallEnd.DURATION:
        columns.append(Column("duration", Integer))
    if call_end is CallEnd.MOMENT:
        columns.append(Column("datetime_end", DateTime))
    return columns


def _agency_columns() -> list[Column[Any]]:
    return [
        Column("name", String(255)),
        Column("english_name", String(255)),
        Column("adres", String(255)),
        Column("comment", Text),
        *map(_reference, AGENCY_TELEPHONES),
        *map(_reference, ("city_id", "metro_id", "district_id", "area_id")),
        _reference("region"),
        Column("time_zone", Integer),  # hours from Moscow time
        _reference("time_rezhim_id"),
        *(Column(flag, SmallInteger) for flag in AGENCY_FLAGS),
        Column("hidden", SmallInteger),
    ]


def _reference(name: str) -> Column[Any]:
    """An id of another table's row; 0 or NULL when absent, and perhaps of a row that is gone."""
    return Column(name, Integer)


def _table(metadata: MetaData, name: str, *columns: Column[Any]) -> Table:
    options: dict[str, Any] = {
        f"{dialect}_{option}": value
        for dialect in ("mysql", "mariadb")
        for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"))
    }
    table: Table = Table(name, metadata, Column("id", Integer, primary_key=True), *columns, **options)
    return table
