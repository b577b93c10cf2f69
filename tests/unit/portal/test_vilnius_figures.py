"""The centre's figures of any period, and what administrators see of the way into the register."""

from datetime import timedelta

import pytest

from portal import i18n
from portal.ui.tree import tree
from portal.ui.vilnius.outbox import Delivered, outbox, question
from portal.ui.vilnius.statistics import statistics
from services.errors import Reason
from services.telephony.centre import AgencyTally, CentreStatistics, CuratorTally, Tally, ThemeTally
from services.telephony.register.compare import DifferenceKind
from services.telephony.register.outbox import Difference, RefusedEntry, RegisterFreshness
from tests.unit.portal.vilnius_examples import (
    MINUTE,
    NOW,
    VILNIUS,
    attributes,
    call,
    text_of,
    unknown_call,
    with_class,
)

SOME = Tally(calls=4, with_agency=3, told=2, answered=1, timed=2, seconds=250.0)
HOURS = tuple(SOME if hour in (7, 10) else Tally() for hour in range(24))
FIGURES = CentreStatistics(
    total=SOME,
    curators=(CuratorTally("205", SOME), CuratorTally("", Tally(calls=1))),
    themes=(ThemeTally("Оплата", SOME), ThemeTally(None, Tally(calls=1))),
    agencies=(AgencyTally(11, "Pavyzdinės Kelionės", SOME), AgencyTally(None, None, Tally(calls=1))),
    others=(),
    hours=HOURS,
)
NONE = CentreStatistics(total=Tally(), curators=(), themes=(), agencies=(), others=(), hours=(Tally(),) * 24)
READ = RegisterFreshness(NOW, None, None, is_complete=True, compared_at=NOW - timedelta(hours=9))


@pytest.fixture(autouse=True)
def in_english():
    i18n.use("en")
    yield
    i18n.use(None)


def test_totals_are_told_with_what_they_stand_on():
    words = text_of(with_class(statistics(FIGURES), "hp-vilnius-kpis"))

    assert "75.0%" in words
    assert "3 of 4" in words
    assert "50.0%" in words
    assert "1 of 2" in words
    assert "2:05" in words
    assert "2 without a known end" in words


def test_what_the_platform_does_not_tell_is_no_zero():
    total = Tally(calls=2)
    untold = CentreStatistics(total, (CuratorTally("205", total),), (), (), (), HOURS)

    words = text_of(statistics(untold))

    assert "the platform does not tell" in words
    assert "0.0%" not in text_of(with_class(statistics(untold), "hp-vilnius-kpis")).replace("0.0% 0 of 2", "")
    assert "—" in words


def test_each_name_shows_its_calls():
    drawn = statistics(FIGURES)

    assert attributes(drawn, "data-curator") == ["205", "without"]
    assert attributes(drawn, "data-theme") == ["Оплата", "without"]
    assert attributes(drawn, "data-agency") == ["11"]
    assert set(attributes(drawn, "data-view")) == {"calls"}


def test_hours_reach_from_the_first_to_the_last_call_and_over_the_working_day():
    words = text_of(with_class(statistics(FIGURES), "hp-by-hour"))

    assert "7:00" in words
    assert "18:00" in words
    assert "6:00" not in words.replace("16:00", "")


def test_agencies_beyond_the_first_are_summed_up():
    agencies = (AgencyTally(11, "Pavyzdinės Kelionės", SOME),)

    words = text_of(statistics(CentreStatistics(SOME, (), (), agencies, (SOME, SOME), HOURS)))

    assert "2 more agencies 8 75.0%" in words


def test_no_call_is_said_and_no_zero_is_drawn():
    words = text_of(statistics(NONE))

    assert "There are no calls to count" in words
    assert "0" not in words


def test_figures_can_be_drawn_as_nodes():
    assert tree(statistics(FIGURES))
    assert tree(statistics(NONE))


# The way into the register


def delivered(**changes) -> Delivered:
    values = {
        "refused": (),
        "differences": (),
        "freshness": READ,
        "waiting": 0,
        "oldest_at": None,
        "zone": VILNIUS,
    }
    return Delivered(**values | changes)


def test_a_refused_call_shows_the_reason_and_can_be_decided_about():
    entry = RefusedEntry(call(), "ORA-12899", "value too large for column", NOW)

    drawn = outbox(delivered(refused=[entry]))

    words = text_of(drawn)
    assert "ORA-12899" in words
    assert "value too large for column" in words
    assert "+370 600 00417" in words
    assert attributes(drawn, "data-decide") == ["retry", "drop"]
    assert attributes(drawn, "data-call") == ["7", "7"]
    assert tree(drawn)


@pytest.mark.parametrize(
    ("code", "words"),
    [("row_gone", "its row was deleted or replaced"), ("row_changed", "somebody changed its row")],
)
def test_our_own_reasons_are_said_in_words(code, words):
    drawn = outbox(delivered(refused=[RefusedEntry(unknown_call(), code, None, NOW)]))

    assert words in text_of(drawn)


@pytest.mark.parametrize("kind", list(DifferenceKind))
def test_every_kind_of_difference_has_words(kind):
    difference = Difference(call(), kind, ("THEME", "TIME_END"), NOW)

    words = text_of(outbox(delivered(differences=[difference])))

    assert "THEME, TIME_END" in words
    assert "no difference" not in words


def test_all_well_is_said_with_the_times_of_both_looks():
    words = text_of(outbox(delivered()))

    assert "All calls are written." in words
    assert "Nothing was refused." in words
    assert "no difference" in words


def test_what_was_never_looked_at_is_told_from_all_well():
    never = RegisterFreshness(None, None, None, is_complete=False, compared_at=None)

    words = text_of(outbox(delivered(freshness=never)))

    assert "The register was not read yet." in words
    assert "Both sides were not compared yet." in words


def test_a_silent_register_tells_why_and_since_when_calls_wait():
    silent = RegisterFreshness(NOW, Reason.TIMEOUT, NOW, is_complete=False, compared_at=None)

    words = text_of(outbox(delivered(freshness=silent, waiting=3, oldest_at=NOW - MINUTE)))

    assert "Call register does not answer" in words
    assert "3 calls wait, the oldest since" in words
    assert "older calls are still being read" in words


def test_the_question_names_the_call_and_the_consequence():
    words = text_of(question(call(), VILNIUS))

    assert "+370 600 00417" in words
    assert "This cannot be undone." in words
