"""The rows of the agency directory, for its list."""

import orjson
from flask import Blueprint, Response, request

from portal.context import services
from portal.i18n import _
from portal.routes.errors import answer
from portal.routes.query import count_of
from portal.security.needs import needs
from portal.shared_answers import shared
from portal.ui.agencies import found_words, row
from portal.ui.words import advice
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.calls import AgenciesNotRead, AgencySearch

bp = Blueprint("agencies", __name__)

_MAX_BLOCK = 200


@bp.get("/agencies/rows")
@needs(Right.MOSCOW)
@shared()
def rows() -> Response:
    """Answer one block of the agencies that match.

    Query: `search`, `offset`, `limit`. JSON: `rows`, `total`, `known` (all agencies there are), `found` (both
    in words), `as_of` (when the source was looked at, milliseconds since 1970), `problem` (why the rows are
    not current, in words, or null).
    """
    asked = AgencySearch(
        request.args.get("search", ""),
        offset=count_of("offset", 0),
        limit=min(count_of("limit", 100), _MAX_BLOCK),
    )
    page = services().agencies.search(asked)
    freshness = page.freshness
    body = {
        "rows": [row(listed) for listed in page.agencies],
        "total": page.total,
        "known": page.known,
        "found": found_words(page.total, page.known),
        "as_of": None if freshness.as_of is None else round(freshness.as_of.timestamp() * 1000),
        "problem": advice(CALL_CENTRE, freshness.problem.reason).what if freshness.problem else None,
    }
    return Response(orjson.dumps(body), mimetype="application/json")


@bp.app_errorhandler(AgenciesNotRead)
def not_read(_error: AgenciesNotRead) -> Response:
    """The portal has just begun to work with this call centre."""
    return answer(503, _("The agencies are being read for the first time. Try again in a few seconds."))
