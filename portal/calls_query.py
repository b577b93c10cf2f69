"""The call log's filter as text: in the page's address, in the grid's requests, in the export's link.

Keys: `from`, `to` (YYYY-MM-DD, centre's days; both absent: today), `phone`, `operator` (id or `none`),
`result` (success, failure, other), `type` (code or `unknown`), `card` (1 with, 0 without).
"""

import re
from collections.abc import Mapping
from datetime import date

from portal.ui.phones import readable_number
from services.calls import CallFilter, FilterFault, InvalidFilter, Outcome

KEYS = ("from", "to", "phone", "operator", "result", "type", "card")
NO_OPERATOR = "none"
UNKNOWN_TYPE = "unknown"
#: The choice in a select that filters nothing; it never reaches the query. (A select takes an empty value for
#: "nothing chosen yet" and shows no words.)
ANY = "any"

_WHOLE_NUMBER = re.compile(r"\+7 [0-9]{3} [0-9]{3}-[0-9]{2}-[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,10}")


def parse(query: Mapping[str, str], today: date) -> CallFilter:
    """Read a filter; absent or empty keys filter nothing.

    Raises:
        InvalidFilter: naming the key at fault. A wrong value never means "everything".
    """
    first = _day(query, "from") or _day(query, "to") or today
    operator = query.get("operator", "")
    call_type = query.get("type", "")
    return CallFilter(
        first=first,
        last=_day(query, "to") or first,
        phone=_phone(query.get("phone", "")),
        operator_id=None if operator in ("", NO_OPERATOR) else _number(operator, "operator"),
        no_operator=operator == NO_OPERATOR,
        outcome=_outcome(query.get("result", "")),
        call_type=None if call_type in ("", UNKNOWN_TYPE) else _number(call_type, "type"),
        unknown_type=call_type == UNKNOWN_TYPE,
        with_card=_flag(query.get("card", "")),
    )


def is_narrowed(query: Mapping[str, str]) -> bool:
    """Whether anything beside the period is filtered."""
    return any(query.get(key) for key in KEYS if key not in ("from", "to"))


def _phone(text: str) -> str:
    """A whole Russian number without its +7: in the database it begins with 7 or with 8, as it was typed."""
    shown = readable_number(text) or ""
    return shown.removeprefix("+7 ") if _WHOLE_NUMBER.fullmatch(shown) else shown


def _day(query: Mapping[str, str], key: str) -> date | None:
    text = query.get(key, "")
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise InvalidFilter(key, FilterFault.UNKNOWN)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidFilter(key, FilterFault.UNKNOWN) from error


def _number(text: str, key: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise InvalidFilter(key, FilterFault.UNKNOWN)
    return int(text)


def _outcome(text: str) -> Outcome | None:
    if not text:
        return None
    try:
        return Outcome(text)
    except ValueError as error:
        raise InvalidFilter("result", FilterFault.UNKNOWN) from error


def _flag(text: str) -> bool | None:
    if text not in ("", "0", "1"):
        raise InvalidFilter("card", FilterFault.UNKNOWN)
    return {"": None, "0": False, "1": True}[text]
