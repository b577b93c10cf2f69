"""What the reader must know before reading the figures: what is missing in them, and why."""

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import banner
from portal.ui.calls import problem_banner
from portal.ui.statistics.bar import period_words
from portal.ui.statistics.shown import Shown
from services.calls import SOURCE


def notices(shown: Shown) -> list[Component]:
    """Days that are not counted, a source that gives no answer, a period without calls."""
    coverage = shown.report.coverage
    said: list[Component] = []
    # While the source is silent the banner of the page says so: one banner a cause.
    if coverage.problem is not None and shown.is_current:
        said.append(problem_banner(coverage.problem, SOURCE))
    if coverage.unknown_days:
        said.append(banner("info", "hourglass-split", _uncounted(coverage.unknown_days)))
    elif shown.report.total.calls == 0:
        words = _("{days}: no calls. The zeros are counted.", days=period_words(shown.period))
        said.append(banner("info", "info-circle-fill", words))
    return said


def _uncounted(days: int) -> list[Component | str]:
    return [
        html.B(i18n.plural("{n} day is not counted yet.", "{n} days are not counted yet.", days)),
        " ",
        _("Their calls are missing in the figures. Counting goes on by itself."),
    ]
