from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from sandbox.call_centre.clock import in_centre_time
from sandbox.call_centre.generate import LONGEST_GAP, catch_up
from sandbox.errors import SandboxError


def calls_since(engine: Engine, moment: datetime) -> int:
    query = text("SELECT COUNT(*) FROM calls WHERE datetime > :moment")
    with engine.connect() as connection:
        return connection.execute(query, {"moment": in_centre_time(moment)}).scalar_one()


def test_the_days_since_the_database_was_made_are_filled_up_to_now(small: Engine, at_night: datetime) -> None:
    later = at_night + timedelta(days=6)

    filled = catch_up(small, later)

    assert filled.calls == calls_since(small, at_night) > 600
    assert calls_since(small, later - timedelta(hours=1)) > 3
    assert calls_since(small, later) == 0
    assert calls_since(small, at_night + timedelta(days=1)) > 300


def test_filling_twice_adds_nothing(small: Engine, at_night: datetime) -> None:
    later = at_night + timedelta(hours=10)
    catch_up(small, later)
    before = calls_since(small, at_night)

    catch_up(small, later)

    assert calls_since(small, at_night) - before <= 2


def test_nothing_is_added_to_a_database_that_was_just_made(small: Engine, at_night: datetime) -> None:
    assert catch_up(small, at_night).calls == 0
    assert catch_up(small, at_night - timedelta(days=1)).calls == 0


def test_after_a_very_long_absence_only_the_last_weeks_are_filled(small: Engine, at_night: datetime) -> None:
    later = at_night + timedelta(days=400)

    filled = catch_up(small, later)

    assert filled.since == in_centre_time(later) - LONGEST_GAP
    assert calls_since(small, at_night) == calls_since(small, later - LONGEST_GAP - timedelta(seconds=1))


def test_calls_the_end_of_the_sandbox_cut_short_are_dropped_ones(small: Engine, at_night: datetime) -> None:
    with small.begin() as connection:
        connection.execute(
            text(
                "UPDATE calls SET result = NULL, type_call = NULL WHERE id > (SELECT MAX(id) FROM calls) - 3"
            )
        )
        connection.execute(
            text("UPDATE calls SET datetime = :moment WHERE id > (SELECT MAX(id) FROM calls) - 3"),
            {"moment": in_centre_time(at_night).isoformat(" ") + ".000000"},
        )
        last = connection.execute(text("SELECT MAX(id) FROM calls")).scalar_one()

    catch_up(small, at_night + timedelta(hours=2))

    with small.connect() as connection:
        cut = connection.execute(
            text("SELECT result, type_call FROM calls WHERE id > :first AND id <= :last"),
            {"first": last - 3, "last": last},
        )
        assert [tuple(row) for row in cut] == [(4, 7)] * 3


def test_an_empty_database_cannot_be_caught_up(engine: Engine, at_night: datetime) -> None:
    with pytest.raises(SandboxError, match="create"):
        catch_up(engine, at_night)
