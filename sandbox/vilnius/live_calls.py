"""Which calls the platform has, and in what disorder it reports them; the same seed makes the same calls."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final

from sandbox.vilnius import words
from sandbox.vilnius.agencies import KnownAgency

_QUEUE: Final = "vilnius"
#: Numbers the platform cannot tell, as it writes them.
_NO_NUMBERS: Final = ("anonymous", "Unknown", "", "Restricted", "sip:trunk-2@pbx.example.com", "9" * 300)
_RECENT: Final = 20


class What(Enum):
    """What is told of a call; the values of the first two are the platform's own."""

    BEGIN = "newcall"
    END = "endcall"
    THEME = "theme"  # not by the platform: by the operator, on the card


class Teller(Enum):
    """Who reports: the same event may come from both."""

    BROWSER = "browser"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is told so many seconds after the call began."""

    what: What
    after_s: float
    teller: Teller = Teller.BROWSER


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One call; `begins_s` counts from the first one on. `choice` says which of the themes is pressed."""

    begins_s: float
    ani: str
    curator: str
    call_id: str | None
    answered: bool
    choice: float
    steps: tuple[Step, ...]

    def query(self, step: Step) -> dict[str, str]:
        """What the platform says in the address."""
        said = {"type": step.what.value, "ani": self.ani, "curator_id": self.curator, "queue": _QUEUE}
        if self.call_id is not None:
            said["call_id"] = self.call_id
        if step.what is What.END:
            said |= {
                "answered": "1" if self.answered else "0",
                "cause": "NORMAL_CLEARING" if self.answered else "ORIGINATOR_CANCEL",
            }
        return said


def live_calls(
    agencies: Sequence[KnownAgency], rate: float, seed: int, *, run: str = "1"
) -> Iterator[PlannedCall]:
    """Calls without end, `rate` a minute, in the order they begin. A curator has one call at a time.

    `run` is part of each call's id: with another one the same calls are other calls.
    """
    rng = Random(seed)
    weights = list(itertools.accumulate(rng.paretovariate(1.1) for _ in agencies))
    recent: deque[str] = deque(maxlen=_RECENT)
    free_at = {one.number: 0.0 for one in words.CURATORS}
    begins = 0.0
    for place in itertools.count(1):
        answered = rng.random() < 0.88
        lasts = min(1800.0, rng.lognormvariate(4.4, 0.8) + 3) if answered else rng.uniform(2, 25)
        curator = _free_curator(rng, free_at, begins)
        free_at[curator] = begins + lasts
        ani = _ani(rng, _number(rng, agencies, weights, recent))
        call_id = f"{run}-{place}-{rng.getrandbits(32):08x}" if rng.random() < 0.6 else None
        yield PlannedCall(begins, ani, curator, call_id, answered, rng.random(), _steps(rng, lasts, answered))
        begins += rng.expovariate(rate / 60)


def _free_curator(rng: Random, free_at: dict[str, float], now: float) -> str:
    shares = {one.number: one.share for one in words.CURATORS}
    free = [number for number, at in free_at.items() if at <= now]
    if not free:  # somebody of another team helps out
        return str(301 + len(free_at) - len(shares))
    return rng.choices(free, [shares.get(number, 1) for number in free])[0]


def _number(
    rng: Random, agencies: Sequence[KnownAgency], weights: Sequence[float], recent: deque[str]
) -> str | None:
    """Digits of E.164; None: the platform cannot tell."""
    kind = rng.random()
    if kind < 0.04:
        return None
    if kind < 0.16 and recent:
        return rng.choice(list(recent))  # calls again
    is_stranger = kind < 0.34
    number = (
        f"3706{rng.randrange(10_000_000):07d}"
        if is_stranger
        else rng.choices(agencies, cum_weights=weights)[0].number
    )
    recent.append(number)
    return number


def _ani(rng: Random, number: str | None) -> str:
    if number is None:
        return rng.choice(_NO_NUMBERS)
    return rng.choice(
        (
            number,
            number,
            f"+{number}",
            f"+{number[:3]} {number[3:6]} {number[6:]}",
            f"({number[:3]}){number[3:]}",
        )
    )


def _steps(rng: Random, lasts: float, answered: bool) -> tuple[Step, ...]:
    begin, end = Step(What.BEGIN, 0), Step(What.END, lasts)
    how = rng.random()
    if how < 0.03:  # the end overtakes the begin
        return (Step(What.END, 0, Teller.SERVER), Step(What.BEGIN, 1.5))
    steps = [begin]
    if rng.random() < 0.6:
        steps.append(Step(What.BEGIN, rng.uniform(0, 0.8), Teller.SERVER))
    if answered and rng.random() < 0.6:
        steps.append(Step(What.THEME, max(1.5, lasts * rng.uniform(0.3, 0.95))))
    if how < 0.05:  # nobody ever tells its end
        return tuple(steps)
    steps.append(end)
    if rng.random() < 0.4:
        steps.append(Step(What.END, lasts + rng.uniform(0, 2), Teller.SERVER))
    return tuple(steps)
