"""Which event belongs to which call, and what it makes of it: rules without a database or a clock.

The platform repeats events, sends an end before its begin, and a browser reports beside the server. Reports
also reach the database in another order than they came in, so the rules look at when an event was received,
never at what was decided last. Source: the callback interface of the telephony platform.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.telephony.model import CallState, EventKind, Outcome

#: A begin so soon after a begin repeats it, even when an end came between.
REPEATED_BEGIN_WITHIN = timedelta(seconds=30)
#: An end so soon after an end repeats it.
REPEATED_END_WITHIN = timedelta(minutes=2)
#: An end waits so long for the begin that it overtook.
JOINED_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Event:
    """What the rules look at in a report; `at` is when we received it."""

    kind: EventKind
    at: datetime
    platform_id: str | None = None
    cause: str | None = None
    queue: str | None = None
    answered: bool | None = None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the rules look at in a call.

    `last_begin_at` is the latest of its begin events, repeats too; None: only its end was reported.
    """

    state: CallState
    began_at: datetime
    ended_at: datetime | None
    last_begin_at: datetime | None
    platform_id: str | None = None
    cause: str | None = None
    queue: str | None = None
    answered: bool | None = None

    def last_moment(self, span: timedelta) -> datetime:
        """When it ended; without an end, when it must have ended at the latest."""
        return self.began_at + span if self.ended_at is None else self.ended_at


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of an event.

    `place` is where in the given calls the one it belongs to stands, None for a new one; `facts` is that call
    from now on. `expired` are the places of calls that were found to be over.
    """

    outcome: Outcome
    place: int | None
    facts: CallFacts
    expired: tuple[int, ...] = ()


def decide(event: Event, calls: Sequence[CallFacts], span: timedelta) -> Decision:
    """What `event` makes of `calls`.

    Args:
        calls: those of the event's number and curator, and those with its platform id; in any order.
        span: how long a call may last at most.
    """
    place = _identified(event, calls, span)
    if place is None:
        place = _recognised(event, calls, span)
    if place is not None:
        return _continued(event, place, calls[place])
    if event.kind is EventKind.END:
        facts = CallFacts(CallState.AWAITS_BEGIN, event.at, event.at, None)
        return Decision(Outcome.AWAITS_BEGIN, None, _filled(facts, event))
    over = (place for place, call in enumerate(calls) if is_overdue(call, event.at, span))
    facts = CallFacts(CallState.OPEN, event.at, None, event.at)
    return Decision(Outcome.OPENED, None, _filled(facts, event), tuple(over))


def is_overdue(call: CallFacts, now: datetime, span: timedelta) -> bool:
    """Whether a call is still open though it must be over."""
    return call.state is CallState.OPEN and now - call.began_at > span


def expired(call: CallFacts) -> CallFacts:
    """The call once its end is not waited for any more; when it ended stays unknown."""
    return replace(call, state=CallState.EXPIRED)


def repeated_end(orphan: CallFacts, others: Sequence[CallFacts], span: timedelta) -> int | None:
    """Of which call a waiting end is only a late repeat; None: the end of a call we never saw begin.

    Args:
        others: the other calls of its number and curator.
    """
    end = orphan.last_moment(span)
    earlier = [
        (call.last_moment(span), place)
        for place, call in enumerate(others)
        if call.state is not CallState.AWAITS_BEGIN
        and _may_be_one(orphan.platform_id, call.platform_id)
        and timedelta() <= end - call.last_moment(span) <= span
    ]
    return max(earlier)[1] if earlier else None


def absorbed(call: CallFacts, orphan: CallFacts) -> CallFacts:
    """The call with what a repeat of its end can tell of it."""
    return _filled(call, orphan)


def without_begin(orphan: CallFacts) -> CallFacts:
    """An end nobody began: a call that is over, and of which no more than its end is known."""
    return replace(orphan, state=CallState.ENDED)


def _identified(event: Event, calls: Sequence[CallFacts], span: timedelta) -> int | None:
    """The place of the latest call with the event's id."""
    if event.platform_id is None:
        return None
    return max(
        (
            place
            for place, call in enumerate(calls)
            if call.platform_id == event.platform_id
            # Platforms begin to count anew: an id means a call of its time.
            and call.began_at - span <= event.at <= call.last_moment(span) + span
        ),
        key=lambda place: _last_told(calls[place], event.kind),
        default=None,
    )


