"""What Prometheus reads: counts of all web processes, the state of each system and job from the database."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from portal.wiring import CALL_CENTRE, Services
from services.calls import RollUpFacts
from services.jobs import job_runs
from services.storage import StorageError

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def registry(services: Services) -> CollectorRegistry:
    """A registry for one scrape."""
    found = CollectorRegistry()
    if MULTIPROCESS_VARIABLE in os.environ:
        MultiProcessCollector(found)  # type: ignore[no-untyped-call]
    else:
        for collector in list(REGISTRY._collector_to_names):
            found.register(collector)
    found.register(_Live(services))
    return found


class _Live(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield gauges of systems and jobs; `portal_database_up` is 0 when they cannot be read."""
        database = GaugeMetricFamily("portal_database_up", "Whether the portal database can be read")
        now = datetime.now(UTC)
        try:
            snapshot = self._services.live.snapshot()
            with self._services.store.read() as session:
                runs = job_runs(session)
            has_centre = CALL_CENTRE in self._services.sources
            facts = self._services.statistics.facts() if has_centre else None
        except StorageError:
            database.add_metric([], 0)
            yield database
            return
        database.add_metric([], 1)
        yield database
        up = GaugeMetricFamily("portal_source_up", "Whether an outside system answers", labels=("source",))
        age = GaugeMetricFamily(
            "portal_source_age_seconds", "Time since a system last answered", labels=("source",)
        )
        for status in snapshot.sources.values():
            up.add_metric([status.name], int(status.is_current))
            if status.answered_at is not None:
                age.add_metric([status.name], (now - status.answered_at).total_seconds())
        yield up
        yield age
        rest = GaugeMetricFamily("portal_job_age_seconds", "Time since a job last succeeded", labels=("job",))
        failures = GaugeMetricFamily("portal_job_failures", "Failures of a job in a row", labels=("job",))
        for run in runs:
            if run.ok_at is not None:
                rest.add_metric([run.name], (now - run.ok_at).total_seconds())
            failures.add_metric([run.name], run.failures)
        yield rest
        yield failures
        if facts is not None:
            yield from _statistics(facts)


def _statistics(facts: RollUpFacts) -> Iterator[GaugeMetricFamily]:
    days = GaugeMetricFamily("portal_statistics_days", "Days since the first call", labels=("state",))
    days.add_metric(["rolled_up"], facts.known_days)
    days.add_metric(["unknown"], facts.days - facts.known_days)
    yield days
    different = {one.day for one in facts.differences}
    yield GaugeMetricFamily(
        "portal_statistics_different_days", "Days found unlike the source", value=len(different)
    )
