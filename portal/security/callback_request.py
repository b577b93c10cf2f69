"""Refuses callback requests that have not the shape the callback was registered with.

Dash trusts its own script and fails with an error of the server on anything else. Values are not looked at:
they are the callback's own matter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dash.dependencies import DashDependency
from flask import Flask, request
from werkzeug.exceptions import BadRequest

from portal.security.guard import CALLBACK_ENDPOINT

Registered = Mapping[str, Mapping[str, Any]]


def install(server: Flask, callbacks: Registered) -> None:
    """Check what the guard let pass; `callbacks` is Dash's map by output, filled by the first request."""

    def check() -> None:
        if request.endpoint == CALLBACK_ENDPOINT:
            body = request.get_json()
            if not _fits(body, callbacks[body["output"]]):
                raise BadRequest

    server.before_request(check)


def _fits(body: Mapping[str, Any], callback: Mapping[str, Any]) -> bool:
    changed = body.get("changedPropIds", [])
    return (
        isinstance(changed, list)
        and all(isinstance(name, str) for name in changed)
        and _are(body.get("inputs"), _pairs(callback["inputs"]))
        and _are(body.get("state", []), _pairs(callback["state"]))
        and _are_outputs(body.get("outputs"), callback["output"])
    )


def _are_outputs(given: object, registered: DashDependency | Sequence[DashDependency]) -> bool:
    if isinstance(registered, DashDependency):
        return _are([given], _pairs([registered.to_dict()]))
    return _are(given, _pairs([output.to_dict() for output in registered]))


def _pairs(registered: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    return [(one["id"], one["property"]) for one in registered]


def _are(given: object, expected: Sequence[tuple[str, str]]) -> bool:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        return False
    return [(one.get("id"), one.get("property")) for one in given] == list(expected)
