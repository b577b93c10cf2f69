"""Long periods: read in the order of ids, counted as far as that can be done in time."""

from datetime import date, timedelta

import pytest

from services.calls import CallFilter, OperatorCount, Page, long_periods, read_through
from services.calls.long_periods import is_by_time, needs_rows
from services.calls.read_through import ReadThrough
from services.calls.source_errors import upstream_error
from services.errors import Reason, UpstreamError
from tests.unit.services.calls.world import MOSCOW, TODAY, local

YEAR = CallFilter(TODAY - timedelta(days=365), TODAY)
FIRST_PAGE = Page(0, 100)


class Slow:
    """Stands for a method of the read-through whose questions the source gives up; counts them."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, *_question: object) -> None:
        self.asked += 1
        raise upstream_error(Reason.TOO_SLOW)


def give_up(monkeypatch, *methods: str) -> Slow:
    slow = Slow()
    for method in methods:
        monkeypatch.setattr(ReadThrough, method, lambda _self, *question: slow(*question))
    return slow


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_a_call_that_was_inserted_late_is_found_in_its_period(world):
    early = world.call(local(9, day=days_ago(100)), id=10)
    world.call(local(9, day=days_ago(10)), id=20)
    late = world.call(local(9, day=days_ago(90)), id=30)

    found = world.log().page(CallFilter(days_ago(110), days_ago(80)), Page(0, 10, sort="id"))

    assert [call.id for call in found.calls] == [late, early]


def test_calls_that_come_in_after_the_ids_were_looked_up_are_counted(world):
    world.call(local(9), operator_id=1)
    through = ReadThrough(world.url, MOSCOW, world.clock)
    through.operator_counts(YEAR)
    world.call(local(10), operator_id=1)

    counts = through.operator_counts(YEAR)

    through.close()
    assert counts == (OperatorCount(1, None, 2),)


def test_a_long_period_without_calls_has_figures(world):
    found = world.log().summary(YEAR)

    assert (found.total, found.identified, found.operators) == (0, 0, ())


def test_rows_come_although_counting_them_takes_too_long(world, monkeypatch):
    ids = [world.call(local(hour)) for hour in (9, 10)]
    give_up(monkeypatch, "count")

    found = world.log().page(YEAR, FIRST_PAGE)

    assert [call.id for call in found.calls] == ids[::-1]
    assert (found.total, found.newer) == (None, 0)


def test_rows_come_although_the_figures_take_too_long(world, monkeypatch):
    world.call(local(9))
    give_up(monkeypatch, "figures", "operator_counts")
    log = world.log()

    with pytest.raises(UpstreamError) as caught:
        log.summary(YEAR)

    assert caught.value.reason is Reason.TOO_SLOW
    assert log.page(YEAR, FIRST_PAGE).total == 1


def test_figures_come_although_counting_by_operator_takes_too_long(world, monkeypatch):
    world.call(local(9), result=1)
    give_up(monkeypatch, "operator_counts")

    found = world.log().summary(YEAR)

    assert (found.total, found.handled, found.operators) == (1, 1, None)


def test_a_question_that_took_too_long_is_not_asked_again_at_once(world, monkeypatch):
    slow = give_up(monkeypatch, "figures")
    log = world.log(stopwatch=lambda: 0.0)

    for _ in range(5):
        with pytest.raises(UpstreamError) as caught:
            log.summary(YEAR)
        assert caught.value.reason is Reason.TOO_SLOW

    assert slow.asked == 1


def test_numbers_of_too_many_calls_are_not_looked_up(world, monkeypatch):
    monkeypatch.setattr(read_through, "MOST_LOOKED_UP", 2)
    card = world.card("1")
    for hour in (9, 10):
        world.call(local(hour), card_id=card)
    looked_up = world.log().summary(YEAR)
    world.call(local(11), card_id=card)

    too_many = world.log().summary(YEAR)

    assert (looked_up.total, looked_up.identified) == (2, 2)
    assert (too_many.total, too_many.identified) == (3, None)
    assert world.log().summary(CallFilter(TODAY, TODAY)).identified == 3


@pytest.mark.parametrize(("identified", "expected"), [(True, 2), (False, 0)])
def test_the_condition_on_the_number_tells_how_many_have_one(world, monkeypatch, identified, expected):
    monkeypatch.setattr(read_through, "MOST_LOOKED_UP", 2)
    card = world.card("1")
    for hour in (9, 10):
        world.call(local(hour), card_id=card)

    found = world.log().summary(CallFilter(YEAR.first, YEAR.last, identified=identified))

    assert (found.total, found.identified) == (expected, expected)


@pytest.mark.parametrize("condition", [{"identified": False}, {"phone": "1"}])
def test_a_condition_on_the_numbers_of_too_many_calls_leaves_rows_alone(world, monkeypatch, condition):
    monkeypatch.setattr(read_through, "MOST_LOOKED_UP", 1)
    calls = [world.call(local(hour), card_id=world.card("1"), operator_id=hour) for hour in (9, 10)]
    without = [world.call(local(hour)) for hour in (11, 12)]
    asked = CallFilter(YEAR.first, YEAR.last, **condition)
    log = world.log()

    page = log.page(asked, FIRST_PAGE)
    with pytest.raises(UpstreamError) as caught:
        log.summary(asked)
    one_operator = log.summary(CallFilter(YEAR.first, YEAR.last, identified=True, operator_id=9))

    assert [call.id for call in page.calls] == (calls if "phone" in condition else without)[::-1]
    assert page.total is None
    assert caught.value.reason is Reason.TOO_SLOW
    assert (one_operator.total, one_operator.operators) == (1, None)


def test_figures_of_long_periods_leave_turns_for_others(world, monkeypatch):
    monkeypatch.setattr(read_through, "SLOT_WAIT_S", 0.0)
    world.call(local(9))
    through = ReadThrough(world.url, MOSCOW, world.clock)
    for _ in range(read_through.LONG_SLOTS):
        assert through._long_slots.acquire(blocking=False)

    with pytest.raises(UpstreamError) as caught:
        through.figures(YEAR)
    calls = through.page(YEAR, FIRST_PAGE)

    through.close()
    assert caught.value.reason is Reason.OVERLOADED
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("condition", "expected"),
    [({}, False), ({"hour": 3, "weekday": 1}, False), ({"operator_id": 1}, True), ({"result": 6}, True)],
)
def test_only_other_conditions_than_those_on_the_time_need_the_calls_themselves(condition, expected):
    assert needs_rows(CallFilter(TODAY, TODAY, **condition)) is expected


@pytest.mark.parametrize(
    ("page", "matches", "expected"),
    [
        (Page(0, 100), 1_000_000, True),
        (Page(0, 100), None, True),
        (Page(0, 100), 100, False),
        (Page(900_000, 100), 1_000_000, False),
        (Page(0, 100, sort="operator"), 1_000_000, False),
    ],
)
def test_one_goes_back_in_time_only_where_that_finds_the_page_soon(page, matches, expected):
    assert is_by_time(page, matches) is expected


def test_a_year_is_long_and_a_month_is_not():
    assert long_periods.is_long(YEAR)
    assert not long_periods.is_long(CallFilter(date(2025, 1, 1), date(2025, 1, 31)))
