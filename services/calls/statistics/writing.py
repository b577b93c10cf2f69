"""Stores the figures of a day, and with them the sums of its month and year."""

import operator
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Date, Executable, SmallInteger, and_, bindparam, delete, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session

from services.calls.statistics.figures import DayFigures, Measures, Sums
from services.calls.statistics.tables import (
    DurationSum,
    Grain,
    RolledDay,
    RollUpState,
    measures_of,
    own_keys,
)
from services.live import Topic, bump
from services.storage import Base, table_of, upsert

_STATE = 1  # id of the one row


def locked_state(session: Session) -> RollUpState:
    """The state, for writing. Its lock also lets one writer of figures after the other in."""
    state = session.get(RollUpState, _STATE, with_for_update=True)
    if state is None:
        table = table_of(RollUpState)
        first = {"id": _STATE, "sampled_so_far": 0, "sampled_days": 0}
        upsert(session, table, [first], changes={"id": table.c.id})  # both jobs may be at their first step
        state = session.get_one(RollUpState, _STATE, with_for_update=True)
    return state


def state_of(session: Session) -> RollUpState | None:
    """The state, for reading; None before the first look."""
    return session.get(RollUpState, _STATE)


def store_day(
    session: Session, day: date, figures: DayFigures, *, is_copied: bool, looked_at: datetime
) -> bool:
    """Make the stored figures of `day` these; says whether any changed, and tells everybody then."""
    locked_state(session)
    known = session.get(RolledDay, day)
    fingerprint = figures.fingerprint()
    has_changed = known is None or known.fingerprint != fingerprint
    if has_changed:
        for row, sums in figures.sums.items():
            _replace(session, row, day, sums)
    if figures.durations is not None:
        has_changed |= _replace(session, DurationSum, day, figures.durations)
    if known is None:
        known = RolledDay(day=day)
        session.add(known)
    known.is_copied, known.looked_at, known.fingerprint = is_copied, looked_at, fingerprint
    if has_changed:
        bump(session, Topic.STATISTICS)
    return has_changed


def store_durations(session: Session, day: date, durations: Measures) -> None:
    """Make the stored durations of a day these."""
    locked_state(session)
    if _replace(session, DurationSum, day, {(): durations}):
        bump(session, Topic.STATISTICS)


def _replace(session: Session, row: type[Base], day: date, new: Sums) -> bool:
    """Make a day's sums in one table `new`, and change those of its month and year by as much."""
    table = table_of(row)
    keys, measures = own_keys(table), measures_of(table)
    is_days = and_(table.c.grain == Grain.DAY, table.c.start == day)
    rows = session.execute(select(*keys, *measures).where(is_days))
    old = {tuple(row[: len(keys)]): tuple(row[len(keys) :]) for row in rows}
    nothing = (0,) * len(measures)
    names = [column.name for column in (*keys, *measures)]
    changes: list[dict[str, Any]] = []
    for key in old.keys() | new.keys():
        after, before = new.get(key, nothing), old.get(key, nothing)
        if after != before:
            by = map(operator.sub, after, before)
            changes.append(
                {"grain": int(Grain.CHANGE), "start": day, **dict(zip(names, (*key, *by), strict=True))}
            )
    if changes:
        upsert(session, table, changes)
        starts = {Grain.DAY: day, Grain.MONTH: day.replace(day=1), Grain.YEAR: day.replace(month=1, day=1)}
        adding = _adding(row, session.get_bind().dialect.name)
        for grain, start in starts.items():
            session.execute(adding, {"to_grain": int(grain), "to_start": start})
        session.execute(delete(table).where(table.c.grain == Grain.CHANGE))
    if old.keys() - new.keys():
        session.execute(delete(table).where(is_days, table.c.calls == 0))
    return bool(changes)


@cache
def _adding(row: type[Base], dialect: str) -> Executable:
    """Adds the rows of the grain CHANGE to those of another, in the words of each dialect.

    The database adds up: by the hundreds, rows are slow to fetch and to send.
    """
    table = table_of(row)
    keys, measures = own_keys(table), measures_of(table)
    # Under other names, as MariaDB takes a name without a table for either side's.
    changes = select(
        table.c.grain.label("from_grain"),
        *(column.label(f"by_{column.name}") for column in (*keys, *measures)),
    ).subquery("changes")
    chosen = select(
        bindparam("to_grain", type_=SmallInteger), bindparam("to_start", type_=Date), *list(changes.c)[1:]
    ).where(changes.c.from_grain == int(Grain.CHANGE))
    columns = ["grain", "start", *(column.name for column in (*keys, *measures))]
    if dialect in ("mysql", "mariadb"):
        insert = mysql.insert(table).from_select(columns, chosen)
        return insert.on_duplicate_key_update({one.name: one + insert.inserted[one.name] for one in measures})
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(table).from_select(columns, chosen)
    return statement.on_conflict_do_update(
        index_elements=["grain", "start", *(column.name for column in keys)],
        set_={one.name: one + statement.excluded[one.name] for one in measures},
    )
