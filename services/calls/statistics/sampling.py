"""Compares rolled up days with the source by a query that shares nothing with the one they are made by.

It is written in plain SQL with joins, where the roll-ups are built from the log's column expressions with
subqueries: a mistake in those rules would not be repeated here.
"""

import random
from dataclasses import fields
from datetime import date, datetime

from sqlalchemy import DateTime, bindparam, delete, literal_column, select, text
from sqlalchemy.orm import Session

from services.calls.source import AnySelect, Reader
from services.calls.statistics.figures import parameters_of
from services.calls.statistics.model import Tally
from services.calls.statistics.tables import Difference, Grain, RolledDay, TotalSum
from services.calls.statistics.writing import state_of
from services.live import Topic, bump
from services.storage import table_of, upsert

#: Days in one sample.
SAMPLE = 20
_FIGURES = tuple(field.name for field in fields(Tally))

_NAIVE: AnySelect = (
    select(
        literal_column("COUNT(*)"),
        literal_column("COALESCE(SUM(call_.result = 1), 0)"),
        literal_column("COALESCE(SUM(call_.result = 0 OR call_.result >= 4 AND call_.result <= 6), 0)"),
        literal_column("COALESCE(SUM(call_.result >= 0 AND call_.result <= 6), 0)"),
        literal_column("COALESCE(SUM(LENGTH(TRIM(phone.number)) > 0), 0)"),
        literal_column("COALESCE(SUM(call_.card_id > 0 AND processing.id > 0), 0)"),
    )
    .select_from(
        text(
            "calls AS call_"
            " LEFT JOIN cards AS card ON card.id = call_.card_id"
            " LEFT JOIN telephone AS phone ON phone.id = card.telephone_id"
            " LEFT JOIN privat_processing AS processing ON processing.id = call_.privat_processing_id"
        )
    )
    .where(
        text("call_.datetime >= :since AND call_.datetime < :until").bindparams(
            bindparam("since", type_=DateTime), bindparam("until", type_=DateTime)
        )
    )
)


def next_day(session: Session, check_day: date, until: date) -> date | None:
    """The next day to compare in the check of `check_day`; None when there is none left.

    First some days before `until` that are drawn by `check_day`, always the same ones, so that a sample that
    was cut short goes on; then those that differed in an earlier check.
    """
    state = state_of(session)
    assert state is not None  # a check is under way
    known = session.scalars(select(RolledDay.day).where(RolledDay.day < until).order_by(RolledDay.day)).all()
    drawn = random.Random(check_day.isoformat()).sample(known, min(SAMPLE, len(known)))
    if state.sampled_so_far < len(drawn):
        return drawn[state.sampled_so_far]
    return session.scalar(
        select(Difference.day)
        .where(Difference.found_at < state.check_began_at)
        .order_by(Difference.day)
        .limit(1)
    )


def in_source(reader: Reader, day: date) -> Tally:
    """What the source has of a day. Raises UpstreamError."""
    [row] = reader.all(_NAIVE, parameters_of(day))
    return Tally(*map(int, row))


def rolled_up(session: Session, day: date) -> Tally:
    """What the roll-ups have of a day; nothing where it is not rolled up."""
    table = table_of(TotalSum)
    row = session.execute(
        select(*(table.c[name] for name in _FIGURES)).where(table.c.grain == Grain.DAY, table.c.start == day)
    ).one_or_none()
    return Tally(*row) if row is not None else Tally()


def store_differences(session: Session, day: date, ours: Tally, theirs: Tally, now: datetime) -> None:
    """Note in which figures a day differs; whatever was noted of it before is gone."""
    found = [
        {"day": day, "figure": name, "found_at": now, "rolled_up": mine, "in_source": other}
        for name in _FIGURES
        if (mine := getattr(ours, name)) != (other := getattr(theirs, name))
    ]
    gone = session.execute(delete(Difference).where(Difference.day == day))
    upsert(session, table_of(Difference), found)
    if found or gone.rowcount:  # type: ignore[attr-defined]  # a DELETE's result has it
        bump(session, Topic.STATISTICS)
