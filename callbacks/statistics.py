"""What the statistics page does: everything happens in `assets/20-statistics.js`, by `/statistics/parts`."""

from dash import Input, Output

from portal import ids
from portal.dash_app import PortalDash
from services.live import Topic


def register(app: PortalDash) -> None:
    """Register the statistics' behaviours on `app`."""
    app.in_browser(
        "statistics",
        "refresh",
        Output(ids.STATISTICS_MONTHS_DATA, "data"),
        Input(ids.STATISTICS_QUERY, "data"),
        Input(ids.topic(Topic.STATISTICS), "data"),
        Input(ids.topic(Topic.SOURCES), "data"),
        Input(ids.FRAME_TICK, "n_intervals"),
    )
    app.in_browser(
        "plot",
        "figure",
        Output(ids.STATISTICS_MONTHS, "figure"),
        Input(ids.STATISTICS_MONTHS_DATA, "data"),
        Input(ids.FRAME_THEME, "data"),
    )
