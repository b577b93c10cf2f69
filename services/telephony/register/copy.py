"""The job that copies what other programs wrote into the register, so that pages show all calls at once.

The latest rows are looked at every few seconds, as those still change; a walk from the highest key down to
the lowest, again and again, finds all others and what was changed or deleted among them. Rows of ours are
left out by their keys, as the ledger knows more of these calls: such a key was in the ledger before the row
was in the register, so a row that is read before the ledger is never taken for another program's.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Engine, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from services.errors import Reason, UpstreamError
from services.jobs import Fence, pause_after
from services.live import LiveBoard, SourceState, Topic, bump
from services.oracle import translated
from services.storage import Store, table_of
from services.telephony.model import Rules
from services.telephony.register import statements
from services.telephony.register.copied import CopiedCall, copied_call
from services.telephony.register.statements import SOURCE, RegisterRow
from services.telephony.register.tables import ONLY, RegisterLookRow
from services.telephony.tables import CallRow

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=5)
#: While `register.delivery` finds SALES silent, this job does not ask: it waits so long and looks again.
WAIT_FOR_SOURCE = timedelta(seconds=5)
LATEST = 200
#: Rows of one step of the walk; the write lock is held for well under 50 ms.
CHUNK = 500
_LONGEST_PAUSE = timedelta(minutes=1)
_CALL = table_of(CallRow)
_COLUMNS = tuple(CopiedCall.__annotations__)
_UPDATE = (
    update(_CALL)
    .where(_CALL.c.register_key == bindparam("of_key"), _CALL.c.token.is_(None))
    .values({name: bindparam(f"new_{name}", type_=_CALL.c[name].type) for name in _COLUMNS})
)


@dataclass(frozen=True, slots=True)
class _Part:
    """All rows of the register whose keys are at least `lowest` and under `below`; None: without a bound."""

    rows: Sequence[RegisterRow]
    lowest: int | None
    below: int | None

    def has(self) -> list[ColumnElement[bool]]:
        """What copied calls of this part fulfil."""
        key = _CALL.c.register_key
        bounds: list[ColumnElement[bool]] = [key.is_not(None)]
        if self.lowest is not None:
            bounds.append(key >= self.lowest)
        if self.below is not None:
            bounds.append(key < self.below)
        return bounds


@dataclass(frozen=True, slots=True)
class _Differences:
    new: Sequence[CopiedCall]
    changed: Sequence[CopiedCall]
    gone: Sequence[int]

    @property
    def are_none(self) -> bool:
        return not (self.new or self.changed or self.gone)


@dataclass(slots=True)
class _Place:
    """Where the walk is, as `RegisterLookRow` has it."""

    known_top: int | None
    walk_below: int | None
    is_complete: bool


class RegisterCopy:
    """The job `register.copy`."""

    name = "register.copy"

    def __init__(
        self,
        store: Store,
        engine: Engine,
        live: LiveBoard,
        rules: Rules,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._engine = engine
        self._live = live
        self._rules = rules
        self._clock = clock
        self._failures = 0
        self._looked_at: datetime | None = None

    def step(self, fence: Fence) -> timedelta:
        """Take in the latest rows if it is time, and some of the others."""
        if self._live.snapshot().source(SOURCE).state is SourceState.DOWN:
            return WAIT_FOR_SOURCE
        now = self._clock()
        place = self._place()
        is_time = self._looked_at is None or now - self._looked_at >= EVERY
        try:
            with translated(SOURCE), self._engine.connect() as connection:
                region = self._rules.region
                latest = _part(statements.newest(connection, region, LATEST), LATEST) if is_time else None
                if latest is not None:
                    _follow(place, latest)
                below = place.walk_below
                walked = _part(statements.newest(connection, region, CHUNK, below=below), CHUNK, below)
        except UpstreamError as error:
            return self._bear(fence, error)
        if latest is not None:
            self._take_in(fence, latest, now)
            self._looked_at = now
        self._take_in(fence, walked, now)
        place.walk_below = walked.lowest
        place.is_complete |= walked.lowest is None
        self._note(fence, place, now)
        self._failures = 0
        return EVERY if place.is_complete else timedelta(0)

    def _place(self) -> _Place:
        with self._store.read() as session:
            row = session.get(RegisterLookRow, ONLY)
        if row is None:
            return _Place(None, None, False)
        return _Place(row.known_top, row.walk_below, row.is_complete)

    def _take_in(self, fence: Fence, part: _Part, now: datetime) -> None:
        """Make the copy of a part like it."""
        with self._store.read() as session:
            if self._differences(session, part, now).are_none:
                return
        with fence.write() as session:
            bump(session, Topic.TELEPHONY)
            # Once more: the delivery may have taken one of the keys since.
            found = self._differences(session, part, now)
            if found.new:
                session.execute(insert(_CALL), list(found.new))
            if found.changed:
                session.connection().execute(_UPDATE, [_change(call) for call in found.changed])
            if found.gone:
                session.execute(delete(_CALL).where(_CALL.c.id.in_(found.gone)))

    def _differences(self, session: Session, part: _Part, now: datetime) -> _Differences:
        told = (copied_call(row, self._rules, now) for row in part.rows)
        theirs = {call["register_key"]: call for call in told if call is not None}
        columns = [_CALL.c.id, _CALL.c.token, *(_CALL.c[name] for name in _COLUMNS)]
        ours: set[int] = set()
        copied: dict[int, tuple[int, Mapping[str, object]]] = {}
        for row in session.execute(select(*columns).where(*part.has())):
            values = row._asdict()
            if row.token is None:
                copied[row.register_key] = (row.id, values)
            else:
                ours.add(row.register_key)
        return _Differences(
            new=[call for key, call in theirs.items() if key not in copied and key not in ours],
            changed=[call for key, call in theirs.items() if key in copied and _differ(call, copied[key][1])],
            gone=[id_ for key, (id_, _) in copied.items() if key not in theirs],
        )

    def _bear(self, fence: Fence, error: UpstreamError) -> timedelta:
        """Note why there is no newer copy and say how long to rest."""
        self._failures += 1
        if self._failures == 1:
            log.warning("the register cannot be read: %s", error, exc_info=error)
        with fence.write() as session:
            row = look_row(session)
            if row.reason != error.reason:
                row.reason, row.since = error.reason, self._clock()
                bump(session, Topic.TELEPHONY)
        return pause_after(self._failures, first=EVERY, longest=_LONGEST_PAUSE)

    def _note(self, fence: Fence, place: _Place, now: datetime) -> None:
        with fence.write() as session:
            row = look_row(session)
            if row.looked_at is None or row.reason is not None or row.is_complete != place.is_complete:
                bump(session, Topic.TELEPHONY)
            row.known_top, row.walk_below, row.is_complete = (
                place.known_top,
                place.walk_below,
                place.is_complete,
            )
            row.looked_at, row.reason, row.since = self._looked_at or now, None, None


def look_row(session: Session) -> RegisterLookRow:
    """The one row, made when it is not there."""
    row = session.get(RegisterLookRow, ONLY)
    if row is None:
        row = RegisterLookRow(id=ONLY, is_complete=False)
        session.add(row)
    return row


def problem_of(live: LiveBoard, reason: str | None) -> tuple[Reason, datetime | None] | None:
    """Why the register is not looked at now and since when; None while it is. `reason` is the copy's own."""
    status = live.snapshot().source(SOURCE)
    if status.state is SourceState.DOWN:
        return status.reason or Reason.FAILED, status.since
    if status.state is SourceState.UNWATCHED:
        return Reason.UNWATCHED, status.since
    return None if reason is None else (Reason(reason), None)


def _part(rows: Sequence[RegisterRow], asked: int, below: int | None = None) -> _Part:
    """What an answer of up to `asked` rows takes in: with fewer it goes down to the lowest key."""
    return _Part(rows, rows[-1].call_info_id if len(rows) == asked else None, below)


def _follow(place: _Place, latest: _Part) -> None:
    """Have the walk go on below the latest rows when nobody has read what lies between them and earlier."""
    top = latest.rows[0].call_info_id if latest.rows else None
    if place.known_top is not None and latest.lowest is not None and latest.lowest > place.known_top:
        place.walk_below = latest.lowest
    place.known_top = top


def _differ(call: CopiedCall, stored: Mapping[str, object]) -> bool:
    return any(stored[name] != value for name, value in call.items())


def _change(call: CopiedCall) -> dict[str, object]:
    return {"of_key": call["register_key"]} | {f"new_{name}": value for name, value in call.items()}
