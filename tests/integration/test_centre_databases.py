"""The calls of the centre are found and counted alike on every database the portal may run on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.calls import Period
from services.storage import Base, Store
from services.telephony.centre import RegisterQuery, RegisterSlice, Tally
from services.telephony.model import CallState, EntryState
from tests.support.stores import KINDS, empty_database
from tests.unit.services.telephony.centre_world import KELIONES, VILNIUS, ZALIAS, CentreWorld

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CentreWorld]:
    store = Store(empty_database(request.param, request, tmp_path))
    Base.metadata.create_all(store.engine)
    yield CentreWorld(store)
    store.close()


def found(world: CentreWorld, text: str) -> list[int]:
    page = world.centre.search(RegisterQuery(text=text), RegisterSlice())
    return [one.call.id for one in page.calls]


def test_the_board_is_the_same(world: CentreWorld) -> None:
    ended = world.call(9 * MINUTE, 3 * MINUTE, entry=EntryState.WAITING, answered=True, **KELIONES)
    missed = world.call(20 * MINUTE, MINUTE, number="37060000219", answered=False, curator="206")
    going = world.call(MINUTE, None)
    world.call(MINUTE, state=CallState.AWAITS_BEGIN, entry=None)

    board = world.centre.board()

    assert board.last is not None
    assert board.last.call.id == going
    assert [(one.call.id, one.entry) for one in board.before] == [
        (ended, EntryState.WAITING),
        (missed, EntryState.WRITTEN),
    ]
    assert [call.id for call in board.in_progress] == [going]
    assert [caller.number for caller in board.callbacks or ()] == ["37060000219"]
    assert board.total == Tally(calls=3, with_agency=1, told=2, answered=1, timed=2, seconds=240.0)


def test_the_search_is_the_same(world: CentreWorld) -> None:
    kelio = world.call(2 * MINUTE, manager="Рута Петрайтене", **KELIONES)
    zalias = world.call(MINUTE, number="37060000999", **ZALIAS)

    assert found(world, "KELIONES") == [kelio]
    assert found(world, "zalias") == [zalias]
    assert found(world, "ПЕТРАЙТ") == [kelio]
    assert found(world, "8 600 00417") == [kelio]
    assert found(world, "00999") == [zalias]
    assert found(world, "600 00") == [zalias, kelio]
    assert found(world, "100%") == []
    assert found(world, "nobody") == []


def test_the_figures_are_the_same(world: CentreWorld) -> None:
    summer = datetime(2026, 7, 1, 9, 30, tzinfo=VILNIUS).astimezone(UTC)
    world.call(world.now - summer, timedelta(seconds=90, milliseconds=500), theme="Payment", **KELIONES)
    world.call(world.now - summer + DAY, 2 * MINUTE, answered=False, curator="206")
    winter = datetime(2026, 11, 24, 9, 30, tzinfo=VILNIUS).astimezone(UTC)
    world.call(world.now - winter, None, state=CallState.EXPIRED, **KELIONES)

    figures = world.centre.statistics(RegisterQuery())

    assert figures.total == Tally(calls=3, with_agency=2, told=1, answered=0, timed=2, seconds=210.5)
    assert figures.hours[9].calls == 3
    assert [(one.curator, one.tally.calls) for one in figures.curators] == [("205", 2), ("206", 1)]
    assert [(one.theme, one.tally.calls) for one in figures.themes] == [(None, 2), ("Payment", 1)]
    assert [(one.agency_id, one.name) for one in figures.agencies] == [
        (None, None),
        (11, "Pavyzdinės Kelionės"),
    ]
    november = RegisterQuery(period=Period(winter.date(), winter.date()))
    assert world.centre.statistics(november).total.calls == 1


def test_a_caller_has_the_same_past(world: CentreWorld) -> None:
    of_agency = world.call(2 * DAY, number="37060000111", **KELIONES)
    of_number = world.call(DAY)

    past = world.centre.past_calls(number="37060000417", agency_id=11, before=world.now)

    assert [call.id for call in past.calls] == [of_number, of_agency]
    assert past.in_year == 2
