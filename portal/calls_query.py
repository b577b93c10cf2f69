"""The call log's filter as text: in the page's address, in the grid's requests, in the export's link.

Keys: `from`, `to` (YYYY-MM-DD, centre's days; both absent: today), `phone`, `operator` (id or `none`),
`result` (success, failure, other, a code from 0 to 6, or `unknown`), `type` (code or `unknown`), `card` (1
with, 0 without), `hour` (0 to 23), `weekday` (1 for Monday to 7 for Sunday), `number` (known, unknown).
"""

import re
from collections.abc import Collection, Mapping
from datetime import date

from portal.ui.phones import readable_number
from services.calls import KNOWN_RESULTS, CallFilter, FilterFault, InvalidFilter, Outcome

KEYS = ("from", "to", "phone", "operator", "result", "type", "card", "weekday", "hour", "number")
NO_OPERATOR = "none"
UNKNOWN_TYPE = "unknown"
UNKNOWN_RESULT = "unknown"
OUTCOMES = frozenset(outcome.value for outcome in Outcome)
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
    first = day_of(query, "from") or day_of(query, "to") or today
    operator = query.get("operator", "")
    call_type = query.get("type", "")
    result = query.get("result", "")
    is_code = result not in ("", UNKNOWN_RESULT, *OUTCOMES)
    return CallFilter(
        first=first,
        last=day_of(query, "to") or first,
        phone=_phone(query.get("phone", "")),
        operator_id=None if operator in ("", NO_OPERATOR) else _number(operator, "operator"),
        no_operator=operator == NO_OPERATOR,
        outcome=Outcome(result) if result in OUTCOMES else None,
        call_type=None if call_type in ("", UNKNOWN_TYPE) else _number(call_type, "type"),
        unknown_type=call_type == UNKNOWN_TYPE,
        with_card=_either(query, "card", yes="1", no="0"),
        hour=_one_of(range(24), query, "hour"),
        weekday=_one_of(range(1, 8), query, "weekday"),
        result=_one_of(KNOWN_RESULTS, query, "result") if is_code else None,
        unknown_result=result == UNKNOWN_RESULT,
        identified=_either(query, "number", yes="known", no="unknown"),
    )


def is_narrowed(query: Mapping[str, str]) -> bool:
    """Whether anything beside the period is filtered."""
    return any(query.get(key) for key in KEYS if key not in ("from", "to"))


def _phone(text: str) -> str:
    """A whole Russian number without its +7: in the database it begins with 7 or with 8, as it was typed."""
    shown = readable_number(text) or ""
    return shown.removeprefix("+7 ") if _WHOLE_NUMBER.fullmatch(shown) else shown


def day_of(query: Mapping[str, str], key: str) -> date | None:
    """The day that `key` names; None when it is absent or empty.

    Raises:
        InvalidFilter: it names no day.
    """
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


def _one_of(possible: Collection[int], query: Mapping[str, str], key: str) -> int | None:
    """The number that `key` names, written as Python writes it: each value has one address."""
    text = query.get(key, "")
    if not text:
        return None
    try:
        return {str(value): value for value in possible}[text]
    except KeyError as error:
        raise InvalidFilter(key, FilterFault.UNKNOWN) from error


def _either(query: Mapping[str, str], key: str, *, yes: str, no: str) -> bool | None:
    text = query.get(key, "")
    if text not in ("", yes, no):
        raise InvalidFilter(key, FilterFault.UNKNOWN)
    return None if not text else text == yes
