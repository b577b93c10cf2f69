"""The job that keeps the copy: first fill, late changes, outages, the turn of the day."""

from contextlib import AbstractContextManager
from datetime import date, timedelta
from itertools import count

import pytest
from sqlalchemy.orm import Session

from sandbox.call_centre.schema import Variant
from services.calls import CallFilter, Page
from services.calls.model import Call, Freshness
from services.calls.sync import DEEP_BUDGET, FILLS_PER_CYCLE, WINDOW, CallSync
from services.calls.windows import first_id_since
from services.errors import Reason
from services.jobs import Fence, LeaseLost
from services.live import LiveBoard, SourceState
from services.storage import Store
from tests.unit.services.calls.world import TODAY, World, local

LONG_AGO = TODAY - timedelta(days=5)


def copied(world: World, day: date = TODAY) -> dict[int, Call]:
    """The calls of a day as the log answers them, which must be from the copy."""
    page = world.log().page(CallFilter(day, day), Page(0, 500))
    assert page.freshness.origin == "copy"
    return {call.id: call for call in page.calls}


def freshness(world: World, day: date = TODAY) -> Freshness:
    return world.log().page(CallFilter(day, day), Page(0, 1)).freshness


class DyingFence:
    """Allows some transactions, then none, as a crash would."""

    def __init__(self, store: Store, transactions: int) -> None:
        self._store = store
        self._left = transactions

    def write(self) -> AbstractContextManager[Session]:
        if self._left == 0:
            raise LeaseLost
        self._left -= 1
        return self._store.write()


def step_for_ever(sync: CallSync, fence: Fence) -> None:
    while True:
        sync.step(fence)


def test_the_first_fill_copies_today_and_the_days_before(world):
    today = world.call(local(9), result=1)
    before = world.call(local(9, day=TODAY - timedelta(days=8)), result=1)
    world.call(local(9, day=TODAY - timedelta(days=9)), result=1)

    world.settle()

    assert set(copied(world)) == {today}
    assert set(copied(world, TODAY - timedelta(days=8))) == {before}
    assert freshness(world, TODAY - timedelta(days=9)).origin == "source"


def test_a_fill_that_was_killed_goes_on_where_it_was(world):
    world.calls(local(1) + timedelta(seconds=number) for number in range(WINDOW + 700))
    killed = world.new_sync()
    fence = DyingFence(world.store, transactions=9)  # within the second piece of today
    with pytest.raises(LeaseLost):
        step_for_ever(killed, fence)
    days = world.log().facts().days
    assert not days[0].is_full
    assert days[0].filled_until is not None

    world.settle()

    page = world.log().page(CallFilter(TODAY, TODAY), Page(0, 1))
    assert (page.freshness.origin, page.total) == ("copy", WINDOW + 700)


def test_progress_is_reported_until_every_day_is_copied(world):
    world.call(local(9))

    world.sync.step(world.store)
    at_first = world.sync.progress
    world.settle()

    assert at_first == 0.0
    assert world.sync.progress is None


def test_new_calls_come_in_while_the_first_fill_goes_on(world):
    world.sync.step(world.store)
    world.sync.step(world.store)
    new = world.call(local(15), result=None)

    for _ in range(FILLS_PER_CYCLE):
        world.sync.step(world.store)

    assert new in copied(world)


@pytest.mark.parametrize("hour", [2, 14])
@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [("result", 4, "result"), ("type_call", 5, "call_type"), ("operator_id", 3, "operator_id")],
)
def test_a_late_edit_arrives_whatever_its_hour(world, hour, column, value, shown):
    call = world.call(local(hour), result=1, type_call=1)
    world.settle()

    world.change("calls", call, **{column: value})
    world.clock.move(seconds=2)
    world.sync.step(world.store)

    assert getattr(copied(world)[call], shown) == value


def test_a_card_that_comes_late_arrives_with_its_number(world):
    call = world.call(local(2), card_id=0)
    world.settle()

    world.change("calls", call, card_id=world.card("+7 900 000-12-34"))
    world.sync.step(world.store)

    assert copied(world)[call].number == "+7 900 000-12-34"


