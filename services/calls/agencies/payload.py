"""Agencies of the directory as JSON text, the way the copy keeps them."""

import json

from services.calls.agencies.model import ListedAgency
from services.calls.model import Agency
from services.calls.payload import dumped, phones_of


def listed_to_json(listed: ListedAgency) -> str:
    return dumped(listed)


def listed_from_json(text: str) -> ListedAgency:
    fields = json.loads(text)
    agency = fields["agency"]
    return ListedAgency(
        agency=Agency(**agency | {"phones": phones_of(agency)}),
        hours=fields["hours"],
        numbers=tuple(fields["numbers"]),
    )
