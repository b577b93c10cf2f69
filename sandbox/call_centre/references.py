"""Ids that point at nothing, in the three ways the call-centre database knows."""

from __future__ import annotations

from random import Random

from sandbox.call_centre import mixes

#: Ids of rows that are gone come from here up: far above any id the sandbox gives out.
GONE_FROM = 1_900_000_000
GONE_COUNT = 1_000_000
#: Of operators few ever go: each of them has many calls.
GONE_OPERATORS = 12


def pointless(kind: str, rng: Random, *, gone: int = GONE_COUNT) -> int | None:
    """0, NULL or the id of one of `gone` rows that are gone, as `kind` (one of `mixes`) says."""
    if kind == mixes.ZERO:
        return 0
    if kind == mixes.NULL:
        return None
    return GONE_FROM + rng.randrange(gone)


def loose(id_: int, rng: Random) -> int | None:
    """`id_`, or now and then nothing: an operator may leave any field empty."""
    kind = mixes.REFERENCES.draw(rng)
    return id_ if kind == mixes.KNOWN else pointless(kind, rng)
