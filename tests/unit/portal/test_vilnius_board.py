"""The centre's board, drawn from what the service answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal import i18n
from portal.ui.tree import tree
from portal.ui.vilnius.board import BARS, LINES, Delivery, board, chip
from services.telephony.centre import Caller, CuratorTally, Tally
from services.telephony.model import CallState, EntryState
from tests.unit.portal.vilnius_examples import (
    MINUTE,
    NOTHING,
    NOW,
    WELL,
    all_of,
    attributes,
    call,
    listed,
    shown,
    text_of,
    unknown_call,
    with_class,
)

RUNNING = "data-running"


@pytest.fixture(autouse=True)
def in_english():
    i18n.use("en")
    yield
    i18n.use(None)


# The last call


def test_the_last_call_shows_who_called_whom_since_when():
    drawn = with_class(board(shown(last=listed(call(2 * MINUTE, None)))), "hp-vilnius-last")

    words = text_of(drawn)
    assert "Pavyzdinės Kelionės" in words
    assert "Рута Петрайтене" in words
    assert "+370 600 00417" in words
    assert "curator 205 · since 13:30:00 · Оплата" in words
    assert "In progress" in words


def test_a_call_that_goes_on_has_a_time_that_runs_and_one_that_is_over_its_duration():
    going = board(shown(last=listed(call(2 * MINUTE, None))))
    over = board(shown(last=listed(call(9 * MINUTE, timedelta(minutes=3, seconds=41)))))

    began_ms = round((NOW - 2 * MINUTE).timestamp() * 1000)
    assert attributes(with_class(going, "hp-vilnius-last"), RUNNING) == [str(began_ms)]
    assert attributes(over, RUNNING) == []
    assert "3:41" in text_of(with_class(over, "hp-vilnius-time"))


def test_an_end_that_nobody_reported_is_no_duration():
    expired = call(300 * MINUTE, None, state=CallState.EXPIRED)

    drawn = board(shown(last=listed(expired)))

    assert attributes(drawn, RUNNING) == []
    assert text_of(with_class(drawn, "hp-vilnius-time")).strip() == "—"
    assert "end not reported" in text_of(drawn)


def test_a_call_leads_to_its_card_and_one_of_another_program_has_none():
    ours = board(shown(last=listed(call())))
    theirs = board(shown(last=listed(call(token=None), None)))

    assert set(attributes(ours, "href")) == {"/call-show/7"}
    assert attributes(theirs, "href") == []


def test_an_unknown_caller_is_named_by_the_number():
    drawn = with_class(board(shown(last=listed(unknown_call()))), "hp-vilnius-last")

    assert text_of(with_class(drawn, "hp-vilnius-name")) == "+370 600 00417"
    assert "agency not found" in text_of(drawn)
    assert "theme not chosen" in text_of(drawn)


def test_an_agency_whose_name_is_not_known_yet_is_shown_by_its_number():
    drawn = board(shown(last=listed(call(agency_name=None, manager=None))))

    assert "Agency No. 11" in text_of(drawn)
    assert "the caller is not known by name" in text_of(drawn)


def test_texts_of_strangers_stay_texts_of_bearable_length():
    hostile = call(agency_name="<script>\n" + "ž" * 400, manager="\u202etxt", curator="'\"><b>")

    words = text_of(board(shown(last=listed(hostile))))

    assert "<script> " in words
    assert "…" in words
    assert "\u202e" not in words


def test_everything_can_be_drawn_as_nodes_for_the_script():
    full = shown(
        last=listed(call(MINUTE, None)),
        before=[listed(call(9 * MINUTE), EntryState.WAITING), listed(unknown_call(token=None), None)],
        in_progress=[call(MINUTE, None)],
        callbacks=[Caller("37060000219", 3, NOW)],
        unknown=[Caller("37060000882", 1, NOW)],
        curators=[CuratorTally("205", Tally(calls=1))],
    )

    assert tree(board(full))
    assert tree(chip(full))
    assert tree(board(shown()))


# What goes on


def test_calls_that_go_on_show_their_caller_curator_and_running_time():
    calls = [call(2 * MINUTE, None), unknown_call(ago=4 * MINUTE, lasted=None, id=8, curator="206")]

    drawn = with_class(board(shown(in_progress=calls)), "hp-vilnius-going")

    assert "Pavyzdinės Kelionės" in text_of(drawn)
    assert "+370 600 00417, unknown" in text_of(drawn)
    assert "curator 206" in text_of(drawn)
    assert len(attributes(drawn, RUNNING)) == 2


def test_while_the_register_is_not_read_the_calls_of_other_programs_stand_still():
    silent = replace(WELL, is_read=False)
    ours, theirs = call(MINUTE, None), call(MINUTE, None, id=8, token=None)

    drawn = with_class(board(shown(silent, in_progress=[ours, theirs])), "hp-vilnius-going")

    assert len(attributes(drawn, RUNNING)) == 1
    assert "?" in text_of(drawn)


def test_more_calls_than_there_is_room_for_are_counted():
    calls = [call(MINUTE, None, id=place) for place in range(LINES + 3)]

    drawn = with_class(board(shown(in_progress=calls)), "hp-vilnius-going")

    assert len(attributes(drawn, RUNNING)) == LINES - 1
    assert "and 4 more" in text_of(drawn)


# Whom to call back


def test_where_the_platform_tells_nothing_of_answers_nothing_is_said_of_calling_back():
    drawn = with_class(board(shown(callbacks=None)), "hp-vilnius-callers")

    assert "Call back" not in text_of(drawn)
    assert "All callers of today are known." in text_of(drawn)


def test_numbers_to_call_back_are_marked_and_look_for_their_calls():
    callers = [Caller("37060000219", 3, NOW - 22 * MINUTE, "Pavyzdys Trys")]

    drawn = with_class(board(shown(callbacks=callers)), "hp-vilnius-callers")

    assert "urgent" in drawn.className
    assert "+370 600 00219" in text_of(drawn)
    assert "3 times" in text_of(drawn)
    assert attributes(drawn, "data-look-for") == ["37060000219"]


def test_nobody_to_call_back_is_no_alarm():
    drawn = with_class(board(shown(callbacks=())), "hp-vilnius-callers")

    assert "urgent" not in drawn.className
    assert "Every caller was talked to." in text_of(drawn)


def test_unknown_callers_are_listed():
    drawn = board(shown(unknown=[Caller("37060000882", 2, NOW)]))

    assert "1 number" in text_of(drawn)
    assert "+370 600 00882" in text_of(drawn)


# The last five and the curators


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (EntryState.WAITING, "waits for Oracle"),
        (EntryState.WRITTEN, "written"),
        (EntryState.REFUSED, "refused"),
        (EntryState.DROPPED, "left out"),
        (None, "of another program"),
    ],
)
def test_each_of_the_last_calls_tells_how_far_it_is_on_its_way(entry, words):
    drawn = with_class(board(shown(before=[listed(call(), entry)])), "hp-vilnius-before")

    assert words in text_of(drawn)


def test_a_call_of_yesterday_shows_its_day():
    drawn = with_class(
        board(shown(before=[listed(call(timedelta(hours=20))), listed(call(MINUTE, MINUTE))])),
        "hp-vilnius-before",
    )

    assert "24 Nov, 17:32" in text_of(drawn)
    assert "13:31:00" in text_of(drawn)


def test_a_number_that_another_program_left_out_is_no_button():
    drawn = with_class(board(shown(before=[listed(call(number=""), None)])), "hp-vilnius-before")

    assert "no number" in text_of(drawn)
    assert attributes(drawn, "data-look-for") == []


def test_curators_are_bars_that_show_todays_calls_of_theirs():
    curators = [
        CuratorTally("205", Tally(calls=21, with_agency=18, timed=20, seconds=3700.0)),
        CuratorTally("206", Tally(calls=7)),
    ]

    drawn = with_class(board(shown(curators=curators, total=Tally(calls=28))), "hp-vilnius-curators")

    words = text_of(drawn)
    assert "28 calls" in words
    assert "18 with an agency" in words
    assert "3:05 on average" in words
    assert attributes(drawn, "data-curator") == ["205", "206"]
    assert attributes(drawn, "data-period") == ["today", "today"]
    assert [style["width"] for style in attributes(drawn, "style")] == ["100.0%", "33.3%"]


def test_no_mean_is_invented_where_no_end_is_known():
    drawn = board(shown(curators=[CuratorTally("205", Tally(calls=1))]))

    assert "on average" not in text_of(drawn)


def test_many_curators_fold_up():
    curators = [CuratorTally(str(place), Tally(calls=1)) for place in range(BARS + 2)]

    drawn = board(shown(curators=curators))

    assert "2 more curators" in text_of(drawn)


def test_an_empty_board_says_what_will_come():
    words = text_of(board(shown()))

    for said in ("No call yet", "Nobody is on the phone", "No call is over yet", "No call today"):
        assert said in words


# The chip


def test_the_chip_tells_when_something_last_happened():
    drawn = chip(shown(last=listed(call(9 * MINUTE, 3 * MINUTE))))

    ended_ms = round((NOW - 6 * MINUTE).timestamp() * 1000)
    assert attributes(drawn, "data-since") == [str(ended_ms)]


def test_without_any_call_there_is_no_event():
    assert "no event yet" in text_of(chip(shown()))
    assert NOTHING.last_event_at is None


@pytest.mark.parametrize(
    ("delivery", "words"),
    [
        (replace(WELL, waiting=2), "2 calls wait for Oracle"),
        (replace(WELL, refused=1), "Oracle refused 1 call"),
        (
            Delivery(is_configured=False, is_read=False, waiting=9, refused=0),
            "the call register is not configured",
        ),
    ],
)
def test_what_is_not_well_on_the_way_into_the_register_stands_beside_the_title(delivery, words):
    assert words in text_of(chip(shown(delivery)))


def test_a_register_that_is_well_is_not_mentioned():
    assert len(chip(shown())) == 1


def test_who_may_decide_about_refused_calls_is_led_there():
    may = chip(shown(replace(WELL, refused=1, outbox="/decide")))
    may_not = chip(shown(replace(WELL, refused=1)))

    assert attributes(may, "href") == ["/decide"]
    assert attributes(may_not, "href") == []
    assert all_of(may)


def test_unknown_callers_are_folded_below_those_to_be_called_back_and_all_of_them_are_there():
    nobody = [Caller(f"3706000{number:04}", 1, NOW) for number in range(30)]

    open_list = board(shown(unknown=nobody))
    folded = board(shown(unknown=nobody, callbacks=[]))

    assert "Details" not in {type(one).__name__ for one in all_of(open_list)}
    details = [one for one in all_of(folded) if type(one).__name__ == "Details"]
    assert len(details) == 1
    assert len(attributes(details[0], "data-look-for")) == len(nobody)
