from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from sandbox.call_centre import clock

MONDAY, SUNDAY, NEW_YEAR = date(2026, 3, 2), date(2026, 3, 8), date(2026, 1, 1)


def test_the_working_day_is_heavy_from_eight_to_eight_and_dips_at_lunch() -> None:
    shares = clock.hour_shares(MONDAY)

    assert sum(shares) == pytest.approx(1)
    assert sum(shares[8:20]) > 0.85
    assert shares[13] < shares[11]
    assert shares[13] < shares[15]
    assert min(shares) > 0


def test_days_off_are_quieter_than_working_days() -> None:
    assert clock.day_factor(SUNDAY) < clock.day_factor(MONDAY) / 2
    assert clock.day_factor(NEW_YEAR) < clock.day_factor(date(2026, 1, 15)) / 2


def test_an_aware_moment_becomes_local_time_of_the_centre() -> None:
    moment = datetime(2026, 3, 4, 21, 30, tzinfo=UTC)

    assert clock.in_centre_time(moment).isoformat() == "2026-03-05T00:30:00"


def test_slots_cover_the_time_without_gap_and_are_cut_where_it_becomes_lively() -> None:
    now = clock.in_centre_time(datetime(2026, 3, 4, 3, 10, tzinfo=clock.CENTRE_ZONE))
    begins = now - timedelta(hours=5, minutes=3)

    slots = list(clock.slots(begins, now, 1_200, now))

    assert slots[0].begins == begins
    assert slots[-1].ends == now
    assert all(earlier.ends == later.begins for earlier, later in pairwise(slots))
    assert now - clock.LIVELY_SPAN in [slot.begins for slot in slots]
    assert sum(slot.expected for slot in slots if slot.begins >= now - clock.LIVELY_SPAN) == pytest.approx(60)


@pytest.mark.parametrize("expected", [0.5, 20, 900])
def test_as_many_calls_begin_as_are_expected_in_order_and_within_the_slot(expected: float) -> None:
    begins = clock.in_centre_time(datetime(2026, 3, 4, 11, 0, tzinfo=clock.CENTRE_ZONE))
    slot = clock.Slot(begins, begins + clock.HOUR, expected)
    rng = Random(1)

    hours = [clock.moments(slot, rng) for _ in range(400)]

    assert sum(map(len, hours)) / 400 == pytest.approx(expected, rel=0.15)
    assert all(moments == sorted(moments) for moments in hours)
    assert all(slot.begins <= moment < slot.ends for moments in hours for moment in moments)
