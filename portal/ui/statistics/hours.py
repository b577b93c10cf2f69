"""The hours of the day: how many calls began in each, as bars in a table."""

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.statistics.heat import shown_hours
from portal.ui.statistics.links import calls_link, linked
from portal.ui.statistics.shown import Shown


def hours_table(shown: Shown) -> Component:
    """A row an hour: its bar, its calls, how many were handled."""
    most = max((tally.calls for tally in shown.report.hours), default=0)
    heads = [
        html.Th(_("Hour"), scope="col"),
        html.Th(_("Call count"), scope="col", colSpan="2"),
        html.Th(_("Handled"), scope="col", className="r"),
        html.Th(_("Success"), scope="col", className="r"),
    ]
    return html.Table(
        [
            html.Caption(_("Calls by hour of the day"), className="visually-hidden"),
            html.Thead(html.Tr(heads)),
            html.Tbody([_row(shown, hour, most) for hour in shown_hours(shown)]),
        ],
        className="hp-table hp-by-hour",
    )


def hour_words(hour: int) -> str:
    """`9:00–10:00`."""
    return f"{hour}:00–{hour + 1}:00"


def _row(shown: Shown, hour: int, most: int) -> html.Tr:
    tally = shown.report.hours[hour]
    handled = calls_link(shown.period, hour=hour, result="success")
    rate = tally.success_rate
    width = 100 * tally.calls / most if most else 0
    return html.Tr(
        [
            html.Th(f"{hour}:00", scope="row", title=hour_words(hour)),
            html.Td(
                html.Span(html.Span(style={"width": f"{width:.1f}%"}), className="t"), className="hp-hour-bar"
            ),
            html.Td(linked(i18n.number(tally.calls), calls_link(shown.period, hour=hour)), className="r"),
            html.Td(linked(i18n.number(tally.handled), handled), className="r"),
            html.Td(
                "—" if rate is None else linked(i18n.percent(rate), handled),
                className="r hp-mut" if rate is None else "r",
            ),
        ]
    )
