"""The codes of the call-centre database. Words for them are chosen where they are shown.

Source: the call-centre database's list of codes, `calls.result` and `calls.type_call`.
"""

from enum import StrEnum


class Outcome(StrEnum):
    """What a call's result code amounts to."""

    SUCCESS = "success"
    FAILURE = "failure"
    OTHER = "other"


HANDLED = 1
SUCCESS_RESULTS = frozenset({HANDLED})
FAILURE_RESULTS = frozenset({0, 4, 5, 6})
KNOWN_RESULTS = frozenset(range(7))
KNOWN_TYPES = frozenset(range(8))


def outcome_of(result: int | None) -> Outcome:
    """The outcome of a result code; None and codes nobody documented are OTHER."""
    if result in SUCCESS_RESULTS:
        return Outcome.SUCCESS
    if result in FAILURE_RESULTS:
        return Outcome.FAILURE
    return Outcome.OTHER
