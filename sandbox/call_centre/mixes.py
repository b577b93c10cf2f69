"""How often each code and each irregularity occurs, for draws in Python and in SQL alike."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Final, Generic, TypeVar

Value = TypeVar("Value", bound="int | str | None")


class Mix(Generic[Value]):
    """Values with their shares; the shares are given in any unit and need not add up to 1."""

    def __init__(self, *shares: tuple[float, Value]) -> None:
        total = sum(share for share, _ in shares)
        self.values: Final = tuple(value for _, value in shares)
        # The last bound is left out: whatever is beyond the others is the last value, rounding or not.
        self._bounds: Final[Sequence[float]] = [
            reached / total for reached in accumulate(share for share, _ in shares)
        ][:-1]

    def draw(self, rng: Random) -> Value:
        return self.values[bisect_right(self._bounds, rng.random())]

    def sql(self, draw: str) -> str:
        """A MariaDB expression that turns `draw`, a column between 0 and 1, into a value."""
        values = ", ".join("NULL" if value is None else _literal(value) for value in self.values)
        if not self._bounds:
            return values
        bounds = ", ".join(f"{bound:.6f}" for bound in self._bounds)
        return f"ELT(1 + INTERVAL({draw}, {bounds}), {values})"


def _literal(value: int | str) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


#: Which of the three families the result of a call belongs to.
HANDLED, LOST, OTHER = "handled", "lost", "other"
OUTCOMES: Final = Mix((78.0, HANDLED), (11.5, LOST), (10.5, OTHER))
# `calls.result` within a family. NULL stays where nobody ever chose one; 7, 9 and 77 are codes nobody knows.
RESULTS: Final[dict[str, Mix[int | None]]] = {
    HANDLED: Mix((1, 1)),
    LOST: Mix((4.0, 0), (3.2, 4), (1.8, 5), (2.5, 6)),
    OTHER: Mix((8.0, 2), (1.0, 3), (0.7, None), (0.4, 7), (0.3, 9), (0.1, 77)),
}
# `calls.type_call` by family of the result; 8 and 42 are codes nobody knows.
CALL_TYPES: Final[dict[str, Mix[int | None]]] = {
    HANDLED: Mix(
        (50, 5), (15, 4), (13, 2), (10, 3), (5, 6), (4, 0), (2, 1), (0.5, None), (0.3, 8), (0.2, 42)
    ),
    LOST: Mix((55, 7), (20, 5), (10, 0), (6, 2), (3, 4), (2, 3), (4, None)),
    OTHER: Mix((35, 5), (20, 6), (18, 7), (12, 4), (10, 0), (4, None), (1, 42)),
}

#: How the caller's number is known. All but the first leave the phone unidentified.
KNOWN, ZERO, NULL, DANGLING, NO_TELEPHONE = "known", "zero", "null", "dangling", "no_telephone"
CARDS: Final = Mix((96.0, KNOWN), (1.3, ZERO), (1.0, NULL), (0.5, DANGLING), (1.2, NO_TELEPHONE))
#: What a card without a number holds in `telephone_id`.
LOST_TELEPHONES: Final = Mix((50, ZERO), (30, NULL), (20, DANGLING))

#: Whether the operator filled in a client card (a row of `privat_processing`), by family of the result.
PROCESSINGS: Final = {
    HANDLED: Mix((72, KNOWN), (18, ZERO), (7, NULL), (3, DANGLING)),
    LOST: Mix((2, KNOWN), (70, ZERO), (28, NULL)),
    OTHER: Mix((6, KNOWN), (68, ZERO), (26, NULL)),
}
#: The same for the operator of a call, by family of the result: nobody was there for many of the lost ones.
OPERATORS: Final = {
    HANDLED: Mix((98.9, KNOWN), (0.4, ZERO), (0.4, NULL), (0.3, DANGLING)),
    LOST: Mix((80, KNOWN), (12, ZERO), (7.5, NULL), (0.5, DANGLING)),
    OTHER: Mix((96, KNOWN), (2, ZERO), (1.5, NULL), (0.5, DANGLING)),
}
#: Any other reference, for example the client's city.
REFERENCES: Final = Mix((90, KNOWN), (5, ZERO), (4, NULL), (1, DANGLING))
#: What a field holds while nothing is known yet.
ABSENT: Final = Mix((60, ZERO), (40, NULL))

#: Agencies rung for the client during a call with a client card.
RINGS: Final = Mix((18, 0), (52, 1), (22, 2), (8, 3))
#: `calls_result.result`; 8 is a code nobody knows.
RING_RESULTS: Final[Mix[int | None]] = Mix(
    (55, 0), (12, 1), (15, 2), (6, 3), (5, 4), (3, 5), (2, -1), (1.5, None), (0.5, 8)
)
#: Whose telephone was rung.
AGENCY, STRANGER = "agency", "stranger"
RUNG: Final = Mix((90, AGENCY), (5, STRANGER), (2, ZERO), (2, NULL), (1, DANGLING))

#: What surrounds the joined ids of `calls_result`, `{0}`, in `privat_processing.calls_results_ids`.
JOINS: Final = Mix(
    (93, "{0}"),
    (1.5, "{0}|"),
    (1, "|{0}"),
    (0.5, " {0} "),
    (2, "{0}|1999999999"),
    (1, "{0}||0"),
    (1, "{0}|нет"),
)
#: The same column when no agency was rung.
NO_RINGS: Final[Mix[str | None]] = Mix((70, ""), (20, None), (4, "0"), (3, "|"), (3, "1999999998"))
#: Between two ids; the doubled bar is what an erased id leaves behind.
BARS: Final = Mix((97, "|"), (3, "||"))

#: How a number was typed: `{0}` and `{1}` are its last two pairs of digits, all in the invented +7 900 000.
NUMBERS: Final = Mix(
    (79.0, "+7 900 000-{0}-{1}"),
    (6.0, "8 (900) 000-{0}-{1}"),
    (5.0, "7900000{0}{1}"),
    (2.0, "8900000{0}{1}"),
    (2.0, "+7(900)000-{0}-{1}"),
    (1.0, "+7900000{0}{1}"),
    (0.5, "900 000 {0} {1}"),
    (0.3, "8-900-000-{0}-{1} доб. 12"),
    # Ranges set aside abroad for films and books, so nobody answers there.
    (1.0, "+44 7700 9000{0}"),
    (0.7, "+1 202 555-01{0}"),
    (0.6, "+49 30 231250{0}"),
    (0.5, "+33 1 99 00 {0} {1}"),
    (0.4, ""),
    (0.3, "anonymous"),
    (0.3, "не определён"),
    (0.2, "=7900000{0}{1}"),
    (0.2, "0"),
)
NUMBER_COMMENTS: Final[Mix[str | None]] = Mix(
    (62, ""),
    (26, None),
    (2, "перезвонить после 18:00"),
    (2, "рабочий"),
    (2, "просит не звонить утром"),
    (1.5, "жена"),
    (1.5, "постоянный клиент, скидка 5 %"),
    (1, "WhatsApp"),
    (1, 'представился как "Иван"'),
    (0.5, "см. card_old"),
    (0.5, "O'Brien, говорит по-английски"),
)
