"""Which way the log answers, how current it says the answer is, and what an answer costs."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from services.calls import (
    CallFilter,
    CallLog,
    FilterFault,
    InvalidFilter,
    NotConfigured,
    OperatorCount,
    Outcome,
    Page,
    Problem,
)
from services.calls.log import Centre
from services.calls.memo import Memo
from services.calls.read_through import ReadThrough
from services.errors import Reason, UpstreamError
from services.live import LiveBoard
from tests.unit.services.calls.world import MOSCOW, TODAY, local

TODAY_ONLY = CallFilter(TODAY, TODAY)
LONG_AGO = TODAY - timedelta(days=30)
FIRST_PAGE = Page(0, 100)


def test_a_period_that_is_partly_copied_is_read_through(world):
    old, new = world.call(local(9, day=LONG_AGO)), world.call(local(9))
    world.settle()

    page = world.log().page(CallFilter(LONG_AGO, TODAY), FIRST_PAGE)

    assert [call.id for call in page.calls] == [new, old]
    assert (page.freshness.origin, page.freshness.as_of) == ("source", world.clock.now)


def test_a_filtered_page_that_is_read_through_takes_one_connection(world):
    world.call(local(9, day=LONG_AGO))
    world.settle()
    taken = []

    def note(connection: sqlite3.Connection, *_rest: object) -> None:
        taken.append(connection.execute("PRAGMA database_list").fetchone()[2])

    event.listen(Pool, "checkout", note)
    try:
        page = world.log().page(CallFilter(LONG_AGO, LONG_AGO, identified=False), FIRST_PAGE)
    finally:
        event.remove(Pool, "checkout", note)

    assert page.total == 1
    assert taken.count(str(world.file)) == 1


def test_rows_and_count_of_a_plain_day_are_read_through_at_once(world, monkeypatch):
    world.call(local(9, day=LONG_AGO))
    world.settle()
    both = threading.Barrier(2, timeout=10)

    def meeting(method):
        def met(*args, **named):
            both.wait()  # breaks when one is asked only after the other has answered
            return method(*args, **named)

        return met

    for name in ("page", "count"):
        monkeypatch.setattr(ReadThrough, name, meeting(getattr(ReadThrough, name)))

    page = world.log().page(CallFilter(LONG_AGO, LONG_AGO), FIRST_PAGE)

    assert (len(page.calls), page.total) == (1, 1)


def test_days_to_come_rest_on_the_copy_of_today(world):
    world.call(local(9))
    world.settle()

    page = world.log().page(CallFilter(TODAY, TODAY + timedelta(days=6)), FIRST_PAGE)

    assert (page.freshness.origin, page.total) == ("copy", 1)


def test_a_read_through_of_more_than_366_days_is_refused(world):
    world.settle()
    world.log().page(CallFilter(TODAY - timedelta(days=365), TODAY), FIRST_PAGE)

    with pytest.raises(InvalidFilter) as caught:
        world.log().page(CallFilter(TODAY - timedelta(days=366), TODAY), FIRST_PAGE)

    assert (caught.value.field, caught.value.code) == ("last", FilterFault.TOO_LONG)


def test_before_the_collector_ever_looked_the_source_is_asked(world):
    call = world.call(local(9))

    page = world.log().page(TODAY_ONLY, FIRST_PAGE)

    assert [one.id for one in page.calls] == [call]
    assert page.freshness.origin == "source"


def test_a_source_that_was_never_there_is_an_error_with_its_reason(world):
    world.vanish()
    world.sync.step(world.store)

    with pytest.raises(UpstreamError) as caught:
        world.log().page(TODAY_ONLY, FIRST_PAGE)

    assert caught.value.reason is Reason.NO_SUCH_DATABASE


def test_in_an_outage_an_older_period_is_an_error_with_its_reason(world):
    world.settle()
    world.vanish()
    world.sync.step(world.store)

    with pytest.raises(UpstreamError) as caught:
        world.log().page(CallFilter(LONG_AGO, LONG_AGO), FIRST_PAGE)

    assert caught.value.reason is Reason.NO_SUCH_DATABASE


def test_an_outage_is_told_with_its_begin_and_the_age_of_the_copy(world):
    world.settle()
    last_look = world.clock.now
    world.vanish()
    world.clock.move(seconds=2)
    world.sync.step(world.store)
    outage = world.clock.now
    world.clock.move(seconds=10)

    freshness = world.log().summary(TODAY_ONLY).freshness

    assert (freshness.origin, freshness.as_of) == ("copy", last_look)
    assert freshness.problem is not None
    assert (freshness.problem.reason, freshness.problem.since) == (Reason.NO_SUCH_DATABASE, outage)


def test_a_source_that_is_known_to_be_down_is_left_to_the_collector(world):
    world.settle()
    world.vanish()
    world.sync.step(world.store)
    world.come_back()
    new = world.call(local(15))

    page = world.log().page(TODAY_ONLY, FIRST_PAGE)

    assert new not in [call.id for call in page.calls]
    assert page.freshness.problem is not None
    with pytest.raises(UpstreamError):
        world.log().page(CallFilter(LONG_AGO, LONG_AGO), FIRST_PAGE)


@pytest.mark.parametrize("is_copied", [True, False])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", ["phone", "operator", "result", "type"])
def test_calls_without_a_value_of_the_sort_key_come_last_either_way(world, sort, descending, is_copied):
    operator = world.add("operators", name="Анна")
    values = {"card_id": world.card("1"), "operator_id": operator, "result": 1, "type_call": 1}
    whole, bare = world.call(local(9), **values), world.call(local(10))
    if is_copied:
        world.settle()

    page = world.log().page(TODAY_ONLY, Page(0, 10, sort=sort, descending=descending))

    assert [call.id for call in page.calls] == [whole, bare]


def test_without_a_collector_the_copy_says_so_and_the_source_is_not_asked_for_every_reader(world):
    world.settle()
    last_look = world.clock.now
    world.clock.move(minutes=5)
    world.call(local(15, 3))

    page = world.log().page(TODAY_ONLY, FIRST_PAGE)

    assert page.calls == ()
    assert page.freshness.origin == "copy"
    assert page.freshness.problem == Problem(Reason.UNWATCHED, last_look)


def test_without_collector_and_source_the_copy_says_since_when(world):
    call = world.call(local(9))
    world.settle()
    last_look = world.clock.now
    world.vanish()
    world.clock.move(minutes=5)

    page = world.log().page(TODAY_ONLY, FIRST_PAGE)

    assert [one.id for one in page.calls] == [call]
    assert page.freshness.problem is not None
    assert page.freshness.problem.since == last_look


def test_a_day_that_is_half_filled_is_served_in_an_outage(world):
    world.calls(local(1) + timedelta(seconds=number) for number in range(2_500))
    world.sync.step(world.store)
    world.sync.step(world.store)  # the newer part of today
    world.vanish()
    world.sync.step(world.store)

    page = world.log().page(TODAY_ONLY, FIRST_PAGE)

    assert page.total == 2_000
    assert page.freshness.problem is not None
    assert page.freshness.as_of is None


def test_client_card_and_info_open_in_an_outage(world):
    pp = world.add("privat_processing", calls_results_ids="")
    call = world.call(local(9), card_id=1, privat_processing_id=pp)
    world.settle()
    world.vanish()
    world.sync.step(world.store)
    log = world.log()

    assert log.client_card(call) is not None
    assert log.agencies_of_processing(pp) == ()
    with pytest.raises(UpstreamError):
        log.client_card(call + 1)


def test_a_page_that_someone_reads_does_not_move_when_calls_arrive(world):
    read = world.call(local(14))
    world.call(local(14, 30), result=1)
    world.call(local(14, 31), result=6)
    world.settle()

    page = world.log().page(CallFilter(TODAY, TODAY, outcome=Outcome.FAILURE), Page(0, 10, until_id=read))
    unfiltered = world.log().page(TODAY_ONLY, Page(0, 10, until_id=read))

    assert (page.calls, page.total, page.newer) == ((), 0, 1)
    assert ([call.id for call in unfiltered.calls], unfiltered.total, unfiltered.newer) == ([read], 1, 2)


def test_the_summary_counts_what_its_definitions_say(world):
    anna = world.add("operators", name="Анна")
    card = world.card("1")
    world.call(local(9), result=1, operator_id=anna, card_id=card)
    world.call(local(9, 59), result=9, operator_id=anna)
    world.call(local(10), result=None, operator_id=0)
    world.call(local(23), result=0, operator_id=None)
    world.call(local(11), result=0, operator_id=77)
    world.settle()

    found = world.log().summary(TODAY_ONLY)

    assert (found.total, found.identified, found.handled, found.with_known_result) == (5, 1, 1, 3)
    assert found.operators == (
        OperatorCount(None, None, 2),
        OperatorCount(anna, "Анна", 2),
        OperatorCount(77, None, 1),
    )
    assert {hour: calls for hour, calls in enumerate(found.per_hour) if calls} == {9: 2, 10: 1, 11: 1, 23: 1}


def test_the_operator_filter_leaves_the_operator_counts_whole(world):
    for operator in (1, 1, 2):
        world.call(local(9), operator_id=operator)
    world.settle()

    found = world.log().summary(CallFilter(TODAY, TODAY, operator_id=2))

    assert found.total == 1
    assert [count.calls for count in found.operators] == [2, 1]


def test_today_is_compared_with_the_same_weekday_up_to_this_time_of_day(world):
    week_ago = TODAY - timedelta(days=7)
    world.call(local(14, 59, 59, day=week_ago), result=1)
    world.call(local(15, 0, 0, day=week_ago), result=1)
    world.settle()

    before = world.log().summary(TODAY_ONLY).before

    assert before is not None
    assert (before.day, before.total, before.handled, before.with_known_result) == (week_ago, 1, 1, 1)
    assert (before.per_hour[14], before.per_hour[15]) == (1, 1)


def test_an_earlier_day_is_compared_with_a_whole_day(world):
    yesterday = TODAY - timedelta(days=1)
    world.call(local(23, day=yesterday - timedelta(days=7)), result=1)
    world.settle()

    before = world.log().summary(CallFilter(yesterday, yesterday)).before

    assert before is not None
    assert before.total == 1


def test_several_days_are_compared_with_nothing(world):
    world.settle()

    assert world.log().summary(CallFilter(TODAY - timedelta(days=1), TODAY)).before is None


def test_a_comparison_that_cannot_be_had_is_left_out(world):
    day = TODAY - timedelta(days=3)
    world.call(local(9, day=day))
    world.settle()
    world.vanish()
    world.sync.step(world.store)

    found = world.log().summary(CallFilter(day, day))

    assert (found.total, found.before) == (1, None)


@pytest.mark.parametrize("is_copied", [True, False])
def test_a_stream_gives_every_call_in_order(world, is_copied):
    world.calls(local(9) + timedelta(seconds=number) for number in range(1_100))
    if is_copied:
        world.settle()

    found = list(world.log().stream(TODAY_ONLY, "id", descending=False))

    assert [call.id for call in found] == list(range(1, 1_101))


def test_a_stream_skips_a_call_that_is_deleted_meanwhile(world):
    world.calls(local(9) + timedelta(seconds=number) for number in range(1_100))
    stream = world.log().stream(TODAY_ONLY, "id", descending=False)
    next(stream)

    world.remove("calls", 1_050)

    assert len(list(stream)) == 1_098


def test_a_stream_says_what_is_wrong_before_its_first_row(world):
    with pytest.raises(InvalidFilter):
        world.log().stream(TODAY_ONLY, "password")
    world.vanish()
    with pytest.raises(UpstreamError):
        world.log().stream(TODAY_ONLY)


def test_today_is_the_day_of_the_centre(world):
    world.clock.move(hours=9, minutes=1)  # 00:01 in Moscow, 21:01 UTC

    assert world.log().today() == TODAY + timedelta(days=1)


def test_many_readers_of_an_unchanged_day_cost_one_query(world, statements):
    world.call(local(9))
    world.settle()
    log = world.log(stopwatch=lambda: 0.0)
    log.page(TODAY_ONLY, FIRST_PAGE)
    log.summary(TODAY_ONLY)
    statements.clear()

    for _ in range(200):
        log.page(TODAY_ONLY, FIRST_PAGE)
        log.summary(TODAY_ONLY)

    assert not [one for one in statements if "recent_call" in one]


def test_a_change_is_seen_although_answers_are_kept(world):
    world.settle()
    log = world.log(stopwatch=lambda: 0.0)
    log.page(TODAY_ONLY, FIRST_PAGE)

    world.call(local(15))
    world.sync.step(world.store)

    assert log.page(TODAY_ONLY, FIRST_PAGE).total == 1


def test_many_readers_of_an_old_day_ask_the_source_once(world):
    world.call(local(9, day=LONG_AGO))
    log = world.log(stopwatch=lambda: 0.0)
    with ThreadPoolExecutor(16) as pool:
        totals = set(
            pool.map(lambda _: log.page(CallFilter(LONG_AGO, LONG_AGO), FIRST_PAGE).total, range(64))
        )
    world.vanish()  # answers that are kept need no source

    assert totals == {1}
    assert log.page(CallFilter(LONG_AGO, LONG_AGO), FIRST_PAGE).total == 1


def test_a_dead_source_is_soon_left_alone(world):
    world.vanish()
    log = world.log()
    for _ in range(3):
        with pytest.raises(UpstreamError) as caught:
            log.operator_counts(TODAY_ONLY)
        assert caught.value.reason is Reason.NO_SUCH_DATABASE

    with pytest.raises(UpstreamError) as caught:
        log.operator_counts(TODAY_ONLY)

    assert caught.value.reason is Reason.OVERLOADED


def test_without_a_call_centre_every_question_says_so(world):
    log = CallLog(None, LiveBoard(world.store), MOSCOW, clock=world.clock)

    assert log.today() == TODAY
    for ask in (
        lambda: log.page(TODAY_ONLY, FIRST_PAGE),
        lambda: log.client_card(1),
        log.facts,
    ):
        with pytest.raises(NotConfigured):
            ask()


@pytest.mark.parametrize("url", ["oracle://db.example.com/x", "sqlite://", "postgresql://db.example.com/x"])
def test_another_kind_of_database_stops_the_start(world, url):
    with pytest.raises(ValueError, match="call-centre database"):
        CallLog(Centre(world.store, url, 8), LiveBoard(world.store), MOSCOW)


def test_the_facts_tell_what_is_copied(world):
    world.call(local(9))
    world.sync.step(world.store)
    at_first = world.log().facts()
    world.settle()

    facts = world.log().facts()

    assert at_first.filled_share == 0.0
    assert facts.filled_share == 1.0
    assert (facts.days[0].day, facts.days[0].calls, facts.days[0].is_full) == (TODAY, 1, True)


def test_in_an_outage_the_facts_tell_what_is_copied(world):
    world.settle()
    world.vanish()
    world.sync.step(world.store)

    assert world.log().facts().filled_share == 1.0


def test_the_average_duration_is_unknown_where_no_column_tells_it(world):
    world.call(local(9))

    stats = world.log().call_stats()

    assert (stats.total, stats.average_seconds) == (1, None)


def test_a_missing_file_of_the_demo_is_not_created_by_asking(world):
    world.vanish()

    with pytest.raises(UpstreamError):
        world.log().page(TODAY_ONLY, FIRST_PAGE)

    assert not world.file.exists()


def test_what_took_long_is_kept_longer_but_not_for_ever():
    now = 0.0

    def asked_for(seconds: float) -> float:
        nonlocal now
        now += seconds
        return now

    memo = Memo(8, clock=lambda: now)
    first = memo.get("key", 1.0, lambda: asked_for(4.0), rest=10.0)
    now += 39.0
    assert memo.get("key", 1.0, lambda: asked_for(4.0), rest=10.0) == first
    now += 1.0
    second = memo.get("key", 1.0, lambda: asked_for(9.0), rest=10.0)
    now += 60.0

    assert second > first
    assert memo.get("key", 1.0, lambda: asked_for(9.0), rest=10.0) > second


def test_who_asks_for_what_is_being_asked_waits_for_that_answer():
    memo = Memo(8, clock=lambda: 0.0)
    asked: list[int] = []
    has_begun, may_end = threading.Event(), threading.Event()

    def slowly() -> int:
        asked.append(1)
        has_begun.set()
        assert may_end.wait(10)
        return 42

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(memo.get, "key", 1.0, slowly)
        assert has_begun.wait(10)
        others = [pool.submit(memo.get, "key", 1.0, slowly) for _ in range(2)]
        may_end.set()
        answers = [first.result(10), *(other.result(10) for other in others)]

    assert answers == [42, 42, 42]
    assert len(asked) == 1


def test_an_error_is_not_kept():
    memo = Memo(8, clock=lambda: 0.0)
    with pytest.raises(ZeroDivisionError):
        memo.get("key", 1.0, lambda: 1 // 0)

    assert memo.get("key", 1.0, lambda: 1) == 1


def test_an_answer_is_forgotten_when_its_time_is_up_and_when_others_need_its_place():
    now = 0.0
    memo = Memo(2, clock=lambda: now)
    memo.get("key", 1.0, lambda: "old")

    now = 1.0
    assert memo.get("key", 1.0, lambda: "new") == "new"
    memo.get("other", 1.0, lambda: "")
    memo.get("third", 1.0, lambda: "")
    assert memo.get("key", 1.0, lambda: "newest") == "newest"
