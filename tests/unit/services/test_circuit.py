"""The circuit breaker: when it opens, what it lets through, how it closes."""

from datetime import UTC, datetime, timedelta

import pytest

from services.circuit import Circuit
from services.errors import Reason, UpstreamRejected, UpstreamUnavailable


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Upstream:
    """Fails while it is told to, and counts how often it was asked."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self.asked = 0
        self.is_dead = True

    def ask(self, reason: Reason = Reason.LOGIN_REFUSED) -> None:
        with self._circuit.guard():
            self.asked += 1
            if self.is_dead:
                raise UpstreamRejected("no", reason)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def upstream(clock) -> Upstream:
    return Upstream(Circuit(3, timedelta(seconds=10), clock))


def fail(upstream: Upstream, times: int) -> None:
    for _ in range(times):
        with pytest.raises(UpstreamRejected):
            upstream.ask()


def test_a_closed_circuit_passes_the_failure_on(upstream):
    fail(upstream, 2)

    assert upstream.asked == 2


def test_after_repeated_failures_nothing_is_asked_and_the_last_failure_is_the_cause(upstream):
    fail(upstream, 3)

    with pytest.raises(UpstreamUnavailable) as caught:
        upstream.ask()

    assert upstream.asked == 3
    assert caught.value.reason is Reason.OVERLOADED
    assert isinstance(caught.value.__cause__, UpstreamRejected)


def test_questions_that_were_given_up_for_their_length_do_not_open_the_circuit(upstream):
    fail(upstream, 2)
    for _ in range(3):
        with pytest.raises(UpstreamRejected):
            upstream.ask(Reason.TOO_SLOW)

    fail(upstream, 2)

    assert upstream.asked == 7


def test_an_answer_between_failures_starts_the_count_anew(upstream):
    fail(upstream, 2)
    upstream.is_dead = False
    upstream.ask()
    upstream.is_dead = True

    fail(upstream, 2)

    assert upstream.asked == 5


def test_an_open_circuit_lets_one_probe_through_per_pause(upstream, clock):
    fail(upstream, 3)
    clock.now += timedelta(seconds=10)

    fail(upstream, 1)
    with pytest.raises(UpstreamUnavailable):
        upstream.ask()

    assert upstream.asked == 4


def test_while_a_probe_is_under_way_others_are_refused(clock):
    circuit = Circuit(1, timedelta(seconds=10), clock)
    fail(Upstream(circuit), 1)
    clock.now += timedelta(seconds=10)

    with circuit.guard(), pytest.raises(UpstreamUnavailable), circuit.guard():
        pass


def test_a_probe_that_is_answered_closes_the_circuit(upstream, clock):
    fail(upstream, 3)
    clock.now += timedelta(seconds=10)
    upstream.is_dead = False

    upstream.ask()
    upstream.ask()

    assert upstream.asked == 5


def test_an_error_of_the_caller_is_no_failure_of_the_upstream(clock):
    circuit = Circuit(1, timedelta(seconds=10), clock)

    with pytest.raises(KeyError), circuit.guard():
        raise KeyError("ours")
    with circuit.guard():
        passed = True

    assert passed
