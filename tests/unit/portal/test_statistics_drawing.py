"""From a report to the page: figures, links, and what is said where there is no figure."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from dash import html

from portal import i18n, ids
from portal.statistics_query import SORTS
from portal.ui.statistics import parts
from portal.ui.statistics.bar import chip, filter_bar
from portal.ui.statistics.heat import heat_map
from portal.ui.statistics.hours import hours_table
from portal.ui.statistics.kpis import kpis
from portal.ui.statistics.links import calls_link, linked
from portal.ui.statistics.months import months_figure, months_legend, months_table
from portal.ui.statistics.notices import notices
from portal.ui.statistics.operators import in_order, operators_table
from portal.ui.statistics.outcomes import outcome_bars, outcomes_table
from portal.ui.tree import tree
from services.calls import Coverage, Duration, Months, MonthTally, OperatorTally, Period, Problem, Tally
from services.errors import Reason
from tests.unit.portal.fakes import in_russian
from tests.unit.portal.statistics_examples import (
    ANNA,
    COUNTED,
    MANY,
    NOBODY,
    NOW,
    REMOVED,
    TODAY,
    cells,
    day,
    drawn,
    shown,
    uncounted,
    without_calls,
)

NOVEMBER = "from=2026-11-01&to=2026-11-25"
TEN_YEARS = {"from": "2016-01-01", "to": "2026-11-25"}


@pytest.fixture(autouse=True)
def _russian():
    i18n.use("ru")


def values(page) -> list[str]:
    return [value.text for value in drawn(kpis(page)).all("div", "v")]


def remarks(page) -> list[str]:
    return [below.text for below in drawn(kpis(page)).all("div", "d")]


# Key figures


def test_key_figures_are_those_of_the_report():
    assert values(shown()) == ["1 000", "77,8 % 700", "10,0 % 90", "50,0 % 500", "7,9", "—"]


def test_a_key_figure_opens_exactly_its_calls():
    links = drawn(kpis(shown())).links()

    assert links["1 000"] == f"/calls?{NOVEMBER}"
    assert links["700"] == links["77,8 %"] == f"/calls?{NOVEMBER}&result=success"
    assert links["90"] == f"/calls?{NOVEMBER}&result=failure"
    assert links["500"] == f"/calls?{NOVEMBER}&card=1"


def test_an_average_duration_is_never_invented():
    assert remarks(shown())[-1] == "база не хранит окончание"
    assert values(shown(has_durations=True))[-1] == "—"
    assert values(shown(has_durations=None))[-1] == "—"
    known = shown(has_durations=True, duration=Duration(calls=10, seconds=1875))
    assert values(known)[-1] == "3:08"
    assert "10" in remarks(known)[-1]


def test_no_calls_are_zero_and_shares_of_nothing_are_unknown():
    assert values(without_calls()) == ["0", "—", "—", "—", "—", "—"]


def test_what_is_not_counted_is_unknown_and_not_zero():
    page = uncounted()

    assert set(values(page)) == {"—"}
    assert set(remarks(page)) == {"ещё не посчитано"}
    assert drawn(kpis(page)).all("a") == []


def test_a_change_is_judged_only_where_one_direction_is_better():
    before = {"total": replace(MANY, calls=800, handled=600, failed=180, with_card=100)}
    marks = [mark.classes[-1] for mark in drawn(kpis(shown(before=before))).all("span", "hp-delta")]

    assert marks == ["flat", "good", "good", "flat", "flat"]


def test_a_change_names_what_it_was():
    before = {"total": replace(MANY, calls=800)}

    assert remarks(shown(before=before))[0].endswith("25,0 % было 800")


def test_a_day_that_is_not_over_is_not_called_worse_than_a_whole_one():
    page = shown({"period": "today"}, before={"total": replace(MANY, calls=4000)})

    assert remarks(page)[0] == "было 4 000 за весь день"


def test_a_period_before_that_is_not_all_counted_is_not_compared_with():
    page = shown(before={"coverage": Coverage(3, NOW, None)})

    assert set(remarks(page)[:5]) == {"прошлый период ещё не посчитан"}


def test_a_period_before_without_calls_is_named_and_not_divided_by():
    page = shown(before={"total": Tally(), "operators": (), "active_hours": 0})

    assert set(remarks(page)[:5]) == {"7–31 октября: звонков не было"}


def test_without_comparison_nothing_is_said_of_another_period():
    assert remarks(shown({"compare": "none"}))[:5] == [""] * 5


# Links


def test_a_period_the_log_does_not_open_has_figures_without_links_that_say_why():
    page = drawn(parts(shown(TEN_YEARS))[ids.STATISTICS_OPERATORS])

    assert page.all("a") == []
    assert "366" in page.all("td")[0].all("span")[0].attributes["title"]


def test_the_longest_period_the_log_opens_has_links():
    assert calls_link(Period(day("2025-11-25"), day("2026-11-25"))) is not None
    assert calls_link(Period(day("2025-11-24"), day("2026-11-25"))) is None


def test_a_figure_without_a_link_keeps_its_own_title():
    assert drawn(linked("5", None, "пять")).all("span")[0].attributes["title"].startswith("пять ")


# Heat map


def heat_cells(page):
    [body] = drawn(heat_map(page)).all("tbody")
    return [row.all("td") for row in body.all("tr")]


def test_the_heat_map_shows_averages_of_the_days_there_were():
    mondays = heat_cells(shown())[0]

    assert [cell.text for cell in mondays[2:4]] == ["100", "150"]  # 8 o'clock comes first; four Mondays
    assert mondays[3].links()["150"] == f"/calls?{NOVEMBER}&weekday=1&hour=11"
    assert mondays[3].all("a")[0].attributes["title"] == "Понедельник, 11:00: 600 звонков, за 4 дня"


def test_the_deepest_shade_leaves_the_figure_readable():
    shades = [cell.attributes["style"]["--v"] for row in heat_cells(shown()) for cell in row if cell.text]

    assert max(shades) == 62
    assert min(shades) == 0


def test_an_hour_without_calls_is_zero_and_an_hour_that_never_came_is_hatched():
    page = shown({"period": "today"}, weekday_hours=[[0] * 24 for _ in range(7)])

    rows = heat_cells(page)

    wednesday = rows[2]
    assert [cell.text for cell in wednesday[:5]] == ["0"] * 5  # 8 to 12 o'clock; it is half past twelve
    assert all("none" in cell.classes for cell in wednesday[5:])
    assert all("none" in cell.classes for number in (0, 1, 3, 4, 5, 6) for cell in rows[number])


def test_a_heat_map_of_what_is_not_counted_shows_no_zeros():
    assert all("none" in cell.classes for row in heat_cells(uncounted()) for cell in row)


def test_hours_beyond_the_working_day_appear_when_somebody_called():
    hours = [Tally()] * 24
    hours[3] = Tally(calls=1)
    [head] = drawn(heat_map(shown(hours=hours))).all("thead")

    assert [cell.text for cell in head.all("th")[1:]] == [str(hour) for hour in range(3, 22)]


# Operators


def operator_rows(page) -> list[list[str]]:
    return cells(drawn(operators_table(page)))


def test_an_operator_has_counts_shares_and_the_size_of_the_sample():
    assert operator_rows(shown())[0] == [
        "Белова А. И.", "1 000", "700", "77,8 %", "50,0 %", "80,0 %", "8,0", "900",
    ]  # fmt: skip


def test_too_few_calls_are_marked_in_words():
    removed = operator_rows(shown())[1]

    assert removed[0] == "оператор № 991"
    assert removed[-1] == "4 мало"


def test_calls_of_nobody_come_last_and_have_no_hours():
    for sort in ("-calls", "calls", "name", "-name", "sample"):
        last = operator_rows(shown({"sort": sort}))[-1]
        assert (sort, last[0], last[6]) == (sort, "не назначен", "—")


def test_each_figure_of_an_operator_opens_its_calls():
    rows = drawn(operators_table(shown())).all("tbody")[0].all("tr")
    anna, nobody = rows[0].links(), rows[-1].links()

    assert anna["1 000"] == f"/calls?{NOVEMBER}&operator=7"
    assert anna["700"] == anna["77,8 %"] == f"/calls?{NOVEMBER}&operator=7&result=success"
    assert anna["50,0 %"] == f"/calls?{NOVEMBER}&operator=7&card=1"
    assert anna["80,0 %"] == f"/calls?{NOVEMBER}&operator=7&number=known"
    assert nobody["50"] == f"/calls?{NOVEMBER}&operator=none"


@pytest.mark.parametrize("column", SORTS)
def test_the_head_says_the_order_and_a_press_turns_it_round(column):
    heads = drawn(operators_table(shown({"sort": f"-{column}"}))).all("th")
    head = heads[SORTS.index(column)]

    assert [one.attributes.get("aria-sort") for one in heads if "aria-sort" in one.attributes] == [
        "descending"
    ]
    assert head.attributes["aria-sort"] == "descending"
    assert head.all("button")[0].attributes["data-query"] == f"sort={column}"


@pytest.mark.parametrize("column", [column for column in SORTS if column != "name"])
@pytest.mark.parametrize("minus", ["", "-"])
def test_operators_are_in_order_and_unknown_values_come_last(column, minus):
    nothing = OperatorTally(8, "Аверин Пётр", Tally(), 0)
    operators = [REMOVED, nothing, NOBODY, ANNA, OperatorTally(9, "Яшин", replace(MANY, calls=10), 3)]

    ordered = in_order(operators, f"{minus}{column}")

    def value(entry: OperatorTally) -> float | None:
        return {
            "calls": entry.tally.calls,
            "handled": entry.tally.handled,
            "success": entry.tally.success_rate,
            "card": entry.tally.card_share,
            "identified": entry.tally.identified_share,
            "rate": entry.per_active_hour,
            "sample": entry.tally.with_known_result,
        }[column]

    assert ordered[-1] is NOBODY
    known = [value(entry) for entry in ordered[:-1]]
    numbers = [number for number in known if number is not None]
    assert known == [*numbers, *[None] * (len(known) - len(numbers))]
    assert all(one >= other if minus else one <= other for one, other in pairwise(numbers))


def test_a_name_that_looks_like_markup_is_text():
    name = '<img src=x onerror="alert(1)">'
    page = shown(operators=(OperatorTally(1, name, MANY, 1),))

    [row] = drawn(operators_table(page)).all("tbody")[0].all("tr")

    assert row.all("img") == []


# Months


def test_the_month_that_is_not_over_is_dotted_and_joined_to_the_one_before():
    figure = months_figure(shown())
    whole, dotted = [line for line in figure["data"] if line["name"].startswith("2026")]

    assert whole["y"] == [2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010, None, None]
    assert dotted["y"] == [None] * 9 + [2010, 900, None]
    assert dotted["line"]["dash"] == "dot"
    assert dotted["marker"]["size"][10] == 7


def test_the_present_year_has_its_own_colour_and_the_oldest_is_grey():
    colours = {line["name"]: line["line"]["color"] for line in months_figure(shown())["data"]}

    assert colours["2026"] == "--hp-c1"
    assert colours["2025"] == "--hp-c6"


def test_the_legend_says_which_month_is_not_over():
    assert [entry.text for entry in drawn(months_legend(shown())).all("span") if entry.text] == [
        "2026", "2025", "ноябрь не окончен",
    ]  # fmt: skip


def test_the_table_of_months_has_a_row_a_year_and_opens_each_month():
    table = drawn(months_table(shown()))

    present, before = cells(table)
    assert present[:3] == ["2026", "2 001", "2 002"]
    assert present[11:] == ["900", "", "20 955"]
    assert before[1:9] == [""] * 8
    links = table.links()
    assert links["2 002"] == "/calls?from=2026-02-01&to=2026-02-28"
    assert links["900"] == "/calls?from=2026-11-01&to=2026-11-25"
    assert links["20 955"] == "/calls?from=2026-01-01&to=2026-11-25"


def test_large_months_are_told_in_thousands():
    months = Months((MonthTally(2026, 10, Tally(calls=40_149), True),), COUNTED)

    assert "40,1" in cells(drawn(months_table(shown(months=months))))[0]


def test_a_month_that_is_not_counted_is_a_gap_and_not_a_zero():
    months = Months(
        (MonthTally(2026, 9, Tally(), False), MonthTally(2026, 10, Tally(calls=5), True)), COUNTED
    )
    page = shown(months=months)

    assert cells(drawn(months_table(page)))[0][9] == "—"
    assert all(line["y"][8] is None for line in months_figure(page)["data"])
    assert "посчитан не весь" in drawn(months_legend(page)).text


def test_a_portal_that_knows_no_month_draws_an_empty_chart():
    page = shown(months=Months((), Coverage(0, None, None)))

    assert months_figure(page)["data"] == []
    assert cells(drawn(months_table(page))) == []


# Types, results, hours


def test_types_show_how_their_calls_end():
    bars = drawn(outcome_bars(shown()))

    [tour, unknown] = [bar for bar in bars.all("div") if "data-key" in bar.attributes]
    assert tour.text == "Заказ тура90,3 %"
    assert [part.attributes["style"]["width"] for part in tour.all("span", "hp-mix")[0].all("span")] == [
        "90.32%",
        "9.68%",
    ]
    assert tour.links()["90,3 %"] == f"/calls?{NOVEMBER}&type=5&result=success"
    assert unknown.links()["Неизвестный тип"] == f"/calls?{NOVEMBER}&type=unknown"


def test_the_table_of_types_and_results_adds_up_and_opens_each_figure():
    table = drawn(outcomes_table(shown()))

    tour, unknown, total = cells(table)
    assert tour == ["Заказ тура", "930", "840", "90", "0", "0", "0", "0", "0", "0"]
    assert unknown == ["Неизвестный тип", "70", *["0"] * 7, "70"]
    assert total == ["Все типы", "1 000", "840", "90", "0", "0", "0", "0", "0", "70"]
    rows = table.all("tbody")[0].all("tr")
    assert rows[0].links()["90"] == f"/calls?{NOVEMBER}&type=5&result=0"
    assert rows[1].all("td")[-1].links()["70"] == f"/calls?{NOVEMBER}&type=unknown&result=unknown"
    assert rows[2].links()["70"] == f"/calls?{NOVEMBER}&result=unknown"


def test_an_hour_shows_its_calls_and_opens_them():
    rows = {row[0]: row for row in cells(drawn(hours_table(shown())))}

    assert rows["10:00"] == ["10:00", "", "400", "300", "75,0 %"]
    assert rows["11:00"][-1] == "—"
    assert drawn(hours_table(shown())).links()["600"] == f"/calls?{NOVEMBER}&hour=11"


# Bar, chip, notices


def buttons(page):
    return [button for button in drawn(filter_bar(page)).all("button") if "data-query" in button.attributes]


def test_shortcuts_are_named_and_the_chosen_one_is_pressed():
    found = {button.text: button.attributes["aria-pressed"] for button in buttons(shown())}

    assert list(found) == ["Сегодня", "Вчера", "7 дней", "Ноябрь", "Октябрь", "Год"]
    assert [name for name, pressed in found.items() if pressed == "true"] == ["Ноябрь"]


def test_days_of_ones_own_press_no_shortcut():
    page = shown({"from": "2026-11-02", "to": "2026-11-03"})

    assert {button.attributes["aria-pressed"] for button in buttons(page)} == {"false"}
    assert "2–3 ноября 2026" in drawn(filter_bar(page)).text


def test_a_shortcut_keeps_comparison_and_order():
    queries = [
        button.attributes["data-query"] for button in buttons(shown({"compare": "year", "sort": "name"}))
    ]

    assert queries[2] == "period=week&compare=year&sort=name"


def test_the_comparison_names_the_days_it_would_be_with():
    page = drawn(filter_bar(shown()))

    assert [option.text for option in page.all("option")] == [
        "сравнить с 7–31 октября", "сравнить с 1–25 ноября 2025", "без сравнения",
    ]  # fmt: skip


def test_the_zone_of_all_figures_is_on_the_page():
    assert "Время центра: Москва, UTC+3" in drawn(filter_bar(shown())).text


def test_the_chip_says_how_fresh_today_and_the_days_before_are():
    age = str(round((NOW - timedelta(seconds=40)).timestamp() * 1000))

    mark = drawn(chip(shown()))

    assert mark.text == "сегодня считается на лету, прошлые дни пересчитаны  назад"
    assert [
        span.attributes["data-since"] for span in mark.all("span") if "data-since" in span.attributes
    ] == [age]
    assert drawn(chip(shown({"period": "today"}))).text == "посчитано  назад"
    assert drawn(chip(shown({"period": "yesterday"}))).text == "пересчитано  назад"
    assert drawn(chip(uncounted())).text == "ещё ничего не посчитано"


def test_a_silent_source_makes_the_chip_say_of_when_the_figures_are():
    assert drawn(chip(shown(is_current=False))).text == "данные на 25.11, 12:29,  назад"


def test_days_that_are_not_counted_are_said_in_words():
    page = shown(coverage=Coverage(12, NOW, None))

    assert "12 дней ещё не посчитаны." in drawn(notices(page)).text


def test_a_problem_of_the_figures_is_said_once():
    silent = Coverage(0, NOW, Problem(Reason.TIMEOUT, NOW))

    assert "неполным" in drawn(notices(shown(coverage=silent))).text
    assert notices(shown(coverage=silent, is_current=False)) == []  # the page's banner says it


def test_a_period_without_calls_says_that_its_zeros_are_counted():
    assert "звонков не было" in drawn(notices(without_calls())).text
    assert notices(shown()) == []


# The whole page


@pytest.mark.parametrize("make", [shown, without_calls, uncounted])
@pytest.mark.parametrize(
    "query", [{}, {"period": "today"}, TEN_YEARS, {"compare": "none"}, {"from": "2999-12-31"}]
)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_part_is_drawn_whatever_is_known(make, query, language):
    i18n.use(language)

    assert all(tree(part) is not None for part in parts(make(query)).values())


def test_every_table_has_a_name_and_heads_for_screen_readers():
    page = parts(shown())

    tables = [table for part in page.values() for table in drawn(part).all("table")]

    assert len(tables) == 5
    for table in tables:
        assert table.all("caption")
        assert all(head.attributes["scope"] in ("col", "row") for head in table.all("th"))


def test_a_tree_tells_an_element_by_what_html_calls_its_attributes():
    component = html.Label(["a", html.B("b", hidden=True), None], htmlFor="x", className="y", tabIndex=0)

    assert tree(component) == [
        ["label", {"for": "x", "class": "y", "tabindex": "0"}, "a", ["b", {"hidden": ""}, "b"]]
    ]


def test_words_of_the_examples_are_those_of_the_catalogue():
    """The texts above are Russian; this fails first when the catalogue changes."""
    assert in_russian("few calls") == "мало"
    assert day("2026-11-25") == TODAY
