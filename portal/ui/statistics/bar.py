"""The bar above the figures: periods, comparison, the centre's zone; and the age beside the page's title."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.statistics_query import Base, Shortcut, compared, days_of
from portal.ui.blocks import aria, data, icon, since
from portal.ui.statistics.shown import Shown
from services.calls import Period


def filter_bar(shown: Shown) -> list[Component]:
    """Shortcuts, days of one's own, comparison, and the zone all figures are in."""
    return [
        _shortcuts(shown),
        _own_days(shown),
        _comparison(shown),
        html.Span(_("Centre's time: {zone}", zone=zone_words(shown.now)), className="hp-s hp-mut ms-auto"),
    ]


def period_words(period: Period) -> str:
    """`1–23 ноября 2026`."""
    return i18n.days(period.first, period.last)


def zone_words(now: datetime) -> str:
    """The city of the zone and its distance from UTC now: `Москва, UTC+3`."""
    offset = now.utcoffset() or timedelta()
    hours, minutes = divmod(round(abs(offset).total_seconds()) // 60, 60)
    sign = "-" if offset < timedelta() else "+"
    return f"{i18n.zone_city(str(now.tzinfo))}, UTC{sign}{hours}" + (f":{minutes:02d}" if minutes else "")


def chip(shown: Shown) -> list[Component]:
    """How fresh the figures are: today's are counted as calls come, days before now and then."""
    as_of = shown.report.coverage.as_of
    if as_of is None:
        return [
            html.Span([icon("hourglass-split"), html.Span(_("nothing counted yet"))], className="hp-age warn")
        ]
    age = since(round(as_of.timestamp() * 1000))
    if not shown.is_current:
        known = i18n.moment(as_of.astimezone(shown.now.tzinfo))
        words = [*_around(_("data of {time}, {age} ago", time=known, age="{age}"), age)]
        return [html.Span([icon("wifi-off"), html.Span(words)], className="hp-age stale")]
    has_today = shown.period.first <= shown.today <= shown.period.last
    if has_today and shown.period.days > 1:
        text = _("today is counted as it comes, days before were recounted {age} ago")
    elif has_today:
        text = _("counted {age} ago")
    else:
        text = _("recounted {age} ago")
    mark = html.Span(className="dot", **aria(hidden="true"))
    return [html.Span([mark, html.Span(_around(text, age))], className="hp-age")]


def _around(text: str, age: Component) -> list[Component | str]:
    """The text with the running age in place of `{age}`."""
    before, _mark, after = text.partition("{age}")
    return [before, age, after]


def _shortcuts(shown: Shown) -> Component:
    month_before = days_of(Shortcut.PREVIOUS_MONTH, shown.today).first
    words = {
        Shortcut.TODAY: _("Today"),
        Shortcut.YESTERDAY: _("Yesterday"),
        Shortcut.WEEK: i18n.plural("{n} day", "{n} days", 7),
        Shortcut.MONTH: i18n.month(shown.today),
        Shortcut.PREVIOUS_MONTH: i18n.month(month_before),
        Shortcut.YEAR: _("Year"),
    }
    return html.Div(
        [
            html.Button(
                word,
                type="button",
                title=period_words(days_of(shortcut, shown.today)),
                **aria(pressed=str(shown.query.shortcut is shortcut).lower()),
                **data(query=shown.query.with_shortcut(shortcut, shown.today).text()),
            )
            for shortcut, word in words.items()
        ],
        className="hp-seg hp-scroll-s",
        role="group",
        **aria(label=_("Period")),
    )


def _own_days(shown: Shown) -> Component:
    period = shown.period
    return html.Div(
        [
            html.Button(
                [icon("calendar3"), html.Span(period_words(period))],
                type="button",
                id="statistics-period",
                className="btn btn-outline-secondary",
                **aria(expanded="false", controls="statistics-own-days"),
            ),
            html.Div(
                [
                    _day_input("first", _("From"), period.first.isoformat()),
                    _day_input("last", _("To"), period.last.isoformat()),
                    html.Button(_("Show"), type="button", id="statistics-show", className="btn btn-primary"),
                ],
                id="statistics-own-days",
                className="hp-period-choice",
                hidden=True,
            ),
        ],
        className="hp-period-box",
    )


def _day_input(name: str, label: str, value: str) -> Component:
    # dbc.Input draws more than an input, and dash.html has none: see portal.ui.tree.
    field: Component = dbc.Input(
        id=f"statistics-{name}", type="date", value=value, className="form-control", min="1970-01-01"
    )
    return html.Label([label, field], className="form-label")


def _comparison(shown: Shown) -> Component:
    options: Sequence[tuple[Base, str]] = [
        *(
            (base, _("compare with {days}", days=_base_words(shown, before)))
            for base in (Base.PREVIOUS, Base.YEAR)
            if (before := compared(shown.period, base)) is not None
        ),
        (Base.NONE, _("without comparison")),
    ]
    label = html.Label(_("Compared with"), htmlFor="statistics-compare", className="visually-hidden")
    select: Component = html.Select(
        [html.Option(words, value=replace(shown.query, base=base).text()) for base, words in options],
        id="statistics-compare",
        className="form-select",
        **data(chosen=shown.query.text()),
    )
    return html.Div([label, select])


def _base_words(shown: Shown, before: Period) -> str:
    return i18n.days(before.first, before.last, with_year=before.last.year != shown.today.year)
