"""For the ledger's tests: reports as the platform sends them, and what became of them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.live import Topic, TopicRow
from services.storage import Base, Store
from services.telephony.expiry import CallExpiry
from services.telephony.ledger import Ledger
from services.telephony.model import Call, EventKind, Match, MatchKind, Receipt, Report, Rules
from services.telephony.rows import to_call
from services.telephony.tables import CallRow, EntryRow, EventRow
from tests.unit.services.calls.world import Clock

RULES = Rules("LT", ("Booking", "Payment"), timedelta(hours=4), "Vilnius", ZoneInfo("Europe/Vilnius"))
START = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
NUMBER, CURATOR = "37061234567", "205"
NOBODY = Match(MatchKind.NONE)
BEGIN = Report(
    EventKind.BEGIN, f"+{NUMBER}", CURATOR, "/contact-center/vilnius/tel/?type=newcall", "10.0.0.7"
)
END = replace(BEGIN, kind=EventKind.END, url="/contact-center/vilnius/tel/?type=endcall")


@dataclass
class LedgerWorld:
    """A ledger on a portal database of its own, at a time that stands still until it is moved."""

    store: Store
    clock: Clock
    ledger: Ledger
    expiry: CallExpiry

    @classmethod
    def at(cls, directory: Path) -> "LedgerWorld":
        store, clock = Store(f"sqlite:///{directory / 'portal.db'}"), Clock(START)
        Base.metadata.create_all(store.engine)
        return cls(store, clock, Ledger(store, RULES, clock=clock), CallExpiry(store, RULES, clock=clock))

    def close(self) -> None:
        self.ledger.close()
        self.store.close()

    def tell(
        self, report: Report, *, after: float = 0, number: str | None = NUMBER, match: Match = NOBODY
    ) -> Receipt:
        """Report something `after` so many seconds."""
        self.clock.move(seconds=after)
        return self.ledger.report(report, number, match)

    def expire(self, *, after: float = 0) -> timedelta:
        """Let the collector do a step `after` so many seconds; its rest."""
        self.clock.move(seconds=after)
        return self.expiry.step(self.store)

    @property
    def calls(self) -> list[Call]:
        with self.store.read() as session:
            return [to_call(row) for row in session.scalars(select(CallRow).order_by(CallRow.id))]

    @property
    def entries(self) -> list[EntryRow]:
        with self.store.read() as session:
            return list(session.scalars(select(EntryRow).order_by(EntryRow.call_id)))

    @property
    def events(self) -> list[EventRow]:
        with self.store.read() as session:
            return list(session.scalars(select(EventRow).order_by(EventRow.id)))

    @property
    def version(self) -> int:
        """Of the topic that pages listen to."""
        with self.store.read() as session:
            row = session.get(TopicRow, Topic.TELEPHONY.value)
        return row.version if row else 0
