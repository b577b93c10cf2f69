"""The centre's page for its script: the board, the rows of the register, figures, what Oracle refused.

Everybody with the same rights sees the same, so each answer is drawn once. Query, but for the board: what is
asked of the register (`portal.vilnius_query`).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import orjson
from flask import Blueprint, Response, request, stream_with_context

from portal.card_pages import address_of, telephony
from portal.context import current_person, services
from portal.csv_file import csv_pieces
from portal.i18n import _
from portal.routes.errors import answer
from portal.routes.query import count_of
from portal.security.needs import needs
from portal.shared_answers import shared
from portal.ui.tree import tree
from portal.ui.vilnius import board as ui_board
from portal.ui.vilnius.outbox import Delivered, outbox
from portal.ui.vilnius.register import file_head, file_line, nothing_found, period_words, row
from portal.ui.vilnius.statistics import statistics
from portal.vilnius_delivery import PATH, delivery
from portal.vilnius_query import VilniusQuery, days_of, parse, wider
from services.accounts import Right
from services.calls import FilterFault, InvalidFilter
from services.telephony import LARGEST_PAGE, Call, ListedCall, NotConfigured, RegisterSlice

bp = Blueprint("vilnius", __name__, url_prefix=PATH)


@bp.get("/board")
@needs(Right.VILNIUS)
@shared()
def board() -> Response:
    """Answer the present moment. JSON: `parts`, nodes of `portal.ui.tree` by the id of their place."""
    known = telephony()
    fares = delivery(services(), known, may_decide=_is_admin())
    shown = ui_board.Shown(known.centre.board(), fares, known.rules.zone, _card_of)
    return _json(
        {"parts": {"vilnius-chip": tree(ui_board.chip(shown)), "vilnius-board": tree(ui_board.board(shown))}}
    )


@bp.get("/rows")
@needs(Right.VILNIUS)
@shared()
def rows() -> Response:
    """Answer one block of the register.

    Query besides: `offset`, `limit`, `until` (the highest id of the reader's view). JSON: `rows`, `total`,
    `latest` (the highest id of any call), `period` (in words), `nothing` (what stands in place of rows, or
    null: `title`, `text`, `reach` and `button` where another period has some).
    """
    centre, zone = telephony().centre, telephony().rules.zone
    asked = parse(request.args, centre.today)
    part = RegisterSlice(
        offset=count_of("offset", 0),
        limit=min(count_of("limit", 100), LARGEST_PAGE),
        until_id=count_of("until", 0) or None,
    )
    found = centre.search(asked.register, part)
    return _json(
        {
            "rows": [_row(one, zone, centre.today) for one in found.calls],
            "total": found.total,
            "latest": found.latest_id,
            "period": period_words(asked),
            "nothing": None if found.total else _nothing(asked),
        }
    )


@bp.get("/statistics")
@needs(Right.VILNIUS)
@shared()
def figures() -> Response:
    """Answer the figures over the calls that are asked for. JSON: `parts`, `period`."""
    centre = telephony().centre
    asked = parse(request.args, centre.today)
    shown = statistics(centre.statistics(asked.register))
    return _json({"parts": {"vilnius-figures": tree(shown)}, "period": period_words(asked)})


@bp.get("/entries")
@needs(Right.ADMIN)
@shared()
def entries() -> Response:
    """Answer what Oracle refused and in what ledger and register differ. JSON: `parts`."""
    known = telephony()
    waiting = known.outbox.waiting()
    state = Delivered(
        refused=known.outbox.refused(),
        differences=known.outbox.differences(),
        freshness=known.outbox.freshness(),
        waiting=waiting.count,
        oldest_at=waiting.oldest_at,
        zone=known.rules.zone,
    )
    return _json({"parts": {"vilnius-entries": tree(outbox(state))}})


@bp.get("/export.csv")
@needs(Right.VILNIUS)
def export() -> Response:
    """Stream all calls that are asked for as CSV that opens in Excel."""
    known = telephony()
    asked = parse(request.args, known.centre.today)
    calls = known.centre.stream(asked.register)
    period = asked.register.period
    days = (
        "" if period is None else f"-{period.first}" if period.days == 1 else f"-{period.first}-{period.last}"
    )
    return Response(
        stream_with_context(csv_pieces(_lines(calls))),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="vilnius{days}.csv"',
            "X-Accel-Buffering": "no",
        },
    )


@bp.errorhandler(InvalidFilter)
def bad_filter(error: InvalidFilter) -> Response:
    """What cannot be asked is the asker's mistake."""
    words = {
        FilterFault.TOO_BROAD: _("The text fits too many names: type more of it."),
        FilterFault.EMPTY: _("Type a number, or a part of a name."),
    }.get(error.code) or _("The condition “{field}” is not valid.", field=error.field)
    return answer(400, words, field=error.field, code=error.code)


@bp.errorhandler(NotConfigured)
def not_configured(_error: NotConfigured) -> Response:
    """There is no telephony in the settings."""
    return answer(404, _("Telephony is not configured."))


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json")


def _is_admin() -> bool:
    person = current_person()
    return person is not None and person.may(Right.ADMIN)


def _card_of(call: Call) -> str | None:
    """Where the card of a call is; other programs' calls have none."""
    return None if call.token is None else address_of(call)


def _row(one: ListedCall, zone: ZoneInfo, today: date) -> dict[str, object]:
    return row(one, zone=zone, today=today) | {"card": _card_of(one.call)}


def _nothing(asked: VilniusQuery) -> dict[str, object]:
    """What is said where no call matches, with how many another period has."""
    centre = telephony().centre
    reach = wider(asked, centre.today)
    found = 0
    if reach is not None:
        found = centre.count(replace(asked.register, period=days_of(reach, centre.today)))
    said = nothing_found(asked, reach, found)
    return {"title": said.title, "text": said.text, "reach": said.wider, "button": said.button}


def _lines(calls: Iterator[ListedCall]) -> Iterator[list[str | int]]:
    zone = telephony().rules.zone
    yield file_head()
    for one in calls:
        yield file_line(one, zone)
