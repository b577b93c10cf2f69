"""When people call: a table of weekday by hour, each cell coloured and a link."""

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import unseen
from portal.ui.statistics.links import calls_link, linked
from portal.ui.statistics.shown import Shown

#: Hours the table has even when nobody called.
WORKING_HOURS = (8, 21)
#: More hours than these need the width of the window.
NARROW_HOURS = 16
#: The shade in per cent of the faintest and of the deepest cell; deeper would make the figure hard to read.
FAINTEST, DEEPEST = 4, 62


def heat_map(shown: Shown) -> Component:
    """The table; a cell without any such hour in the period is hatched, one without calls says 0."""
    hours = shown_hours(shown)
    averages = {(weekday, hour): average(shown, weekday, hour) for weekday in range(7) for hour in hours}
    most = max((value for value in averages.values() if value is not None), default=0.0)
    head = [html.Th(unseen(_("Weekday")), scope="col"), *(html.Th(str(hour), scope="col") for hour in hours)]
    return html.Table(
        [
            html.Caption(_("Average calls an hour, by weekday and hour"), className="visually-hidden"),
            html.Thead(html.Tr(head)),
            html.Tbody(
                [
                    html.Tr(
                        [
                            html.Th(i18n.short_weekday(weekday), scope="row", title=i18n.weekday(weekday)),
                            *(_cell(shown, weekday, hour, averages[weekday, hour], most) for hour in hours),
                        ]
                    )
                    for weekday in range(7)
                ]
            ),
        ],
        className="hp-heat hp-wide" if len(hours) > NARROW_HOURS else "hp-heat",
    )


def shown_hours(shown: Shown) -> range:
    """The hours worth a column: the working day, and any hour beyond it with a call."""
    busy = [hour for hour in range(24) if shown.report.hours[hour].calls]
    return range(min([*busy, WORKING_HOURS[0]]), max([*busy, WORKING_HOURS[1]]) + 1)


def average(shown: Shown, weekday: int, hour: int) -> float | None:
    """Calls in this hour of this weekday on average; None when no such hour has come in the period."""
    calls, days = shown.report.weekday_hours[weekday][hour], shown.days_with_hour(weekday, hour)
    if calls and not days:  # a clock ahead of ours
        days = 1
    return calls / days if days else None


def average_words(value: float, days: int) -> str:
    """The average of `days`, with a decimal where it matters; of one day it is a count."""
    return i18n.number(round(value)) if value >= 10 or days == 1 else i18n.decimal(value)


def _cell(shown: Shown, weekday: int, hour: int, value: float | None, most: float) -> html.Td:
    when = f"{i18n.weekday(weekday)}, {hour}:00"
    if not shown.is_known:
        return html.Td(
            unseen(_("not counted yet")), className="none", title=f"{when}: {_('not counted yet')}"
        )
    if value is None:
        words = _("no such hour in the period")
        return html.Td(unseen(words), className="none", title=f"{when}: {words}")
    days = max(1, shown.days_with_hour(weekday, hour))
    calls = shown.report.weekday_hours[weekday][hour]
    title = "{when}: {all}, {days}".format(
        when=when,
        all=i18n.plural("{n} call", "{n} calls", calls),
        days=i18n.plural("in {n} day", "in {n} days", days),
    )
    shade = FAINTEST + round((DEEPEST - FAINTEST) * value / most) if value else 0
    return html.Td(
        linked(average_words(value, days), calls_link(shown.period, weekday=weekday + 1, hour=hour), title),
        className="hp-num",
        style={"--v": shade},
    )
