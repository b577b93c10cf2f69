"""What happens in a call, decided before it begins.

History writes the outcome at once, live traffic plays it stage by stage; both therefore look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from random import Random
from typing import Final

from sandbox.call_centre import mixes
from sandbox.call_centre.directory import REMEMBERED_CARDS, Directory, typed_number
from sandbox.call_centre.references import GONE_OPERATORS, loose, pointless

#: The longest a call may take until its last correction.
SETTLED_AFTER: Final = timedelta(minutes=12)
_RETURNING_SHARE: Final = 0.35
_SHIFT_HOURS: Final = 9
_SHIFT_STARTS: Final = (8, 8, 9, 10, 11, 12)


class Stage(IntEnum):
    """What a call goes through, mostly in this order; the caller's card may come late."""

    BEGUN = 0
    ANSWERED = 1
    IDENTIFIED = 2
    ENDED = 3
    CORRECTED = 4


@dataclass(frozen=True, slots=True)
class NewCard:
    """A caller who was not known before: a row of `cards`, and its telephone unless `number` is None."""

    number: str | None
    comment: str | None = None
    telephone_id: int | None = None  # what the card holds when there is no number


@dataclass(frozen=True, slots=True)
class Ring:
    """An agency that is rung while the client waits: a row of `calls_result`."""

    after: timedelta  # the begin of the call
    telephone_id: int | None
    result: int | None


