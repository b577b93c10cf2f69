"""`python -m tests.soak.telephony`: no call is lost and none is written twice, whatever dies meanwhile.

Parallel senders report calls while the register's database is down a third of the time, loses answers and
commits late, while the web process and the leading collector are killed, and while a leader is frozen until
another has taken over. At the end each call is in the register exactly once, with its own begin, end, theme
and agency.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, local

from sqlalchemy import func, or_, select

from sandbox.vilnius import known_agencies
from services.telephony.tables import CallRow, EntryRow
from tests.soak.plans import Plan, plans
from tests.soak.sender import Sender, Sent
from tests.soak.verdict import complaints
from tests.support.processes import wait_until
from tests.support.telephony_site import THEMES, Site

#: One cycle of the register's database; it is down during the first third.
CYCLE_S = 9.0
LATE = {"late_commit": 0.05, "late_ms": 1500, "lost_answer": 0.05}
FROZEN_S = 8.0
_SETTLED_WITHIN_S = 600.0
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Size:
    """How much is reported, and how often what is killed meanwhile."""

    calls: int = 10_000
    senders: int = 64
    web_kills: int = 5
    leader_kills: int = 3
    freezes: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What was done, and what is wrong with it (nothing, it is to be hoped)."""

    calls: int
    requests: int
    repeated: int
    reported_in_s: float
    settled_in_s: float
    wrong: tuple[str, ...]


def soak(size: Size, directory: Path, seed: int = 1) -> Result:
    """Run the whole thing in `directory`.

    Raises:
        Unexpected: the portal gave an answer that no event may get.
        NotReady: a process did not start.
        TimeoutError: the register was not complete in time although everything was well again.
    """
    site = Site(directory)
    try:
        site.start()
        began = time.monotonic()
        sent, senders = _report(site, size, seed)
        reported = time.monotonic()
        site.break_oracle()
        wait_until(lambda: _is_settled(site), "the register is complete", _SETTLED_WITHIN_S)
        settled = time.monotonic()
        wrong = tuple(complaints(sent, site.register_file))
    finally:
        site.stop()
    return Result(
        calls=len(sent),
        requests=sum(one.requests for one in senders),
        repeated=sum(one.repeated for one in senders),
        reported_in_s=reported - began,
        settled_in_s=settled - reported,
        wrong=wrong,
    )


def _report(site: Site, size: Size, seed: int) -> tuple[list[Sent], list[Sender]]:
    """Report all calls, and break what can be broken while that goes on."""
    stop, mine, senders = Event(), local(), []

    def report(plan: Plan) -> Sent:
        if not hasattr(mine, "sender"):
            mine.sender = Sender(site.port, stop)
            senders.append(mine.sender)
        sender: Sender = mine.sender
        return sender.report(plan)

    todo = list(plans(size.calls, known_agencies(site.crm_file), THEMES, seed))
    with ThreadPoolExecutor(size.senders) as pool, _stopping(stop):
        calls = [pool.submit(report, plan) for plan in todo]
        # Processes are started from this thread alone: they end with the thread that started them.
        _break_things(site, size, calls)
        sent = [call.result() for call in calls]
    for sender in senders:
        sender.close()
    return sent, senders


def _break_things(site: Site, size: Size, calls: Sequence[Future[Sent]]) -> None:
    """Kill and freeze, evenly spread over the calls, until all are reported or one failed."""
    planned = _spread(site, size)
    began = time.monotonic()
    is_down = None
    while True:
        done, going_on = wait(calls, timeout=0.05, return_when=FIRST_EXCEPTION)
        if not going_on or any(call.exception() for call in done):
            return
        down = (time.monotonic() - began) % CYCLE_S < CYCLE_S / 3
        if down != is_down:
            site.break_oracle(**({"down": True} if down else LATE))
            is_down = down
        if planned and len(done) >= planned[0][0] * len(calls):
            planned.pop(0)[1]()


def _spread(site: Site, size: Size) -> list[tuple[float, Callable[[], None]]]:
    """What is to be broken, each with the share of the calls after which it is."""
    acts = (
        (size.web_kills, lambda: _again(site.kill_web, site.start_web)),
        (size.leader_kills, lambda: _again(site.kill_leader, site.start_collector)),
        (size.freezes, lambda: _frozen(site)),
    )
    planned = [((place + 0.5) / times, act) for times, act in acts for place in range(times)]
    return sorted(planned, key=lambda one: one[0])


def _again(kill: Callable[[], None], start: Callable[[], None]) -> None:
    kill()
    start()


def _frozen(site: Site) -> None:
    frozen = site.freeze_leader()
    time.sleep(FROZEN_S)  # longer than its lease: another has to take over
    site.thaw(frozen)


@contextmanager
def _stopping(stop: Event) -> Iterator[None]:
    """Let no sender go on after a failure: they would repeat their events for ever."""
    try:
        yield
    finally:
        stop.set()


def _is_settled(site: Site) -> bool:
    """Whether nothing waits for the register or for the gateway any more."""
    unsettled = or_(
        EntryRow.state != "written", EntryRow.written < EntryRow.wanted, EntryRow.verify_at.is_not(None)
    )
    with site.store.read() as session:
        entries = session.scalar(select(func.count()).select_from(EntryRow).where(unsettled))
        names = session.scalar(
            select(func.count()).select_from(CallRow).where(CallRow.names_due_at.is_not(None))
        )
    return not entries and not names


def main() -> int:
    """Run it as told by the command line; the exit code is 1 when a call is not as it was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=Size.calls)
    parser.add_argument("--senders", type=int, default=Size.senders)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portal-soak-") as directory:
        result = soak(Size(calls=args.calls, senders=args.senders), Path(directory), args.seed)
    print(
        f"{result.calls:,} calls reported in {result.reported_in_s:.0f} s by {result.requests:,} requests, "
        f"{result.repeated:,} of them again; the register was complete {result.settled_in_s:.0f} s later"
    )
    for line in result.wrong[:_SHOWN]:
        print(f"WRONG: {line}")
    print(f"{len(result.wrong)} calls are not as they were" if result.wrong else "each call is there once")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
