"""What a request to the telephony routes says: of query, form or JSON, by the platform's names.

Source: the callback interface of the telephony platform. `time` is not part of it; whatever comes under that
name is kept with the event.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Request

from portal.stat_log import shown_address
from services.telephony import EventKind, Report

_KINDS: Mapping[str, EventKind] = {"newcall": EventKind.BEGIN, "endcall": EventKind.END}
_ANSWERED: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes", "y"), True),
    **dict.fromkeys(("0", "false", "no", "n"), False),
}


class UnknownType(ValueError):
    """`type` is none of the interface's: nobody can tell what to register."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A number and, when a call is reported, the event."""

    ani: str
    report: Report | None


def read(asked: Request, number_in_path: str) -> Asked:
    """Understand a request to `tel/`.

    The number is `ani`, else the one in the path. Without a `type` nothing is reported.

    Raises:
        UnknownType: there is a `type`, but not one of the interface.
    """
    said = _said(asked)
    ani = said.get("ani", "") if said.get("ani", "").strip() else number_in_path
    type_ = said.get("type", "").strip().lower()
    if not type_:
        return Asked(ani, None)
    if type_ not in _KINDS:
        raise UnknownType(type_)
    report = Report(
        kind=_KINDS[type_],
        ani=ani,
        curator=said.get("curator_id", ""),
        url=shown_address(),
        address=asked.remote_addr or "",
        call_id=said.get("call_id") or None,
        cause=said.get("cause") or None,
        queue=said.get("queue") or None,
        answered=_ANSWERED.get(said.get("answered", "").strip().lower()),
        platform_time=said.get("time") or None,
    )
    return Asked(ani, report)


def _said(asked: Request) -> dict[str, str]:
    """All values by name; what stands in the address comes before what stands in the body."""
    body = _json(asked) if asked.is_json else {}
    return {**body, **asked.form.to_dict(), **asked.args.to_dict()}


def _json(asked: Request) -> dict[str, str]:
    try:
        body = asked.get_json(silent=True)
    except RecursionError:  # a thousand brackets
        return {}
    if not isinstance(body, dict):
        return {}
    return {
        # JSON may hold halves of characters, which are no text.
        name: str(value).encode(errors="replace").decode()
        for name, value in body.items()
        if isinstance(value, str | int | float)
    }
