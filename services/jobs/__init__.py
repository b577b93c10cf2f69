"""Work that comes back: jobs, the collector that runs them, and the lease that lets only one of them lead."""

from services.jobs.collector import Collector
from services.jobs.contract import Fence, Job, LeaseLost, ReportsProgress
from services.jobs.lease import Lease, LeaseTiming
from services.jobs.pauses import pause_after
from services.jobs.runs import JobRun, job_runs

__all__ = [
    "Collector",
    "Fence",
    "Job",
    "JobRun",
    "Lease",
    "LeaseLost",
    "LeaseTiming",
    "ReportsProgress",
    "job_runs",
    "pause_after",
]
