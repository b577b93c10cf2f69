"""Client cards and agencies as JSON text, the way the copy keeps them."""

import json
from collections.abc import Sequence
from dataclasses import fields as fields_of
from datetime import datetime
from functools import cache
from typing import Any

from services.calls.model import AgencyInfo, AgencyPhone, ClientCard, Ringing


def card_to_json(card: ClientCard | None) -> str | None:
    return None if card is None else dumped(card)


def card_from_json(text: str) -> ClientCard:
    fields = json.loads(text)
    return ClientCard(**fields | {"at": datetime.fromisoformat(fields["at"])})


def agencies_to_json(agencies: Sequence[AgencyInfo]) -> str | None:
    return dumped(agencies) if agencies else None


def agencies_from_json(text: str) -> tuple[AgencyInfo, ...]:
    return tuple(_agency(fields) for fields in json.loads(text))


def _agency(fields: dict[str, Any]) -> AgencyInfo:
    ringing = fields["ringing"]
    at = ringing["at"]
    return AgencyInfo(
        **fields
        | {
            "phones": phones_of(fields),
            "ringing": Ringing(**ringing | {"at": None if at is None else datetime.fromisoformat(at)}),
        }
    )


def phones_of(agency: dict[str, Any]) -> tuple[AgencyPhone, ...]:
    """The telephones of an agency that was read from JSON."""
    return tuple(AgencyPhone(**phone) for phone in agency["phones"])


def dumped(value: object) -> str:
    """Our dataclasses, nested as they may be, as JSON."""
    # The same value must give the same text: a difference counts as news.
    return json.dumps(value, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: object) -> object:
    """A moment as text, one of our dataclasses as a dictionary: `asdict` would take five times as long."""
    if isinstance(value, datetime):
        return value.isoformat()
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields_of(kind))
