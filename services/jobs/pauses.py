"""How long to leave alone what has just failed."""

from datetime import timedelta

_MOST_DOUBLINGS = 10


def pause_after(
    failures: int, *, first: timedelta = timedelta(seconds=1), longest: timedelta = timedelta(minutes=1)
) -> timedelta:
    """The pause after that many failures in a row, at least one: `first`, doubling up to `longest`."""
    doubled: int = 2 ** min(failures - 1, _MOST_DOUBLINGS)
    return min(first * doubled, longest)
