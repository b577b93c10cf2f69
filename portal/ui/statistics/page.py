"""All parts of the page, by the id of the place they are drawn in."""

from dash import html
from dash.development.base_component import Component

from portal import i18n, ids
from portal.i18n import _
from portal.ui.blocks import Contents, icon
from portal.ui.statistics.bar import chip, filter_bar
from portal.ui.statistics.export_menu import export_menu
from portal.ui.statistics.heat import heat_map
from portal.ui.statistics.hours import hours_table
from portal.ui.statistics.kpis import kpis
from portal.ui.statistics.months import months_legend, months_table, months_title
from portal.ui.statistics.notices import notices
from portal.ui.statistics.operators import operators_table
from portal.ui.statistics.outcomes import outcome_bars, outcomes_table
from portal.ui.statistics.paper import paper_foot, paper_head
from portal.ui.statistics.shown import Shown


def parts(shown: Shown) -> dict[str, Contents]:
    """What each place of the page shows."""
    people = [entry for entry in shown.report.operators if entry.operator_id is not None]
    has_calls = shown.report.total.calls > 0
    return {
        ids.STATISTICS_CHIP: chip(shown),
        ids.STATISTICS_EXPORT: export_menu(shown),
        ids.STATISTICS_NOTICE: notices(shown),
        ids.STATISTICS_BAR: filter_bar(shown),
        ids.STATISTICS_PAPER_HEAD: paper_head(shown),
        ids.STATISTICS_KPIS: kpis(shown),
        ids.STATISTICS_HEAT: heat_map(shown),
        ids.STATISTICS_OPERATOR_COUNT: i18n.plural("{n} person", "{n} people", len(people)),
        ids.STATISTICS_OPERATORS: operators_table(shown) if has_calls else _without_calls(shown),
        ids.STATISTICS_MONTHS_LEGEND: months_legend(shown),
        ids.STATISTICS_MONTHS_TITLE: months_title(shown),
        ids.STATISTICS_MONTHS_TABLE: months_table(shown),
        ids.STATISTICS_OUTCOMES: outcome_bars(shown) if has_calls else _without_calls(shown),
        ids.STATISTICS_OUTCOMES_TABLE: outcomes_table(shown) if has_calls else _without_calls(shown),
        ids.STATISTICS_HOURS: hours_table(shown),
        ids.STATISTICS_PAPER_FOOT: paper_foot(),
    }


def _without_calls(shown: Shown) -> Component:
    if not shown.is_known:
        return html.P([icon("hourglass-split"), " ", _("not counted yet")], className="hp-mut hp-nothing")
    return html.P(_("No calls in the period."), className="hp-mut hp-nothing")