@dataclass(frozen=True, slots=True)
class NewProcessing:
    """A client card: a row of `privat_processing`."""

    client_name_id: int | None
    manager_name_id: int | None
    client_city_id: int | None
    country_id: int | None
    metro_id: int | None
    ads_id: int | None
    rings: Sequence[Ring]
    joined: str | None  # `{0}` stands for the ids of the rings
    bar: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the operator notes down at the end."""

    result: int | None
    type_call: int | None


@dataclass(frozen=True, slots=True)
class CallPlan:
    """One call from its begin to its last correction."""

    begun: datetime
    operator_id: int | None
    card: int | NewCard | None
    processing: int | NewProcessing | None
    outcome: Outcome
    corrected: Outcome | None
    after: dict[Stage, timedelta]  # how long after the begin each stage is reached

    def reached(self, now: datetime) -> list[Stage]:
        """The stages behind the call at `now`, in the order they came."""
        return [stage for stage, after in self.stages() if self.begun + after <= now]

    def stages(self) -> list[tuple[Stage, timedelta]]:
        return sorted(self.after.items(), key=lambda item: (item[1], item[0]))

    def outcome_at(self, stages: Sequence[Stage]) -> Outcome:
        if Stage.CORRECTED in stages and self.corrected is not None:
            return self.corrected
        return self.outcome if Stage.ENDED in stages else Outcome(None, None)


class Planner:
    """Plans calls, one after another, from one source of chance."""

    def __init__(self, directory: Directory, rng: Random) -> None:
        self._directory = directory
        self._rng = rng
        self._roster: tuple[date, _Roster] | None = None
        self._cards = list(directory.cards)
        self._forgotten = 0  # position of the card that is forgotten next

    def remember(self, card_id: int) -> None:
        """Let the caller with this card call again some day."""
        if len(self._cards) < REMEMBERED_CARDS:
            self._cards.append(card_id)
        else:
            self._cards[self._forgotten] = card_id
            self._forgotten = (self._forgotten + 1) % REMEMBERED_CARDS

    def plan(self, begun: datetime) -> CallPlan:
        rng = self._rng
        family = mixes.OUTCOMES.draw(rng)
        talk = timedelta(seconds=rng.randrange(20, 91))
        processing = self._processing(family, talk)
        outcome = Outcome(mixes.RESULTS[family].draw(rng), mixes.CALL_TYPES[family].draw(rng))
        after = {
            Stage.BEGUN: timedelta(0),
            Stage.ANSWERED: timedelta(seconds=rng.choice((0, 0, 0, 3, 5, 8, 13))),
            Stage.IDENTIFIED: self._identified_after(talk),
            Stage.ENDED: talk,
        }
        corrected = self._correction(outcome)
        if corrected is not None:
            after[Stage.CORRECTED] = talk + timedelta(seconds=rng.randrange(60, 500))
        return CallPlan(
            begun=begun,
            operator_id=self._operator(family, begun),
            card=self._card(),
            processing=processing,
            outcome=outcome,
            corrected=corrected,
            after=after,
        )

    def nothing_yet(self) -> int | None:
        """0 or NULL: what an id holds before it is known."""
        return pointless(mixes.ABSENT.draw(self._rng), self._rng)

    def _identified_after(self, talk: timedelta) -> timedelta:
        """A known number at once, others once the operator has asked, a few when the call is over."""
        how = self._rng.random()
        if how < 0.45:
            return timedelta(0)
        if how < 0.96:
            return min(talk, timedelta(seconds=self._rng.randrange(5, 40)))
        return talk + timedelta(seconds=self._rng.randrange(60, 400))

    def _operator(self, family: str, begun: datetime) -> int | None:
        kind = mixes.OPERATORS[family].draw(self._rng)
        if kind != mixes.KNOWN:
            return pointless(kind, self._rng, gone=GONE_OPERATORS)
        day = begun.date()
        if self._roster is None or self._roster[0] != day:
            self._roster = day, _Roster(self._directory.operators, self._rng)
        return self._roster[1].on_duty(begun.hour, self._rng)

    def _card(self) -> int | NewCard | None:
        rng = self._rng
        kind = mixes.CARDS.draw(rng)
        if kind == mixes.NO_TELEPHONE:
            return NewCard(None, telephone_id=pointless(mixes.LOST_TELEPHONES.draw(rng), rng))
        if kind != mixes.KNOWN:
            return pointless(kind, rng)
        if self._cards and rng.random() < _RETURNING_SHARE:
            return rng.choice(self._cards)
        return NewCard(typed_number(rng), mixes.NUMBER_COMMENTS.draw(rng))

    def _processing(self, family: str, talk: timedelta) -> int | NewProcessing | None:
        rng, known = self._rng, self._directory
        kind = mixes.PROCESSINGS[family].draw(rng)
        if kind != mixes.KNOWN:
            return pointless(kind, rng)
        rings = self._rings(talk)
        return NewProcessing(
            client_name_id=loose(rng.choice(known.clients), rng),
            manager_name_id=loose(rng.choice(known.managers), rng),
            client_city_id=loose(rng.choice(known.cities), rng),
            country_id=loose(rng.choice(known.countries), rng),
            metro_id=loose(rng.choice(known.metros), rng),
            ads_id=loose(rng.choice(known.adverts), rng),
            rings=rings,
            joined=mixes.JOINS.draw(rng) if rings else mixes.NO_RINGS.draw(rng),
            bar=mixes.BARS.draw(rng),
        )

    def _rings(self, talk: timedelta) -> list[Ring]:
        rng = self._rng
        count = mixes.RINGS.draw(rng)
        return [
            # One after another, so that the newest is never in doubt.
            Ring(talk * (number / (count + 1)), self._rung_telephone(), mixes.RING_RESULTS.draw(rng))
            for number in range(1, count + 1)
        ]

    def _rung_telephone(self) -> int | None:
        whose = mixes.RUNG.draw(self._rng)
        if whose == mixes.AGENCY:
            return self._rng.choice(self._directory.agency_telephones)
        if whose == mixes.STRANGER:
            # The telephones of the first callers follow those of the agencies.
            return self._directory.agency_telephones[-1] + self._rng.randrange(1, 500)
        return pointless(whose, self._rng)

    def _correction(self, outcome: Outcome) -> Outcome | None:
        """Seven of a hundred calls are put right afterwards."""
        rng = self._rng
        if rng.random() >= 0.07:
            return None
        family = mixes.OUTCOMES.draw(rng)
        if rng.random() < 0.5:
            return Outcome(outcome.result, mixes.CALL_TYPES[family].draw(rng))
        return Outcome(mixes.RESULTS[family].draw(rng), outcome.type_call)


class _Roster:
    """Who works on one day: most operators, some more than others, each for one shift."""

    def __init__(self, operators: Sequence[int], rng: Random) -> None:
        working = rng.sample(operators, max(1, len(operators) * 3 // 4))
        self._at_night = working[: max(1, len(working) // 8)]
        self._shifts = [(id_, rng.choice(_SHIFT_STARTS), rng.uniform(0.3, 1)) for id_ in working]
        self._by_hour: dict[int, tuple[list[int], list[float]]] = {}

    def on_duty(self, hour: int, rng: Random) -> int:
        if hour not in self._by_hour:
            self._by_hour[hour] = self._team(hour)
        operators, weights = self._by_hour[hour]
        return rng.choices(operators, weights)[0]

    def _team(self, hour: int) -> tuple[list[int], list[float]]:
        team = [
            (id_, weight) for id_, start, weight in self._shifts if start <= hour < start + _SHIFT_HOURS
        ] or [(id_, 1.0) for id_ in self._at_night]
        return [id_ for id_, _ in team], [weight for _, weight in team]
