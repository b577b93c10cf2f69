"""What the call log does: modals open; the rest runs in the browser.

Filter, grid and live arrival are in `assets/20-calls.js`. Rows come by `/calls/rows`, what stands around them
by `/calls/figures`.
"""

from dash import Input, Output, State, no_update
from dash.development.base_component import Component

from portal import ids
from portal.context import services
from portal.dash_app import PortalDash
from portal.i18n import _
from portal.ui import calls as ui
from portal.ui.details import missing_details
from portal.ui.words import advice
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.calls import CallLog, NotConfigured
from services.errors import UpstreamError
from services.live import Topic

_CONTROLS = (
    ids.CALLS_FIRST,
    ids.CALLS_LAST,
    ids.CALLS_PHONE,
    ids.CALLS_OPERATOR,
    ids.CALLS_OUTCOME,
    ids.CALLS_TYPE,
    ids.CALLS_CARD,
)


def register(app: PortalDash) -> None:
    """Register the call log's behaviours on `app`."""
    _register_in_browser(app)
    app.on(
        Right.MOSCOW,
        Output(ids.CALLS_DETAILS_CONTENT, "children"),
        Output(ids.CALLS_DETAILS, "is_open"),
        Input(ids.CALLS_OPEN, "data"),
    )(open_details)


def _register_in_browser(app: PortalDash) -> None:
    app.in_browser(
        "calls",
        "filter",
        Output(ids.CALLS_FILTER, "data"),
        Output(ids.CALLS_EXPORT, "href"),
        *[Input(control, "value") for control in _CONTROLS],
        Input(ids.CALLS_CONDITIONS, "data"),
        Input(ids.CALLS_TODAY, "data"),
        State(ids.CALLS_FILTER, "data"),
        prevent_initial_call=True,
    )
    app.in_browser(
        "calls",
        "chips",
        Output(ids.CALLS_CHIPS, "children"),
        Input(ids.CALLS_CONDITIONS, "data"),
        State(ids.CALLS_CHIPS, "children"),
    )
    app.in_browser(
        "calls",
        "step",
        Output(ids.CALLS_FIRST, "value"),
        Output(ids.CALLS_LAST, "value"),
        Input(ids.CALLS_PREVIOUS, "n_clicks"),
        Input(ids.CALLS_NEXT, "n_clicks"),
        Input(ids.CALLS_SHOW_TODAY, "n_clicks"),
        State(ids.CALLS_FIRST, "value"),
        State(ids.CALLS_LAST, "value"),
        State(ids.CALLS_TODAY, "data"),
        prevent_initial_call=True,
    )
    app.in_browser(
        "calls",
        "attach",
        Output(ids.CALLS_GRID, "getRowsResponse"),
        Input(ids.CALLS_GRID, "getRowsRequest"),
        State(ids.CALLS_FILTER, "data"),
        State(ids.CALLS_TODAY, "data"),
    )
    app.in_browser(
        "calls",
        "changed",
        Output(ids.CALLS_REFRESH, "disabled"),
        Input(ids.CALLS_FILTER, "data"),
        Input(ids.topic(Topic.CALLS), "data"),
        Input(ids.topic(Topic.SOURCES), "data"),
        Input(ids.CALLS_REFRESH, "n_clicks"),
        State(ids.CALLS_TODAY, "data"),
    )
    app.in_browser(
        "calls",
        "opened",
        Output(ids.CALLS_OPEN, "data"),
        Input(ids.CALLS_DETAILS, "is_open"),
        State(ids.CALLS_OPEN, "data"),
        prevent_initial_call=True,
    )
    app.in_browser(
        "plot",
        "figure",
        Output(ids.CALLS_HOURS, "figure"),
        Input(ids.CALLS_HOURS_DATA, "data"),
        Input(ids.FRAME_THEME, "data"),
    )


def open_details(opened: str | None) -> tuple[list[Component] | object, bool]:
    """Show what `kind:call id` names: `card:17` or `agency:17`."""
    kind, _colon, text = (opened or "").partition(":")
    if kind not in ("card", "agency") or not (text.isascii() and text.isdigit() and len(text) < 19):
        return no_update, False
    log = services().calls
    call_id = int(text)
    try:
        shown = _card(log, call_id) if kind == "card" else _agency(log, call_id)
    except UpstreamError as error:
        why = advice(CALL_CENTRE, error.reason)
        shown = _missing(f"{why.what}. {why.do}")
    except NotConfigured:
        shown = _missing(_("The call database is not configured."))
    return shown, True


def _card(log: CallLog, call_id: int) -> list[Component]:
    card = log.client_card(call_id)
    if card is None:
        return _missing(_("Call {id} has no client card.", id=call_id))
    return ui.client_card(card, log.zone)


def _agency(log: CallLog, call_id: int) -> list[Component]:
    agency = log.agency_of_call(call_id)
    if agency is None:
        return _missing(_("No agency is known for call {id}.", id=call_id))
    return ui.agency_info(agency, call_id, log.zone)


def _missing(text: str) -> list[Component]:
    return missing_details(text, modal=ids.CALLS_DETAILS)