def test_a_number_that_is_corrected_arrives(world):
    call = world.call(local(2), card_id=world.card("+7 900 000-12-34"))
    world.settle()

    world.change("telephone", 1, number="+7 900 000-99-99")
    world.work(minutes=5)

    assert copied(world)[call].number == "+7 900 000-99-99"


def test_an_agency_rung_after_the_call_arrives(world):
    telephone = world.add("telephone", number="1")
    world.add("agentstvo", name="Бриз", tel_1_id=telephone)
    pp = world.add("privat_processing", calls_results_ids="")
    call = world.call(local(14, 50), privat_processing_id=pp)
    world.settle()
    assert not copied(world)[call].has_agency

    ring = world.add("calls_result", telephone_id=telephone, datetime=local(14, 55), result=0)
    world.change("privat_processing", pp, calls_results_ids=str(ring))
    world.work(seconds=4)

    assert copied(world)[call].has_agency
    agency = world.log().agency_of_call(call)
    assert agency is not None
    assert agency.name == "Бриз"


def test_a_late_edit_of_an_earlier_day_arrives(world):
    call = world.call(local(10, day=LONG_AGO), result=1)
    world.settle()

    world.change("calls", call, result=6)
    world.work(minutes=1)

    assert copied(world, LONG_AGO)[call].result == 6


def test_a_quiet_centre_is_not_looked_over_again_and_again(world):
    call = world.call(local(10, day=LONG_AGO), result=1)
    world.settle()
    world.work(seconds=2)

    world.change("calls", call, result=6)
    world.work(seconds=20)

    assert copied(world, LONG_AGO)[call].result == 1


def test_a_call_that_is_inserted_late_with_an_old_time_arrives(world):
    world.settle()

    late = world.call(local(10, day=LONG_AGO), result=1)
    world.sync.step(world.store)

    assert late in copied(world, LONG_AGO)


def test_a_call_that_is_inserted_late_with_a_low_id_arrives(world):
    world.add("calls", id=500, datetime=local(14), result=1)
    world.settle()

    world.add("calls", id=3, datetime=local(3), result=1)
    world.sync.step(world.store)

    assert set(copied(world)) == {3, 500}


@pytest.mark.parametrize("at", [local(14, 59), local(3), local(3, day=LONG_AGO)])
def test_a_call_that_is_deleted_leaves_the_copy(world, at):
    call = world.call(at)
    world.settle()

    world.remove("calls", call)
    world.work(minutes=1)

    assert call not in copied(world, at.date())
    assert world.log().client_card(call) is None


def test_a_call_whose_time_is_corrected_moves(world):
    call = world.call(local(3), result=1)
    world.settle()

    world.change("calls", call, datetime=local(3, day=LONG_AGO))
    world.work(minutes=1)

    assert call not in copied(world)
    assert call in copied(world, LONG_AGO)


