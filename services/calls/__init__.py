"""The call log of the Moscow call centre: a copy of recent days, older periods read through.

`open_call_log` gives the web its `CallLog`; `sync_job` gives the collector the job that keeps the copy.
"""

from zoneinfo import ZoneInfo

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


__all__ = [
    "FAILURE_RESULTS",
    "HANDLED",
    "KNOWN_RESULTS",
    "KNOWN_TYPES",
    "LARGEST_PAGE",
    "LONGEST_PHONE_SEARCH",
    "LONGEST_READ_THROUGH_DAYS",
    "NO_TIME_INDEX",
    "SORTS",
    "SOURCE",
    "SUCCESS_RESULTS",
    "AgencyInfo",
    "AgencyPhone",
    "Call",
    "CallFilter",
    "CallLog",
    "CallPage",
    "CallStats",
    "CallSummary",
    "ClientCard",
    "Comparison",
    "CopiedDay",
    "FilterFault",
    "Freshness",
    "InvalidFilter",
    "LogFacts",
    "NotConfigured",
    "OperatorCount",
    "Outcome",
    "Page",
    "Problem",
    "Ringing",
    "open_call_log",
    "outcome_of",
    "sync_job",
]
