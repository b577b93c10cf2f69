"""Millions of calls over years, made inside MariaDB.

Rows never travel: the server numbers them with its SEQUENCE engine and draws with seeded RAND(). Hour by hour
the calls are drafted in a table in memory, and copied from there into the real tables. Ids follow from each
other, so that no join is needed: call n has client card n and the rings 3n, 3n + 1 and 3n + 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from random import Random
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine

from sandbox.call_centre import clock, directory, mixes, origin, schema
from sandbox.call_centre.clock import in_centre_time
from sandbox.call_centre.directory import Directory
from sandbox.call_centre.generate import lay_out
from sandbox.call_centre.references import GONE_COUNT, GONE_FROM, GONE_OPERATORS
from sandbox.call_centre.schema import CallEnd
from sandbox.errors import SandboxError

#: Told (calls written, calls in all) now and then.
Progress = Callable[[int, int], None]

_CALLS_PER_CALLER: Final = 4
_CARDS_WITHOUT_TELEPHONE: Final = 500
_SEQUENCE: Final = "seq_0_to_99999999"
#: Rows of one statement: few enough to be held in memory, many enough to make its start-up negligible.
_BATCH: Final = 20_000
# A limit forbids the server to merge an inner query into the outer one and to draw anew at each mention.
_UNMERGED: Final = f"LIMIT {2**62}"
_DRAFT_BYTES: Final = 512 * 1024 * 1024

_DRAFT_TABLE: Final = """
    CREATE OR REPLACE TEMPORARY TABLE draft (
        id INT NOT NULL, begun DATETIME NOT NULL, talk INT NOT NULL, operator_id INT, card_id INT,
        processing_id INT, rings INT NOT NULL, result INT, type_call INT
    ) ENGINE=MEMORY
