"""What only the print view has: which period it is, and what the figures mean."""

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import definitions as definition_list
from portal.ui.statistics.bar import period_words, zone_words
from portal.ui.statistics.definitions import definition
from portal.ui.statistics.shown import Shown


def facts(shown: Shown) -> list[tuple[str, str]]:
    """What a sheet of figures is about, on paper and in files: names and values."""
    known = [(_("Period"), period_words(shown.period))]
    if shown.before is not None:
        known.append((_("Compared with"), period_words(shown.before.period)))
    known.append((_("Time zone"), zone_words(shown.now)))
    coverage = shown.report.coverage
    if coverage.as_of is None:
        known.append((_("Counted"), _("nothing counted yet")))
    else:
        local = coverage.as_of.astimezone(shown.now.tzinfo)
        counted = f"{i18n.short_day(local.date())}, {i18n.clock(local, seconds=True)}"
        known.append((_("Counted"), counted))
    if coverage.unknown_days:
        days = i18n.plural(
            "{n} day is not counted yet.", "{n} days are not counted yet.", coverage.unknown_days
        )
        known.append((_("Missing"), days))
    return known


def paper_head(shown: Shown) -> Component:
    """The period, its zone and age, in one line above the figures."""
    return html.P(" · ".join(f"{name}: {value}" for name, value in facts(shown)))


def paper_foot() -> Component:
    """What the figures mean."""
    terms = [
        (_("Calls"), "calls"),
        (_("Handled"), "handled"),
        (_("Failed calls"), "failed"),
        (_("With client card"), "card"),
        (_("With number"), "identified"),
        (_("Per active hour"), "rate"),
        (_("Sample"), "sample"),
        (_("Call types"), "outcomes"),
    ]
    return html.Div(
        [
            html.H2(_("What the figures mean")),
            definition_list([(term, definition(name)) for term, name in terms]),
        ]
    )