def test_more_calls_than_one_look_reads_are_all_covered(world):
    # Many at the same second: a window may end in the middle of one.
    world.calls(local(2, 0, number // 700) for number in range(6_000))
    world.settle()

    world.change("calls", 1, result=6)
    world.remove("calls", 6_000)
    for _ in range(3):
        world.sync.step(world.store)

    log = world.log()
    assert log.page(CallFilter(TODAY, TODAY), Page(0, 1)).total == 5_999
    assert log.page(CallFilter(TODAY, TODAY), Page(0, 1, sort="id", descending=False)).calls[0].result == 6


def slow_sync(world: World, *, cycles: int) -> CallSync:
    """A job whose cycles take so long that each does one chore only, after some cycles."""
    seconds = count(step=10)
    sync = world.new_sync(stopwatch=lambda: float(next(seconds)))
    for _ in range(cycles):
        sync.step(world.store)
    return sync


def test_however_slow_the_source_every_cycle_finds_new_calls(world):
    world.settle()
    sync = slow_sync(world, cycles=3)  # the chore of the next cycle is no comparison

    late = world.call(local(10, day=LONG_AGO))
    sync.step(world.store)

    assert late in copied(world, LONG_AGO)


def test_however_slow_the_source_every_cycle_covers_the_last_hour(world):
    call = world.call(local(14, 1), result=None)
    deleted = world.call(local(14, 1))
    world.settle()
    sync = slow_sync(world, cycles=3)

    world.change("calls", call, result=1)
    world.remove("calls", deleted)
    sync.step(world.store)

    assert {id_: one.result for id_, one in copied(world).items()} == {call: 1}


def test_a_slow_source_gets_to_the_other_chores_in_turn(world):
    edited, corrected = world.call(local(2), result=1), world.call(local(2), card_id=world.card("1"))
    world.settle()
    sync = slow_sync(world, cycles=0)

    world.change("calls", edited, result=6)
    world.change("telephone", 1, number="2")
    for _ in range(4):
        sync.step(world.store)

    assert copied(world)[edited].result == 6
    assert copied(world)[corrected].number == "2"


def test_what_a_fresh_call_refers_to_does_not_wait_for_its_turn_among_all_calls(world):
    world.calls(local(2) for _ in range(2 * DEEP_BUDGET))
    fresh = world.call(local(14, 1), card_id=world.card("1"))
    world.settle()
    sync = world.new_sync()
    sync.step(world.store)  # the walk over all calls has passed the fresh one

    world.change("telephone", 1, number="2")
    world.clock.move(seconds=4)
    sync.step(world.store)

    newest = world.log().page(CallFilter(TODAY, TODAY), Page(0, 1)).calls[0]
    assert (newest.id, newest.number) == (fresh, "2")


def test_nothing_is_announced_while_nothing_changes(world):
    world.call(local(14, 59), card_id=world.card("1"), operator_id=7)
    world.call(local(2), card_id=world.card("2"))
    world.settle()
    before = world.version()

    for _ in range(5):
        world.clock.move(seconds=2)
        world.sync.step(world.store)

    assert world.version() == before


def test_a_change_is_announced(world):
    call = world.call(local(14, 59), result=None)
    world.settle()
    before = world.version()

    world.change("calls", call, result=1)
    world.sync.step(world.store)

    assert world.version() > before


def test_a_look_that_finds_no_change_still_renews_the_age(world):
    world.call(local(14, 59))
    world.settle()

    world.clock.move(seconds=2)
    world.sync.step(world.store)

    assert freshness(world).as_of == world.clock.now


def test_an_operator_who_is_renamed_is_renamed_everywhere(world):
    operator = world.add("operators", name="Анна Белова")
    call = world.call(local(2), operator_id=operator)
    world.settle()

    world.change("operators", operator, name="Анна Чернова")
    world.clock.move(minutes=1)
    world.sync.step(world.store)

    assert copied(world)[call].operator == "Анна Чернова"


def test_an_operator_who_is_new_has_a_name_at_once(world):
    world.settle()

    call = world.call(local(15), operator_id=world.add("operators", name="Анна Белова"))
    world.sync.step(world.store)

    assert copied(world)[call].operator == "Анна Белова"


def test_an_absent_source_is_reported_and_asked_less_and_less(world):
    world.vanish()

    rests = [world.sync.step(world.store).total_seconds() for _ in range(5)]

    status = LiveBoard(world.store, keep=0, clock=world.clock).snapshot().source("call_centre")
    assert rests == [2, 4, 8, 15, 15]
    assert (status.state, status.reason) == (SourceState.DOWN, Reason.NO_SUCH_DATABASE)


def test_the_copy_outlives_an_outage_and_heals_by_itself(world):
    call = world.call(local(14, 59), result=None)
    world.settle()
    world.vanish()
    world.sync.step(world.store)
    in_the_outage = world.log().page(CallFilter(TODAY, TODAY), Page(0, 10))
    world.come_back()

    world.change("calls", call, result=1)
    world.clock.move(seconds=4)
    world.sync.step(world.store)

    assert [one.id for one in in_the_outage.calls] == [call]
    assert in_the_outage.freshness.problem is not None
    assert in_the_outage.freshness.problem.reason is Reason.NO_SUCH_DATABASE
    assert copied(world)[call].result == 1
    assert freshness(world).problem is None


def test_a_day_that_went_on_unwatched_is_not_called_complete(world):
    world.calls(local(1) + timedelta(seconds=number) for number in range(WINDOW))
    world.settle()
    world.clock.move(hours=2)
    world.call(local(15, 30))

    world.sync.step(world.store)  # a first piece
    at_once = freshness(world)
    world.settle()

    assert at_once.origin == "source"
    assert freshness(world).origin == "copy"
    assert world.log().page(CallFilter(TODAY, TODAY), Page(0, 1)).total == WINDOW + 1


def test_at_midnight_the_new_day_begins_and_the_oldest_goes(world):
    oldest = TODAY - timedelta(days=8)
    world.call(local(9, day=oldest))
    evening = world.call(local(14, 59))
    world.settle()

    world.clock.move(hours=8, minutes=59, seconds=50)  # 23:59:50
    world.settle()
    world.clock.move(seconds=20)
    morning = world.call(local(0, 0, 5, day=TODAY + timedelta(days=1)))
    world.settle()

    assert morning in copied(world, TODAY + timedelta(days=1))
    assert evening in copied(world)
    assert freshness(world, oldest).origin == "source"
    assert [day.day for day in world.log().facts().days][-1] == oldest + timedelta(days=1)


def test_a_call_that_came_in_the_last_seconds_of_the_day_is_not_lost(world):
    world.clock.move(hours=8, minutes=59, seconds=58)  # 23:59:58
    world.settle()

    last = world.call(local(23, 59, 59))
    world.clock.move(seconds=4)
    world.settle()

    assert last in copied(world)


def test_a_call_ahead_of_our_clock_is_copied(world):
    world.settle()

    ahead = world.call(local(15, 0, 30))
    world.sync.step(world.store)

    assert ahead in copied(world)


def test_a_malformed_source_is_reported_as_such(world):
    world.call(local(14), card_id=1)
    world.metadata.tables["cards"].drop(world.engine)

    world.sync.step(world.store)

    status = LiveBoard(world.store, keep=0, clock=world.clock).snapshot().source("call_centre")
    assert (status.state, status.reason) == (SourceState.DOWN, Reason.MALFORMED)


def test_without_an_index_of_time_the_copy_is_the_same_and_old_calls_are_not_read(tmp_path):
    world = World(tmp_path, variant=Variant(datetime_index=False))
    world.calls(local(9, day=TODAY - timedelta(days=200)) + timedelta(minutes=one) for one in range(3_000))
    world.calls(local(1, day=LONG_AGO) + timedelta(minutes=one) for one in range(200))
    strayed = world.call(local(9, day=TODAY - timedelta(days=100)))
    recent = world.call(local(14))
    with world.source.reading() as reader:
        first_id = first_id_since(reader, local(0, day=LONG_AGO))

    world.settle()

    assert 2_951 <= first_id <= 3_001
    assert set(copied(world)) == {recent}
    assert world.log().page(CallFilter(LONG_AGO, LONG_AGO), Page(0, 1)).total == 200
    assert world.log().client_card(strayed) is None
    world.close()


@pytest.mark.parametrize("calls", [0, 1, 49, 51, 200])
def test_the_first_id_is_found_in_small_tables_too(world, calls):
    for _ in range(calls):
        world.call(local(9, day=LONG_AGO))
    recent = world.call(local(9))

    with world.source.reading() as reader:
        assert first_id_since(reader, local(0)) in range(max(1, recent - 49), recent + 1)
        assert first_id_since(reader, local(0, day=LONG_AGO)) == 1


def test_an_empty_table_has_no_first_id(world):
    with world.source.reading() as reader:
        assert first_id_since(reader, local(0)) == 0
