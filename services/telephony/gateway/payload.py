"""Agencies' cards as JSON text, the way the copy keeps them."""

import json
from dataclasses import asdict

from services.telephony.model import AgencyCard, Contact


def card_to_json(card: AgencyCard) -> str:
    return json.dumps(asdict(card), ensure_ascii=False)


def card_from_json(text: str) -> AgencyCard | None:
    """The card; None when another version of the portal wrote it, whose cards had other fields."""
    fields = json.loads(text)
    try:
        return AgencyCard(
            **fields
            | {
                "managers": tuple(fields["managers"]),
                "contacts": tuple(Contact(**contact) for contact in fields["contacts"]),
            }
        )
    except (KeyError, TypeError):
        return None
