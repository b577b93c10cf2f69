"""What the JSON routes for other pages and scripts have in common: ids, shapes of answers, their age."""

import re
from collections.abc import Mapping

import orjson
from flask import Response

from portal.routes.openapi import refusal
from services.calls import FilterFault, Freshness, InvalidFilter

AS_OF_HEADER = "X-Data-As-Of"
PROBLEM_HEADER = "X-Data-Problem"

FRESHNESS_HEADERS = {
    AS_OF_HEADER: "When the call-centre database last confirmed all of this, ISO 8601; absent when unknown",
    PROBLEM_HEADER: "Why the answer is not current, as a code; absent when it is",
}
SOURCE_DOWN = refusal("The call-centre database cannot be reached and nothing is known, or is not configured")
BAD_ID = refusal("The id is malformed")

_ID = re.compile(r"0|[1-9][0-9]{0,18}")
_LARGEST_ID = 2**63 - 1
ID_SCHEMA: Mapping[str, object] = {"type": "integer", "minimum": 0, "maximum": _LARGEST_ID}


def id_of(text: str, name: str) -> int:
    """An id in the path; 0, the centre's "none", is one that nobody has.

    Raises:
        InvalidFilter: it is no number, or larger than any id.
    """
    if not _ID.fullmatch(text):
        raise InvalidFilter(name, FilterFault.UNKNOWN)
    if int(text) > _LARGEST_ID:
        raise InvalidFilter(name, FilterFault.OUT_OF_RANGE)
    return int(text)


def json_answer(body: Mapping[str, object]) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json")


def dated(response: Response, freshness: Freshness) -> Response:
    """Say how old the answer is: nothing in the body may change for old callers."""
    if freshness.as_of is not None:
        response.headers[AS_OF_HEADER] = freshness.as_of.isoformat()
    if freshness.problem is not None:
        response.headers[PROBLEM_HEADER] = freshness.problem.reason
    return response
