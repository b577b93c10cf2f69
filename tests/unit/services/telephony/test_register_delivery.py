"""From the ledger into the register: what is written, what is refused, and what is tried again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from services.errors import Reason
from services.jobs import LeaseLost
from services.live import LiveBoard, SourceState
from services.telephony.model import EntryState
from services.telephony.register.refusals import ROW_GONE
from services.telephony.register.statements import RegisterRow
from tests.unit.services.telephony.register_world import RULES, Fault, RegisterWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RegisterWorld]:
    made = RegisterWorld(tmp_path)
    yield made
    made.close()


def test_a_call_is_written_as_the_register_wants_it(world):
    world.report(agency_id=4711, agency_name="Saulė", manager="Rūta", curator="205")

    world.settle()

    begin = _vilnius(10, 0)  # to the second
    assert list(world.rows().values()) == [
        RegisterRow(1, begin, begin, "4711", "37061234567", "205", None, "lt", "Rūta", "Saulė")
    ]


def test_an_unknown_caller_has_the_agency_0(world):
    call_id = world.report()

    world.settle()

    assert world.rows()[world.call(call_id).register_key].agency_id == "0"


def test_end_theme_and_names_follow(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.run(delivery, fence)

    world.now += timedelta(minutes=3)
    world.change(call_id, theme="Payment", agency_name="Saulė", manager="Rūta", agency_id=12)
    world.end(call_id)
    world.run(delivery, fence)

    row = world.rows()[1]
    assert (row.theme, row.agency_name, row.agency_manager) == ("Payment", "Saulė", "Rūta")
    assert (row.agency_id, row.time_end) == ("12", _vilnius(10, 3))
    world.assert_once_each()


def test_texts_that_are_too_long_are_cut_at_a_character(world):
    world.report(curator="Ж" * 128, agency_name="Ж" * 255, manager="Žieminė " * 20, theme="Ж" * 128)

    world.settle()

    row = world.rows()[1]
    assert row.currator == "Ж" * 64
    assert row.agency_name == "Ж" * 127
    assert len(row.agency_manager.encode()) <= 50
    world.assert_once_each()


def test_the_key_is_on_the_disk_before_the_insert(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.line.at(world.line.points + 1, lambda: keys.append(world.call(call_id).register_key))
    keys: list[int | None] = []

    delivery.step(fence)

    assert keys == [1]


def test_keys_go_on_from_the_highest_of_the_register(world):
    world.foreign(70)
    world.report()
    world.report(number="37069999999")

    world.settle()

    assert sorted(world.rows()) == [70, 71, 72]


def test_a_key_that_another_program_took_first_is_left_to_it(world):
    call_id = world.report()
    world.line.at(world.line.points + 1, lambda: world.foreign(1))  # after our key was chosen

    world.settle()

    assert world.call(call_id).register_key == 2
    world.assert_once_each(foreign=1)


def test_a_row_of_ours_is_recognised_when_its_key_is_taken(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.line.faults[2] = Fault.ANSWER_LOST  # look, insert, commit

    delivery.step(fence)
    assert world.entry(call_id).state == EntryState.WAITING

    world.settle(delivery, fence)
    world.assert_once_each()


def test_an_order_that_may_be_under_way_is_looked_at_again(world):
    """The theme is set and taken back; the first change arrives when the register looks right already."""
    call_id = world.report(theme=None)
    delivery, fence = world.delivery(), world.fence()
    world.run(delivery, fence)
    world.change(call_id, theme="Payment")
    world.line.faults[world.line.points + 2] = Fault.LATE
    delivery.step(fence)
    world.change(call_id, theme=None)
    world.now += timedelta(seconds=5)
    world.run(delivery, fence)

    world.line.let_arrive()
    assert world.rows()[1].theme == "Payment"
    world.now += timedelta(seconds=61)
    delivery.step(fence)

    world.assert_once_each()


def test_an_order_that_arrives_late_undoes_nothing(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.run(delivery, fence)
    world.change(call_id, theme="Payment")
    world.line.faults[world.line.points + 2] = Fault.LATE
    delivery.step(fence)
    world.change(call_id, theme="Booking")
    world.now += timedelta(seconds=5)
    world.run(delivery, fence)

    world.line.let_arrive()

    assert world.rows()[1].theme == "Booking"


def test_what_oracle_refuses_for_good_waits_for_people_and_holds_up_nobody(world):
    bad = world.report(curator="206")
    good = world.report(curator="207")
    text = 'ORA-12899: value too large for column "T_CALL_INFO"."CURRATOR" (actual: 206, maximum: 2)\nHelp: x'
    world.line.refusals.append((lambda row: "206" in row, text))

    delivery, fence = world.delivery(), world.fence()
    world.run(delivery, fence)

    entry = world.entry(bad)
    assert (entry.state, entry.error_code) == (EntryState.REFUSED, "ORA-12899")
    assert "T_CALL_INFO" in entry.error_text
    assert "206" not in entry.error_text
    assert "Help" not in entry.error_text
    assert world.entry(good).state == EntryState.WRITTEN
    assert len(world.rows()) == 1


def test_what_may_pass_later_is_tried_again_with_growing_pauses(world):
    call_id = world.report()
    world.line.refusals.append((lambda _row: True, "ORA-00060: deadlock detected"))
    delivery, fence = world.delivery(), world.fence()
    pauses = []

    for _ in range(4):
        delivery.step(fence)
        entry = world.entry(call_id)
        pauses.append((entry.next_try_at - world.now).total_seconds())
        world.now = entry.next_try_at
    world.line.refusals.clear()

    assert pauses == [1, 2, 4, 8]
    assert world.entry(call_id).error_code == "ORA-00060"
    world.settle(delivery, fence)
    world.assert_once_each()
    assert world.entry(call_id).error_code is None


def test_a_unique_value_that_is_not_the_key_is_a_refusal_in_the_end(world):
    call_id = world.report()
    world.line.refusals.append((lambda _row: True, "ORA-00001: unique constraint (S.OTHER) violated"))

    world.run(world.delivery(), world.fence())

    assert world.entry(call_id).state == EntryState.REFUSED
    assert world.entry(call_id).error_code == "ORA-00001"


def test_a_row_somebody_deleted_is_not_inserted_again(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.run(delivery, fence)
    world.remove(1)

    world.end(call_id)
    world.run(delivery, fence)

    assert world.rows() == {}
    assert (world.entry(call_id).state, world.entry(call_id).error_code) == (EntryState.REFUSED, ROW_GONE)


def test_a_key_that_belongs_to_another_row_now_is_not_written_to(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.run(delivery, fence)
    world.remove(1)
    theirs = world.foreign(1)

    world.end(call_id)
    world.run(delivery, fence)

    assert world.rows() == {1: theirs}
    assert world.entry(call_id).error_code == ROW_GONE


def test_while_oracle_is_down_calls_wait_and_are_delivered_afterwards(world):
    ids = [world.report(number=f"3706123{n:04}") for n in range(250)]
    delivery, fence = world.delivery(), world.fence()
    world.line.is_down = True
    board = LiveBoard(world.store, keep=0, clock=lambda: world.now)

    rests = []
    for _ in range(6):
        rests.append(delivery.step(fence).total_seconds())
        world.now += timedelta(seconds=rests[-1])
    status = board.snapshot().source("sales")

    assert rests == [1, 2, 4, 8, 10, 10]
    assert (status.state, status.reason) == (SourceState.DOWN, Reason.REFUSED)
    assert status.next_try_at == world.now
    assert world.unsettled() == ids

    world.line.is_down = False
    world.settle(delivery, fence)
    world.assert_once_each()
    assert board.snapshot().source("sales").state is SourceState.OK


def test_an_idle_delivery_asks_often_enough_that_sales_stays_watched(world):
    delivery, fence = world.delivery(), world.fence()
    board = LiveBoard(world.store, keep=0, clock=lambda: world.now)

    states = set()
    for _ in range(100):
        world.now += delivery.step(fence)
        states.add(board.snapshot().source("sales").state)

    assert states == {SourceState.OK}
    assert world.line.points < 15


def test_a_locked_row_holds_up_no_other(world):
    """Oracle lets an UPDATE wait for whoever has the row; the driver then gives up."""
    delivery, fence = world.delivery(), world.fence()
    locked, other = world.report(curator="206"), world.report(curator="207")
    world.run(delivery, fence)
    world.change(locked, theme="Payment")
    world.change(other, theme="Payment")
    world.line.refusals.append((lambda row: "206" in row, "DPY-4024: call timeout of 5000 ms exceeded"))

    for _ in range(20):
        world.now += delivery.step(fence)

    assert world.entry(other).state == EntryState.WRITTEN
    assert world.entry(locked).state == EntryState.WAITING
    assert LiveBoard(world.store, clock=lambda: world.now).snapshot().source("sales").state is SourceState.OK
    world.line.refusals.clear()
    world.now += timedelta(minutes=1)
    world.settle(delivery, fence)
    world.assert_once_each()


def test_a_change_of_another_program_between_look_and_order_is_seen(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.run(delivery, fence)
    world.change(call_id, theme="Payment")
    world.line.at(world.line.points + 1, lambda: world.alter(1, agency_manager="somebody"))

    world.settle(delivery, fence)

    world.assert_once_each()


def test_an_entry_that_is_dropped_while_its_order_is_under_way_stays_dropped(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()

    def drop() -> None:
        with world.ledger() as session:
            session.get_one(type(world.entry(call_id)), call_id).state = EntryState.DROPPED

    world.line.at(world.line.points + 1, drop)
    delivery.step(fence)

    assert world.entry(call_id).state == EntryState.DROPPED
    assert world.entry(call_id).is_inserted


def test_a_leader_that_lost_the_lease_writes_nothing(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.fence()

    with pytest.raises(LeaseLost):
        delivery.step(fence)

    assert world.rows() == {}
    assert world.call(call_id).register_key is None


def test_a_begin_that_was_put_right_follows_by_update(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.line.faults[2] = Fault.ANSWER_LOST
    delivery.step(fence)

    world.change(call_id, began_at=world.now - timedelta(seconds=40))
    world.settle(delivery, fence)

    world.assert_once_each()


def test_a_begin_that_was_put_right_before_the_insert_follows_too(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.line.faults[1] = Fault.LOST
    delivery.step(fence)

    world.change(call_id, began_at=world.now - timedelta(seconds=40))
    world.settle(delivery, fence)

    world.assert_once_each()


def test_an_insert_that_arrives_while_it_is_repeated_is_taken_for_what_it_is(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.line.faults[2] = Fault.LATE
    delivery.step(fence)
    world.now += timedelta(seconds=1)
    world.line.at(world.line.points + 1, world.line.let_arrive)  # looked, and about to insert
    delivery.step(fence)

    world.settle(delivery, fence)

    assert world.call(call_id).register_key == 1
    world.assert_once_each()


def test_a_key_that_is_chosen_and_not_yet_used_is_not_given_to_another_call(world):
    first = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.line.faults[1] = Fault.LOST
    delivery.step(fence)
    world.now += timedelta(seconds=0.9)  # the first call rests a little longer

    second = world.report(number="37069999999")
    delivery.step(fence)

    assert (world.call(first).register_key, world.call(second).register_key) == (1, 2)
    world.settle(delivery, fence)
    world.assert_once_each()


def test_an_insert_is_repeated_with_the_begin_it_had_the_first_time(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.line.faults[1] = Fault.LOST
    delivery.step(fence)
    world.change(call_id, began_at=world.now - timedelta(seconds=20))
    world.now += timedelta(seconds=1)
    world.line.faults[world.line.points + 2] = Fault.ANSWER_LOST
    delivery.step(fence)

    world.change(call_id, began_at=world.now - timedelta(seconds=40))
    world.settle(delivery, fence)

    world.assert_once_each()


def test_a_row_that_is_ours_is_never_inserted_a_second_time_however_its_begin_moves(world):
    call_id = world.report()
    delivery, fence = world.delivery(), world.fence()
    world.line.faults[2] = Fault.ANSWER_LOST
    delivery.step(fence)
    world.change(call_id, began_at=world.now - timedelta(seconds=20))
    world.now += timedelta(seconds=1)
    world.line.faults[world.line.points + 2] = Fault.ANSWER_LOST  # of the update
    delivery.step(fence)

    world.change(call_id, began_at=world.now - timedelta(seconds=40))
    world.run(delivery, fence)

    assert len(world.rows()) == 1


def test_the_hour_that_comes_twice_is_written_as_its_clock_showed_it(world):
    began = datetime(2026, 10, 25, 0, 59, 30, tzinfo=world.now.tzinfo)  # 3:59:30 in summer time
    world.report(began_at=began, ended_at=began + timedelta(minutes=1))

    world.settle()

    row = world.rows()[1]
    assert (row.time_begin.hour, row.time_end.hour) == (3, 3)
    assert row.time_end < row.time_begin
    world.assert_once_each()


def test_keys_are_drawn_from_a_sequence_where_there_is_one(world):
    sequence = _sequence(world, first=41)
    world.report(number="1")
    world.report(number="2")

    world.settle(world.delivery(sequence=sequence))

    assert sorted(world.rows()) == [41, 42]
    world.assert_once_each()


def test_a_key_of_the_sequence_that_a_copied_row_has_is_not_taken(world):
    sequence = _sequence(world, first=41)
    copied = world.report(number="1")
    with world.ledger() as session:
        session.delete(session.merge(world.entry(copied)))
        call = session.merge(world.call(copied))
        call.register_key, call.token = 41, None
    world.report(number="2")

    world.settle(world.delivery(sequence=sequence))

    assert sorted(world.rows()) == [42]


def _vilnius(hour: int, minute: int) -> datetime:
    """A time of the first day as the register has it."""
    return datetime(2026, 3, 2, hour, minute, tzinfo=RULES.zone).replace(tzinfo=None)


def _sequence(world: RegisterWorld, first: int) -> str:
    """SQLite has no sequences: one that counts here answers the statement that Oracle would be asked."""
    state = {"next": first}

    @event.listens_for(world.engine, "before_cursor_execute", retval=True)
    def _draw(_connection, _cursor, statement, parameters, _context, _many):
        if "NEXTVAL" in statement:
            assert statement == "SELECT sales.call_keys.NEXTVAL FROM DUAL CONNECT BY LEVEL <= ?"
            start, state["next"] = state["next"], state["next"] + parameters[0]
            return (
                f"WITH RECURSIVE k(n) AS (SELECT {start} UNION ALL SELECT n + 1 FROM k "
                f"WHERE n + 1 < {start} + ?) SELECT n FROM k",
                parameters,
            )
        return statement, parameters

    return "sales.call_keys"