def _recognised(event: Event, calls: Sequence[CallFacts], span: timedelta) -> int | None:
    """The place of the call that number, curator and time tell: the latest that the first rule knows."""
    possible = sorted(
        (place for place, call in enumerate(calls) if _may_be_one(event.platform_id, call.platform_id)),
        key=lambda place: _last_told(calls[place], event.kind),
        reverse=True,
    )
    rules = _BEGIN_RULES if event.kind is EventKind.BEGIN else _END_RULES
    for rule in rules:
        for place in possible:
            if rule(event, calls[place], span):
                return place
    return None


def _last_told(call: CallFacts, kind: EventKind) -> datetime:
    """When an event of this kind last told of the call; without one, when it began.

    An end therefore goes to a call that is open, but for one that was open already when another call of the
    pair ended just now: then it repeats that end.
    """
    told = call.last_begin_at if kind is EventKind.BEGIN else call.ended_at
    return told or call.began_at


def _may_be_one(one: str | None, other: str | None) -> bool:
    """Whether ids allow it: the server knows the id of a call, the browser beside it may not."""
    return one is None or other is None


def _overtook_this_begin(begin: Event, call: CallFacts, span: timedelta) -> bool:
    """The call's end came first, or all that was known of it is its end."""
    if call.last_begin_at is not None or call.ended_at is None:
        return False
    return -span <= begin.at - call.ended_at <= JOINED_WITHIN


def _has_this_begin(begin: Event, call: CallFacts, span: timedelta) -> bool:
    """The begin repeats one of the call's, or fell into the call."""
    if call.last_begin_at is None:
        return False
    last = max(call.last_begin_at, call.ended_at or call.last_begin_at)
    distance = min(abs(begin.at - call.began_at), abs(begin.at - call.last_begin_at))
    return call.began_at <= begin.at <= last or distance <= REPEATED_BEGIN_WITHIN


def _goes_on(begin: Event, call: CallFacts, span: timedelta) -> bool:
    """No end since the call began. A begin with an id that the call has not told is another call's."""
    return begin.platform_id is None and _is_open_at(begin.at, call, span)


def _has_this_end(end: Event, call: CallFacts, span: timedelta) -> bool:
    """The call goes on, or the end repeats its end, or fell into the call."""
    if call.ended_at is None:
        return _is_open_at(end.at, call, span)
    return call.began_at <= end.at <= call.ended_at or abs(end.at - call.ended_at) <= REPEATED_END_WITHIN


def _is_open_at(moment: datetime, call: CallFacts, span: timedelta) -> bool:
    return call.state is CallState.OPEN and timedelta() <= moment - call.began_at <= span


def _was_overtaken_by_this_begin(end: Event, call: CallFacts, span: timedelta) -> bool:
    """The end came first, but the begin was faster on its way into the database."""
    return call.state is CallState.OPEN and timedelta() <= call.began_at - end.at <= JOINED_WITHIN


_Rule = Callable[[Event, CallFacts, timedelta], bool]
_BEGIN_RULES: tuple[_Rule, ...] = (_has_this_begin, _overtook_this_begin, _goes_on)
_END_RULES: tuple[_Rule, ...] = (_has_this_end, _was_overtaken_by_this_begin)


def _continued(event: Event, place: int, call: CallFacts) -> Decision:
    """The event told of a call that is known."""
    facts = _filled(call, event)
    if event.kind is EventKind.BEGIN:
        return _begun(event.at, place, facts)
    if call.state not in (CallState.OPEN, CallState.EXPIRED):
        return Decision(Outcome.REPEATED, place, facts)
    # Also when its time was over: an end that comes with the call's id is its own.
    began_at, ended_at = sorted((call.began_at, event.at))
    return Decision(
        Outcome.ENDED, place, replace(facts, state=CallState.ENDED, began_at=began_at, ended_at=ended_at)
    )


def _begun(at: datetime, place: int, call: CallFacts) -> Decision:
    began_at = min(at, call.began_at)
    if call.last_begin_at is not None or call.ended_at is None:
        last = max(at, call.last_begin_at or at)
        return Decision(Outcome.REPEATED, place, replace(call, began_at=began_at, last_begin_at=last))
    ended_at = call.ended_at
    if ended_at < at <= ended_at + JOINED_WITHIN:
        ended_at = at
    joined = replace(call, state=CallState.ENDED, began_at=began_at, ended_at=ended_at, last_begin_at=at)
    return Decision(Outcome.JOINED, place, joined)


def _filled(call: CallFacts, told: Event | CallFacts) -> CallFacts:
    """The call with what was told beside: while it goes on the latest word counts, later only blanks fill."""
    first, second = (told, call) if call.state is CallState.OPEN else (call, told)
    return replace(
        call,
        platform_id=call.platform_id or told.platform_id,
        cause=first.cause or second.cause,
        queue=first.queue or second.queue,
        answered=second.answered if first.answered is None else first.answered,
    )
