"""Whether the register has each reported call exactly once, as it was."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.soak.plans import BEGIN, CURATOR_PREFIX, END
from tests.soak.sender import Sent

VILNIUS = ZoneInfo("Europe/Vilnius")
#: Oracle's DATE has no fraction of a second.
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """What is compared of a row of `T_CALL_INFO`; the times are aware."""

    began_at: datetime
    ended_at: datetime
    agency_id: str
    theme: str | None
    region: str
    agency_name: str | None


def rows_of(register: Path) -> dict[tuple[str, str], list[Row]]:
    """The rows of the soak's calls by number and curator."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    with closing(sqlite3.connect(register)) as database:
        for number, curator, began, ended, *rest in database.execute(
            "SELECT PHONE_NUMBER, CURRATOR, TIME_BEGIN, TIME_END, AGENCY_ID, THEME, REGION, AGENCY_NAME "
            "FROM T_CALL_INFO WHERE CURRATOR LIKE ?",
            (f"{CURATOR_PREFIX}%",),
        ):
            found[number, curator].append(Row(_moment(began), _moment(ended), *rest))
    return found


def complaints(sent: Sequence[Sent], register: Path) -> Iterator[str]:
    """A line for each call that is not in the register exactly as it was, and for each row of no call."""
    rows = rows_of(register)
    for call in sent:
        of_call = rows.pop((call.plan.number, call.plan.curator), [])
        if len(of_call) != 1:
            yield f"{call.plan}: {len(of_call)} rows"
            continue
        for field, is_right in _checks(call, of_call[0]):
            if not is_right:
                yield f"{call.plan}: {field} is wrong in {of_call[0]}, told {call.told}"
    for (number, curator), strange in rows.items():
        yield f"{len(strange)} rows of a call nobody reported: {number} {curator}"


def _checks(call: Sent, row: Row) -> Iterator[tuple[str, bool]]:
    begin, end, agency = call.told[BEGIN], call.told[END], call.plan.agency
    # Of an end that was told first, the call has only one moment to lie in.
    earliest = min(begin.since, end.since) - _SECOND
    yield "TIME_BEGIN", earliest <= row.began_at <= begin.until
    latest = max(begin.until, end.until)
    yield "TIME_END", max(row.began_at, earliest) <= row.ended_at <= latest
    if end.since > begin.until:  # told in their order, and far enough apart to tell
        yield "TIME_END", end.since - _SECOND <= row.ended_at
    yield "THEME", row.theme == call.plan.theme
    yield "REGION", row.region == "lt"
    yield "AGENCY_ID", row.agency_id == ("0" if agency is None else str(agency.id))
    yield "AGENCY_NAME", row.agency_name == (None if agency is None else agency.name)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VILNIUS).astimezone(UTC)
