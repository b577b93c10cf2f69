import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from services.accounts import HashGate, HashingBusy, PasswordProblem, PasswordRejected, Passwords
from services.accounts.passwords import MAX_LENGTH, argon2_hasher, check_new_password


@pytest.fixture(scope="module")
def argon2() -> Passwords:
    """The real thing, with the least work it allows."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def test_argon2_knows_the_right_password_from_a_wrong_one(argon2):
    verifier = argon2.hash("correct horse")

    assert verifier.startswith("$argon2id$")
    assert argon2.verify(verifier, "correct horse", known=False).matches
    assert not argon2.verify(verifier, "correct horsf", known=False).matches


def test_a_password_typed_on_another_system_is_the_same_password(argon2):
    verifier = argon2.hash("мой пароль й")

    assert argon2.verify(verifier, "мой пароль и\u0306", known=False).matches


@pytest.mark.parametrize("odd", ["", "\0", "\ud800", "x" * 100_000])
def test_any_text_may_be_tried_as_a_password(argon2, odd):
    verifier = argon2.hash("correct horse")

    assert not argon2.verify(verifier, odd, known=False).matches


def test_the_longest_allowed_password_is_checked_to_its_last_character(argon2):
    longest = "x" * MAX_LENGTH
    verifier = argon2.hash(longest)

    assert argon2.verify(verifier, longest, known=False).matches
    assert not argon2.verify(verifier, longest + "x", known=False).matches


def test_without_a_verifier_the_same_work_is_done_and_nothing_matches(hasher):
    passwords = Passwords(hasher)
    before = hasher.work

    verdict = passwords.verify(None, "correct horse", known=False)

    assert not verdict.matches
    assert hasher.work - before == 1


def test_a_verifier_of_older_parameters_is_renewed_when_the_password_is_right(hasher):
    passwords = Passwords(hasher)
    hasher.parameters = "tomorrow"
    old = "today:" + b"correct horse".hex()

    assert passwords.verify(old, "correct horse", known=False).renewed == "tomorrow:" + b"correct horse".hex()
    assert passwords.verify(old, "wrong", known=False).renewed is None


def test_a_renewed_verifier_does_not_show_in_the_verdict(hasher):
    passwords = Passwords(hasher)
    hasher.parameters = "tomorrow"

    verdict = passwords.verify("today:" + b"secret".hex(), "secret", known=False)

    assert b"secret".hex() not in repr(verdict)


def test_the_portal_hashes_as_strongly_as_owasp_asks():
    verifier = argon2_hasher().hash(b"correct horse")

    assert verifier.startswith("$argon2id$v=19$m=47104,t=2,p=1$")


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", PasswordProblem.TOO_SHORT),
        ("ninechars", PasswordProblem.TOO_SHORT),
        ("x" * 257, PasswordProblem.TOO_LONG),
        (" Olga.Ivanova ", PasswordProblem.LIKE_LOGIN),
    ],
)
def test_a_poor_new_password_is_rejected_with_its_problem_and_is_not_repeated(password, problem):
    with pytest.raises(PasswordRejected) as rejected:
        check_new_password(password, login="olga.ivanova")

    assert rejected.value.problem is problem
    assert not password or password not in repr(rejected.value)


def test_ten_characters_are_enough():
    check_new_password("tencharsss", login="olga")


def test_a_demo_password_may_be_weak_but_not_empty():
    check_new_password("demo", login="demo", allow_weak=True)

    with pytest.raises(PasswordRejected):
        check_new_password("", login="demo", allow_weak=True)


def test_at_most_two_hash_at_a_time(blocking_hasher):
    passwords = Passwords(blocking_hasher)
    with ThreadPoolExecutor(5) as pool:
        hashes = [pool.submit(passwords.hash, f"password {n}") for n in range(5)]
        blocking_hasher.wait_until(lambda: blocking_hasher.running == 2)
        blocking_hasher.let_end(5)

        assert len({done.result(timeout=20) for done in hashes}) == 5

    assert blocking_hasher.most_running == 2


def test_who_finds_no_slot_in_time_is_told_so(blocking_hasher):
    passwords = Passwords(blocking_hasher, HashGate(slots=2, patience=timedelta()))
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(passwords.hash, "a password") for _ in range(2)]
        blocking_hasher.wait_until(lambda: blocking_hasher.running == 2)

        with pytest.raises(HashingBusy):
            passwords.hash("a third password")

        blocking_hasher.let_end(3)
        for done in running:
            done.result(timeout=20)
        passwords.hash("a third password")  # the slots came back


def test_a_slot_comes_back_when_hashing_fails():
    gate = HashGate(slots=1, patience=timedelta())
    with pytest.raises(MemoryError), gate.slot(known=False):
        raise MemoryError

    with gate.slot(known=False):
        pass


@pytest.fixture
def crowd():
    """Threads that wait at a gate; each notes its name when it is let in."""
    entered: list[str] = []
    threads: list[threading.Thread] = []

    def come(gate: HashGate, name: str, *, known: bool) -> None:
        def pass_through() -> None:
            with gate.slot(known=known):
                entered.append(name)

        waiting = gate.waiting
        threads.append(threading.Thread(target=pass_through))
        threads[-1].start()
        arrived = threading.Event()
        for _ in range(2000):
            if gate.waiting > waiting:
                return
            arrived.wait(0.01)
        raise AssertionError(f"{name} never came to the gate")

    def ended() -> list[str]:
        for thread in threads:
            thread.join(timeout=20)
        return entered

    come.ended = ended
    return come


def test_people_we_know_go_before_strangers_who_came_first(crowd):
    gate = HashGate(slots=1, patience=timedelta(seconds=20))
    with gate.slot(known=False):
        crowd(gate, "stranger", known=False)
        crowd(gate, "another stranger", known=False)
        crowd(gate, "known", known=True)

    assert crowd.ended()[0] == "known"
    assert len(crowd.ended()) == 3


def test_only_a_few_strangers_wait_while_people_we_know_still_may(crowd):
    gate = HashGate(slots=1, patience=timedelta(seconds=20), strangers=1)
    with gate.slot(known=False):
        crowd(gate, "stranger", known=False)
        with pytest.raises(HashingBusy), gate.slot(known=False):
            pass
        crowd(gate, "known", known=True)

    assert crowd.ended() == ["known", "stranger"]
