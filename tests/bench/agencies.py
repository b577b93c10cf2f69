"""The agency directory as a service: searches over all agencies of a large centre."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter_ns

from services.calls import AgenciesNotRead, AgencyDirectory, AgencySearch
from tests.bench.portal import Portal
from tests.bench.promises import Finding
from tests.support.processes import wait_until

LIMIT_MS = 20
_ROUNDS = 15
_FIRST_PAGE = 100
_COPIED_WITHIN_S = 90.0
#: All, a letter, a word, words of several fields, numbers in full and in part, and what nobody has.
SEARCHES = ("", "а", "тур", "москва садовая 12", "8 (900) 000-12-34", "900 0", "100% _ ё", "нет такого")


def findings(portal: Portal) -> Iterator[Finding]:
    """Measure some searches for the first page of agencies, and tell of the slowest."""
    directory = portal.services.agencies
    wait_until(lambda: _is_copied(directory), "the agencies are copied", timeout=_COPIED_WITHIN_S)
    known = directory.search(AgencySearch(limit=1)).known
    slowest, text = max((_milliseconds(directory, text), text) for text in SEARCHES)
    detail = f"“{text}”, the slowest of {len(SEARCHES)} searches over {known:,} agencies"
    yield Finding("Agency search: service, first page", slowest, LIMIT_MS, "ms", detail)


def _is_copied(directory: AgencyDirectory) -> bool:
    try:
        directory.search(AgencySearch(limit=1))
    except AgenciesNotRead:
        return False
    return True


def _milliseconds(directory: AgencyDirectory, text: str) -> float:
    """The median time a search takes, the whole machine's other work included."""
    times = []
    for _ in range(_ROUNDS):
        began = perf_counter_ns()
        directory.search(AgencySearch(text, limit=_FIRST_PAGE))
        times.append((perf_counter_ns() - began) / 1e6)
    return median(times)
