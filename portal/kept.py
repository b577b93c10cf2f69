"""Things that are made once for everybody who asks while nothing changes."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from time import time
from typing import Any, TypeVar, cast

from flask import current_app

from portal.shared_answers import lasting
from portal.wiring import Services

T = TypeVar("T")

#: The latest of what was made of one state of things.
MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class _Moment:
    """What everything kept was made of, and what was made of it."""

    state: object
    made: dict[Hashable, Any] = field(default_factory=dict)


class KeptForTheMoment:
    """Keeps what was made until a topic moves, an outside system changes its state, or a minute is over.

    The minute is for words that depend on the clock alone: "no call for 30 min" comes true without an event.
    """

    def __init__(self, *, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._lock = Lock()
        self._moment = _Moment(None)

    def get(self, known: Services, key: Hashable, make: Callable[[], T]) -> T:
        """What was made under `key` in the present state of things, else what `make` makes now.

        Raises StorageError, and what `make` raises; then nothing is kept.
        """
        state = known, int(self._clock()) // 60, lasting(known.live.snapshot())
        with self._lock:
            if self._moment.state != state:
                self._moment = _Moment(state)
            moment = self._moment  # what is made meanwhile in a newer state is kept there
            if key in moment.made:
                return cast(T, moment.made[key])
        made = make()
        with self._lock:
            while len(moment.made) >= MOST_KEPT:
                del moment.made[next(iter(moment.made))]
            moment.made[key] = made
        return made


def kept() -> KeptForTheMoment:
    """What the present app keeps."""
    found: KeptForTheMoment = current_app.extensions.setdefault("portal.kept", KeptForTheMoment())
    return found
