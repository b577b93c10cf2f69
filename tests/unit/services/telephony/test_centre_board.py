"""The centre at one moment: the last calls, what goes on, whom to call back, today's figures."""

from datetime import timedelta

import pytest

from services.telephony.centre import Tally
from services.telephony.model import CallState, EntryState
from tests.unit.services.telephony.centre_world import KELIONES, CentreWorld

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_the_last_call_is_the_latest_one_whether_it_goes_on_or_not(centre_world: CentreWorld):
    centre_world.call(5 * MINUTE)
    latest = centre_world.call(MINUTE, None)

    board = centre_world.centre.board()

    assert board.last is not None
    assert board.last.call.id == latest
    assert board.last.call.state is CallState.OPEN


def test_the_last_five_are_over_and_leave_the_last_call_aside(centre_world: CentreWorld):
    over = [centre_world.call(place * MINUTE, MINUTE) for place in range(1, 9)]
    centre_world.call(4 * MINUTE + timedelta(seconds=30), None)

    board = centre_world.centre.board()

    assert [one.call.id for one in board.before] == over[1:6]


def test_calls_in_progress_are_those_without_an_end_also_from_yesterday(centre_world: CentreWorld):
    centre_world.call(3 * MINUTE)
    night = centre_world.call(14 * HOUR, None)
    now = centre_world.call(MINUTE, None)

    centre = centre_world.centre

    assert [call.id for call in centre.board().in_progress] == [now, night]
    assert centre.in_progress() == 2


def test_an_end_whose_begin_is_under_way_is_no_call_yet(centre_world: CentreWorld):
    centre_world.call(MINUTE, state=CallState.AWAITS_BEGIN, entry=None)

    centre = centre_world.centre

    assert centre.board().last is None
    assert centre.board().total == Tally()
    assert centre.latest(5) == ()


def test_how_far_a_call_is_on_its_way_is_told_and_of_others_programs_nothing(centre_world: CentreWorld):
    centre_world.call(3 * MINUTE, MINUTE, entry=EntryState.WAITING)
    centre_world.call(4 * MINUTE, MINUTE, entry=None, register_key=7)
    centre_world.call(MINUTE, MINUTE)

    board = centre_world.centre.board()

    assert [one.entry for one in board.before] == [EntryState.WAITING, None]


def test_today_begins_at_midnight_of_the_centre(centre_world: CentreWorld):
    since_midnight = timedelta(hours=13, minutes=32)
    centre_world.call(since_midnight - MINUTE, MINUTE, curator="205", **KELIONES)
    centre_world.call(since_midnight + MINUTE, MINUTE, curator="999")

    board = centre_world.centre.board()

    assert [(one.curator, one.tally.calls) for one in board.curators] == [("205", 1)]
    assert board.total == Tally(calls=1, with_agency=1, timed=1, seconds=60.0)


def test_unknown_callers_are_todays_numbers_without_an_agency(centre_world: CentreWorld):
    centre_world.call(50 * MINUTE, number="37060000882")
    centre_world.call(20 * MINUTE, number="37060000882")
    centre_world.call(10 * MINUTE, number="37060000219")
    centre_world.call(5 * MINUTE, **KELIONES)
    centre_world.call(DAY, number="37060000300")

    unknown = centre_world.centre.board().unknown

    assert [(caller.number, caller.calls) for caller in unknown] == [("37060000219", 1), ("37060000882", 2)]
    assert unknown[1].last_at == centre_world.now - 20 * MINUTE


def test_nobody_is_to_be_called_back_where_the_platform_tells_nothing_of_answers(centre_world: CentreWorld):
    centre_world.call()

    assert centre_world.centre.board().callbacks is None


def test_a_number_is_to_be_called_back_until_it_is_answered(centre_world: CentreWorld):
    centre_world.call(60 * MINUTE, number="37060000219", answered=False)
    centre_world.call(30 * MINUTE, number="37060000219", answered=False)
    centre_world.call(50 * MINUTE, number="37060000734", answered=False)
    centre_world.call(40 * MINUTE, number="37060000734", answered=True)

    callbacks = centre_world.centre.board().callbacks

    assert callbacks is not None
    assert [(caller.number, caller.calls) for caller in callbacks] == [("37060000219", 2)]


@pytest.mark.parametrize("answered", [None, False])
def test_a_call_that_goes_on_says_nothing_of_whom_to_call_back(centre_world: CentreWorld, answered):
    centre_world.call(60 * MINUTE, number="37060000219", answered=True)
    centre_world.call(MINUTE, None, number="37060000219", answered=answered)

    assert centre_world.centre.board().callbacks == []


def test_of_days_without_answers_it_is_still_known_that_the_platform_tells(centre_world: CentreWorld):
    centre_world.call(2 * DAY, answered=True)

    assert centre_world.centre.board().callbacks == []


def test_the_last_event_is_a_begin_or_an_end(centre_world: CentreWorld):
    centre_world.call(9 * MINUTE, 8 * MINUTE)
    centre_world.call(5 * MINUTE, None)

    assert centre_world.centre.board().last_event_at == centre_world.now - MINUTE


def test_a_centre_without_calls_has_an_empty_board(centre_world: CentreWorld):
    board = centre_world.centre.board()

    assert (board.last, board.last_event_at, board.callbacks) == (None, None, None)
    assert (board.before, board.in_progress, board.unknown, board.curators) == ([], [], [], [])


# The card


def test_past_calls_are_those_of_the_number_and_of_its_agency_before_this_one(centre_world: CentreWorld):
    of_number = centre_world.call(30 * MINUTE)
    of_agency = centre_world.call(20 * MINUTE, number="37060000111", **KELIONES)
    of_both = centre_world.call(10 * MINUTE, **KELIONES)
    centre_world.call(5 * MINUTE, number="37060000222")
    this = centre_world.call(MINUTE, None, **KELIONES)

    before = centre_world.now - MINUTE
    past = centre_world.centre.past_calls(number="37060000417", agency_id=11, before=before)

    assert [call.id for call in past.calls] == [of_both, of_agency, of_number]
    assert this not in {call.id for call in past.calls}
    assert past.in_year == 3


def test_past_calls_of_an_unknown_caller_are_those_of_the_number(centre_world: CentreWorld):
    mine = centre_world.call(30 * MINUTE)
    centre_world.call(20 * MINUTE, number="37060000111")

    past = centre_world.centre.past_calls(number="37060000417", agency_id=None, before=centre_world.now)

    assert [call.id for call in past.calls] == [mine]


def test_past_calls_are_the_latest_and_those_of_a_year_are_counted(centre_world: CentreWorld):
    recent = [centre_world.call(days * DAY) for days in range(1, 9)]
    centre_world.call(400 * DAY)

    past = centre_world.centre.past_calls(
        number="37060000417", agency_id=None, before=centre_world.now, limit=6
    )

    assert [call.id for call in past.calls] == recent[:6]
    assert past.in_year == 8


def test_the_latest_calls_come_latest_first(centre_world: CentreWorld):
    ids = [centre_world.call(place * MINUTE) for place in range(1, 8)]

    assert [call.id for call in centre_world.centre.latest(5)] == ids[:5]
