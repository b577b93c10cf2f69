"""Telephony: the caller's card while the gateway takes its time and Oracle hangs, and reports in numbers."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from sqlalchemy import func, select

from sandbox.vilnius import KnownAgency, known_agencies
from services.live import LiveBoard
from services.telephony.directory.directory import PhoneDirectory
from services.telephony.tables import CallRow, EventRow
from tests.bench.open_loop import Client, burst, open_loop, percentile
from tests.bench.promises import Finding
from tests.support.telephony_site import Site

AGENCIES, PHONES = 3_000, 100_000
GATEWAY_MS = 40
#: Oracle takes so long over everything: whoever waited for it would be found out.
ORACLE_HANGS = {"hang_ms": 3_000}
CARDS_PER_SECOND, CARDS_A_ROUND, ROUNDS = 20, 100, 3
BURST = 50
EVENTS_PER_SECOND, EVENTS = 300, 6_000
_WARM_UP = 40
_THREADS = 48
_LOOK_UPS = 20_000
_FSYNCS = 200


def findings(directory: Path) -> Iterator[Finding]:
    """Measure on a portal of its own in `directory`."""
    data = ("--agencies", str(AGENCIES), "--phones", str(PHONES))
    site = Site(directory, data=data, gateway_ms=GATEWAY_MS)
    try:
        site.start()
        site.break_oracle(**ORACLE_HANGS)
        agencies = iter(known_agencies(site.crm_file))
        portal = Client(site.url)
        open_loop(
            lambda _: portal.get(_begin(next(agencies), "warm")), count=_WARM_UP, per_second=20, threads=8
        )
        yield _cold_cards(portal, Client(site.gateway_url), agencies)
        yield _burst(site, portal, agencies)
        yield _events(site)
        yield from _index(site)
    finally:
        site.stop()


def _cold_cards(portal: Client, gateway: Client, agencies: Iterator[KnownAgency]) -> Finding:
    """Cards of agencies nobody asked for before, beside bare requests for the same to the gateway."""
    session = _session(gateway)
    cards: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        some = [next(agencies) for _ in range(CARDS_A_ROUND)]

        def card(place: int, some: list[KnownAgency] = some) -> None:
            page = portal.get(_begin(some[place], "cold")).decode()
            if some[place].person not in page:
                raise RuntimeError("a card without what the gateway tells")

        def view(place: int, some: list[KnownAgency] = some) -> None:
            gateway.get(f"/xmlgate/agency/view?{urlencode({'agencyId': some[place].id, 'aid': session})}")

        for ask, costs in ((card, cards), (view, bare)):
            costs += open_loop(ask, count=CARDS_A_ROUND, per_second=CARDS_PER_SECOND, threads=_THREADS)
    ours, plain = percentile(sorted(cards), 0.95), percentile(sorted(bare), 0.95)
    detail = (
        f"{ours * 1e3:.1f} ms to {plain * 1e3:.1f} ms of a bare gateway request; half of the cards: "
        f"{median(cards) * 1e3:.1f} ms; Oracle hangs"
    )
    return Finding("Cold card at 20 calls a second, 95th percentile", ours / plain, 1.6, "x", detail)


def _burst(site: Site, portal: Client, agencies: Iterator[KnownAgency]) -> Finding:
    some = [next(agencies) for _ in range(BURST)]
    costs = burst(lambda place: portal.get(_begin(some[place], "burst")), BURST)
    with site.store.read() as session:
        stored = session.scalar(select(func.count()).select_from(CallRow).where(CallRow.curator == "burst"))
    if stored != BURST:
        raise RuntimeError(f"{stored} of {BURST} calls are stored")
    detail = f"half of them {median(costs):.2f} s; all {BURST} calls stored; Oracle hangs"
    return Finding("50 calls begin at one moment: the last card", costs[-1], 1.0, "s", detail)


def _events(site: Site) -> Finding:
    """Ends, each of a call of its own: what an event without a card costs at most."""
    platform = Client(site.url, accept="application/json")
    before = _stored_events(site)

    def end(place: int) -> None:
        query = {
            "type": "endcall",
            "ani": f"+3706{place:07d}",
            "curator_id": "bench",
            "call_id": f"e-{place}",
        }
        platform.get(f"/contact-center/vilnius/tel/?{urlencode(query)}")

    began = time.perf_counter()
    costs = open_loop(end, count=EVENTS, per_second=EVENTS_PER_SECOND, threads=_THREADS)
    took = time.perf_counter() - began
    stored = _stored_events(site) - before
    if stored != EVENTS:
        raise RuntimeError(f"{stored} of {EVENTS} events are stored")
    detail = (
        f"all {stored:,} stored; half answered in {median(costs) * 1e3:.1f} ms, the 99th percentile "
        f"{percentile(costs, 0.99) * 1e3:.0f} ms; an fsync takes {_fsync(site.directory) * 1e3:.2f} ms"
    )
    promise = f"Events without a card at {EVENTS_PER_SECOND} a second: stored and answered a second"
    return Finding(promise, stored / took, 0.97 * EVENTS_PER_SECOND, "a second", detail, at_least=True)


def _index(site: Site) -> Iterator[Finding]:
    directory = PhoneDirectory(site.store, LiveBoard(site.store))
    began = time.perf_counter()
    directory.find("37060000000")  # the first one reads the copy
    built = time.perf_counter() - began
    numbers = [agency.number for agency in known_agencies(site.crm_file)]
    began = time.perf_counter()
    for place in range(_LOOK_UPS):
        directory.find(numbers[place % len(numbers)])
    each = (time.perf_counter() - began) / _LOOK_UPS
    yield Finding(f"Index of {PHONES:,} telephones in memory", built, 2.0, "s", "from the portal's copy")
    yield Finding("Look-up of a number", each * 1e6, 100, "µs", f"{_LOOK_UPS:,} look-ups")


def _begin(agency: KnownAgency, curator: str) -> str:
    query = {"type": "newcall", "ani": f"+{agency.number}", "curator_id": curator}
    return f"/contact-center/vilnius/tel/?{urlencode(query)}"


def _session(gateway: Client) -> str:
    query = urlencode({"j_login_request": "1", "j_login": "portal", "j_passwd": "sandbox"})
    found = re.search(rb"<sessionId>\s*([^<\s]+)<", gateway.get(f"/xmlgate/auth_data.jsp?{query}"))
    if found is None:
        raise RuntimeError("the gateway gave no session")
    return found[1].decode()


def _stored_events(site: Site) -> int:
    with site.store.read() as session:
        return session.scalar(select(func.count()).select_from(EventRow)) or 0


def _fsync(directory: Path) -> float:
    """Seconds that a small write to the same disk takes until it is there, half of the time."""
    costs = []
    with (directory / "fsync").open("wb") as file:
        for _ in range(_FSYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            costs.append(time.perf_counter() - began)
    return median(costs)
