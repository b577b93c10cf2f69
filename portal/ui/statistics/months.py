"""All years month by month: the lines, what they are, and the same as a table."""

from collections.abc import Mapping, Sequence
from datetime import date

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.plot import Figure, axis, layout
from portal.ui.statistics.links import calls_link, linked
from portal.ui.statistics.shown import Shown, last_day_of_month
from services.calls import Months, MonthTally, Period

#: From here on a month's calls are told in thousands: twelve figures stand in one line.
THOUSANDS_FROM = 10_000
#: Colours of the years from the present one back; all older ones are grey.
COLOURS = ("--hp-c1", "--hp-c2", "--hp-c3", "--hp-c4")
OLD_COLOUR = "--hp-c6"

Years = Mapping[int, Mapping[int, MonthTally]]


def months_figure(shown: Shown) -> Figure:
    """One line a year as a plain plotly figure; what is not over or not all counted is dotted."""
    years = by_year(shown.months)
    lines: list[Figure] = []
    for year, months in sorted(years.items()):
        colour, width = _colour(year, years), 2.5 if year == max(years) else 1.5
        known = [_known(months.get(number)) for number in range(1, 13)]
        lines.append(
            _line(str(year), [month.tally.calls if month and month.is_complete else None for month in known])
            | {"line": {"color": colour, "width": width}}
        )
        unfinished = _with_neighbours(known)
        if any(calls is not None for calls in unfinished):
            lines.append(
                _line(_("{year}, not whole", year=year), unfinished)
                | {
                    "mode": "lines+markers",
                    "line": {"color": colour, "width": 2, "dash": "dot"},
                    "marker": {
                        "color": colour,
                        "size": [0 if m is None or m.is_complete else 7 for m in known],
                    },
                }
            )
    most = max((month.tally.calls for month in shown.months.months), default=0)
    return {
        "data": lines,
        "layout": layout(
            margin={"l": 44, "r": 14, "t": 8, "b": 24},
            xaxis={
                **axis(),
                "showgrid": False,
                "tickvals": list(range(1, 13)),
                "ticktext": month_words(),
                "range": [0.7, 12.3],
            },
            yaxis={
                **axis(),
                "nticks": 5,
                "rangemode": "tozero",
                "tickformat": ",d",
                **({} if most else {"range": [0, 5]}),
            },
        ),
    }


def months_legend(shown: Shown) -> list[Component]:
    """Which line is which year, the present one first."""
    years = by_year(shown.months)
    latest = sorted(years, reverse=True)
    legend: list[Component] = [
        html.Span([_swatch(_colour(year, years), "hp-sw-line"), str(year)]) for year in latest[: len(COLOURS)]
    ]
    if len(latest) > len(COLOURS):
        legend.append(html.Span([_swatch(OLD_COLOUR, "hp-sw-line"), _("earlier")]))
    unfinished = [month for month in shown.months.months if not month.is_complete]
    if unfinished:
        words = _("{month} is not over", month=i18n.month(shown.today).lower())
        if any(not _is_running(month, shown.today) for month in unfinished):
            words = _("month not over or not all counted")
        legend.append(html.Span([_swatch("--hp-c1", "hp-sw-dotted"), words]))
    return legend


def months_title(shown: Shown) -> str:
    """The head of the table, with the unit of its figures."""
    return _("Year and month, thousands") if in_thousands(shown.months) else _("Year and month, calls")


def months_table(shown: Shown) -> Component:
    """A row a year, the present one first; a month before the first call is empty, one not counted a dash."""
    years = by_year(shown.months)
    head = [
        html.Th(_("Year"), scope="col"),
        *(html.Th(word, scope="col", className="r") for word in month_words()),
    ]
    head.append(html.Th(_("in all"), scope="col", className="r"))
    return html.Table(
        [
            html.Caption(_("Calls by year and month"), className="visually-hidden"),
            html.Thead(html.Tr(head)),
            html.Tbody(
                [
                    html.Tr(
                        [
                            html.Th(str(year), scope="row"),
                            *(_cell(shown, months.get(number)) for number in range(1, 13)),
                            _year_cell(shown, year, months),
                        ],
                    )
                    for year, months in sorted(years.items(), reverse=True)
                ]
            ),
        ],
        className="hp-table hp-months",
    )


def by_year(months: Months) -> Years:
    """The months by year and number."""
    years: dict[int, dict[int, MonthTally]] = {}
    for month in months.months:
        years.setdefault(month.year, {})[month.month] = month
    return years


def in_thousands(months: Months) -> bool:
    """Whether the table tells thousands."""
    return any(month.tally.calls >= THOUSANDS_FROM for month in months.months)


def month_words() -> list[str]:
    return [i18n.short_month(number) for number in range(1, 13)]


def period_of(month: MonthTally, today: date) -> Period:
    """The days of a month up to today."""
    first = date(month.year, month.month, 1)
    return Period(first, max(first, min(last_day_of_month(first), today)))


def is_uncounted(month: MonthTally) -> bool:
    """Whether nothing is known of a month yet: it would look like one without calls."""
    return not month.is_complete and month.tally.calls == 0


def _is_running(month: MonthTally, today: date) -> bool:
    return (month.year, month.month) == (today.year, today.month)


def _known(month: MonthTally | None) -> MonthTally | None:
    return None if month is None or is_uncounted(month) else month


def _with_neighbours(months: Sequence[MonthTally | None]) -> list[int | None]:
    """The months that are not whole, and those beside them, so that the dotted line joins the others."""
    places = {place for place, month in enumerate(months) if month and not month.is_complete}
    wanted = {place + step for place in places for step in (-1, 0, 1)}
    return [month.tally.calls if month and place in wanted else None for place, month in enumerate(months)]


def _line(name: str, calls: list[int | None]) -> Figure:
    return {"type": "scatter", "mode": "lines", "name": name, "x": list(range(1, 13)), "y": calls}


def _colour(year: int, years: Years) -> str:
    age = max(years) - year
    return COLOURS[age] if age < len(COLOURS) and (age == 0 or year != min(years)) else OLD_COLOUR


def _swatch(colour: str, kind: str) -> Component:
    return html.Span(className=f"hp-sw {kind}", style={"--colour": f"var({colour})"})


def _figure(shown: Shown, calls: int) -> str:
    return i18n.decimal(calls / 1000) if in_thousands(shown.months) else i18n.number(calls)


def _cell(shown: Shown, month: MonthTally | None) -> html.Td:
    if month is None:
        return html.Td("", className="r")
    if is_uncounted(month):
        return html.Td("—", className="r hp-mut", title=_("not counted yet"))
    period = period_of(month, shown.today)
    title = i18n.plural("{n} call", "{n} calls", month.tally.calls)
    if _is_running(month, shown.today):
        title = _("{calls}, the month is not over", calls=title)
    elif not month.is_complete:
        title = _("{calls}, not all days are counted", calls=title)
    return html.Td(
        linked(_figure(shown, month.tally.calls), calls_link(period), title),
        className="r" if month.is_complete else "r hp-unfinished",
    )


def _year_cell(shown: Shown, year: int, months: Mapping[int, MonthTally]) -> html.Td:
    total = sum(month.tally.calls for month in months.values())
    last = period_of(months[max(months)], shown.today).last
    period = Period(date(year, min(months), 1), last)
    return html.Td(
        linked(_figure(shown, total), calls_link(period), i18n.plural("{n} call", "{n} calls", total)),
        className="r hp-total",
    )
