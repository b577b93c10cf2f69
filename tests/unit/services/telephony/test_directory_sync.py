"""The copy of the telephones: like CRM, at the cost of what changed, with CRM's state beside it."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import oracle

from services.jobs import LeaseLost
from services.live import SourceState
from services.telephony.directory import crm, sync
from tests.unit.services.telephony.phone_world import PhoneWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PhoneWorld]:
    made = PhoneWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def asked(world: PhoneWorld) -> list[str]:
    """Every statement that CRM gets from here on."""
    seen: list[str] = []
    event.listen(world.crm, "before_cursor_execute", lambda _c, _cu, text, *_: seen.append(text))
    return seen


def test_all_numbers_of_an_agency_are_copied_from_all_its_rows(world):
    world.type((7, "+370 612 34567"), (7, "8 5 2123456; 370 612 34567"), (8, "nėra"), (9, "61234567"))

    world.look()

    assert world.copied() == {
        7: ("37061234567", "37052123456"),
        8: ("", ""),
        9: ("", "37061234567"),
    }


def test_rows_that_name_no_agency_or_no_telephone_are_left_out(world):
    world.type((0, "+37061234567"), (None, "+37061234567"), (-1, "+37061234567"), (7, None))

    world.look()

    assert world.copied() == {}


def test_changes_arrive_and_only_they_are_read_anew_and_told(world, monkeypatch):
    world.type(*((id_, f"+370612{id_:05}") for id_ in range(1, 50)))
    world.look()
    version = world.version()
    read = []
    numbers_in = sync.numbers_in
    monkeypatch.setattr(
        sync, "numbers_in", lambda text, country: read.append(text) or numbers_in(text, country)
    )

    world.look()
    assert (read, world.version()) == ([], version)

    world.retype(3, "+37061277777")
    world.remove(4)
    world.type((60, "+37061288888"))
    world.look()

    assert sorted(read) == ["+37061277777", "+37061288888"]
    assert world.version() > version
    copied = world.copied()
    assert copied[3] == ("37061277777", "")
    assert copied[60] == ("37061288888", "")
    assert 4 not in copied
    assert len(copied) == 49


def test_the_order_of_rows_in_crm_means_nothing(world):
    world.type((7, "+37061234567"), (7, "+37061234568"))
    world.look()
    version = world.version()
    world.remove(7)
    world.type((7, "+37061234568"), (7, "+37061234567"))

    world.look()

    assert world.version() == version


def test_another_country_in_the_settings_reads_everything_anew(world):
    world.type((7, "8 903 123-45-67"))
    world.look()
    assert world.copied() == {7: ("", "")}

    world.new_sync("RU").step(world.fence)

    assert world.copied() == {7: ("", "79031234567")}


def test_between_looks_crm_is_asked_for_the_size_of_the_table_alone(world, asked):
    world.type((7, "+37061234567"))
    assert world.sync.step(world.fence) <= timedelta(seconds=10)
    asked.clear()

    for _ in range(3):
        world.clock.move(seconds=8)
        assert world.sync.step(world.fence) <= timedelta(seconds=10)

    assert len(asked) == 3
    assert all("count(*)" in statement for statement in asked)


def test_a_telephone_that_came_is_known_half_a_minute_later(world):
    world.type((7, "+37061234567"))
    world.sync.step(world.fence)
    world.type((8, "+37061234568"))

    for _ in range(4):
        world.clock.move(seconds=8)
        world.sync.step(world.fence)

    assert 8 in world.copied()


def test_a_telephone_that_was_corrected_is_known_after_five_minutes(world):
    world.type((7, "+37061234567"))
    world.sync.step(world.fence)
    world.retype(7, "+37061234568")

    world.clock.move(minutes=4)
    world.sync.step(world.fence)
    assert world.copied()[7] == ("37061234567", "")

    world.clock.move(minutes=1)
    world.sync.step(world.fence)
    assert world.copied()[7] == ("37061234568", "")


def test_an_outage_keeps_the_copy_and_is_told_with_its_reason(world):
    world.type((7, "+37061234567"))
    world.look()
    assert world.source().state is SourceState.OK
    world.vanish()

    pauses = [world.sync.step(world.fence) for _ in range(6)]

    assert world.copied() == {7: ("37061234567", "")}
    assert world.source().state is SourceState.DOWN
    assert world.source().reason is not None
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(seconds=10)
    assert world.source().next_try_at == world.clock.now + pauses[-1]

    world.come_back()
    world.sync.step(world.fence)
    assert world.source().state is SourceState.OK


def test_a_long_first_copy_is_stored_in_steps_that_look_after_crm(world, asked):
    world.type(*((id_, f"+370612{id_:05}") for id_ in range(1, 1201)))
    ticks = count(step=3)  # each look at the watch is three seconds later
    job = world.new_sync(stopwatch=lambda: float(next(ticks)))
    asked.clear()

    rests = [job.step(world.fence)]
    assert 0 < len(world.copied()) < 1200
    while rests[-1] == timedelta(0):
        rests.append(job.step(world.fence))

    assert len(world.copied()) == 1200
    assert len(rests) > 1
    # The table is read once, and every step asks for its size.
    assert len(asked) == len(rests) + 1


@pytest.mark.parametrize("writes_left", [0, 1])
def test_a_look_that_lost_the_lease_is_not_gone_on_with_later(world, writes_left):
    world.type(*((id_, f"+370612{id_:05}") for id_ in range(1, 2201)))
    ticks = count(step=3)
    job = world.new_sync(stopwatch=lambda: float(next(ticks)))
    assert job.step(world.fence) == timedelta(0)
    world.fence.lost_after = world.fence.writes + writes_left
    with pytest.raises(LeaseLost):
        job.step(world.fence)
    world.remove(1)
    world.remove(2200)

    world.fence.lost_after = None
    while job.step(world.fence) == timedelta(0):
        pass

    assert set(world.copied()) == set(range(2, 2200))


def test_every_portion_of_changes_moves_the_topic(world):
    world.type(*((id_, f"+370612{id_:05}") for id_ in range(1, 1201)))

    world.look()

    assert world.version() == 3


def test_the_statements_are_oracles_own():
    dialect = oracle.dialect()

    def sql(statement: object) -> str:
        text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        return " ".join(text.split())

    assert sql(crm.SIZE) == (
        "SELECT count(*) AS count_1, max(t_agency_phone.agency_id) AS max_1 FROM t_agency_phone"
    )
    assert sql(crm.ALL) == (
        "SELECT t_agency_phone.agency_id, t_agency_phone.agency_phone FROM t_agency_phone "
        "WHERE t_agency_phone.agency_id > 0 AND t_agency_phone.agency_phone IS NOT NULL"
    )


def test_telephones_travel_in_large_portions(world):
    sizes = []
    event.listen(world.crm, "after_cursor_execute", lambda _c, cursor, *_: sizes.append(cursor.arraysize))

    crm.typed_phones(world.crm)

    assert sizes == [crm.ROWS_AT_ONCE]
