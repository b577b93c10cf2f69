"""The call log's rows for the grid, its export, and its old address."""

from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
from flask import Blueprint, Response, redirect, request, stream_with_context
from werkzeug.wrappers import Response as BaseResponse

from portal.calls_query import parse
from portal.context import services
from portal.csv_file import csv_pieces
from portal.i18n import _
from portal.routes.errors import answer
from portal.routes.query import count_of
from portal.security.needs import needs
from portal.shared_answers import shared
from portal.ui.calls import operator_words, result_words, row
from portal.ui.phones import readable_number
from portal.ui.words import advice, call_type
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.calls import Call, CallFilter, CallPage, FilterFault, InvalidFilter, NotConfigured, Page
from services.errors import UpstreamError

bp = Blueprint("calls", __name__)

_MAX_BLOCK = 200


@bp.get("/contact-center/moscow")
@needs(Right.MOSCOW)
def old_address() -> BaseResponse:
    """Lead the address people know to the call log."""
    return redirect("/calls", 301)


@bp.get("/calls/rows")
@needs(Right.MOSCOW)
@shared()
def rows() -> Response:
    """Answer one block of the log for the grid.

    Query: the filter (portal.calls_query), `offset`, `limit`, `sort`, `direction` (asc, desc), `until` (the
    id the reader's view is anchored at). JSON: `rows`, `total` (null: counting took too long), `newer`,
    `latest` (highest id that matches), `problem` (words, or null).
    """
    return Response(_rows(datetime.now(UTC)), mimetype="application/json")


@bp.get("/calls/export.csv")
@needs(Right.MOSCOW)
def export() -> Response:
    """Stream all calls under the filter as CSV that opens in Excel: BOM, semicolons for Russian readers."""
    log = services().calls
    chosen = parse(request.args, log.today())
    calls = log.stream(chosen)
    name = (
        f"calls-{chosen.first}.csv"
        if chosen.first == chosen.last
        else f"calls-{chosen.first}-{chosen.last}.csv"
    )
    return Response(
        stream_with_context(csv_pieces(_lines(calls))),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"},
    )


@bp.app_errorhandler(InvalidFilter)
def bad_filter(error: InvalidFilter) -> Response:
    """A filter that cannot be answered is the asker's mistake, whatever route it came by."""
    words = _("The condition “{field}” is not valid.", field=error.field)
    return answer(400, words, field=error.field, code=error.code)


@bp.app_errorhandler(UpstreamError)
def source_down(error: UpstreamError) -> Response:
    """The call-centre database gave no answer, and nothing is known."""
    words = advice(CALL_CENTRE, error.reason)
    return answer(503, f"{words.what}. {words.do}", reason=error.reason)


@bp.app_errorhandler(NotConfigured)
def not_configured(_error: NotConfigured) -> Response:
    """There is no call-centre database in the settings."""
    return answer(503, _("The call database is not configured."))


def _rows(now: datetime) -> bytes:
    log = services().calls
    chosen = parse(request.args, log.today())
    page = _page()
    found = log.page(chosen, page)
    with_day = chosen.first != chosen.last
    return orjson.dumps(
        {
            "rows": [row(call, zone=log.zone, now=now, with_day=with_day) for call in found.calls],
            "total": found.total,
            "newer": found.newer,
            "latest": _latest(chosen, found, page),
            "problem": advice(CALL_CENTRE, found.freshness.problem.reason).what
            if found.freshness.problem
            else None,
        }
    )


def _latest(chosen: CallFilter, found: CallPage, page: Page) -> int:
    """The highest id that matches, which a view that must not move is anchored at; 0 when nothing does."""
    if page.until_id is not None:
        return page.until_id
    if page.sort == "id" and page.descending and page.offset == 0:
        return found.calls[0].id if found.calls else 0
    newest = services().calls.page(chosen, Page(offset=0, limit=1, sort="id", descending=True)).calls
    return newest[0].id if newest else 0


def _page() -> Page:
    direction = request.args.get("direction", "desc")
    if direction not in ("asc", "desc"):
        raise InvalidFilter("direction", FilterFault.UNKNOWN)
    return Page(
        offset=count_of("offset", 0),
        limit=min(count_of("limit", 100), _MAX_BLOCK),
        sort=request.args.get("sort", "time"),
        descending=direction == "desc",
        until_id=count_of("until", 0) or None,
    )


def _lines(calls: Iterator[Call]) -> Iterator[list[str | int]]:
    """The head of the file, and a line for each call."""
    zone, now = services().calls.zone, datetime.now(UTC)
    yield [
        _("No."),
        _("Date"),
        _("Time"),
        _("Phone"),
        _("Operator"),
        _("Result"),
        _("Call type"),
        _("Client card"),
    ]
    for call in calls:
        local = call.at.astimezone(zone)
        yield [
            call.id,
            local.strftime("%d.%m.%Y"),
            local.strftime("%H:%M:%S"),
            readable_number(call.number) or "",
            operator_words(call.operator_id, call.operator) or "",
            result_words(call, now).word,
            call_type(call.call_type),
            _("yes") if call.has_card else _("no"),
        ]
