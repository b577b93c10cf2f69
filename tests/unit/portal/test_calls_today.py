"""What is unusual in a day of calls, by numbers alone."""

from datetime import timedelta

import pytest

from portal.calls_today import CallsToday, calls_today, expected_calls
from services.calls import CallSummary, Comparison
from tests.unit.portal.fakes import COPIED, MOSCOW, NOON, FakeCallLog, call

HERE = NOON.astimezone(MOSCOW)
#: Sixty calls an hour all day long.
BUSY = (60,) * 24


def day(*, handled: int, known: int, before: tuple[int, int] | None, last: timedelta | None = timedelta()):
    """A day up to noon; `before` is last week's handled and known, `last` how long ago the last call was."""
    compared = None if before is None else Comparison(HERE.date(), sum(BUSY), *before, BUSY)
    summary = CallSummary(known, known, handled, known, (), BUSY, compared, COPIED)
    return CallsToday(HERE, summary, None if last is None else NOON - last, 0)


def test_a_share_far_below_last_weeks_is_told_with_its_distance():
    assert day(handled=30, known=50, before=(40, 50)).handled_drop == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("handled", "known", "before"),
    [
        pytest.param(36, 50, (40, 50), id="a little below"),
        pytest.param(50, 50, (40, 50), id="above"),
        pytest.param(0, 29, (40, 50), id="few calls today"),
        pytest.param(0, 50, (29, 29), id="few calls then"),
        pytest.param(0, 50, None, id="nothing to compare with"),
        pytest.param(0, 0, (0, 0), id="nothing at all"),
    ],
)
def test_a_share_that_is_usual_or_of_few_calls_is_not_told(handled, known, before):
    assert day(handled=handled, known=known, before=before).handled_drop is None


def test_a_silence_in_which_many_calls_were_to_be_expected_is_told():
    assert day(handled=1, known=1, before=(1, 1), last=timedelta(minutes=45)).missed_in_silence == 45


def test_a_day_without_any_call_is_silent_since_midnight():
    assert day(handled=0, known=0, before=(1, 1), last=None).missed_in_silence == 12 * 60


@pytest.mark.parametrize("minutes", [0, 19])
def test_a_short_silence_is_usual(minutes):
    assert day(handled=1, known=1, before=(1, 1), last=timedelta(minutes=minutes)).missed_in_silence is None


def test_a_long_silence_of_a_quiet_hour_is_usual():
    quiet = Comparison(HERE.date(), 24, 1, 1, (1,) * 24)
    summary = CallSummary(1, 1, 1, 1, (), BUSY, quiet, COPIED)

    assert CallsToday(HERE, summary, NOON - timedelta(hours=5), 0).missed_in_silence is None


def test_parts_of_hours_count_by_their_length():
    before = Comparison(HERE.date(), 0, 0, 0, tuple(range(24)))
    begin = HERE.replace(hour=10, minute=30)

    assert expected_calls(before, begin, begin + timedelta(hours=1)) == pytest.approx(10 / 2 + 11 / 2)


def test_only_calls_without_operator_and_result_wait_and_only_for_a_while():
    waiting = {"operator_id": None, "operator": None, "result": None}
    log = FakeCallLog(
        calls=(
            call(5, **waiting),
            call(14, **waiting),
            call(0, **waiting),  # just began
            call(16, **waiting),  # noted down badly
            call(6, **(waiting | {"result": 2})),
            call(7, result=None),
        )
    )

    assert calls_today(log, NOON).waiting == 2


def test_the_last_call_is_when_it_began():
    assert calls_today(FakeCallLog(calls=(call(3),)), NOON).last_at == NOON - timedelta(minutes=3)
    assert calls_today(FakeCallLog(calls=()), NOON).last_at is None
