"""A row that another program wrote into the register, as a call of ours."""

from datetime import datetime
from typing import TypedDict

from services.telephony.model import LONGEST_CURATOR, NO_AGENCY, CallState, MatchKind, Rules
from services.telephony.register.statements import RegisterRow
from services.telephony.register.wanted import moment
from services.telephony.tables import DETAIL_LENGTH, NAME_LENGTH, NUMBER_LENGTH

_HIGHEST_KEY = 2**63 - 1
#: No call was earlier, and MariaDB holds no moment before the year 1000.
_FIRST_YEAR = 1970
_HIGHEST_AGENCY = 10**8 - 1  # T_AGENCY_PHONE.AGENCY_ID is NUMBER(8)


class CopiedCall(TypedDict):
    """The columns of `telephony_call` that tell something of a copied call."""

    register_key: int
    number: str
    curator: str
    state: str
    began_at: datetime
    ended_at: datetime | None
    agency_id: int | None
    match_kind: str
    agency_name: str | None
    manager: str | None
    theme: str | None


def copied_call(row: RegisterRow, rules: Rules, now: datetime) -> CopiedCall | None:
    """What `row` tells of a call; None when it tells no time, or has a key that we cannot hold.

    While TIME_END equals TIME_BEGIN the end is not known: the call goes on until `rules.call_span` is over.
    """
    times = _times(row, rules)
    if times is None or not 0 < row.call_info_id <= _HIGHEST_KEY:
        return None
    began_at, ended_at = times
    agency_id = _agency(row.agency_id)
    if ended_at is not None:
        state = CallState.ENDED
    else:
        state = CallState.OPEN if now - began_at < rules.call_span else CallState.EXPIRED
    return CopiedCall(
        register_key=row.call_info_id,
        number="".join(sign for sign in row.phone_number or "" if "0" <= sign <= "9")[:NUMBER_LENGTH],
        curator=_text(row.currator, LONGEST_CURATOR) or "",
        state=state.value,
        began_at=began_at,
        ended_at=ended_at,
        agency_id=agency_id,
        match_kind=(MatchKind.NONE if agency_id is None else MatchKind.EXACT).value,
        agency_name=_text(row.agency_name, NAME_LENGTH),
        manager=_text(row.agency_manager, NAME_LENGTH),
        theme=_text(row.theme, DETAIL_LENGTH),
    )


def _times(row: RegisterRow, rules: Rules) -> tuple[datetime, datetime | None] | None:
    begin = row.time_begin or row.time_end
    if begin is None:
        return None
    try:
        began_at = moment(begin, rules)
        ended_at = None if row.time_end is None else moment(row.time_end, rules, not_before=began_at)
    except (OverflowError, ValueError):  # at the edge of the calendar
        return None
    if began_at.year < _FIRST_YEAR:
        return None
    return began_at, ended_at if ended_at is not None and ended_at > began_at else None


def _agency(text: str | None) -> int | None:
    told = (text or NO_AGENCY).strip()
    if not (told.isascii() and told.isdigit()):
        return None
    return int(told) if 0 < int(told) <= _HIGHEST_AGENCY else None


def _text(text: str | None, longest: int) -> str | None:
    """Without NULs, which not every database stores."""
    return (text or "").replace("\0", "").strip()[:longest] or None
