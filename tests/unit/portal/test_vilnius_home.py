"""The centre on the front page: its card, and what of it needs attention."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal import i18n
from portal.ui.room_state import Severity
from portal.ui.vilnius.home import WAITS_TOO_LONG, centre, centre_without_data, concerns
from services.telephony.centre import Caller, Tally
from tests.unit.portal.vilnius_examples import (
    MINUTE,
    NOTHING,
    NOW,
    VILNIUS,
    WELL,
    attributes,
    call,
    listed,
    text_of,
)

PATH = "/contact-center/vilnius"


@pytest.fixture(autouse=True)
def in_english():
    i18n.use("en")
    yield
    i18n.use(None)


def told(board=NOTHING, delivery=WELL, differences: int = 0) -> list[str]:
    found = concerns(board, delivery, differences=differences, path=PATH)
    assert all(one.severity is Severity.WARNING for one in found)
    return [text_of(one.shown) for one in found]


def test_the_card_shows_today_what_goes_on_and_the_last_event():
    board = replace(
        NOTHING,
        last=listed(call(9 * MINUTE, 3 * MINUTE)),
        in_progress=[call(MINUTE, None)],
        unknown=[Caller("37060000882", 1, NOW)],
        total=Tally(calls=68, with_agency=60),
    )

    drawn = centre(board, path=PATH, zone=VILNIUS)

    words = text_of(drawn)
    for said in ("Vilnius", "68", "60 with an agency", "1 unknown caller today", "13:23"):
        assert said in words
    ended_ms = round((NOW - 6 * MINUTE).timestamp() * 1000)
    assert attributes(drawn, "data-since") == [str(ended_ms)]
    assert PATH in attributes(drawn, "href")


def test_a_centre_without_calls_has_no_last_one():
    words = text_of(centre(NOTHING, path=PATH, zone=VILNIUS))

    assert "—" in words
    assert "no event yet" in words


def test_a_centre_that_is_not_configured_shows_no_figures():
    drawn = centre_without_data("Telephony is not configured.", "Name it.", path=PATH)

    assert "Telephony is not configured." in text_of(drawn)
    assert "Calls today" not in text_of(drawn)


def test_a_day_as_usual_needs_no_attention():
    assert told() == []


def test_callers_nobody_talked_to_need_attention():
    board = replace(NOTHING, callbacks=[Caller("37060000219", 3, NOW)])

    assert "1 number in Vilnius is to be called back." in told(board)[0]


def test_refused_calls_need_attention():
    assert "Oracle refused 2 calls of Vilnius." in told(delivery=replace(WELL, refused=2))[0]


def test_calls_that_wait_for_long_need_attention_while_the_register_answers():
    late = replace(WELL, waiting=3, oldest_at=NOW - WAITS_TOO_LONG - timedelta(seconds=1))

    assert "3 calls of Vilnius wait for Oracle for long." in told(delivery=late)[0]
    assert told(delivery=replace(late, is_read=False)) == []  # the register's own banner says why
    assert told(delivery=replace(late, oldest_at=NOW - MINUTE)) == []


def test_differences_need_attention():
    assert "found 4 differences." in told(differences=4)[0]
