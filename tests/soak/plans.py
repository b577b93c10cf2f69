"""What the senders of the soak report: calls with all the disorder a telephony platform is capable of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

from sandbox.vilnius import KnownAgency

#: Marks the calls of the soak among all others in the register.
CURATOR_PREFIX = "soak-"
CURATORS = 200
REPORT_PATH = "/contact-center/vilnius/tel/"
BEGIN, END = "newcall", "endcall"


@dataclass(frozen=True, slots=True)
class Plan:
    """One call: who calls whom, and in what order and how often its events are reported."""

    number: str
    curator: str
    agency: KnownAgency | None
    call_id: str | None
    theme: str | None
    events: tuple[str, ...]

    def target(self, event: str) -> str:
        """Path and query of an event."""
        query = {"type": event, "ani": f"+{self.number}", "curator_id": self.curator}
        if self.call_id is not None:
            query["call_id"] = self.call_id
        return f"{REPORT_PATH}?{urlencode(query)}"


def plans(count: int, agencies: Sequence[KnownAgency], themes: Sequence[str], seed: int) -> Iterator[Plan]:
    """`count` calls, no two of the same number and curator: only then is it clear what is one call."""
    dice = Random(seed)
    for place in range(count):
        # Agencies call again and again, each time another curator; strangers call once.
        agency = dice.choice(agencies) if dice.random() < 0.7 else None
        yield Plan(
            number=agency.number if agency is not None else f"3706{place % 10_000_000:07d}",
            curator=f"{CURATOR_PREFIX}{place % CURATORS}-{place // CURATORS}",
            agency=agency,
            call_id=f"soak-{seed}-{place}" if dice.random() < 0.5 else None,
            theme=dice.choice(themes) if dice.random() < 0.5 else None,
            events=_events(dice),
        )


def _events(dice: Random) -> tuple[str, ...]:
    """A begin and an end, in one call of ten the other way round, and then repeats."""
    both = [END, BEGIN] if dice.random() < 0.1 else [BEGIN, END]
    repeats = [dice.choice(both) for _ in range(dice.choices((0, 1, 2, 4), (5, 3, 2, 1))[0])]
    if both[0] == BEGIN and dice.random() < 0.3:
        both.insert(1, BEGIN)  # the browser and the server report the same begin
    return (*both, *repeats)
