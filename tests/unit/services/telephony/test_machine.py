"""The state machine: whatever order events come in, they add up to the calls there were."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.telephony.machine import (
    CallFacts,
    Decision,
    Event,
    absorbed,
    decide,
    expired,
    is_overdue,
    repeated_end,
    without_begin,
)
from services.telephony.model import CallState, EventKind, Outcome

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SPAN = timedelta(hours=4)
BEGIN, END = EventKind.BEGIN, EventKind.END
#: A busy machine is no failure.
UNHURRIED = settings(deadline=None)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Pair:
    """The calls of one number and curator, as events are applied to them."""

    def __init__(self) -> None:
        self.calls: list[CallFacts] = []

    def tell(
        self, kind: EventKind, seconds: float, platform_id: str | None = None, **more: object
    ) -> Decision:
        return self.apply(Event(kind, at(seconds), platform_id, **more))

    def apply(self, event: Event) -> Decision:
        decision = decide(event, self.calls, SPAN)
        for place in decision.expired:
            self.calls[place] = expired(self.calls[place])
        if decision.place is None:
            self.calls.append(decision.facts)
        else:
            self.calls[decision.place] = decision.facts
        return decision

    def outcomes(self, *events: tuple) -> list[Outcome]:
        return [self.tell(*event).outcome for event in events]

    @property
    def only(self) -> CallFacts:
        [call] = self.calls
        return call


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_a_begin_and_an_end_are_a_call(pair):
    assert pair.outcomes((BEGIN, 0), (END, 90)) == [Outcome.OPENED, Outcome.ENDED]
    assert (pair.only.began_at, pair.only.ended_at, pair.only.state) == (at(0), at(90), CallState.ENDED)


def test_a_begin_without_an_end_in_between_is_the_same_call(pair):
    assert pair.outcomes((BEGIN, 0), (BEGIN, 3 * 3600)) == [Outcome.OPENED, Outcome.REPEATED]
    assert pair.only.began_at == at(0)


def test_a_begin_after_the_time_a_call_may_last_is_another_call_and_the_first_has_expired(pair):
    pair.tell(BEGIN, 0)

    decision = pair.tell(BEGIN, SPAN.total_seconds() + 1)

    assert decision.outcome is Outcome.OPENED
    assert decision.expired == (0,)
    assert [call.state for call in pair.calls] == [CallState.EXPIRED, CallState.OPEN]
    assert pair.calls[0].ended_at is None


@pytest.mark.parametrize(("gap", "outcome"), [(29, Outcome.REPEATED), (31, Outcome.OPENED)])
def test_a_begin_soon_after_a_begin_repeats_it_even_when_an_end_came_between(pair, gap, outcome):
    pair.outcomes((BEGIN, 0), (END, 5))

    assert pair.tell(BEGIN, gap).outcome is outcome


def test_a_repeated_begin_after_the_end_does_not_open_the_call_again(pair):
    pair.outcomes((BEGIN, 0), (END, 5), (BEGIN, 20))

    assert (pair.only.state, pair.only.ended_at) == (CallState.ENDED, at(5))


def test_the_repeat_of_a_repeat_counts_from_the_latest_begin(pair):
    assert pair.outcomes((BEGIN, 0), (END, 5), (BEGIN, 25), (BEGIN, 50))[2:] == [Outcome.REPEATED] * 2


@pytest.mark.parametrize(("gap", "outcome"), [(119, Outcome.REPEATED), (121, Outcome.AWAITS_BEGIN)])
def test_an_end_soon_after_an_end_repeats_it(pair, gap, outcome):
    pair.outcomes((BEGIN, 0), (END, 60))

    assert pair.tell(END, 60 + gap).outcome is outcome
    assert pair.calls[0].ended_at == at(60)


@pytest.mark.parametrize(("gap", "outcomes"), [(60, [Outcome.JOINED]), (61, [Outcome.OPENED])])
def test_an_end_waits_for_the_begin_that_it_overtook(pair, gap, outcomes):
    assert pair.tell(END, 0).outcome is Outcome.AWAITS_BEGIN
    assert pair.outcomes((BEGIN, gap)) == outcomes


def test_a_call_whose_end_came_first_is_over_and_never_shorter_than_nothing(pair):
    pair.outcomes((END, 0), (BEGIN, 2))

    assert (pair.only.state, pair.only.began_at, pair.only.ended_at) == (CallState.ENDED, at(0), at(2))


def test_events_that_reach_the_database_in_another_order_than_they_came_are_the_same_call(pair):
    assert pair.outcomes((END, 5), (BEGIN, 4)) == [Outcome.AWAITS_BEGIN, Outcome.JOINED]
    assert (pair.only.began_at, pair.only.ended_at) == (at(4), at(5))


def test_an_end_received_before_a_begin_but_decided_after_it_is_its_end(pair):
    assert pair.outcomes((BEGIN, 5), (END, 4)) == [Outcome.OPENED, Outcome.ENDED]
    assert (pair.only.began_at, pair.only.ended_at) == (at(4), at(5))


def test_an_end_ends_its_own_call_and_not_the_one_that_came_last(pair):
    pair.outcomes((BEGIN, 0, "a"), (BEGIN, 40, "b"), (END, 50, "a"))

    assert [(call.platform_id, call.state) for call in pair.calls] == [
        ("a", CallState.ENDED),
        ("b", CallState.OPEN),
    ]


def test_a_repeated_end_without_an_id_does_not_end_the_other_call_of_the_pair_too(pair):
    pair.outcomes((BEGIN, 0, "a"), (BEGIN, 40, "b"), (END, 50), (END, 51))

    assert [(call.platform_id, call.state) for call in pair.calls] == [
        ("a", CallState.OPEN),
        ("b", CallState.ENDED),
    ]


def test_a_repeated_begin_without_an_id_does_not_join_a_second_end(pair):
    pair.outcomes((END, 0, "a"), (END, 1, "b"), (BEGIN, 2), (BEGIN, 3))

    assert [call.state for call in pair.calls] == [CallState.AWAITS_BEGIN, CallState.ENDED]


def test_calls_with_ids_of_their_own_are_never_taken_for_repeats(pair):
    assert pair.outcomes((BEGIN, 0, "a"), (END, 3, "a"), (BEGIN, 4, "b"), (END, 9, "b")) == [
        Outcome.OPENED,
        Outcome.ENDED,
        Outcome.OPENED,
        Outcome.ENDED,
    ]


@pytest.mark.parametrize("ids", [(None, "a"), ("a", None)])
def test_the_server_that_knows_the_id_and_the_browser_that_does_not_report_the_same_call(pair, ids):
    first, second = ids

    assert pair.outcomes((BEGIN, 0, first), (BEGIN, 29, second)) == [Outcome.OPENED, Outcome.REPEATED]
    assert pair.only.platform_id == "a"
    assert pair.tell(END, 60, "a").outcome is Outcome.ENDED


def test_a_begin_with_an_unknown_id_long_after_one_without_is_another_call(pair):
    assert pair.outcomes((BEGIN, 0), (BEGIN, 31, "a")) == [Outcome.OPENED, Outcome.OPENED]


def test_an_end_with_an_unknown_id_ends_the_call_that_was_told_without(pair):
    assert pair.outcomes((BEGIN, 0), (END, 300, "a"), (END, 301)) == [
        Outcome.OPENED,
        Outcome.ENDED,
        Outcome.REPEATED,
    ]
    assert pair.only.platform_id == "a"


def test_an_end_with_another_id_is_not_a_repeat(pair):
    pair.outcomes((BEGIN, 0, "a"), (END, 10, "a"))

    assert pair.tell(END, 11, "b").outcome is Outcome.AWAITS_BEGIN


def test_the_end_of_a_call_that_had_expired_is_taken_when_its_id_tells_whose_it_is(pair):
    late = SPAN.total_seconds() + 600
    pair.tell(BEGIN, 0, "a")
    pair.calls[0] = expired(pair.only)

    assert pair.tell(END, late, "a").outcome is Outcome.ENDED
    assert pair.only.ended_at == at(late)


def test_an_id_that_comes_again_on_another_day_is_another_call(pair):
    pair.outcomes((BEGIN, 0, "1"), (END, 60, "1"))

    assert pair.tell(BEGIN, 86_400, "1").outcome is Outcome.OPENED


def test_events_after_the_end_fill_blanks_and_change_nothing(pair):
    pair.tell(BEGIN, 0, queue="sales")
    pair.tell(END, 60, cause="hangup", answered=True)
    over = pair.only

    pair.tell(END, 61, "a", cause="transfer", queue="support", answered=False)

    assert pair.only == replace(over, platform_id="a")


def test_while_a_call_goes_on_the_latest_word_counts(pair):
    pair.tell(BEGIN, 0, queue="sales", answered=False)
    pair.tell(BEGIN, 5, queue="support", answered=True)

    assert (pair.only.queue, pair.only.answered) == ("support", True)


def test_a_begin_that_could_only_be_applied_hours_later_still_finds_its_end(pair):
    pair.tell(END, 600)
    pair.calls[0] = without_begin(pair.only)

    assert pair.tell(BEGIN, 0).outcome is Outcome.JOINED
    assert (pair.only.began_at, pair.only.ended_at) == (at(0), at(600))


def test_a_begin_told_an_hour_after_the_end_does_not_make_the_call_an_hour_long(pair):
    pair.tell(END, 0, "a")
    pair.calls[0] = without_begin(pair.only)

    pair.tell(BEGIN, 3600, "a")

    assert (pair.only.began_at, pair.only.ended_at) == (at(0), at(0))


def test_a_call_is_overdue_once_it_lasts_longer_than_calls_may():
    call = CallFacts(CallState.OPEN, START, None, START)

    assert not is_overdue(call, START + SPAN, SPAN)
    assert is_overdue(call, START + SPAN + timedelta(seconds=1), SPAN)


def test_a_waiting_end_is_a_late_repeat_of_the_latest_call_that_ended_within_the_span():
    orphan = CallFacts(CallState.AWAITS_BEGIN, at(10_000), at(10_000), None)
    older = CallFacts(CallState.ENDED, at(0), at(100), at(0))
    newer = CallFacts(CallState.ENDED, at(200), at(300), at(200))

    assert repeated_end(orphan, [newer, older], SPAN) == 0
    assert repeated_end(orphan, [replace(newer, ended_at=at(10_000) - SPAN)], SPAN) == 0
    assert repeated_end(orphan, [replace(newer, ended_at=at(9_999) - SPAN)], SPAN) is None


def test_a_waiting_end_repeats_no_call_that_its_id_rules_out():
    orphan = CallFacts(CallState.AWAITS_BEGIN, at(200), at(200), None, platform_id="b")

    assert repeated_end(orphan, [CallFacts(CallState.ENDED, at(0), at(9), at(0), "a")], SPAN) is None


def test_a_waiting_end_repeats_a_call_that_expired_and_fills_its_blanks():
    orphan = CallFacts(
        CallState.AWAITS_BEGIN, at(0) + SPAN, at(0) + SPAN, None, cause="hangup", answered=True
    )
    call = CallFacts(CallState.EXPIRED, at(0), None, at(0))

    assert repeated_end(orphan, [call], SPAN) == 0
    assert absorbed(call, orphan) == replace(call, cause="hangup", answered=True)


# Over any order of events.

_ids = st.sampled_from([None, "a", "b"])
_events = st.lists(
    st.builds(
        Event,
        st.sampled_from(EventKind),
        st.floats(0, 6 * 3600).map(at) | st.integers(0, 200).map(at),
        _ids,
        cause=st.sampled_from([None, "hangup", "transfer"]),
        answered=st.sampled_from([None, True, False]),
    ),
    max_size=25,
)


@UNHURRIED
@given(_events)
def test_no_order_of_events_makes_a_call_that_cannot_be(events: Sequence[Event]):
    pair = Pair()
    for event in events:
        decision = pair.apply(event)
        call = decision.facts

        assert call.ended_at is None or call.ended_at >= call.began_at
        assert (call.ended_at is None) == (call.state in (CallState.OPEN, CallState.EXPIRED))
        assert (call.last_begin_at is None) <= (call.state is not CallState.OPEN)
        assert event.platform_id is None or call.platform_id is not None


@UNHURRIED
@given(_events)
def test_a_call_that_is_over_keeps_its_end_whatever_comes(events: Sequence[Event]):
    pair = Pair()
    for event in events:
        before = list(pair.calls)
        pair.apply(event)
        for was, is_ in zip(before, pair.calls, strict=False):
            if was.state is CallState.ENDED and was.last_begin_at is not None:
                assert (is_.state, is_.ended_at) == (CallState.ENDED, was.ended_at)
                assert all(
                    old is None or old == new
                    for old, new in (
                        (was.platform_id, is_.platform_id),
                        (was.cause, is_.cause),
                        (was.answered, is_.answered),
                    )
                )


@UNHURRIED
@given(_events)
def test_an_event_that_is_told_twice_in_a_row_is_one(events: Sequence[Event]):
    once, twice = Pair(), Pair()
    for event in events:
        once.apply(event)
        twice.apply(event)
        again = twice.apply(event)

        assert again.outcome is Outcome.REPEATED
    assert once.calls == twice.calls


@UNHURRIED
@given(_events)
def test_no_event_is_lost_and_only_a_first_word_makes_a_call(events: Sequence[Event]):
    pair = Pair()
    made = [pair.apply(event).place is None for event in events]

    assert sum(made) == len(pair.calls)
    assert not pair.calls or made[0]


@UNHURRIED
@given(
    st.lists(st.tuples(st.sampled_from(EventKind), st.floats(0, 15)), max_size=10), st.permutations([0, 1])
)
def test_a_call_whose_events_come_repeated_and_swapped_within_seconds_is_one_call(repeats, order):
    both = [(BEGIN, 0.0), (END, 1.0)]
    events = [both[place] for place in order] + [(kind, 2 + later) for kind, later in repeats]
    pair = Pair()
    for kind, seconds in events:
        pair.tell(kind, seconds)

    assert (pair.only.state, pair.only.began_at) == (CallState.ENDED, at(0))
    assert pair.only.ended_at == at(1)


@UNHURRIED
@given(
    st.lists(st.tuples(st.floats(1, 3000), st.floats(1, 3000), st.booleans()), min_size=1, max_size=6),
    st.data(),
)
def test_calls_with_ids_stay_themselves_however_their_events_are_mixed(lives, data):
    told = []
    for place, (began, lasted, swapped) in enumerate(lives):
        first, last = Event(BEGIN, at(began), f"{place}"), Event(END, at(began + lasted), f"{place}")
        told += [last, first] if swapped else [first, last]
        told += data.draw(st.lists(st.sampled_from([first, last]), max_size=3))
    pair = Pair()
    for event in data.draw(st.permutations(told)):
        pair.apply(event)

    found = {call.platform_id: (call.began_at, call.ended_at) for call in pair.calls}
    assert found == {f"{place}": (at(b), at(b + d)) for place, (b, d, _) in enumerate(lives)}
    assert len(pair.calls) == len(lives)


@UNHURRIED
@given(
    st.lists(st.tuples(st.floats(121, 5000), st.floats(31, 5000)), min_size=1, max_size=8),
    st.data(),
)
def test_calls_without_ids_one_after_the_other_are_told_apart(lives, data):
    """Each has its begin repeated within 30 s and its end within 2 min, before the next call begins."""
    moment, expected, pair = 0.0, [], Pair()
    for pause, lasted in lives:
        began, ended = moment + pause, moment + pause + lasted
        events = [(BEGIN, began), (END, ended)]
        events += [(BEGIN, began + data.draw(st.floats(0, 30)))] * data.draw(st.integers(0, 1))
        events += [(END, ended + data.draw(st.floats(0, 120)))] * data.draw(st.integers(0, 1))
        for kind, seconds in sorted(events, key=lambda one: one[1]):
            pair.tell(kind, seconds)
        expected.append((at(began), at(ended)))
        moment = ended

    assert [(call.began_at, call.ended_at) for call in pair.calls] == expected
