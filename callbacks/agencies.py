"""What the agency directory does: the window of an agency opens; rows come by `/agencies/rows`.

The search, its way into the address, the list and the age of the data are in `assets/20-agencies.js`.
"""

import re

from dash import Input, Output, State, no_update
from dash.development.base_component import Component

from portal import ids
from portal.context import services
from portal.dash_app import PortalDash
from portal.i18n import _
from portal.ui import agencies as ui
from portal.ui.details import missing_details
from portal.ui.words import advice
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.calls import AgenciesNotRead, AgencyDirectory, NotConfigured
from services.errors import UpstreamError
from services.live import Topic

_ID = re.compile("[1-9][0-9]{0,17}")


def register(app: PortalDash) -> None:
    """Register the directory's behaviours on `app`."""
    app.in_browser(
        "agencies",
        "attach",
        Output(ids.AGENCIES_GRID, "getRowsResponse"),
        Input(ids.AGENCIES_GRID, "getRowsRequest"),
    )
    app.in_browser(
        "agencies",
        "changed",
        Output(ids.AGENCIES_SEEN, "data"),
        Input(ids.topic(Topic.AGENCIES), "data"),
        Input(ids.topic(Topic.SOURCES), "data"),
        prevent_initial_call=True,
    )
    app.in_browser(
        "agencies",
        "opened",
        Output(ids.AGENCIES_OPEN, "data"),
        Input(ids.AGENCIES_DETAILS, "is_open"),
        State(ids.AGENCIES_OPEN, "data"),
        prevent_initial_call=True,
    )
    app.on(
        Right.MOSCOW,
        Output(ids.AGENCIES_DETAILS_CONTENT, "children"),
        Output(ids.AGENCIES_DETAILS, "is_open"),
        Input(ids.AGENCIES_OPEN, "data"),
        Input(ids.topic(Topic.AGENCIES), "data"),
    )(open_details)


def open_details(opened: object, _version: int) -> tuple[list[Component] | object, bool]:
    """Show the agency whose id was opened, and again when the directory changed."""
    # What comes from the browser may be anything.
    if not isinstance(opened, str) or not _ID.fullmatch(opened):
        return no_update, False
    try:
        shown = _details(services().agencies, int(opened))
    except UpstreamError as error:
        why = advice(CALL_CENTRE, error.reason)
        shown = _missing(f"{why.what}. {why.do}")
    except AgenciesNotRead:
        shown = _missing(_("The agencies are being read for the first time. Try again in a few seconds."))
    except NotConfigured:
        shown = _missing(_("The call database is not configured."))
    return shown, True


def _details(directory: AgencyDirectory, agency_id: int) -> list[Component]:
    details = directory.details(agency_id)
    if details is None:
        return _missing(_("There is no agency no. {id} to show.", id=agency_id))
    return ui.agency_details(details, directory.calls(agency_id), directory.zone)


def _missing(text: str) -> list[Component]:
    return missing_details(text, modal=ids.AGENCIES_DETAILS)
