"""The figures over the calls that are asked for: totals, curators, themes, agencies, hours of the day."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import Content, data, kpi
from portal.ui.card import duration_words
from portal.ui.card import shown as legible
from portal.ui.states import empty
from portal.ui.vilnius.calls import NOTHING, curator_words
from portal.vilnius_query import WITHOUT
from services.telephony import AgencyTally, CentreStatistics, CuratorTally, Tally, ThemeTally

#: Hours that are shown even when nobody called.
WORKING_HOURS = (9, 18)


def statistics(figures: CentreStatistics) -> list[Component]:
    """All parts; where no call is, that alone is said."""
    if not figures.total.calls:
        return [
            empty("bar-chart", _("There are no calls to count"), _("Choose other days, or drop a condition."))
        ]
    return [
        html.Div(_kpis(figures.total), className="hp-kpis hp-vilnius-kpis"),
        html.Div(
            [
                _part(_("Curators"), _named_table(_("Curator"), map(_curator, figures.curators))),
                _part(_("Themes"), _named_table(_("Theme"), map(_theme, figures.themes))),
                _part(_("Agencies"), _agencies(figures)),
                _part(_("Hours of the day"), _hours(figures.hours)),
            ],
            className="hp-vilnius-tables",
        ),
    ]


def _kpis(total: Tally) -> list[Component]:
    return [
        kpi(
            _("Calls"),
            i18n.number(total.calls),
            "",
            definition=_("Calls of the register that fit the filter, by the time they began."),
        ),
        kpi(
            _("With an agency"),
            _share(total.agency_share),
            _("{part} of {all}", part=i18n.number(total.with_agency), all=i18n.number(total.calls)),
            definition=_("Calls of a number that belongs to an agency."),
        ),
        kpi(
            _("Answered"),
            _share(total.answered_share),
            _("{part} of {all}", part=i18n.number(total.answered), all=i18n.number(total.told))
            if total.told
            else _("the platform does not tell"),
            definition=_("Calls somebody answered, among those of which the platform told it."),
        ),
        kpi(
            _("Mean duration"),
            _mean(total),
            _("{n} without a known end", n=i18n.number(total.calls - total.timed))
            if total.calls > total.timed
            else _("all ends are known"),
            definition=_("From begin to end of the calls whose end is known."),
        ),
    ]


def _part(title: str, table: Component) -> Component:
    return html.Section([html.H3(title), table], className="hp-vilnius-part")


_Line = tuple[Content, Tally]


def _named_table(name: str, lines: Iterable[_Line]) -> Component:
    heads = [
        html.Th(name, scope="col"),
        html.Th(_("Calls"), scope="col", className="r"),
        html.Th(_("With an agency"), scope="col", className="r"),
        html.Th(_("Answered"), scope="col", className="r"),
        html.Th(_("Mean duration"), scope="col", className="r"),
    ]
    return html.Table(
        [html.Thead(html.Tr(heads)), html.Tbody([_line(label, tally) for label, tally in lines])],
        className="hp-table",
    )


def _line(label: Content, tally: Tally) -> Component:
    return html.Tr(
        [
            html.Th(label, scope="row"),
            html.Td(i18n.number(tally.calls), className="r"),
            html.Td(_share(tally.agency_share), className="r"),
            html.Td(_share(tally.answered_share), className="r"),
            html.Td(_mean(tally), className="r"),
        ]
    )


def _curator(one: CuratorTally) -> _Line:
    words = curator_words(one.curator)
    return _filter(words, curator=one.curator or WITHOUT), one.tally


def _theme(one: ThemeTally) -> _Line:
    words = legible(one.theme) if one.theme else _("theme not chosen")
    return _filter(words, theme=one.theme or WITHOUT), one.tally


def _agencies(figures: CentreStatistics) -> Component:
    lines = [_agency(one) for one in figures.agencies]
    rest = figures.others
    if rest:
        words = i18n.plural("{n} more agency", "{n} more agencies", len(rest))
        lines.append((html.Span(words, className="hp-mut"), sum(rest, Tally())))
    return _named_table(_("Agency"), lines)


def _agency(one: AgencyTally) -> _Line:
    if one.agency_id is None:
        return html.Span(_("agency not found"), className="hp-mut"), one.tally
    words = legible(one.name) if one.name else _("Agency No. {id}", id=one.agency_id)
    return _filter(words, agency=str(one.agency_id)), one.tally


def _filter(words: str, **condition: str) -> Component:
    """A name that shows its calls when it is pressed."""
    return html.Button(
        words,
        type="button",
        className="hp-number hp-trunc",
        title=_("Show the calls: {words}", words=words),
        **data(view="calls", **condition),
    )


def _hours(hours: Sequence[Tally]) -> Component:
    busy = [hour for hour, tally in enumerate(hours) if tally.calls]
    shown = range(min([*busy, WORKING_HOURS[0]]), max([*busy, WORKING_HOURS[1]]) + 1)
    most = max(tally.calls for tally in hours) or 1
    heads = [
        html.Th(_("Hour"), scope="col"),
        html.Th(_("Calls"), scope="col", colSpan="2"),
        html.Th(_("Mean duration"), scope="col", className="r"),
    ]
    return html.Table(
        [
            html.Thead(html.Tr(heads)),
            html.Tbody([_hour(hour, hours[hour], most) for hour in shown]),
        ],
        className="hp-table hp-by-hour",
    )


def _hour(hour: int, tally: Tally, most: int) -> Component:
    bar = html.Span(html.Span(style={"width": f"{100 * tally.calls / most:.1f}%"}), className="t")
    return html.Tr(
        [
            html.Th(f"{hour}:00", scope="row"),
            html.Td(bar, className="hp-hour-bar"),
            html.Td(i18n.number(tally.calls), className="r"),
            html.Td(_mean(tally), className="r"),
        ]
    )


def _share(share: float | None) -> str:
    return NOTHING if share is None else i18n.percent(share)


def _mean(tally: Tally) -> str:
    mean = tally.mean_seconds
    return NOTHING if mean is None else duration_words(timedelta(seconds=mean))
