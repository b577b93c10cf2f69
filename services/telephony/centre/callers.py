"""Who of today's callers is unknown, and who is to be called back."""

from collections import Counter
from collections.abc import Iterable, Sequence

from services.telephony.centre.model import Caller
from services.telephony.model import Call, CallState


def unknown_callers(calls: Iterable[Call]) -> list[Caller]:
    """The numbers of no agency, the latest caller first."""
    return _callers([call for call in calls if call.agency_id is None and call.number])


def missed_callers(calls: Sequence[Call]) -> list[Caller]:
    """The numbers that nobody answered since they last were, the latest first.

    A call that goes on or of which nothing was told says neither: it changes nothing.
    """
    told = [call for call in calls if call.answered is not None and call.state is not CallState.OPEN]
    answered = {call.number: call.began_at for call in _earliest_first(told) if call.answered}
    missed = [
        call
        for call in told
        if not call.answered
        and call.number
        and (call.number not in answered or call.began_at > answered[call.number])
    ]
    return _callers(missed)


def _callers(calls: Iterable[Call]) -> list[Caller]:
    ordered = _earliest_first(calls)
    times = Counter(call.number for call in ordered)
    latest = {call.number: call for call in ordered}
    names = {call.number: call.agency_name for call in ordered if call.agency_name}
    callers = [
        Caller(number, times[number], call.began_at, names.get(number)) for number, call in latest.items()
    ]
    return sorted(callers, key=lambda caller: caller.last_at, reverse=True)


def _earliest_first(calls: Iterable[Call]) -> list[Call]:
    return sorted(calls, key=lambda call: (call.began_at, call.id))
