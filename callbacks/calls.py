"""What the call log does: figures and bars follow filter and time, modals open, rows come by `/calls/rows`.

The grid, the filter's way into the address and the live arrival are in `assets/20-calls.js`.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from dash import Input, Output, State, no_update
from dash.development.base_component import Component

from portal import i18n, ids
from portal.calls_query import is_narrowed, parse
from portal.context import services
from portal.dash_app import PortalDash
from portal.i18n import _
from portal.ui import calls as ui
from portal.ui.states import failed
from portal.ui.words import advice
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.calls import CallFilter, CallLog, CallSummary, InvalidFilter, NotConfigured
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
        Output(ids.CALLS_FIGURES, "children"),
        Output(ids.CALLS_OPERATORS, "children"),
        Output(ids.CALLS_OPERATOR_COUNT, "children"),
        Output(ids.CALLS_HOURS_DATA, "data"),
        Output(ids.CALLS_HOURS_LEGEND, "children"),
        Output(ids.CALLS_NOTICE, "children"),
        Output(ids.CALLS_EXPORT_LABEL, "children"),
        Output(ids.CALLS_TODAY, "data"),
        Output(ids.CALLS_PERIOD_LABEL, "children"),
        Output(ids.CALLS_OPERATOR, "options"),
        Input(ids.CALLS_FILTER, "data"),
        Input(ids.topic(Topic.CALLS), "data"),
        Input(ids.topic(Topic.SOURCES), "data"),
        Input(ids.CALLS_REFRESH, "n_clicks"),
        State(ids.CALLS_OPERATOR, "options"),
    )(refresh_figures)
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
        Input(ids.CALLS_TODAY, "data"),
        State(ids.CALLS_FILTER, "data"),
        prevent_initial_call=True,
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
        prevent_initial_call=True,
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


def refresh_figures(
    query: Mapping[str, str] | None, _calls: int, _sources: int, _clicks: int | None, options: object
) -> tuple[object, ...]:
    """Draw figures, bars and chart again; in place of the rows, say why there are none."""
    log = services().calls
    today = log.today()
    given = query or {}
    try:
        chosen = parse(given, today)
        summary = log.summary(chosen)
    except InvalidFilter as error:
        words = _("The condition “{field}” is not valid.", field=error.field)
        return _nothing_known(failed(_("This filter cannot be answered"), words), today)
    except NotConfigured:
        words = _("An administrator names it in the section [call_centre] of the configuration.")
        return _nothing_known(failed(_("The call database is not configured."), words), today)
    except UpstreamError as error:
        why = advice(CALL_CENTRE, error.reason)
        return _nothing_known(failed(why.what, why.do), today)
    now = datetime.now(log.zone)
    single_day = chosen.first == chosen.last
    operator = given.get("operator", "")
    offered = ui.operator_options(summary.operators, operator)
    until = now if chosen.last == today and single_day else None
    return (
        ui.figures(summary, single_day=single_day, until=until),
        ui.operator_bars(summary.operators, operator),
        i18n.number(len(summary.operators)),
        ui.hours_figure(summary, now.hour if until else None),
        ui.hours_legend(summary, is_today=until is not None),
        _notice(chosen, summary, given, today),
        i18n.plural("CSV, {n} row", "CSV, {n} rows", summary.total),
        today.isoformat(),
        _period_words(chosen, today),
        # The same choices again would disturb somebody who has the list open.
        no_update if offered == options else offered,
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
        shown = ui.missing_details(f"{why.what}. {why.do}")
    except NotConfigured:
        shown = ui.missing_details(_("The call database is not configured."))
    return shown, True


def _card(log: CallLog, call_id: int) -> list[Component]:
    card = log.client_card(call_id)
    if card is None:
        return ui.missing_details(_("Call {id} has no client card.", id=call_id))
    return ui.client_card(card, log.zone)


def _agency(log: CallLog, call_id: int) -> list[Component]:
    agency = log.agency_of_call(call_id)
    if agency is None:
        return ui.missing_details(_("No agency is known for call {id}.", id=call_id))
    return ui.agency_info(agency, call_id, log.zone)


def _notice(
    chosen: CallFilter, summary: CallSummary, given: Mapping[str, str], today: date
) -> list[Component]:
    shown: list[Component] = []
    # While the source is silent the banner of the page says so: one banner a cause.
    is_silent = not services().live.snapshot().source(CALL_CENTRE).is_current
    if summary.freshness.problem is not None and not is_silent:
        shown.append(ui.problem_banner(summary.freshness.problem, CALL_CENTRE))
    if summary.total == 0:
        period = _period_words(chosen, today)
        is_over = chosen.last < today
        shown.append(ui.empty_filter() if is_narrowed(given) else ui.empty_day(period, is_over=is_over))
    return shown


def _nothing_known(notice: Component, today: date) -> tuple[object, ...]:
    """The page without data: no figure is invented."""
    return ([], [], "", None, [], notice, _("CSV"), today.isoformat(), no_update, no_update)


def _period_words(chosen: CallFilter, today: date) -> str:
    if chosen.first != chosen.last:
        return f"{i18n.short_day(chosen.first)} – {i18n.short_day(chosen.last)}"
    named = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}.get(chosen.first)
    day = i18n.day(chosen.first) if chosen.first.year == today.year else i18n.short_day(chosen.first)
    return f"{named}, {day}" if named else day
