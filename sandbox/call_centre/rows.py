"""Turns planned calls into rows of the call-centre database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.call_centre.plans import CallPlan, NewCard, NewProcessing
from sandbox.call_centre.schema import CallEnd

Row = dict[str, Any]
#: Stores a row in the named table and returns the id it got.
Store = Callable[[str, Row], int]


def card_id(card: int | NewCard | None, store: Store) -> int | None:
    """What `calls.card_id` holds; a new caller gets a telephone and a card first."""
    if not isinstance(card, NewCard):
        return card
    telephone_id = card.telephone_id
    if card.number is not None:
        telephone_id = store("telephone", {"number": card.number, "comment": card.comment})
    return store("cards", {"telephone_id": telephone_id})


def processing_id(processing: int | NewProcessing | None, begun: datetime, store: Store) -> int | None:
    """What `calls.privat_processing_id` holds; rings and client card are stored first."""
    if not isinstance(processing, NewProcessing):
        return processing
    ring_ids = [
        store(
            "calls_result",
            {
                "telephone_id": ring.telephone_id,
                "datetime": (begun + ring.after).replace(microsecond=0),
                "result": ring.result,
            },
        )
        for ring in processing.rings
    ]
    return store(
        "privat_processing",
        {
            "calls_results_ids": _joined(processing, ring_ids),
            "client_name_id": processing.client_name_id,
            "manager_name_id": processing.manager_name_id,
            "client_city_id": processing.client_city_id,
            "country_id": processing.country_id,
            "metro_id": processing.metro_id,
            "ads_id": processing.ads_id,
        },
    )


def end_columns(plan: CallPlan, talk: timedelta, call_end: CallEnd) -> Row:
    """How the end of a call is noted, where an installation notes it at all."""
    if call_end is CallEnd.DURATION:
        return {"duration": int(talk.total_seconds())}
    if call_end is CallEnd.MOMENT:
        return {"datetime_end": plan.begun + talk}
    return {}


def _joined(processing: NewProcessing, ring_ids: Sequence[int]) -> str | None:
    if processing.joined is None:
        return None
    return processing.joined.replace("{0}", processing.bar.join(map(str, ring_ids)))
