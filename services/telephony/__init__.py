"""The Vilnius contact centre: what telephony reports, whose call it is, and the register in Oracle.

`open_telephony` gives the web its `Telephony`; `telephony_jobs` gives the collector the jobs behind it.
"""

from dataclasses import dataclass

from services.jobs import Job
from services.live import LiveBoard
from services.oracle import open_oracle
from services.storage import Store
from services.telephony.centre import (
    LARGEST_PAGE,
    LAST,
    LONGEST_SEARCH,
    AgencyTally,
    Board,
    Caller,
    Centre,
    CentreStatistics,
    Choices,
    CuratorTally,
    ListedCall,
    PastCalls,
    RegisterPage,
    RegisterQuery,
    RegisterSlice,
    Tally,
    ThemeTally,
)
from services.telephony.directory.crm import SOURCE as CRM
from services.telephony.directory.directory import PhoneDirectory
from services.telephony.directory.sync import PhoneSync
from services.telephony.expiry import CallExpiry
from services.telephony.gateway.callers import (
    caller_of,
)
from services.telephony.gateway.cards import SOURCE as GATEWAY
from services.telephony.gateway.cards import AgencyCards
from services.telephony.gateway.client import AgencyGateway
from services.telephony.gateway.names import CallNames
from services.telephony.late_matches import LateMatches
from services.telephony.ledger import Ledger
from services.telephony.model import (
    LONGEST_CURATOR,
    AgencyCard,
    Call,
    CallState,
    CardAnswer,
    Contact,
    EntryState,
    EventKind,
    Match,
    MatchKind,
    NoSuchCall,
    NoSuchTheme,
    NotConfigured,
    Outcome,
    Receipt,
    Report,
    Rules,
    TelephonyError,
)
from services.telephony.numbers import (
    clean_number,
)
from services.telephony.register.compare import (
    DifferenceKind,
    RegisterCompare,
)
from services.telephony.register.copy import RegisterCopy
from services.telephony.register.delivery import RegisterDelivery
from services.telephony.register.outbox import (
    Difference,
    NotRefused,
    Outbox,
    RefusedEntry,
    RegisterFreshness,
    Waiting,
)
from services.telephony.register.refusals import (
    ROW_CHANGED,
    ROW_GONE,
)
from services.telephony.register.statements import SOURCE as SALES
from services.telephony.service import (
    Databases,
    Telephony,
)
from services.telephony.tables import (
    TOKEN_LENGTH,
)


@dataclass(frozen=True, slots=True)
class GatewayLogin:
    """Where the agency gateway is and who we are there."""

    base_url: str
    login: str
    password: str


def open_telephony(
    store: Store,
    live: LiveBoard,
    rules: Rules,
    *,
    crm_url: str | None,
    sales_url: str | None,
    sequence: str | None,
    gateway: GatewayLogin | None,
) -> Telephony:
    """The centre with whatever of its systems is configured; opens no connection.

    Raises:
        ValueError: a URL leads to a kind of database that Oracle's stand-ins are not.
    """
    client = AgencyGateway(gateway.base_url, gateway.login, gateway.password) if gateway else None
    return Telephony(
        rules=rules,
        ledger=Ledger(store, rules),
        directory=PhoneDirectory(store, live),
        cards=AgencyCards(store, client, live),
        centre=Centre(store, rules),
        outbox=Outbox(store, live),
        databases=Databases(
            crm=open_oracle(crm_url) if crm_url else None,
            sales=open_oracle(sales_url) if sales_url else None,
            sequence=sequence,
        ),
    )


def telephony_jobs(telephony: Telephony, store: Store, live: LiveBoard) -> list[Job]:
    """The jobs that keep the copies, close calls without an end, and carry calls into the register."""
    rules, databases = telephony.rules, telephony.databases
    jobs: list[Job] = [CallExpiry(store, rules)]
    if databases.crm is not None:
        jobs.append(PhoneSync(store, databases.crm, rules.country))
        jobs.append(LateMatches(store, telephony.directory))
    if databases.sales is not None:
        jobs.append(RegisterDelivery(store, databases.sales, rules, sequence=databases.sequence))
        jobs.append(RegisterCopy(store, databases.sales, live, rules))
        jobs.append(RegisterCompare(store, databases.sales, live, rules))
    if telephony.cards.is_configured:
        jobs.append(CallNames(store, telephony.cards, telephony.ledger, rules.country))
    return jobs


__all__ = [
    "CRM",
    "GATEWAY",
    "LARGEST_PAGE",
    "LAST",
    "LONGEST_CURATOR",
    "LONGEST_SEARCH",
    "ROW_CHANGED",
    "ROW_GONE",
    "SALES",
    "TOKEN_LENGTH",
    "AgencyCard",
    "AgencyTally",
    "Board",
    "Call",
    "CallState",
    "Caller",
    "CardAnswer",
    "Centre",
    "CentreStatistics",
    "Choices",
    "Contact",
    "CuratorTally",
    "Databases",
    "Difference",
    "DifferenceKind",
    "EntryState",
    "EventKind",
    "GatewayLogin",
    "ListedCall",
    "Match",
    "MatchKind",
    "NoSuchCall",
    "NoSuchTheme",
    "NotConfigured",
    "NotRefused",
    "Outbox",
    "Outcome",
    "PastCalls",
    "Receipt",
    "RefusedEntry",
    "RegisterFreshness",
    "RegisterPage",
    "RegisterQuery",
    "RegisterSlice",
    "Report",
    "Rules",
    "Tally",
    "Telephony",
    "TelephonyError",
    "ThemeTally",
    "Waiting",
    "caller_of",
    "clean_number",
    "open_telephony",
    "telephony_jobs",
]
