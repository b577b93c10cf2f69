import pytest

from services.accounts import Busy, Closed, Entered, HashGate, Passwords, Refused, local_accounts
from services.accounts.keys import origin_of
from services.accounts.tables import LoginFailureRow
from services.live import LiveBoard

WRONG = "a wrong password"


@pytest.fixture
def attack(enter):
    """Try wrong passwords from somewhere and give the outcomes."""

    def attack(times, login="olga", *, address="198.51.100.1", **where):
        return [enter(login, WRONG, address=address, **where) for _ in range(times)]

    return attack


def test_five_failures_close_the_account_for_that_address_for_five_minutes(attack, enter, clock):
    attack(4)
    clock.move(seconds=60)
    attack(1)

    closed = enter(address="198.51.100.1")
    assert isinstance(closed, Closed)
    assert (closed.until - clock.now).total_seconds() == 300

    clock.move(seconds=299)
    assert isinstance(enter(address="198.51.100.1"), Closed)

    clock.move(seconds=1)
    assert isinstance(enter(address="198.51.100.1"), Entered)


def test_failures_that_are_far_apart_close_nothing(attack, enter, clock):
    for _ in range(10):
        attack(1)
        clock.move(seconds=76)

    assert isinstance(enter(address="198.51.100.1"), Entered)


def test_hammering_a_closed_account_does_not_keep_it_closed(attack, enter, clock):
    attack(5)
    for _ in range(10):
        clock.move(seconds=30)
        attack(1)

    assert isinstance(enter(address="198.51.100.1"), Entered)


def test_after_a_closure_five_more_tries_are_there(attack, clock):
    attack(5)
    clock.move(minutes=5)

    assert attack(5) == [Refused()] * 5
    assert isinstance(attack(1)[0], Closed)


def test_another_address_and_another_account_stay_open(attack, enter, accounts):
    attack(5)

    assert isinstance(enter(address="203.0.113.7"), Entered)
    assert enter("somebody else", WRONG, address="198.51.100.1") == Refused()


def test_success_begins_anew(attack, enter):
    attack(4)
    enter(address="198.51.100.1")

    assert attack(5) == [Refused()] * 5


def test_unknown_logins_are_closed_just_as_known_ones(attack):
    known, unknown = attack(6, "olga"), attack(6, "nobody", address="198.51.100.2")

    assert known == unknown
    assert isinstance(unknown[-1], Closed)


def test_other_case_and_spaces_count_as_the_same_account(attack, enter):
    for login in ("olga", " OLGA", "Olga ", "oLgA", "ｏｌｇａ"):
        attack(1, login)

    assert isinstance(enter(address="198.51.100.1"), Closed)


def test_fifty_failures_close_an_address_for_every_account(attack, enter):
    for n in range(50):
        attack(1, f"guess{n}")

    assert isinstance(enter(address="198.51.100.1"), Closed)
    assert isinstance(enter(address="203.0.113.7"), Entered)


def test_a_distributed_attack_closes_the_account_for_strangers(attack, enter, clock):
    for n in range(20):
        attack(1, address=f"198.51.100.{n}")

    closed = enter(address="203.0.113.7")

    assert isinstance(closed, Closed)
    clock.move(minutes=15)
    assert isinstance(enter(address="203.0.113.7"), Entered)


def test_the_rightful_person_enters_from_a_known_address_during_a_distributed_attack(attack, enter, clock):
    enter()
    clock.move(days=29)
    for n in range(60):
        attack(1, address=f"198.51.100.{n}")

    assert isinstance(enter(), Entered)


def test_an_address_is_forgotten_after_thirty_days(attack, enter, clock):
    enter()
    clock.move(days=30)
    for n in range(20):
        attack(1, address=f"198.51.100.{n}")

    assert isinstance(enter(), Closed)


def test_an_address_where_only_others_entered_is_not_known(attack, enter, accounts):
    accounts.add("boris", "Борис", accounts.find_person("olga").person.role, "correct horse")
    enter("boris", address="203.0.113.7")
    for n in range(20):
        attack(1, address=f"198.51.100.{n}")

    assert isinstance(enter(address="203.0.113.7"), Closed)


def test_a_known_address_does_not_open_more_than_five_tries(attack, enter):
    enter()
    attack(5, address="192.0.2.10")

    assert isinstance(enter(), Closed)


def test_a_flood_of_wrong_logins_costs_no_hash(attack, hasher):
    attack(5)
    before = hasher.work

    outcomes = attack(200)

    assert all(isinstance(outcome, Closed) for outcome in outcomes)
    assert hasher.work == before


def test_a_flood_of_wrong_logins_writes_nothing(attack, statements):
    attack(5)
    statements.clear()

    attack(20)

    assert statements
    assert {each.split()[0] for each in statements} == {"BEGIN", "SELECT"}
    assert "BEGIN IMMEDIATE" not in statements  # the write lock


def test_all_web_processes_share_the_limits(attack, enter, make_accounts):
    attack(5)

    assert isinstance(enter(address="198.51.100.1", at=make_accounts()), Closed)


def test_attempts_at_the_same_moment_cannot_slip_through_together(store, accounts, olga, clock, hasher):
    """While an attempt is being decided it counts already."""
    outcomes = []

    class Nosy:
        name = "nosy"

        def check(self, credentials):
            if len(outcomes) < 10:
                outcomes.append(try_once())

    passwords = Passwords(hasher)
    nosy = type(accounts)(store, LiveBoard(store, keep=0), [Nosy()], passwords=passwords, clock=clock)

    def try_once():
        return nosy.log_in("olga", WRONG, address="198.51.100.1", user_agent="", remember=False)

    try_once()

    assert isinstance(outcomes[0], Closed)
    assert outcomes[1:] == [Refused()] * (len(outcomes) - 1)
    assert len(outcomes) == 5


def test_an_attempt_that_found_no_room_for_its_hash_does_not_count(store, olga, hasher, clock, enter):
    gate = HashGate(slots=0, strangers=0)
    full = local_accounts(store, LiveBoard(store, keep=0), passwords=Passwords(hasher, gate), clock=clock)

    assert [enter(at=full) for _ in range(30)] == [Busy()] * 30
    assert isinstance(enter(), Entered)


def test_what_was_typed_as_login_is_not_stored(attack, store):
    attack(1, "my secret password")

    with store.read() as session:
        row = session.query(LoginFailureRow).one()
    assert "secret" not in f"{row.account} {row.origin}"


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("192.0.2.10", "192.0.2.10"),
        ("::ffff:192.0.2.10", "192.0.2.10"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("not\0an address" + "x" * 100, ("notan address" + "x" * 100)[:45]),
    ],
)
def test_an_address_is_counted_by_what_one_subscriber_has(address, origin):
    assert origin_of(address) == origin
