"""The collector's list of jobs: the one place that decides what runs in the background."""

from portal.wiring import Services
from services.accounts import AccountsCleanup
from services.calls import agencies_job, statistics_jobs, sync_job
from services.jobs import Collector, Job
from services.telephony import telephony_jobs


def build_collector(services: Services) -> Collector:
    """A collector with a job for everything that is configured."""
    jobs: list[Job] = [AccountsCleanup()]
    if services.settings.call_centre is not None:
        jobs.append(sync_job(services.calls))
        jobs.append(agencies_job(services.calls, services.live))
        jobs += statistics_jobs(services.calls)
    if services.telephony is not None:
        jobs += telephony_jobs(services.telephony, services.store, services.live)
    return Collector(services.store, jobs)