"""
_CALL_END_COLUMNS: Final[Mapping[CallEnd, tuple[str, str]]] = {
    CallEnd.UNKNOWN: ("", ""),
    CallEnd.DURATION: (", duration", ", talk"),
    CallEnd.MOMENT: (", datetime_end", ", begun + INTERVAL talk SECOND"),
}


@dataclass(frozen=True, slots=True)
class BulkSize:
    """How large a bulk is."""

    calls: int = 10_000_000
    days: int = 1_461  # up to and with the day of `now`
    operators: int = 300
    agencies: int = 6_000


class _Stretch(NamedTuple):
    """At most an hour with the ids of its calls."""

    begins: datetime
    seconds: float
    first_id: int
    calls: int


def fill(
    engine: Engine,
    size: BulkSize,
    *,
    seed: int,
    now: datetime,
    progress: Progress | None = None,
    variant: schema.Variant | None = None,
) -> None:
    """Make a database of exactly `size.calls` calls up to `now`; the same arguments make the same rows.

    Whatever the sandbox left in the database before is dropped. The index on `calls.datetime` is built last.

    Raises:
        SandboxError: the database is not MariaDB, or holds calls that the sandbox did not put there.
    """
    if not _is_mariadb(engine):
        raise SandboxError("filling in bulk needs MariaDB: its SEQUENCE engine makes the rows")
    wanted = variant or schema.Variant()
    moment = in_centre_time(now).replace(microsecond=0)
    rng = Random(f"{seed}:bulk")
    metadata = lay_out(engine, schema.Variant(datetime_index=False, call_end=wanted.call_end))
    stretches, calls_per_day = _stretches(size, moment, rng)
    with engine.begin() as connection:
        directory.store(connection, metadata, operators=size.operators, agencies=size.agencies, rng=rng)
        known = directory.load(connection, metadata)
    with engine.connect().execution_options(no_parameters=True) as connection:
        _Filler(connection, known, size, wanted.call_end, rng).fill(stretches, progress)
    with engine.begin() as connection:
        for index in schema.call_centre(wanted).tables["calls"].indexes:
            index.create(connection)
        origin.mark(connection, origin.Origin(seed, calls_per_day, moment))


def _is_mariadb(engine: Engine) -> bool:
    if engine.dialect.name not in ("mysql", "mariadb"):
        return False
    with engine.connect() as connection:  # the dialect only knows after its first connection
        return bool(getattr(connection.dialect, "is_mariadb", False))


def _stretches(size: BulkSize, now: datetime, rng: Random) -> tuple[list[_Stretch], int]:
    """Spread the calls over the time by the working-day curve; also the calls of an ordinary weekday."""
    since = clock.midnight(now) - timedelta(days=size.days - 1)
    slots = list(clock.slots(since, now, size.calls, now))
    luck = {day: rng.uniform(0.93, 1.07) for day in dict.fromkeys(slot.begins.date() for slot in slots)}
    reached = list(accumulate(slot.expected * luck[slot.begins.date()] for slot in slots))
    scale = size.calls / reached[-1]
    bounds = [0, *(round(expected * scale) for expected in reached)]
    stretches = [
        _Stretch(slot.begins, (slot.ends - slot.begins).total_seconds(), before + 1, last - before)
        for slot, (before, last) in zip(slots, pairwise(bounds), strict=True)
        if last > before
    ]
    return stretches, max(1, round(size.calls * scale))


class _Filler:
    """Writes everything that grows with the calls."""

    def __init__(
        self, connection: Connection, known: Directory, size: BulkSize, call_end: CallEnd, rng: Random
    ) -> None:
        self._connection = connection
        self._known = known
        self._call_end = call_end
        self._rng = rng
        self._calls = size.calls
        self._callers = max(1, size.calls // _CALLS_PER_CALLER)

    def fill(self, stretches: list[_Stretch], progress: Progress | None) -> None:
        self._execute(f"SET SESSION max_heap_table_size = {_DRAFT_BYTES}")
        self._write_callers()
        self._execute(_DRAFT_TABLE)
        drafted = 0
        for stretch in stretches:
            self._draft(stretch)
            drafted += stretch.calls
            written = stretch.first_id + stretch.calls - 1
            if drafted >= _BATCH or written == self._calls:
                self._copy_draft()
                drafted = 0
                if progress is not None:
                    progress(written, self._calls)

    def _write_callers(self) -> None:
        """Cards 1, 2, 3… with telephones that follow those of the agencies; the last cards have none."""
        first_telephone = self._known.agency_telephones[-1] + 1
        for first in range(0, self._callers, _BATCH):
            rows = min(_BATCH, self._callers - first)
            self._execute(f"""
                INSERT INTO telephone (id, number, comment)
                SELECT
                    {first_telephone + first} + seq,
                    REPLACE(REPLACE(typed, '{{0}}', pair), '{{1}}', last_pair),
                    comment
                FROM (
                    SELECT
                        seq,
                        {mixes.NUMBERS.sql(self._rand())} typed,
                        {self._pair()} pair,
                        {self._pair()} last_pair,
                        {mixes.NUMBER_COMMENTS.sql(self._rand())} comment
                    FROM {_SEQUENCE} WHERE seq < {rows} {_UNMERGED}
                ) drawn
            """)
            self._execute(f"""
                INSERT INTO cards (id, telephone_id)
                SELECT {first + 1} + seq, {first_telephone + first} + seq FROM {_SEQUENCE} WHERE seq < {rows}
            """)
            self._connection.commit()
        self._execute(f"""
            INSERT INTO cards (id, telephone_id)
            SELECT {self._callers + 1} + seq, {self._reference(mixes.LOST_TELEPHONES.sql(self._rand()), "0")}
            FROM {_SEQUENCE} WHERE seq < {_CARDS_WITHOUT_TELEPHONE}
        """)
        self._connection.commit()

    def _draft(self, stretch: _Stretch) -> None:
        """Decide the calls of a stretch."""
        # Callers turn up over the years: the first calls cannot come from the last card.
        callers = max(1, self._callers * stretch.first_id // self._calls)
        operator = f"1 + FLOOR(POW({self._rand()}, 1.4) * {len(self._known.operators)})"
        answered_by = _by_family(mixes.OPERATORS, "operator_draw")
        known_card = f"1 + FLOOR({self._rand()} * {callers})"
        bare_card = f"{self._callers + 1} + FLOOR({self._rand()} * {_CARDS_WITHOUT_TELEPHONE})"
        card = f"IF(card_kind = '{mixes.KNOWN}', {known_card}, {bare_card})"
        spacing = stretch.seconds / stretch.calls
        self._execute(f"""
            INSERT INTO draft
            SELECT
                id,
                '{stretch.begins}' + INTERVAL FLOOR((seq + offset_draw) * {spacing}) SECOND,
                talk,
                {self._reference(answered_by, operator, gone=GONE_OPERATORS)},
                {self._reference("card_kind", card)},
                {self._reference(_by_family(mixes.PROCESSINGS, "processing_draw"), "id")},
                rings,
                {_by_family(mixes.RESULTS, "result_draw")},
                {_by_family(mixes.CALL_TYPES, "type_draw")}
            FROM (
                SELECT
                    seq,
                    {stretch.first_id} + seq id,
                    {self._rand()} offset_draw,
                    20 + FLOOR({self._rand()} * 71) talk,
                    {mixes.OUTCOMES.sql(self._rand())} family,
                    {mixes.CARDS.sql(self._rand())} card_kind,
                    {mixes.RINGS.sql(self._rand())} rings,
                    {self._rand()} operator_draw,
                    {self._rand()} processing_draw,
                    {self._rand()} result_draw,
                    {self._rand()} type_draw
                FROM {_SEQUENCE} WHERE seq < {stretch.calls} {_UNMERGED}
            ) drawn
        """)

    def _copy_draft(self) -> None:
        end_column, end_value = _CALL_END_COLUMNS[self._call_end]
        self._execute(f"""
            INSERT INTO calls
                (id, datetime, operator_id, card_id, privat_processing_id, result, type_call{end_column})
            SELECT id, begun, operator_id, card_id, processing_id, result, type_call{end_value} FROM draft
        """)
        ring_ids = "CONCAT_WS(bar, 3 * id, IF(rings > 1, 3 * id + 1, NULL), IF(rings > 2, 3 * id + 2, NULL))"
        self._execute(f"""
            INSERT INTO privat_processing (
                id, calls_results_ids,
                client_name_id, manager_name_id, client_city_id, country_id, metro_id, ads_id
            )
            SELECT
                id,
                IF(rings = 0, {mixes.NO_RINGS.sql(self._rand())}, REPLACE(joined, '{{0}}', {ring_ids})),
                {self._loose(len(self._known.clients), self._known.clients[0])},
                {self._loose(len(self._known.managers))},
                {self._loose(len(self._known.cities))},
                {self._loose(len(self._known.countries))},
                {self._loose(len(self._known.metros))},
                {self._loose(len(self._known.adverts))}
            FROM (
                SELECT id, rings, {mixes.BARS.sql(self._rand())} bar, {mixes.JOINS.sql(self._rand())} joined
                FROM draft WHERE processing_id = id {_UNMERGED}
            ) drawn
        """)
        self._execute(f"""
            INSERT INTO calls_result (id, telephone_id, datetime, result)
            SELECT STRAIGHT_JOIN
                3 * id + seq,
                {self._reference(mixes.RUNG.sql(self._rand()), self._rung_telephone())},
                begun + INTERVAL FLOOR(talk * (seq + 1) / (rings + 1)) SECOND,
                {mixes.RING_RESULTS.sql(self._rand())}
            FROM draft JOIN seq_0_to_2 ON seq < rings
            WHERE processing_id = id
        """)
        self._execute("DELETE FROM draft")
        self._connection.commit()

    def _rung_telephone(self) -> str:
        """An agency's telephone, seldom that of one of the first callers, which follow."""
        telephones = self._known.agency_telephones
        return f"1 + FLOOR({self._rand()} * {round(telephones[-1] * 1.05)})"

    def _loose(self, count: int, first_id: int = 1) -> str:
        """One of `count` ids from `first_id` on, or now and then nothing."""
        return self._reference(
            mixes.REFERENCES.sql(self._rand()), f"{first_id} + FLOOR({self._rand()} * {count})"
        )

    def _reference(self, kind: str, known: str, *, gone: int = GONE_COUNT) -> str:
        """The SQL twin of `references.pointless`; `known` is the id for any kind that is not pointless."""
        lost = f"{GONE_FROM} + FLOOR({self._rand()} * {gone})"
        return (
            f"CASE {kind} WHEN '{mixes.ZERO}' THEN 0 WHEN '{mixes.NULL}' THEN NULL"
            f" WHEN '{mixes.DANGLING}' THEN {lost} ELSE {known} END"
        )

    def _pair(self) -> str:
        """Two digits of a telephone number."""
        return f"LPAD(FLOOR({self._rand()} * 100), 2, '0')"

    def _rand(self) -> str:
        """A draw between 0 and 1: every row of the statement gets its own, the same at every run."""
        return f"RAND({self._rng.getrandbits(30)})"

    def _execute(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)


def _by_family(by_family: Mapping[str, mixes.Mix[str] | mixes.Mix[int | None]], draw: str) -> str:
    cases = " ".join(f"WHEN '{family}' THEN {mix.sql(draw)}" for family, mix in by_family.items())
    return f"CASE family {cases} END"
