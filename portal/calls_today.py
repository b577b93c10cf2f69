"""How the day goes at the Moscow call centre: what the front page and the wall say of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.calls import Call, CallFilter, CallLog, CallSummary, Comparison, Page

#: A call without operator and result waits for somebody; older than this it is only badly noted down.
WAITING_FROM, WAITING_UNTIL = timedelta(minutes=1), timedelta(minutes=15)
#: A share of fewer calls says little.
FEW_CALLS = 30
#: A share of handled calls so much lower than a week ago is unusual.
FAR_BELOW = 0.1
#: No call for so long is unusual where so many were to be expected in that time.
LONG_SILENCE, MANY_CALLS = timedelta(minutes=20), 10.0
_MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class CallsToday:
    """The present day up to `now` (aware, in the centre's zone).

    `last_at` is when the last call began, None when there was none; `waiting` counts the calls that have had
    no operator for a minute.
    """

    now: datetime
    summary: CallSummary
    last_at: datetime | None
    waiting: int

    @property
    def handled_drop(self) -> float | None:
        """By how much the share of handled calls is below last week's; None unless it is far below."""
        before, now = self.summary.before, self.summary
        if before is None or min(now.with_known_result, before.with_known_result) < FEW_CALLS:
            return None
        drop = before.handled / before.with_known_result - now.handled / now.with_known_result
        return drop if drop >= FAR_BELOW else None

    @property
    def missed_in_silence(self) -> int | None:
        """How many calls last week had in the time since the last one; None while the silence is usual."""
        before = self.summary.before
        since = self.last_at or self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        if before is None or self.now - since < LONG_SILENCE:
            return None
        expected = expected_calls(before, since.astimezone(self.now.tzinfo), self.now)
        return round(expected) if expected >= MANY_CALLS else None


def calls_today(log: CallLog, now: datetime) -> CallsToday:
    """The present day. `now` is aware; raises what `CallLog` raises."""
    today = log.today()
    last = log.page(CallFilter(today, today), Page(offset=0, limit=1)).calls
    unassigned = log.page(
        CallFilter(today, today, no_operator=True), Page(offset=0, limit=_MOST_WAITING)
    ).calls
    return CallsToday(
        now=now.astimezone(log.zone),
        summary=log.summary(CallFilter(today, today)),
        last_at=last[0].at if last else None,
        waiting=sum(_waits(call, now) for call in unassigned),
    )


def expected_calls(before: Comparison, since: datetime, until: datetime) -> float:
    """How many calls the day compared with had between these times of day, each hour taken as even."""
    total, begin = 0.0, since
    while begin < until:
        end = min(until, begin.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
        total += before.per_hour[begin.hour] * (end - begin) / timedelta(hours=1)
        begin = end
    return total


def _waits(call: Call, now: datetime) -> bool:
    is_open = call.result is None and call.operator_id is None
    return is_open and WAITING_FROM <= now - call.at < WAITING_UNTIL
