"""The whole run: build, measure, tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from tests.bench import agencies, crowd, log, routes, statistics, telephony, weight
from tests.bench.call_centre import CALLS, call_centre
from tests.bench.portal import portal
from tests.bench.promises import Finding, table

#: Another number of calls makes a quick try; the promises are about `CALLS`.
SIZE_VARIABLE = "BENCH_CALLS"


def run(directory: Path) -> int:
    """Measure every promise, with the portal's files in `directory`; returns the exit code."""
    calls = int(os.environ.get(SIZE_VARIABLE, CALLS))
    began = monotonic()
    found = []
    for finding in _measure(calls, directory):
        print(f"  {'' if finding.is_kept else 'MISSED: '}{finding.promise}", flush=True)
        found.append(finding)
    missed = sum(not finding.is_kept for finding in found)
    promised = sum(finding.limit is not None for finding in found)
    print(f"\n{table(found)}\n")
    if calls != CALLS:
        print(f"A try with {calls:,} calls: the promises are about {CALLS:,}.")
    print(f"{promised - missed} of {promised} promises kept, {monotonic() - began:.0f} s in all")
    return 1 if missed else 0


def _measure(calls: int, directory: Path) -> Iterator[Finding]:
    # First, as its portal shares the machine with nothing yet.
    yield from telephony.findings(directory / "telephony")
    with call_centre(calls) as centre:
        print(f"MariaDB with {centre.calls:,} calls, {centre.calls_today:,} of them today")
        with portal(directory / "portal", centre) as running:
            print(f"portal started and its copy of today and 8 days filled in {running.filled_in:.0f} s")
            print(statistics.fill(running, centre))
            yield from log.findings(running, centre)
            yield from statistics.findings(running, centre, directory / "statistics")
            yield from agencies.findings(running)
            yield from routes.findings(running, centre, directory)
            yield from weight.findings(running)
            yield from crowd.findings(running, centre)
