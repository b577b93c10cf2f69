"""What a period's report says, and what it stands on."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.call_centre.schema import CallEnd, Variant
from services.calls import (
    CallFilter,
    CallLog,
    CallStatistics,
    InvalidFilter,
    MonthTally,
    NotConfigured,
    OperatorTally,
    OutcomeTally,
    Period,
    Problem,
    Tally,
)
from services.calls.statistics.reading import pieces_of
from services.calls.statistics.tables import Grain
from services.errors import Reason
from services.live import LiveBoard
from tests.unit.services.calls.statistics.rolled import DAY, LONG_AGO, RolledWorld, as_plain, plain_report
from tests.unit.services.calls.world import MOSCOW, TODAY, World, local


def test_the_figures_of_a_day_follow_the_rules_of_the_call_log(rolled, world):
    card, processing = world.card("+7 900"), world.add("privat_processing", calls_results_ids="")
    anna = world.add("operators", name="Анна")
    world.call(
        local(9), operator_id=anna, result=1, type_call=2, card_id=card, privat_processing_id=processing
    )
    world.call(local(9, 30), operator_id=anna, result=4, type_call=2, card_id=card, privat_processing_id=99)
    world.call(local(11), operator_id=anna, result=2, type_call=42)
    world.call(local(11), operator_id=-1, result=None, type_call=None, card_id=world.card(" "))
    world.call(local(12), operator_id=0, result=7)
    rolled.settle()

    report = rolled.report()

    assert report.total == Tally(5, 1, 1, 3, 2, 1)
    assert report.operators == (
        OperatorTally(anna, "Анна", Tally(3, 1, 1, 3, 2, 1), active_hours=2),
        OperatorTally(None, None, Tally(2, 0, 0, 0, 0, 0), active_hours=2),
    )
    assert report.active_hours == 2
    assert report.outcomes == (
        OutcomeTally(-1, -1, 2),
        OutcomeTally(-1, 2, 1),
        OutcomeTally(2, 1, 1),
        OutcomeTally(2, 4, 1),
    )
    assert report.weekday_hours[0][9:13] == (2, 0, 2, 1)
    assert report.hours[9] == Tally(2, 1, 1, 2, 2, 1)
    assert report.weekdays == (1, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("day", [TODAY, LONG_AGO], ids=["copied", "from the source"])
def test_a_day_has_the_same_figures_from_the_copy_and_from_the_source(rolled, world, day):
    card, processing = world.card("+7 900"), world.add("privat_processing", calls_results_ids="")
    for number in range(40):
        world.call(
            local(number % 24, day=day),
            operator_id=number % 5 - 1,
            result=number % 9 or None,
            type_call=number % 10 or None,
            card_id=card if number % 3 else 0,
            privat_processing_id=processing if number % 4 else 7,
        )
    rolled.settle()

    with world.engine.connect() as connection:
        assert as_plain(rolled.report(day)) == plain_report(connection, day, day)


def test_the_log_and_the_statistics_agree(rolled, world):
    for hour in range(10):
        world.call(local(hour), operator_id=hour % 3, result=hour)
    rolled.settle()

    summary, report = world.log().summary(CallFilter(TODAY, TODAY)), rolled.report()

    assert report.total.calls == summary.total
    assert report.total.handled == summary.handled
    assert report.total.with_known_result == summary.with_known_result
    assert tuple(tally.calls for tally in report.hours) == summary.per_hour
    assert {one.operator_id: one.tally.calls for one in report.operators} == {
        one.operator_id: one.calls for one in summary.operators
    }


def test_an_operator_who_is_renamed_has_the_new_name_and_one_who_is_removed_none(rolled, world):
    anna, boris = (world.add("operators", name=name) for name in ("Анна", "Борис"))
    world.call(local(9, day=LONG_AGO), operator_id=anna)
    world.call(local(10, day=LONG_AGO), operator_id=boris)
    rolled.settle()
    version = rolled.version()

    world.change("operators", anna, name="Анна Белова")
    world.remove("operators", boris)
    world.clock.move(minutes=2)
    rolled.refresh()

    names = {one.operator_id: one.name for one in rolled.report(LONG_AGO).operators}
    assert names == {anna: "Анна Белова", boris: None}
    assert rolled.version() > version


def test_a_period_without_calls_is_zero_and_known(rolled, world):
    world.call(local(9, day=LONG_AGO))
    rolled.settle()

    report = rolled.report(LONG_AGO + DAY, LONG_AGO + 5 * DAY)

    assert report.total == Tally()
    assert report.operators == report.outcomes == ()
    assert report.total.success_rate is None
    assert report.coverage.is_complete
    assert report.coverage.as_of is not None


def test_what_is_not_rolled_up_yet_is_unknown_and_not_zero(rolled, world):
    world.call(local(9, day=LONG_AGO))
    world.settle()

    coverage = rolled.report(LONG_AGO, LONG_AGO + 4 * DAY).coverage

    assert (coverage.unknown_days, coverage.as_of) == (5, None)


def test_days_before_the_first_call_are_known_zeros(rolled, world):
    world.call(local(9, day=LONG_AGO))
    rolled.settle()

    report = rolled.report(LONG_AGO - 400 * DAY, LONG_AGO - DAY)

    assert report.total.calls == 0
    assert report.coverage.unknown_days == 0
    assert report.coverage.as_of is not None


def test_a_source_without_any_call_is_known_to_be_empty(rolled):
    rolled.settle()

    report = rolled.report(LONG_AGO, TODAY)

    assert (report.total.calls, report.coverage.unknown_days) == (0, 0)
    assert rolled.statistics.months().months == ()


def test_days_to_come_are_not_unknown_and_their_calls_count(rolled, world):
    world.call(local(0, day=TODAY + DAY))
    rolled.settle()

    report = rolled.report(TODAY, TODAY + 30 * DAY)

    assert report.total.calls == 1
    assert report.coverage.unknown_days == 0
    assert sum(report.weekdays) == 1


def test_the_age_of_recent_days_is_that_of_the_copy(rolled, world):
    world.call(local(9))
    rolled.settle()
    version = rolled.version()
    world.clock.move(seconds=2)
    rolled.refresh()
    rolled.recent.step(world.store)

    assert rolled.report().coverage.as_of == world.clock.now
    assert rolled.version() == version


def test_an_outage_is_told_with_its_begin(rolled, world):
    world.call(local(9))
    rolled.settle()
    world.vanish()
    world.clock.move(seconds=2)
    world.sync.step(world.store)

    report = rolled.report()

    assert report.total.calls == 1
    assert report.coverage.problem == Problem(Reason.NO_SUCH_DATABASE, world.clock.now)


def test_without_a_collector_the_figures_say_so(rolled, world):
    rolled.settle()
    last_look = rolled.report().coverage.as_of
    world.clock.move(minutes=5)

    problem = rolled.report().coverage.problem

    assert problem is not None
    assert problem.reason is Reason.UNWATCHED
    assert problem.since is not None
    assert problem.since >= last_look


def test_without_a_call_centre_nothing_is_configured(tmp_path, world):
    live = LiveBoard(world.store, keep=0, clock=world.clock)
    statistics = CallStatistics(CallLog(None, live, MOSCOW, clock=world.clock), live)

    for ask in (lambda: statistics.report(Period(TODAY, TODAY)), statistics.months, statistics.facts):
        with pytest.raises(NotConfigured):
            ask()


def test_months_come_without_gaps_from_the_first_call_to_the_present_one(rolled, world):
    world.call(local(9, day=date(2024, 12, 15)), result=1)
    world.call(local(9), result=1)
    rolled.settle()

    months = rolled.statistics.months()

    one, none = Tally(1, 1, 0, 1, 0, 0), Tally()
    assert months.months == (
        MonthTally(2024, 12, one, True),
        MonthTally(2025, 1, none, True),
        MonthTally(2025, 2, none, True),
        MonthTally(2025, 3, one, False),
    )
    assert months.coverage.is_complete


def test_a_month_with_days_that_are_not_rolled_up_is_not_complete(rolled, world):
    world.call(local(9, day=date(2025, 1, 31)))
    world.call(local(9, day=date(2025, 2, 20)))
    world.settle()
    for _ in range(3):  # the first look, the empty days at the end of February and before, the 20th
        rolled.roll_up.step(world.store)
    rolled.recent.step(world.store)

    assert [one.is_complete for one in rolled.statistics.months().months] == [False] * 3
    assert rolled.statistics.months().coverage.unknown_days > 0


@pytest.mark.parametrize(
    ("call_end", "rows"),
    [
        (CallEnd.DURATION, [{"duration": 30}, {"duration": 90}, {"duration": -1}, {"duration": 90_000}, {}]),
        (
            CallEnd.MOMENT,
            [
                {"datetime_end": local(9, 0, 30, day=LONG_AGO)},
                {"datetime_end": local(9, 1, 30, day=LONG_AGO)},
                {"datetime_end": local(8, day=LONG_AGO)},
                {"datetime_end": local(10, day=LONG_AGO + DAY)},
                {},
            ],
        ),
        (CallEnd.UNKNOWN, [{}]),
    ],
)
def test_durations_are_those_that_can_be_true_where_the_source_notes_any(tmp_path, call_end, rows):
    world = World(tmp_path, variant=Variant(call_end=call_end))
    rolled = RolledWorld(world)
    for row in rows:
        world.call(local(9, day=LONG_AGO), **row)
    rolled.settle()

    report = rolled.report(LONG_AGO)

    world.close()
    assert report.has_durations is (call_end is not CallEnd.UNKNOWN)
    assert report.duration.average_s == (None if call_end is CallEnd.UNKNOWN else 60.0)


def test_durations_of_copied_days_are_asked_for_again_and_again(tmp_path):
    world = World(tmp_path, variant=Variant(call_end=CallEnd.DURATION))
    rolled = RolledWorld(world)
    call = world.call(local(9), duration=None)
    rolled.settle()
    before = rolled.report().duration
    world.change("calls", call, duration=45)
    world.clock.move(minutes=1)
    rolled.roll_up.step(world.store)

    after = rolled.report().duration

    world.close()
    assert (before.average_s, after.average_s) == (None, 45.0)


def test_a_period_must_be_possible():
    with pytest.raises(InvalidFilter):
        Period(TODAY, TODAY - DAY)


@given(st.dates(date(1970, 1, 1), date(2999, 12, 31)), st.integers(0, 5000))
def test_the_pieces_of_any_period_make_up_its_days_once_each(first, days):
    last = min(first + timedelta(days=days), date(2999, 12, 31))
    edges: dict[date, int] = {}
    for piece in pieces_of(first, last):
        if piece.grain is not Grain.DAY:
            assert piece.first.day == piece.end.day == 1
        if piece.grain is Grain.YEAR:
            assert piece.first.month == piece.end.month == 1
        sign = -1 if piece.is_minus else 1
        edges[piece.first] = edges.get(piece.first, 0) + sign
        edges[piece.end] = edges.get(piece.end, 0) - sign

    assert {day: by for day, by in edges.items() if by} == {first: 1, last + DAY: -1}


def test_many_who_ask_the_same_while_nothing_changes_cost_one_question(rolled, world):
    world.call(local(9))
    rolled.settle()
    live = LiveBoard(world.store, keep=0, clock=world.clock)
    statistics = CallStatistics(world.log(), live, stopwatch=lambda: 0.0)

    answers = [statistics.report(Period(TODAY, TODAY)) for _ in range(3)]

    assert all(one.operators is other.operators for one, other in pairwise(answers))
