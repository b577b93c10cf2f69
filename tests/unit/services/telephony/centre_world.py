"""For the centre's tests: a portal database with calls as a test needs them, and a clock of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from services.storage import Base, Store
from services.telephony.centre import Centre
from services.telephony.model import CallState, EntryState, MatchKind, Rules
from services.telephony.tables import CallRow, EntryRow

VILNIUS = ZoneInfo("Europe/Vilnius")
RULES = Rules("LT", ("Booking", "Payment"), timedelta(hours=4), "lt", VILNIUS)
#: A Wednesday, 13:32 at the centre.
NOW = datetime(2026, 11, 25, 13, 32, tzinfo=VILNIUS).astimezone(UTC)
KELIONES = {"agency_id": 11, "match_kind": MatchKind.EXACT, "agency_name": "Pavyzdinės Kelionės"}
ZALIAS = {"agency_id": 12, "match_kind": MatchKind.EXACT, "agency_name": "Pavyzdys Žalias"}


@dataclass
class CentreWorld:
    """A centre at `now`; `call` puts calls into its database."""

    store: Store
    now: datetime = NOW

    @classmethod
    def at(cls, directory: Path) -> Self:
        store = Store(f"sqlite:///{directory / 'portal.db'}")
        Base.metadata.create_all(store.engine)
        return cls(store)

    @property
    def centre(self) -> Centre:
        """A centre that remembers nothing of earlier questions."""
        return Centre(self.store, RULES, clock=self.clock)

    @property
    def clock(self) -> Callable[[], datetime]:
        return lambda: self.now

    def call(
        self,
        ago: timedelta = timedelta(minutes=10),
        lasted: timedelta | None = timedelta(minutes=3),
        *,
        entry: EntryState | None = EntryState.WRITTEN,
        **columns: Any,
    ) -> int:
        """A call that began so long ago; without `lasted` it goes on. Its id."""
        began_at = self.now - ago
        usual: dict[str, Any] = {
            "number": "37060000417",
            "curator": "205",
            "state": CallState.OPEN if lasted is None else CallState.ENDED,
            "began_at": began_at,
            "ended_at": None if lasted is None else began_at + lasted,
            "match_kind": MatchKind.NONE,
        }
        with self.store.write() as session:
            row = CallRow(**usual | columns)
            session.add(row)
            session.flush()
            if entry is not None:
                session.add(EntryRow(call_id=row.id, state=entry, created_at=began_at, next_try_at=began_at))
            return row.id
