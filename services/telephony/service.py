"""Everything the portal does for the Vilnius contact centre, joined."""

from dataclasses import dataclass, field

from sqlalchemy import Engine

from services.telephony.centre.service import Centre
from services.telephony.directory.directory import PhoneDirectory
from services.telephony.gateway.cards import AgencyCards
from services.telephony.ledger import Ledger
from services.telephony.model import Match, MatchKind, Receipt, Report, Rules
from services.telephony.numbers import clean_number
from services.telephony.register.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Databases:
    """The Oracle schemas of the centre, None where not configured; `sequence` gives the register its keys."""

    crm: Engine | None
    sales: Engine | None
    sequence: str | None


@dataclass(frozen=True, slots=True)
class Telephony:
    """The centre's parts: the ledger of events, whose number it is, what the agency is like, the register.

    `databases` are for the jobs of the collector: nothing that answers a request asks Oracle.
    """

    rules: Rules
    ledger: Ledger
    directory: PhoneDirectory
    cards: AgencyCards
    centre: Centre
    outbox: Outbox
    databases: Databases = field(repr=False)

    def report(self, report: Report) -> Receipt:
        """Store an event and say what became of it; asks no outside system.

        Raises:
            StorageError: the event is not stored; the asker has to report it again.
        """
        number = clean_number(report.ani, self.rules.country)
        return self.ledger.report(report, number, self.match(number))

    def match(self, number: str | None) -> Match:
        """Whose number it is, from the copy in memory; NONE without a number."""
        return Match(MatchKind.NONE) if number is None else self.directory.find(number)

    def close(self) -> None:
        """Finish what is being stored, and close all connections to Oracle."""
        self.ledger.close()
        for engine in (self.databases.crm, self.databases.sales):
            if engine is not None:
                engine.dispose()
