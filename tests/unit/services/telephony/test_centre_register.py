"""The search in the whole register and its figures."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from sqlalchemy import insert
from sqlalchemy.dialects import mysql, postgresql, sqlite

from services.calls import InvalidFilter, Period
from services.storage import table_of
from services.telephony.centre import RegisterQuery, RegisterSlice, Tally, tallies
from services.telephony.centre import names as names_module
from services.telephony.centre import register as register_module
from services.telephony.centre.names import KnownNames, folded
from services.telephony.centre.tallies import seconds_between
from services.telephony.model import CallState, EntryState
from services.telephony.tables import CallRow
from tests.unit.services.telephony.centre_world import KELIONES, VILNIUS, ZALIAS, CentreWorld

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def found(world: CentreWorld, **asked) -> list[int]:
    page = world.centre.search(RegisterQuery(**asked), RegisterSlice())
    return [one.call.id for one in page.calls]


@pytest.mark.parametrize(
    "typed",
    [
        "37060000417",
        "+370 600 00 417",
        "+370 (600) 00-417",
        "600 00 417",
        "00417",
        "8 600 00417",
        "\uff13\uff17\uff10\uff16\uff10\uff10",  # digits of another script
    ],
)
def test_a_number_is_found_by_any_part_and_any_punctuation(centre_world: CentreWorld, typed):
    mine = centre_world.call(number="37060000417")
    centre_world.call(number="37061234999")

    assert found(centre_world, text=typed) == [mine]


@pytest.mark.parametrize("typed", ["kelion", "KELIONĖS", "keliones", "pavyzdines kel", "  kel   pavyz "])
def test_an_agency_is_found_by_parts_of_its_name_in_any_case_and_without_accents(
    centre_world: CentreWorld, typed
):
    mine = centre_world.call(**KELIONES)
    centre_world.call(**ZALIAS)

    assert found(centre_world, text=typed) == [mine]


def test_an_agency_is_found_by_cyrillic_letters_of_any_case(centre_world: CentreWorld):
    mine = centre_world.call(agency_id=5, agency_name="Туры «Весна»")
    centre_world.call(**ZALIAS)

    assert found(centre_world, text="ВЕСНА") == [mine]


def test_a_call_is_found_by_who_called(centre_world: CentreWorld):
    mine = centre_world.call(manager="Рута Петрайтене", **KELIONES)
    centre_world.call(manager="Лина Янкаускайте", **KELIONES)

    assert found(centre_world, text="петрайт") == [mine]


def test_a_call_is_found_by_the_number_of_its_agency(centre_world: CentreWorld):
    mine = centre_world.call(agency_id=4411, number="37060000999")
    centre_world.call(agency_id=44, number="37060000998")

    assert found(centre_world, text="4411") == [mine]


def test_letters_of_like_are_taken_as_they_are(centre_world: CentreWorld):
    mine = centre_world.call(agency_id=5, agency_name="100% _Tours_")
    centre_world.call(**ZALIAS)

    assert found(centre_world, text="100%") == [mine]
    assert found(centre_world, text="% _tours_") == [mine]
    assert found(centre_world, text="100_") == []


def test_what_nobody_is_called_finds_nothing_and_never_everything(centre_world: CentreWorld):
    centre_world.call(**KELIONES)

    assert found(centre_world, text="viln") == []


def test_curator_theme_agency_and_period_narrow_together(centre_world: CentreWorld):
    mine = centre_world.call(DAY, curator="206", theme="Payment", **KELIONES)
    centre_world.call(DAY, curator="205", theme="Payment", **KELIONES)
    centre_world.call(DAY, curator="206", theme="Booking", **KELIONES)
    centre_world.call(DAY, curator="206", theme="Payment", **ZALIAS)
    centre_world.call(curator="206", theme="Payment", **KELIONES)
    yesterday = (centre_world.now - DAY).date()

    asked = {"curator": "206", "theme": "Payment", "agency_id": 11, "period": Period(yesterday, yesterday)}

    assert found(centre_world, **asked) == [mine]


def test_days_of_a_period_are_those_of_the_centre(centre_world: CentreWorld):
    first = centre_world.call(timedelta(hours=13, minutes=31))
    centre_world.call(timedelta(hours=13, minutes=33))
    today = centre_world.now.date()

    assert found(centre_world, period=Period(today, today)) == [first]


def test_calls_without_theme_or_curator_can_be_asked_for(centre_world: CentreWorld):
    bare = centre_world.call(theme=None, curator="")
    centre_world.call(theme="Payment", curator="205")

    assert found(centre_world, theme="") == [bare]
    assert found(centre_world, curator="") == [bare]


def test_a_curator_may_be_any_text(centre_world: CentreWorld):
    mine = centre_world.call(curator="Каспарайте 🦉'--")
    centre_world.call(curator="205")

    assert found(centre_world, curator="Каспарайте 🦉'--") == [mine]


def test_calls_of_all_programs_are_listed_latest_first(centre_world: CentreWorld):
    theirs = centre_world.call(2 * MINUTE, entry=None, register_key=9)
    ours = centre_world.call(MINUTE, entry=EntryState.REFUSED)

    page = centre_world.centre.search(RegisterQuery(), RegisterSlice())

    assert [(one.call.id, one.entry) for one in page.calls] == [(ours, EntryState.REFUSED), (theirs, None)]


def test_a_page_is_a_part_and_counts_all(centre_world: CentreWorld):
    ids = [centre_world.call(place * MINUTE) for place in range(1, 8)]

    page = centre_world.centre.search(RegisterQuery(), RegisterSlice(offset=2, limit=3))

    assert [one.call.id for one in page.calls] == ids[2:5]
    assert page.total == 7


def test_a_list_that_is_read_does_not_move_when_calls_arrive(centre_world: CentreWorld):
    ids = [centre_world.call(place * MINUTE) for place in range(1, 5)]
    latest = centre_world.centre.search(RegisterQuery(), RegisterSlice()).latest_id
    centre_world.call(timedelta(0))

    page = centre_world.centre.search(RegisterQuery(), RegisterSlice(offset=2, limit=2, until_id=latest))

    assert [one.call.id for one in page.calls] == ids[2:]
    assert page.total == 4


def test_a_file_has_each_call_once_however_many_there_are(centre_world: CentreWorld, monkeypatch):
    monkeypatch.setattr(register_module, "CHUNK", 3)
    # Calls of the same moment must not be lost between two readings.
    ids = [centre_world.call(MINUTE) for _place in range(10)]
    centre_world.call(DAY, number="37060000999")

    streamed = centre_world.centre.stream(RegisterQuery(text="417"))

    assert [one.call.id for one in streamed] == ids[::-1]


def test_what_matches_is_counted(centre_world: CentreWorld):
    for days in (1, 40, 80):
        centre_world.call(days * DAY, **KELIONES)

    assert centre_world.centre.count(RegisterQuery(text="kelion")) == 3


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "x" * 101},
        {"text": "a\0b"},
        {"text": "\ud800"},
        {"text": " +-() "},
        {"curator": "x" * 129},
        {"theme": "a\0"},
        {"agency_id": 0},
        {"agency_id": 2**63},
    ],
)
def test_what_cannot_be_asked_is_refused(asked):
    with pytest.raises(InvalidFilter):
        RegisterQuery(**asked)


@pytest.mark.parametrize("asked", [{"offset": -1}, {"offset": 2**31}, {"limit": 0}, {"limit": 501}])
def test_a_part_that_cannot_be_is_refused(asked):
    with pytest.raises(InvalidFilter):
        RegisterSlice(**asked)


def test_a_text_that_fits_too_many_names_is_refused_and_not_cut_short(centre_world: CentreWorld, monkeypatch):
    monkeypatch.setattr(register_module, "MOST_NAMES", 1)
    centre_world.call(**KELIONES)
    centre_world.call(**ZALIAS)

    with pytest.raises(InvalidFilter):
        found(centre_world, text="pavyzd")


def test_thousands_of_names_can_be_asked_for_at_once(centre_world: CentreWorld):
    count = 15_000
    with centre_world.store.write() as session:
        began_at = centre_world.now - DAY
        session.execute(
            insert(table_of(CallRow)),
            [
                {
                    "number": "370600",
                    "curator": "205",
                    "state": CallState.ENDED.value,
                    "began_at": began_at,
                    "match_kind": "none",
                    "agency_name": f"Tours {place}",
                    "manager": f"Tours {place}",
                }
                for place in range(count)
            ],
        )

    assert centre_world.centre.count(RegisterQuery(text="tour")) == count


# Choices


def test_curators_are_sorted_as_numbers_and_others_come_last(centre_world: CentreWorld):
    for curator in ("1000", "205", "Ona", "99", ""):
        centre_world.call(curator=curator)

    assert centre_world.centre.curators() == ["99", "205", "1000", "Ona"]


def test_themes_are_the_configured_ones_and_those_that_calls_have(centre_world: CentreWorld):
    centre_world.call(theme="Visas")

    assert centre_world.centre.choices().themes == ["Booking", "Payment", "Visas"]


def test_a_name_of_today_is_found_at_once_and_old_ones_are_read_seldom(
    centre_world: CentreWorld, monkeypatch
):
    centre_world.call(30 * DAY, **KELIONES)
    monotonic = [0.0]
    names = KnownNames(centre_world.store, monotonic=lambda: monotonic[0])
    assert list(names.names(centre_world.now).agencies) == ["Pavyzdinės Kelionės"]

    centre_world.call(30 * DAY, agency_name="Old")
    centre_world.call(DAY, **ZALIAS)

    assert set(names.names(centre_world.now).agencies) == {"Pavyzdinės Kelionės", "Pavyzdys Žalias"}
    monotonic[0] = names_module.KEPT_S
    assert "Old" in names.names(centre_world.now).agencies


def test_folding_drops_case_and_accents_alone():
    assert folded("  Žalias   ŠĖRIS ") == "zalias seris"
    assert folded("ТУРЫ") == "туры"


# Statistics


def test_figures_of_a_period_are_by_curator_theme_agency_and_hour(centre_world: CentreWorld):
    centre_world.call(HOUR, 2 * MINUTE, curator="205", theme="Payment", answered=True, **KELIONES)
    centre_world.call(HOUR, 4 * MINUTE, curator="206", answered=False)
    centre_world.call(2 * HOUR, None, curator="205", state=CallState.EXPIRED, **KELIONES)
    centre_world.call(DAY, curator="207")
    today = centre_world.now.date()

    figures = centre_world.centre.statistics(RegisterQuery(period=Period(today, today)))

    assert figures.total == Tally(calls=3, with_agency=2, told=2, answered=1, timed=2, seconds=360.0)
    assert figures.total.mean_seconds == 180
    assert figures.total.answered_share == 0.5
    assert [(one.curator, one.tally.calls) for one in figures.curators] == [("205", 2), ("206", 1)]
    assert [(one.theme, one.tally.calls) for one in figures.themes] == [(None, 2), ("Payment", 1)]
    assert [(one.agency_id, one.name) for one in figures.agencies] == [
        (None, None),
        (11, "Pavyzdinės Kelionės"),
    ]
    assert {hour: tally.calls for hour, tally in enumerate(figures.hours) if tally.calls} == {11: 1, 12: 2}


def test_hours_follow_the_clock_of_the_centre_through_summer_and_winter(centre_world: CentreWorld):
    summer = datetime(2026, 7, 25, 13, 32, tzinfo=VILNIUS).astimezone(UTC)
    centre_world.call(centre_world.now - summer, number="37060000001")
    centre_world.call(timedelta(0))

    figures = centre_world.centre.statistics(RegisterQuery())

    assert figures.hours[13].calls == 2


def test_hours_are_right_on_the_days_when_clocks_are_changed(centre_world: CentreWorld):
    moments = [
        day + minutes * MINUTE
        for day in (datetime(2025, 3, 29, tzinfo=UTC), datetime(2025, 10, 25, tzinfo=UTC))
        for minutes in range(0, 60 * 60, 29)
    ]
    for moment in moments:
        centre_world.call(centre_world.now - moment)

    hours = centre_world.centre.statistics(RegisterQuery()).hours

    counted = Counter(moment.astimezone(VILNIUS).hour for moment in moments)
    assert {hour: tally.calls for hour, tally in enumerate(hours)} == counted


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        (postgresql.dialect(), "EXTRACT(EPOCH FROM (telephony_call.ended_at - telephony_call.began_at))"),
        (mysql.dialect(), "TIMESTAMPDIFF(MICROSECOND, telephony_call.began_at, telephony_call.ended_at)"),
        (sqlite.dialect(), "julianday(telephony_call.ended_at) - julianday(telephony_call.began_at)"),
    ],
)
def test_each_database_is_asked_for_durations_in_its_own_words(dialect, words):
    between = seconds_between(CallRow.began_at, CallRow.ended_at)

    assert words in str(between.compile(dialect=dialect))


def test_a_moment_that_cannot_be_does_not_hold_up_the_figures(centre_world: CentreWorld):
    ancient = datetime(1, 1, 3, tzinfo=UTC)
    centre_world.call(centre_world.now - ancient, None, state=CallState.EXPIRED, entry=None)
    centre_world.call()
    began = perf_counter()

    assert centre_world.centre.statistics(RegisterQuery()).total.calls == 2
    assert perf_counter() - began < 1


def test_agencies_beyond_those_told_one_by_one_are_summed_up(centre_world: CentreWorld, monkeypatch):
    monkeypatch.setattr(tallies, "MOST_AGENCIES", 1)
    for agency in (KELIONES, KELIONES, ZALIAS, ZALIAS | {"agency_id": 13}, {"agency_id": None}):
        centre_world.call(**agency)

    figures = centre_world.centre.statistics(RegisterQuery())

    assert [one.agency_id for one in figures.agencies] == [None, 11]
    assert [tally.calls for tally in figures.others] == [1, 1]


def test_an_agency_bears_its_latest_name(centre_world: CentreWorld):
    centre_world.call(MINUTE, **KELIONES)
    centre_world.call(DAY, **KELIONES | {"agency_name": "Old name"})
    centre_world.call(timedelta(0), **KELIONES | {"agency_name": None})

    [agency] = centre_world.centre.statistics(RegisterQuery()).agencies

    assert (agency.name, agency.tally.calls) == ("Pavyzdinės Kelionės", 3)


def test_what_is_not_known_is_none_and_not_zero():
    nothing = Tally()

    assert (nothing.mean_seconds, nothing.answered_share, nothing.agency_share) == (None, None, None)


def test_statistics_take_the_same_conditions_as_the_search(centre_world: CentreWorld):
    centre_world.call(curator="205", **KELIONES)
    centre_world.call(curator="206", **KELIONES)
    centre_world.call(curator="206", **ZALIAS)

    figures = centre_world.centre.statistics(RegisterQuery(text="kelion", curator="206"))

    assert figures.total.calls == 1
