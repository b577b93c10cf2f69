"""The page behind an address that does not exist; Dash finds it by this module's name."""

import dash

from portal.dash_app import PortalDash
from portal.ui.states import not_found


def register(_app: PortalDash) -> None:
    """Register with Dash; no room in the navigation, and nothing to guard."""
    dash.register_page(__name__, title="Helpdesk Portal", layout=lambda **_query: not_found())
