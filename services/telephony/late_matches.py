"""The job that finds the agency of a call whose number the directory did not know when it began.

A portal that was just set up has no copy of the telephones yet, and an agency may be added while it calls.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from services.jobs import Fence
from services.live import Topic, bump
from services.storage import Store
from services.telephony.entries import want
from services.telephony.model import CallState, Match, MatchKind
from services.telephony.tables import CallRow

EVERY = timedelta(seconds=20)
#: Later an agency has the number because of something else.
WITHIN = timedelta(hours=1)
#: Calls in one transaction: the write lock is held for well under 50 ms.
BATCH = 50


class Directory(Protocol):
    """What the job asks of the phone directory."""

    def find(self, number: str | None) -> Match:
        """Whose number it is."""


class LateMatches:
    """The job `telephony.matches`."""

    name = "telephony.matches"

    def __init__(
        self, store: Store, directory: Directory, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    def step(self, fence: Fence) -> timedelta:
        """Look once more at the callers of the last hour that nobody knew."""
        found = self._found()
        if found:
            with fence.write(durable=True) as session:
                bump(session, Topic.TELEPHONY)
                calls = session.scalars(
                    select(CallRow).where(CallRow.id.in_(found), CallRow.agency_id.is_(None))
                ).all()
                for call in calls:
                    match = found[call.id]
                    call.agency_id, call.match_kind = match.agency_id, match.kind.value
                    call.names_due_at = self._clock()
                session.flush()
                # An end that waits for its begin is in no outbox yet.
                want(
                    session,
                    [call.id for call in calls if call.state != CallState.AWAITS_BEGIN],
                    self._clock(),
                )
        return timedelta(0) if len(found) == BATCH else EVERY

    def _found(self) -> Mapping[int, Match]:
        """Matches by the ids of calls that have none yet, BATCH at most."""
        unknown = select(CallRow.id, CallRow.number).where(
            CallRow.match_kind == MatchKind.NONE.value,
            CallRow.token.is_not(None),
            CallRow.began_at >= self._clock() - WITHIN,
        )
        with self._store.read() as session:
            rows = session.execute(unknown.order_by(CallRow.id)).all()
        matches = ((row.id, self._directory.find(row.number)) for row in rows)
        found = [(id_, match) for id_, match in matches if match.agency_id is not None]
        return dict(found[:BATCH])
