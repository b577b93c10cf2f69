"""Rows of the telephony tables as values, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.telephony.machine import CallFacts
from services.telephony.model import Call, CallState, EventKind, Match, MatchKind, Report
from services.telephony.tables import CallRow

#: A longer report is stored with its texts cut: MariaDB's TEXT holds 64 KiB.
LONGEST_STORED = 60_000
_CUT_TO = 1_000
_REPORT_FIELDS = tuple(field.name for field in fields(Report))


@dataclass(frozen=True, slots=True)
class Told:
    """A report with what was found out about its caller, and when it was received."""

    report: Report
    number: str | None
    match: Match
    at: datetime


def to_call(row: CallRow | Row[Any]) -> Call:
    """The call in a row that has the columns of `telephony_call`."""
    return Call(
        id=row.id,
        token=row.token,
        register_key=row.register_key,
        number=row.number,
        curator=row.curator,
        state=CallState(row.state),
        began_at=row.began_at,
        ended_at=row.ended_at,
        agency_id=row.agency_id,
        match=MatchKind(row.match_kind),
        agency_name=row.agency_name,
        manager=row.manager,
        theme=row.theme,
        queue=row.queue,
        cause=row.cause,
        answered=row.answered,
    )


def to_facts(row: CallRow | Row[Any]) -> CallFacts:
    """What the rules look at in a row that has the columns of `telephony_call`."""
    return CallFacts(
        state=CallState(row.state),
        began_at=row.began_at,
        ended_at=row.ended_at,
        last_begin_at=row.last_begin_at,
        platform_id=row.platform_id,
        cause=row.cause,
        queue=row.queue,
        answered=row.answered,
    )


def put_facts(row: CallRow, facts: CallFacts) -> None:
    """Write into a row what the rules made of its call."""
    for field in fields(CallFacts):
        setattr(row, field.name, getattr(facts, field.name))
    row.state = facts.state.value


def told_to_json(told: Told) -> str:
    """A report as it is stored: plain ASCII, with a NUL as an escape, so that every database takes it."""
    report: dict[str, Any] = {name: getattr(told.report, name) for name in _REPORT_FIELDS}
    beside = {"number": told.number, "match": asdict(told.match)}
    text = json.dumps({"report": report} | beside)
    if len(text) <= LONGEST_STORED:
        return text
    cut = {name: value[:_CUT_TO] if isinstance(value, str) else value for name, value in report.items()}
    return json.dumps({"report": cut} | beside)


def told_from_json(text: str, at: datetime) -> Told:
    """The report that was stored as `text` and received `at`."""
    stored: Mapping[str, Any] = json.loads(text)
    match = stored["match"]
    return Told(
        report=Report(**stored["report"] | {"kind": EventKind(stored["report"]["kind"])}),
        number=stored["number"],
        match=Match(MatchKind(match["kind"]), match["agency_id"], tuple(match["others"])),
        at=at,
    )
