"""Live traffic: calls begin, then get operator, card, result and type, and now and then a correction."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from threading import Event
from typing import Final

from sqlalchemy import Connection, Engine, MetaData, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from sandbox.call_centre import clock, directory, generate, origin, rows, schema
from sandbox.call_centre.clock import in_centre_time
from sandbox.call_centre.plans import SETTLED_AFTER, CallPlan, Planner, Stage
from sandbox.errors import in_one_line

log = logging.getLogger(__name__)

#: Time without a successful step after which the calls in between are written as history.
CATCH_UP_AFTER: Final = timedelta(minutes=5)
_PAUSE_S: Final = 0.25
_PAUSE_WHILE_AWAY_S: Final = 1.0


@dataclass(slots=True)
class _Call:
    """A call under way, and the id of its row once there is one."""

    plan: CallPlan
    id: int | None = None


@dataclass(frozen=True, slots=True)
class _Scene:
    """What traffic needs to know about the database it plays in."""

    metadata: MetaData
    call_end: schema.CallEnd
    calls_per_day: int
    planner: Planner


class LiveTraffic:
    """Plays calls into a database the sandbox made; `step` moves it on to any moment.

    Args:
        engine: a database that `generate.create` or `bulk.fill` made.
        seed: the same seed, database and moments make the same calls.
        rate: new calls a minute; None follows the working day, as busy as the database was made, and is
            never quieter than its lively hours.
    """

    def __init__(self, engine: Engine, *, seed: int, rate: float | None = None) -> None:
        self._engine = engine
        self._seed = seed
        self._rate = rate
        self._rng = Random(f"{seed}:live")
        self._scene: _Scene | None = None
        self._stepped_at: datetime | None = None
        self._next_call_at: datetime | None = None
        self._order = count()  # the heap must never compare two calls
        self._due: list[tuple[datetime, int, Stage, _Call]] = []

    def step(self, now: datetime) -> int:
        """Play everything that is due at `now`; returns how many stages of calls were written.

        Each is a transaction of its own. A stage that fails is due again at the next step.

        Raises:
            SandboxError: the database was not made by the sandbox.
            sqlalchemy.exc.SQLAlchemyError: the database is away.
        """
        moment = in_centre_time(now).replace(microsecond=0)
        if self._scene is None or self._is_far_behind(moment):
            self._scene = self._enter(moment)
            self._stepped_at = moment
        self._let_calls_begin(self._scene, moment)
        written = 0
        while self._due and self._due[0][0] <= moment:
            _, _, stage, call = self._due[0]
            self._play(self._scene, stage, call)
            heappop(self._due)
            written += 1
        self._stepped_at = moment
        return written

    def run(self, stop: Event, now: Callable[[], datetime] = clock.centre_now) -> None:
        """Play until `stop` is set; while the database is away, keep trying.

        Raises:
            SandboxError: the database was not made by the sandbox.
        """
        is_away = False
        while not stop.is_set():
            try:
                self.step(now())
            except SQLAlchemyError as error:
                if not is_away:
                    log.warning("call-centre database is away, trying on: %s", in_one_line(error))
                is_away = True
            else:
                if is_away:
                    log.warning("call-centre database is back")
                is_away = False
            stop.wait(_PAUSE_WHILE_AWAY_S if is_away else _PAUSE_S)

    def _is_far_behind(self, now: datetime) -> bool:
        return self._stepped_at is not None and now - self._stepped_at > CATCH_UP_AFTER

    def _enter(self, now: datetime) -> _Scene:
        """Join the database as it is: fill the time nobody played, take over the calls under way."""
        made = origin.required(self._engine)
        filled = generate.catch_up(self._engine, now)
        log.info("filled %d calls since %s", filled.calls, filled.since)
        variant = schema.variant_of(self._engine)
        metadata = schema.call_centre(variant)
        with self._engine.connect() as connection:
            planner = Planner(directory.load(connection, metadata), self._rng)
            under_way = _under_way(connection, metadata, now)
        self._next_call_at = None
        self._due.clear()
        for id_, begun, known in under_way:
            self._take_over(_Call(planner.plan(begun), id_), known, now)
        return _Scene(metadata, variant.call_end, made.calls_per_day, planner)

    def _take_over(self, call: _Call, known: set[Stage], now: datetime) -> None:
        """Go on with a call that is in the database already, with the stages it still lacks."""
        for stage, after in call.plan.stages():
            if stage not in known and stage is not Stage.BEGUN:
                self._schedule(max(call.plan.begun + after, now), stage, call)

    def _let_calls_begin(self, scene: _Scene, now: datetime) -> None:
        if self._next_call_at is None:
            self._next_call_at = now + self._until_next_call(scene, now)
        while self._next_call_at <= now:
            begun = self._next_call_at.replace(microsecond=0)
            call = _Call(scene.planner.plan(begun))
            for stage, after in call.plan.stages():
                self._schedule(begun + after, stage, call)
            self._next_call_at += self._until_next_call(scene, begun)

    def _until_next_call(self, scene: _Scene, moment: datetime) -> timedelta:
        per_hour = (
            clock.calls_per_hour(moment, scene.calls_per_day, lively=True)
            if self._rate is None
            else self._rate * 60
        )
        return clock.HOUR * self._rng.expovariate(per_hour)

    def _schedule(self, at: datetime, stage: Stage, call: _Call) -> None:
        heappush(self._due, (at, next(self._order), stage, call))

    def _play(self, scene: _Scene, stage: Stage, call: _Call) -> None:
        """Write one stage; what only a stored row may change is changed after the commit."""
        call_id = call.id
        with self._engine.begin() as connection:
            if stage is Stage.BEGUN:
                call_id = _store(connection, scene.metadata, "calls", self._first_values(scene, call.plan))
            else:
                values = self._later_values(scene, stage, call.plan, connection)
                calls = scene.metadata.tables["calls"]
                connection.execute(update(calls).where(calls.c.id == call.id).values(values))
        call.id = call_id

    def _first_values(self, scene: _Scene, plan: CallPlan) -> rows.Row:
        nothing_yet = scene.planner.nothing_yet
        return {
            "datetime": plan.begun,
            "operator_id": nothing_yet(),
            "card_id": nothing_yet(),
            "privat_processing_id": nothing_yet(),
            "result": None,
            "type_call": None,
        }

    def _later_values(self, scene: _Scene, stage: Stage, plan: CallPlan, connection: Connection) -> rows.Row:
        """What a later stage notes in the row of the call; rows it refers to are stored on the way."""

        def store(table: str, row: rows.Row) -> int:
            return _store(connection, scene.metadata, table, row)

        if stage is Stage.ANSWERED:
            return {"operator_id": plan.operator_id}
        if stage is Stage.IDENTIFIED:
            return {"card_id": rows.card_id(plan.card, store)}
        outcome = plan.outcome_at([stage])
        noted: rows.Row = {"result": outcome.result, "type_call": outcome.type_call}
        if stage is Stage.ENDED:
            noted["privat_processing_id"] = rows.processing_id(plan.processing, plan.begun, store)
            noted.update(rows.end_columns(plan, plan.after[Stage.ENDED], scene.call_end))
        return noted


def _under_way(
    connection: Connection, metadata: MetaData, now: datetime
) -> list[tuple[int, datetime, set[Stage]]]:
    """The calls that may still go on: id, begin and the stages that are behind them."""
    calls = metadata.tables["calls"].c
    query = (
        select(calls.id, calls.datetime, calls.operator_id, calls.card_id)
        .where(calls.id > generate.recent_ids(connection, metadata))
        .where(calls.result.is_(None), calls.datetime > now - SETTLED_AFTER)
    )
    return [
        (
            row.id,
            row.datetime,
            {
                stage
                for stage, id_ in ((Stage.ANSWERED, row.operator_id), (Stage.IDENTIFIED, row.card_id))
                if id_
            },
        )
        for row in connection.execute(query)
    ]


def _store(connection: Connection, metadata: MetaData, table: str, row: rows.Row) -> int:
    result = connection.execute(insert(metadata.tables[table]).values(row))
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])
