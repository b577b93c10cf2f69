"""The call log of the Moscow call centre: a copy of recent days, older periods read through.

`open_call_log` gives the web its `CallLog`; `sync_job` gives the collector the job that keeps the copy.
"""

from zoneinfo import ZoneInfo

from services.calls.agencies.directory import AgencyDirectory
from services.calls.agencies.model import (
    LATEST_CALLS,
    LONGEST_SEARCH,
    AgenciesNotRead,
    AgencyCall,
    AgencyCalls,
    AgencyDetails,
    AgencyPage,
    AgencySearch,
    ListedAgency,
)
from services.calls.agencies.sync import AgencySync
from services.calls.codes import (
    FAILURE_RESULTS,
    HANDLED,
    KNOWN_RESULTS,
    KNOWN_TYPES,
    SUCCESS_RESULTS,
    Outcome,
    outcome_of,
)
from services.calls.log import CallLog, Centre
from services.calls.model import (
    LARGEST_PAGE,
    LONGEST_PHONE_SEARCH,
    LONGEST_READ_THROUGH_DAYS,
    SORTS,
    Agency,
    AgencyInfo,
    AgencyPhone,
    Call,
    CallFilter,
    CallPage,
    CallStats,
    CallSummary,
    ClientCard,
    Comparison,
    CopiedDay,
    FilterFault,
    Freshness,
    InvalidFilter,
    LogFacts,
    NotConfigured,
    OperatorCount,
    Page,
    Problem,
    Ringing,
)
from services.calls.source import CallCentre
from services.calls.statistics.model import (
    SMALL_SAMPLE,
    UNKNOWN_CODE,
    Coverage,
    DayDifference,
    Duration,
    Months,
    MonthTally,
    OperatorTally,
    OutcomeTally,
    Period,
    Report,
    RollUpFacts,
    Tally,
)
from services.calls.statistics.recent import RecentDays
from services.calls.statistics.roll_up import RollUp
from services.calls.statistics.service import CallStatistics
from services.calls.sync import NO_TIME_INDEX, SOURCE, CallSync
from services.jobs import Job
from services.live import LiveBoard
from services.storage import Store


def open_call_log(
    store: Store, live: LiveBoard, *, database_url: str | None, zone: ZoneInfo, copy_days: int = 8
) -> CallLog:
    """The call log; opens no connection. Without `database_url` it only knows what day it is.

    Raises:
        ValueError: `database_url` leads to a kind of database that the call centre does not have.
    """
    centre = None if database_url is None else Centre(store, database_url, copy_days)
    return CallLog(centre, live, zone)


def open_statistics(log: CallLog, live: LiveBoard) -> CallStatistics:
    """The statistics of the centre that `log` is about; opens no connection."""
    return CallStatistics(log, live)


def statistics_jobs(log: CallLog) -> list[Job]:
    """The jobs that keep the roll-ups: of recent days from the copy, of all others from the source.

    Raises:
        NotConfigured: `log` has no call-centre database.
    """
    centre = log.centre
    source = CallCentre(centre.database_url, pre_ping=False)
    return [
        RecentDays(centre.store, log.zone),
        RollUp(centre.store, source, log.zone, centre.copy_days),
    ]


def sync_job(log: CallLog) -> Job:
    """The job that keeps the copy of today and the days before that `log` answers from.

    Raises:
        NotConfigured: `log` has no call-centre database.
    """
    centre = log.centre
    # No ping before use: with a question every 2 s it would double the round trips, and a line that went
    # silent would be waited for twice.
    source = CallCentre(centre.database_url, pre_ping=False)
    return CallSync(centre.store, source, log.zone, centre.copy_days)


def open_agencies(store: Store | None, live: LiveBoard, zone: ZoneInfo) -> AgencyDirectory:
    """The agency directory of the centre in `zone`; reads nothing. `store` is None without a centre."""
    return AgencyDirectory(store, live, zone)


def agencies_job(log: CallLog, live: LiveBoard) -> Job:
    """The job that keeps the copy of the agencies of the centre that `log` is about.

    Raises:
        NotConfigured: `log` has no call-centre database.
    """
    return AgencySync(log.centre.store, CallCentre(log.centre.database_url), live)


__all__ = [
    "FAILURE_RESULTS",
    "HANDLED",
    "KNOWN_RESULTS",
    "KNOWN_TYPES",
    "LARGEST_PAGE",
    "LATEST_CALLS",
    "LONGEST_PHONE_SEARCH",
    "LONGEST_READ_THROUGH_DAYS",
    "LONGEST_SEARCH",
    "NO_TIME_INDEX",
    "SMALL_SAMPLE",
    "SORTS",
    "SOURCE",
    "SUCCESS_RESULTS",
    "UNKNOWN_CODE",
    "AgenciesNotRead",
    "Agency",
    "AgencyCall",
    "AgencyCalls",
    "AgencyDetails",
    "AgencyDirectory",
    "AgencyInfo",
    "AgencyPage",
    "AgencyPhone",
    "AgencySearch",
    "Call",
    "CallFilter",
    "CallLog",
    "CallPage",
    "CallStatistics",
    "CallStats",
    "CallSummary",
    "ClientCard",
    "Comparison",
    "CopiedDay",
    "Coverage",
    "DayDifference",
    "Duration",
    "FilterFault",
    "Freshness",
    "InvalidFilter",
    "ListedAgency",
    "LogFacts",
    "MonthTally",
    "Months",
    "NotConfigured",
    "OperatorCount",
    "OperatorTally",
    "Outcome",
    "OutcomeTally",
    "Page",
    "Period",
    "Problem",
    "Report",
    "Ringing",
    "RollUpFacts",
    "Tally",
    "agencies_job",
    "open_agencies",
    "open_call_log",
    "open_statistics",
    "outcome_of",
    "statistics_jobs",
    "sync_job",
]
