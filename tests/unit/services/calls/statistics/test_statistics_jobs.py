"""How days get rolled up: the first fill, recent days, the nightly check, and every way to be cut short."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text

from services.calls import Period, Tally
from services.calls.statistics import roll_up as roll_up_module
from services.calls.statistics.figures import DayFigures, DayQuestion
from services.calls.statistics.roll_up import IDLE, LONGEST_REST, RollUp
from services.errors import Reason
from services.jobs import ReportsProgress
from tests.unit.services.calls.statistics.rolled import DAY, LONG_AGO, RolledWorld
from tests.unit.services.calls.world import MOSCOW, TODAY, World, local


def fill(world: World, days: int) -> None:
    """A call at noon of each of the last `days` days."""
    world.calls(local(12, day=TODAY - age * DAY) for age in range(days))


def asked(world: World) -> list[str]:
    """Every statement that the source gets from here on."""
    seen: list[str] = []
    event.listen(
        world.source._engine, "before_cursor_execute", lambda _c, _cu, statement, *_: seen.append(statement)
    )
    return seen


def test_the_first_fill_goes_back_day_by_day_and_tells_how_far_it_is(rolled, world):
    fill(world, 14)
    world.settle()
    rolled.recent.step(world.store)
    oldest_copied = TODAY - 8 * DAY
    rolled.roll_up.step(world.store)  # looks how far back the calls go

    shares = []
    for age in range(1, 6):
        rolled.roll_up.step(world.store)
        shares.append(rolled.roll_up.progress)
        assert rolled.calls(oldest_copied - age * DAY) == 1
        assert rolled.report(oldest_copied - (age + 1) * DAY).coverage.is_complete is (age == 5)

    assert isinstance(rolled.roll_up, ReportsProgress)
    assert shares == [0, 0.2, 0.4, 0.6, 0.8]
    assert rolled.statistics.facts().progress == 1


def test_a_day_costs_the_source_one_statement(rolled, world):
    fill(world, 12)
    world.settle()
    rolled.roll_up.step(world.store)
    statements = asked(world)

    rolled.roll_up.step(world.store)

    assert len(statements) == 1


def test_a_fill_that_was_cut_short_goes_on_in_another_process(rolled, world):
    fill(world, 14)
    world.settle()
    for _ in range(3):
        rolled.roll_up.step(world.store)
    known = rolled.statistics.facts().known_days
    rolled.roll_up = rolled.new_roll_up()
    statements = asked(world)

    rolled.settle()

    assert rolled.calls(TODAY - 13 * DAY, TODAY) == 14
    days = [one for one in statements if "GROUP BY" in one]
    assert len(days) == 5 - known


def test_years_without_calls_before_a_mistyped_date_take_few_steps(rolled, world):
    fill(world, 10)
    world.call(local(9, day=date(2024, 9, 1)))
    world.settle()
    rolled.recent.step(world.store)

    steps = 0
    while rolled.roll_up.step(world.store) != IDLE:
        steps += 1

    assert steps < 60
    assert rolled.statistics.facts().progress == 1
    assert rolled.statistics.facts().known_days == 191
    assert rolled.calls(date(2024, 9, 1), TODAY - 9 * DAY) == 2


def test_the_source_rests_as_long_as_it_worked_several_times_over(world):
    ticks = iter(range(0, 10_000, 2))  # every step takes two seconds
    roll_up = RollUp(world.store, world.source, MOSCOW, 8, clock=world.clock, stopwatch=lambda: next(ticks))

    assert roll_up.step(world.store) == timedelta(seconds=6)


def test_the_rest_has_an_end(world):
    ticks = iter(range(0, 10_000, 20))
    roll_up = RollUp(world.store, world.source, MOSCOW, 8, clock=world.clock, stopwatch=lambda: next(ticks))

    assert roll_up.step(world.store) == LONGEST_REST


# Recent days


@pytest.mark.parametrize("day", [TODAY, TODAY - 5 * DAY])
def test_a_change_of_a_copied_day_is_counted_in_the_next_cycle(rolled, world, day):
    call = world.call(local(9, day=day), result=0, type_call=1)
    rolled.settle()
    world.change("calls", call, result=1)
    world.call(local(10, day=day), result=1)
    world.clock.move(minutes=2)

    rolled.refresh()

    assert rolled.report(day).total == Tally(2, 2, 0, 2, 0, 0)
    assert rolled.report(TODAY - 40 * DAY, TODAY).total == Tally(2, 2, 0, 2, 0, 0)


def test_nothing_new_is_no_news(rolled, world):
    fill(world, 12)
    rolled.settle()
    version = rolled.version()

    for _ in range(5):
        world.clock.move(seconds=2)
        rolled.refresh()
        rolled.roll_up.step(world.store)

    assert rolled.version() == version


def test_calls_that_go_take_their_figures_with_them(rolled, world):
    call = world.call(local(9), operator_id=4, type_call=3)
    world.call(local(10), operator_id=5, type_call=3)
    rolled.settle()
    world.remove("calls", call)
    world.clock.move(seconds=2)
    rolled.refresh()

    report = rolled.report()

    assert [one.operator_id for one in report.operators] == [5]
    assert report.total.calls == 1
    assert rolled.report(TODAY - 60 * DAY, TODAY).operators == report.operators


def test_a_call_that_moves_to_another_day_is_counted_there_alone(rolled, world):
    call = world.call(local(9), operator_id=4)
    rolled.settle()
    world.change("calls", call, datetime=local(9, day=TODAY - 2 * DAY))
    for _ in range(3):
        world.clock.move(minutes=2)
        rolled.refresh()

    assert [rolled.calls(TODAY - age * DAY) for age in range(3)] == [0, 0, 1]


def test_a_day_that_is_filled_anew_keeps_its_last_known_figures(rolled, world):
    fill(world, 3)
    rolled.settle()
    world.clock.move(hours=2)  # nobody looked while calls went on
    world.vanish()
    rolled.refresh()

    assert rolled.calls(TODAY - 2 * DAY, TODAY) == 3


def test_a_day_that_leaves_the_copy_is_taken_from_the_source_once(rolled, world):
    leaving = TODAY - 8 * DAY
    fill(world, 10)
    rolled.settle()
    world.clock.now = local(0, 1, day=TODAY + DAY).replace(tzinfo=MOSCOW).astimezone(UTC)
    world.settle()
    rolled.recent.step(world.store)
    world.call(local(13, day=leaving))
    statements = asked(world)

    while rolled.roll_up.step(world.store) != IDLE:
        world.clock.move(seconds=1)

    assert rolled.calls(leaving) == 2
    assert sum("GROUP BY" in one for one in statements) == 1


# The nightly check


def test_late_edits_inserts_and_deletions_of_old_days_arrive_by_night(rolled, world):
    kept, gone = world.call(local(9, day=LONG_AGO), result=0), world.call(local(10, day=LONG_AGO), result=0)
    rolled.settle()
    world.change("calls", kept, result=1)
    world.remove("calls", gone)
    world.call(local(11, day=LONG_AGO), operator_id=3)
    world.call(local(9, day=LONG_AGO - 20 * DAY))
    before = rolled.report(LONG_AGO).total

    rolled.night()

    assert before == Tally(2, 0, 2, 2, 0, 0)
    assert rolled.report(LONG_AGO).total == Tally(2, 1, 0, 1, 0, 0)
    assert rolled.calls(LONG_AGO - 25 * DAY, LONG_AGO - 15 * DAY) == 1
    assert rolled.differences() == []


def test_the_check_is_made_once_a_day_even_if_the_collector_starts_anew(rolled, world):
    fill(world, 12)
    rolled.settle()
    checked_at = rolled.statistics.facts().checked_at
    world.clock.move(hours=3)
    rolled.roll_up = rolled.new_roll_up()
    statements = asked(world)
    rolled.settle()

    assert rolled.statistics.facts().checked_at == checked_at
    assert not any("GROUP BY" in one for one in statements)

    rolled.night()

    assert rolled.statistics.facts().checked_at > checked_at


def test_no_check_begins_before_the_night_hour_of_the_centre(rolled, world):
    fill(world, 12)
    rolled.settle()
    checked_at = rolled.statistics.facts().checked_at
    world.clock.now = local(2, 59, day=TODAY + DAY).replace(tzinfo=MOSCOW).astimezone(UTC)
    rolled.settle()

    assert rolled.statistics.facts().checked_at == checked_at


def test_a_check_that_lost_its_source_goes_on_where_it_was(rolled, world):
    fill(world, 20)
    rolled.settle()
    world.clock.now = local(3, day=TODAY + DAY).replace(tzinfo=MOSCOW).astimezone(UTC)
    for _ in range(4):
        world.clock.move(seconds=1)
        rolled.roll_up.step(world.store)
    progress = rolled.roll_up.progress
    world.vanish()

    rests = [rolled.roll_up.step(world.store) for _ in range(7)]

    assert [rest.total_seconds() for rest in rests] == [2, 4, 8, 16, 32, 60, 60]
    facts = rolled.statistics.facts()
    assert facts.problem is not None
    assert facts.problem.reason is Reason.NO_SUCH_DATABASE
    assert rolled.calls(TODAY - 19 * DAY, TODAY) == 20  # the last known

    world.come_back()
    statements = asked(world)
    rolled.settle()

    assert 0 < progress < 1
    assert rolled.statistics.facts().problem is None
    assert rolled.statistics.facts().sampled_days == 20
    # Of the 12 days that are not copied any more, those that were not looked at yet.
    assert 9 <= sum("GROUP BY" in one for one in statements) <= 10


def test_a_fill_that_lost_its_source_goes_on_where_it_was(rolled, world):
    fill(world, 14)
    world.settle()
    for _ in range(3):
        rolled.roll_up.step(world.store)
    world.vanish()
    rolled.roll_up.step(world.store)
    coverage = rolled.report(TODAY - 13 * DAY, TODAY - 9 * DAY).coverage

    world.come_back()
    rolled.settle()

    assert coverage.unknown_days == 3
    assert coverage.problem is not None
    assert rolled.calls(TODAY - 13 * DAY, TODAY) == 14


def test_a_day_that_differs_from_the_source_is_reported_until_it_agrees(rolled, world):
    fill(world, 20)
    rolled.settle()
    rolled.falsify(TODAY - 15 * DAY)

    rolled.night()

    [found] = rolled.differences()
    assert (found.day, found.figure, found.rolled_up, found.in_source) == (TODAY - 15 * DAY, "calls", 2, 1)

    rolled.falsify(TODAY - 15 * DAY, by=-1)
    rolled.night()

    assert rolled.differences() == []


def test_an_edit_right_before_the_sample_is_no_difference(rolled, world, monkeypatch):
    fill(world, 12)
    rolled.settle()
    real = roll_up_module.sampling.in_source
    edited = []

    def edit_first(reader: Any, day: date) -> Tally:
        if not edited and day < TODAY - 8 * DAY:
            edited.append(world.call(local(15, day=day)))
        return real(reader, day)

    monkeypatch.setattr(roll_up_module.sampling, "in_source", edit_first)
    rolled.night()

    assert len(edited) == 1
    assert rolled.differences() == []
    assert rolled.calls(TODAY - 11 * DAY, TODAY) == 13


def test_a_day_that_is_edited_while_it_is_rolled_up_ends_right(rolled, world, monkeypatch):
    fill(world, 12)
    world.settle()
    real, edited = DayQuestion.figures, []

    def edit_first(question: DayQuestion, day: date, rows: Any) -> DayFigures:
        if not edited:
            edited.append(world.call(local(13, day=day), result=1))
        return real(question, day, rows)

    monkeypatch.setattr(DayQuestion, "figures", edit_first)
    rolled.roll_up.step(world.store)
    rolled.roll_up.step(world.store)
    before = rolled.calls(TODAY - 9 * DAY)
    rolled.night()

    assert (before, rolled.calls(TODAY - 9 * DAY)) == (1, 2)


# Time


def test_calls_of_the_hours_that_come_twice_or_never_count_by_their_clock(rolled, world):
    zone_change, other = date(2011, 3, 27), date(2010, 10, 31)  # spring and autumn in Moscow
    for day, hour in ((zone_change, 2), (zone_change, 3), (other, 2), (other, 2)):
        world.call(local(hour, day=day), operator_id=1)
    world.clock.now = datetime(2011, 4, 1, 12, tzinfo=UTC)
    rolled.settle()

    spring, autumn = rolled.report(zone_change), rolled.report(other)

    assert [tally.calls for tally in spring.hours[:5]] == [0, 0, 1, 1, 0]
    assert [tally.calls for tally in autumn.hours[:5]] == [0, 0, 2, 0, 0]
    assert autumn.operators[0].active_hours == 1


@pytest.mark.parametrize("zone", ["Asia/Vladivostok", "America/Anchorage"])
def test_a_change_of_the_centres_zone_keeps_the_figures_of_every_day(tmp_path, zone):
    world = World(tmp_path)
    rolled = RolledWorld(world)
    fill(world, 12)
    rolled.settle()
    world.clock.now = datetime(
        2025, 3, 10, 20, tzinfo=UTC
    )  # the 10th in Moscow and Alaska, the 11th further east
    elsewhere = ZoneInfo(zone)
    roll_up = RollUp(
        world.store, world.source, elsewhere, world.copy_days, clock=world.clock, stopwatch=lambda: 0.0
    )
    for _ in range(60):
        world.clock.move(seconds=1)
        if roll_up.step(world.store) == IDLE:
            break

    figures = [rolled.calls(TODAY - age * DAY) for age in range(12)]

    world.close()
    assert figures == [1] * 12


def test_calls_without_a_readable_time_are_left_out(rolled, world):
    fill(world, 12)
    with world.engine.begin() as connection:
        connection.execute(text("INSERT INTO calls (datetime) VALUES ('0000-00-00 00:00:00')"))
    rolled.settle()

    assert rolled.statistics.report(Period(date(1970, 1, 1), date(2999, 12, 31))).total.calls == 12
    assert rolled.statistics.facts().first_day == TODAY - 11 * DAY
