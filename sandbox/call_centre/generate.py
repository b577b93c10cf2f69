"""Makes the call-centre database of the demo, and later fills the time nobody played it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, delete, func, insert, select, update

from sandbox.call_centre import clock, directory, origin, rows, schema
from sandbox.call_centre.clock import in_centre_time
from sandbox.call_centre.database import FreshIds
from sandbox.call_centre.plans import SETTLED_AFTER, CallPlan, NewCard, Planner, Stage

#: Where the demo begins to number its calls: the centre is not new.
FIRST_CALL_ID: Final = 9_200_001
#: `catch_up` fills no more than this before now.
LONGEST_GAP: Final = timedelta(days=60)
# More than can begin in the minutes that any call takes.
_RECENT_CALLS: Final = 5_000
# A call that the end of the sandbox cut short: dropped, cut off.
_CUT_OFF: Final = {"result": 4, "type_call": 7}


@dataclass(frozen=True, slots=True)
class DemoSize:
    """How large a demo is."""

    days: int = 60
    calls_per_day: int = 1_200  # on an ordinary weekday
    operators: int = 24
    agencies: int = 220


@dataclass(frozen=True, slots=True)
class Filled:
    """How many calls were written, and from when on."""

    calls: int
    since: datetime


def create(
    engine: Engine, size: DemoSize, *, seed: int, now: datetime, variant: schema.Variant | None = None
) -> Filled:
    """Make the whole database; the same arguments make the same rows.

    The calls come up to `now`, the youngest of them still under way. What the sandbox left there before is
    dropped. Rows and mark (see `origin`) are one transaction: a marked database is complete.

    Raises:
        SandboxError: the database holds calls that the sandbox did not put there.
    """
    moment = in_centre_time(now).replace(microsecond=0)
    wanted = variant or schema.Variant()
    metadata = lay_out(engine, wanted)
    since = clock.midnight(moment) - timedelta(days=size.days)
    with engine.begin() as connection:
        directory.store(
            connection,
            metadata,
            operators=size.operators,
            agencies=size.agencies,
            rng=Random(f"{seed}:directory"),
        )
        history = _History(connection, metadata, wanted, seed)
        history.ids.start("calls", FIRST_CALL_ID)
        history.write(since, moment, size.calls_per_day)
        origin.mark(connection, origin.Origin(seed, size.calls_per_day, moment))
    return Filled(history.calls, since)


def lay_out(engine: Engine, variant: schema.Variant) -> MetaData:
    """Empty tables of the given variant; drops those the sandbox made before.

    Raises:
        SandboxError: the database holds calls that the sandbox did not put there.
    """
    origin.find(engine)  # refuses somebody else's database
    metadata = schema.call_centre(variant)
    mark = metadata.tables[schema.ORIGIN]
    # Its table comes first: calls without it would look like somebody else's. No row means unfinished.
    mark.create(engine, checkfirst=True)
    with engine.begin() as connection:
        connection.execute(delete(mark))
    others = [table for table in metadata.sorted_tables if table is not mark]
    metadata.drop_all(engine, tables=others)
    metadata.create_all(engine, tables=others)
    return metadata


def catch_up(engine: Engine, now: datetime) -> Filled:
    """Write the calls between the newest one and `now`, at most `LONGEST_GAP` of them.

    Calls that were under way when the sandbox ended are noted down as cut off, unless they may still go on.

    Raises:
        SandboxError: the database was not made by the sandbox.
    """
    made = origin.required(engine)
    moment = in_centre_time(now).replace(microsecond=0)
    variant = schema.variant_of(engine)
    metadata = schema.call_centre(variant)
    with engine.begin() as connection:
        newest = newest_call(connection, metadata) or moment
        _cut_off(connection, metadata, newest, moment)
        # Silence after the newest call may be part of what was made.
        known_until = max(newest, made.made_at)
        since = max(known_until + timedelta(seconds=1), moment - LONGEST_GAP)
        history = _History(connection, metadata, variant, f"{made.seed}:{newest:%Y-%m-%dT%H:%M:%S}")
        history.write(since, moment, made.calls_per_day)
    return Filled(history.calls, since)


def newest_call(connection: Connection, metadata: MetaData) -> datetime | None:
    """When the call with the highest id began: found by the key, as `datetime` may lack its index."""
    calls = metadata.tables["calls"].c
    return connection.scalar(select(calls.datetime).order_by(calls.id.desc()).limit(1))


def recent_ids(connection: Connection, metadata: MetaData) -> int:
    """Calls with a higher id are recent; a bound that needs no index on `datetime`."""
    highest = connection.scalar(select(func.max(metadata.tables["calls"].c.id)))
    return (highest or 0) - _RECENT_CALLS


def _cut_off(connection: Connection, metadata: MetaData, newest: datetime, now: datetime) -> None:
    calls = metadata.tables["calls"]
    connection.execute(
        update(calls)
        .where(
            calls.c.id > recent_ids(connection, metadata),
            calls.c.result.is_(None),
            calls.c.datetime.between(newest - SETTLED_AFTER, now - SETTLED_AFTER),
        )
        .values(_CUT_OFF)
    )


class _History:
    """Writes calls that are over, or nearly so, a day at a time."""

    def __init__(
        self, connection: Connection, metadata: MetaData, variant: schema.Variant, seed: int | str
    ) -> None:
        self.calls = 0
        self.ids = FreshIds(connection, metadata)
        self._connection = connection
        self._metadata = metadata
        self._call_end = variant.call_end
        self._rng = Random(f"{seed}:history")
        self._planner = Planner(directory.load(connection, metadata), self._rng)
        self._rows: defaultdict[str, list[rows.Row]] = defaultdict(list)

    def write(self, since: datetime, now: datetime, calls_per_day: int) -> None:
        """Write the calls of `since` to `now` as they stand at `now`."""
        day = since.date()
        for slot in clock.slots(since, now, calls_per_day, now):
            if slot.begins.date() != day:
                day = slot.begins.date()
                self._flush()
            for begun in clock.moments(slot, self._rng):
                self._add(self._planner.plan(begun), now)
        self._flush()

    def _add(self, plan: CallPlan, now: datetime) -> None:
        is_settled = plan.begun + SETTLED_AFTER < now
        stages = list(plan.after) if is_settled else plan.reached(now)
        outcome = plan.outcome_at(stages)
        has_ended = Stage.ENDED in stages
        talk = plan.after[Stage.ENDED]
        row: dict[str, Any] = {
            "datetime": plan.begun,
            "operator_id": plan.operator_id if Stage.ANSWERED in stages else self._planner.nothing_yet(),
            "card_id": self._card(plan) if Stage.IDENTIFIED in stages else self._planner.nothing_yet(),
            "privat_processing_id": rows.processing_id(plan.processing, plan.begun, self._store)
            if has_ended
            else self._planner.nothing_yet(),
            "result": outcome.result,
            "type_call": outcome.type_call,
        }
        # Every row of a batch needs the same columns, hence NULL for a call that goes on.
        for column, value in rows.end_columns(plan, talk, self._call_end).items():
            row[column] = value if has_ended else None
        self._store("calls", row)
        self.calls += 1

    def _card(self, plan: CallPlan) -> int | None:
        id_ = rows.card_id(plan.card, self._store)
        if isinstance(plan.card, NewCard) and plan.card.number is not None and id_ is not None:
            self._planner.remember(id_)
        return id_

    def _store(self, table: str, row: rows.Row) -> int:
        id_ = self.ids.next(table)
        self._rows[table].append({"id": id_, **row})
        return id_

    def _flush(self) -> None:
        for table, batch in self._rows.items():
            self._connection.execute(insert(self._metadata.tables[table]), batch)
        self._rows.clear()
