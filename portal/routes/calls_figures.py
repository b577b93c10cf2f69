"""What stands around the call log's rows: figures, operator bars, hours; without rows, why there are none."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from dash.development.base_component import Component
from flask import Blueprint, Response, request

from portal import i18n, ids
from portal.calls_query import is_narrowed, parse
from portal.context import services
from portal.drawing import Parts, drawn
from portal.i18n import _
from portal.security.needs import needs
from portal.shared_answers import shared
from portal.ui import calls as ui
from portal.ui.states import failed
from portal.ui.words import Advice, advice
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.calls import CallFilter, CallSummary, InvalidFilter, NotConfigured
from services.errors import Reason, UpstreamError

bp = Blueprint("calls_figures", __name__)

#: Reasons that keep the figures of many calls away, but seldom their rows.
_FIGURES_ALONE = frozenset({Reason.TOO_SLOW, Reason.OVERLOADED})


@bp.get("/calls/figures")
@needs(Right.MOSCOW)
@shared()
def figures() -> Response:
    """Draw the parts for the filter in the query (portal.calls_query); a refusal says why in its notice."""
    today = services().calls.today()
    try:
        return drawn(_parts(request.args, today))
    except InvalidFilter as error:
        words = _("The condition “{field}” is not valid.", field=error.field)
        return drawn(_nothing_known(failed(_("This filter cannot be answered"), words), today), 400)
    except NotConfigured:
        words = _("An administrator names it in the section [call_centre] of the configuration.")
        return drawn(_nothing_known(failed(_("The call database is not configured."), words), today), 503)
    except UpstreamError as error:
        why = advice(CALL_CENTRE, error.reason)
        if error.reason in _FIGURES_ALONE:
            # Too slow today is too slow for the next reader too; a queue is over in a moment.
            status = 200 if error.reason is Reason.TOO_SLOW else 503
            return drawn(_figures_unknown(why, request.args, today), status)
        return drawn(_nothing_known(failed(why.what, why.do), today), 503)


def _parts(query: Mapping[str, str], today: date) -> Parts:
    log = services().calls
    chosen = parse(query, today)
    summary = log.summary(chosen)
    now = datetime.now(log.zone)
    single_day = chosen.first == chosen.last
    operator = query.get("operator", "")
    until = now if chosen.last == today and single_day else None
    return {
        ids.CALLS_FIGURES: {"children": ui.figures(summary, single_day=single_day, until=until)},
        ids.CALLS_OPERATORS: {"children": ui.operator_bars(summary.operators, operator)},
        ids.CALLS_OPERATOR_COUNT: {"children": ui.operator_count(summary.operators)},
        ids.CALLS_OPERATOR: {"options": ui.operator_options(summary.operators, operator)},
        ids.CALLS_HOURS_DATA: {"data": ui.hours_figure(summary, now.hour if until else None)},
        ids.CALLS_HOURS_LEGEND: {"children": ui.hours_legend(summary, is_today=until is not None)},
        ids.CALLS_NOTICE: {"children": _notice(chosen, summary, query, today)},
        ids.CALLS_EXPORT_LABEL: {"children": i18n.plural("CSV, {n} row", "CSV, {n} rows", summary.total)},
        ids.CALLS_PERIOD_LABEL: {"children": _period_words(chosen, today)},
        ids.CALLS_TODAY: {"data": today.isoformat()},
    }


def _notice(
    chosen: CallFilter, summary: CallSummary, query: Mapping[str, str], today: date
) -> list[Component]:
    shown: list[Component] = []
    # While the source is silent the banner of the page says so: one banner a cause.
    is_silent = not services().live.snapshot().source(CALL_CENTRE).is_current
    if summary.freshness.problem is not None and not is_silent:
        shown.append(ui.problem_banner(summary.freshness.problem, CALL_CENTRE))
    if summary.total == 0:
        period = _period_words(chosen, today)
        is_over = chosen.last < today
        shown.append(ui.empty_filter() if is_narrowed(query) else ui.empty_day(period, is_over=is_over))
    return shown


def _nothing_known(notice: Component, today: date) -> Parts:
    """The page without data: no figure is invented."""
    return {
        ids.CALLS_FIGURES: {"children": []},
        ids.CALLS_OPERATORS: {"children": []},
        ids.CALLS_OPERATOR_COUNT: {"children": ""},
        ids.CALLS_HOURS_DATA: {"data": ui.uncounted_hours()},
        ids.CALLS_HOURS_LEGEND: {"children": []},
        ids.CALLS_NOTICE: {"children": notice},
        ids.CALLS_EXPORT_LABEL: {"children": _("CSV")},
        ids.CALLS_TODAY: {"data": today.isoformat()},
    }


def _figures_unknown(why: Advice, query: Mapping[str, str], today: date) -> Parts:
    """The figures cannot be had, which says nothing about the rows."""
    chosen = parse(query, today)
    unknown = ui.uncounted_figures(f"{why.what}. {why.do}", single_day=chosen.first == chosen.last)
    return {
        ids.CALLS_FIGURES: {"children": unknown},
        ids.CALLS_OPERATORS: {"children": ui.operator_bars(None, "")},
        ids.CALLS_OPERATOR_COUNT: {"children": ui.operator_count(None)},
        ids.CALLS_HOURS_DATA: {"data": ui.uncounted_hours()},
        ids.CALLS_HOURS_LEGEND: {"children": _("not counted")},
        ids.CALLS_NOTICE: {"children": []},
        ids.CALLS_EXPORT_LABEL: {"children": _("CSV")},
        ids.CALLS_PERIOD_LABEL: {"children": _period_words(chosen, today)},
        ids.CALLS_TODAY: {"data": today.isoformat()},
    }


def _period_words(chosen: CallFilter, today: date) -> str:
    if chosen.first != chosen.last:
        return f"{i18n.short_day(chosen.first)} – {i18n.short_day(chosen.last)}"
    named = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}.get(chosen.first)
    day = i18n.day(chosen.first) if chosen.first.year == today.year else i18n.short_day(chosen.first)
    return f"{named}, {day}" if named else day
