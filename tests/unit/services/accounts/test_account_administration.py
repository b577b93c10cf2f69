import pytest
from sqlalchemy import delete

from services.accounts import (
    Entered,
    InvalidDisplayName,
    InvalidLogin,
    LoginTaken,
    NoSuchPerson,
    NotLocal,
    PasswordRejected,
    Refused,
    Role,
    TooManyAttempts,
    WrongPassword,
)
from services.accounts.tables import PasswordVerifierRow
from services.live import LiveBoard, Topic

PASSWORD = "correct horse"
NEW = "battery staple"


def test_an_added_person_can_enter(accounts, enter):
    person = accounts.add(" Boris ", " Борис Петров ", Role.ADMIN, PASSWORD)

    assert (person.login, person.display_name, person.source) == ("boris", "Борис Петров", "local")
    assert enter("boris").person == person


@pytest.mark.parametrize("login", ["olga", "OLGA", " Olga "])
def test_a_login_is_taken_in_any_case(accounts, olga, login):
    with pytest.raises(LoginTaken):
        accounts.add(login, "Другая Ольга", Role.OPERATOR, PASSWORD)


@pytest.mark.parametrize("login", ["", "  ", "x" * 65, "a\0b", "a\nb", "\ud800"])
def test_an_impossible_login_is_refused(accounts, login):
    with pytest.raises(InvalidLogin):
        accounts.add(login, "Борис", Role.OPERATOR, PASSWORD)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb"])
def test_an_impossible_name_is_refused(accounts, name):
    with pytest.raises(InvalidDisplayName):
        accounts.add("boris", name, Role.OPERATOR, PASSWORD)


def test_a_poor_password_is_refused_and_nobody_is_added(accounts):
    with pytest.raises(PasswordRejected):
        accounts.add("boris", "Борис", Role.OPERATOR, "demo")

    assert accounts.list_people() == []


def test_a_demo_account_may_have_a_demo_password_when_that_is_said(accounts, enter):
    accounts.add("boris", "Борис", Role.OPERATOR, "demo", allow_weak_password=True)

    assert isinstance(enter("boris", "demo"), Entered)


def test_everybody_is_listed_with_what_administrators_want_to_know(accounts, olga, enter, clock):
    added_at = clock.now
    accounts.add("anna", "Анна", Role.SUPERVISOR, PASSWORD)
    clock.move(hours=1)
    accounts.disable(olga.id)
    enter("anna")

    anna, olga_now = accounts.list_people()

    assert (anna.person.login, anna.disabled_at, anna.last_login_at) == ("anna", None, clock.now)
    assert (olga_now.person, olga_now.disabled_at, olga_now.last_login_at) == (olga, clock.now, None)
    assert olga_now.created_at == added_at


def test_disabling_again_keeps_the_first_moment(accounts, olga, clock):
    first = clock.now
    accounts.disable(olga.id)
    clock.move(days=1)
    accounts.disable(olga.id)

    assert accounts.find_person("olga").disabled_at == first


def test_a_person_is_found_by_login_as_typed(accounts, olga):
    assert accounts.find_person(" OLGA ").person == olga


@pytest.mark.parametrize("login", ["nobody", "", "\0"])
def test_a_login_that_nobody_has_is_said_to_be_nobodys(accounts, login):
    with pytest.raises(NoSuchPerson):
        accounts.find_person(login)


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts: accounts.disable(404),
        lambda accounts: accounts.enable(404),
        lambda accounts: accounts.set_role(404, Role.ADMIN),
        lambda accounts: accounts.end_sessions(404),
        lambda accounts: accounts.set_language(404, "en"),
        lambda accounts: accounts.set_password(404, NEW),
        lambda accounts: accounts.change_password(404, PASSWORD, NEW, keep_token=""),
    ],
)
def test_nobody_cannot_be_changed_and_nothing_is_announced(accounts, store, change):
    with pytest.raises(NoSuchPerson):
        change(accounts)

    assert LiveBoard(store).snapshot().version(Topic.ACCOUNTS) == 0


def test_a_password_set_by_an_administrator_replaces_the_old_one(accounts, olga, enter):
    accounts.set_password(olga.id, NEW)

    assert enter(password=PASSWORD) == Refused()
    assert isinstance(enter(password=NEW), Entered)


def test_an_administrator_cannot_set_a_poor_password(accounts, olga, enter):
    with pytest.raises(PasswordRejected):
        accounts.set_password(olga.id, "demo")

    assert isinstance(enter(), Entered)


def test_a_person_without_a_local_password_cannot_change_it_here(accounts, olga, store):
    with store.write() as session:
        session.execute(delete(PasswordVerifierRow))

    with pytest.raises(NotLocal):
        accounts.set_password(olga.id, NEW)
    with pytest.raises(NotLocal):
        accounts.change_password(olga.id, PASSWORD, NEW, keep_token="")


def test_who_changes_the_password_stays_while_all_other_sessions_end(accounts, make_accounts, olga, enter):
    other = make_accounts()
    mine, elsewhere = enter().token, enter(remember=True).token
    assert other.who(mine)
    assert other.who(elsewhere)

    accounts.change_password(olga.id, PASSWORD, NEW, keep_token=mine)

    assert other.who(mine) is not None
    assert other.who(elsewhere) is None
    assert enter(password=PASSWORD) == Refused()
    assert isinstance(enter(password=NEW), Entered)


def test_a_password_is_not_changed_without_the_present_one(accounts, olga, enter):
    token, elsewhere = enter().token, enter().token

    with pytest.raises(WrongPassword):
        accounts.change_password(olga.id, "a guess", NEW, keep_token=token)

    assert accounts.who(elsewhere) is not None
    assert isinstance(enter(), Entered)


def test_a_poor_new_password_is_refused_before_any_hash(accounts, olga, hasher):
    before = hasher.work

    with pytest.raises(PasswordRejected):
        accounts.change_password(olga.id, PASSWORD, "short", keep_token="")

    assert hasher.work == before


def test_a_stolen_session_cannot_guess_the_password(accounts, olga, enter, hasher, clock):
    token = enter().token
    for _ in range(5):
        with pytest.raises(WrongPassword):
            accounts.change_password(olga.id, "a guess", NEW, keep_token=token)
    before = hasher.work

    with pytest.raises(TooManyAttempts) as closed:
        accounts.change_password(olga.id, PASSWORD, NEW, keep_token=token)

    assert (closed.value.until - clock.now).total_seconds() == 300
    assert hasher.work == before
    assert isinstance(enter(), Entered)  # the login itself stays open


def test_an_attack_on_the_login_page_does_not_keep_people_from_changing_passwords(accounts, olga, enter):
    token = enter().token
    for n in range(30):
        enter(password="a guess", address=f"198.51.100.{n}")

    accounts.change_password(olga.id, PASSWORD, NEW, keep_token=token)

    assert isinstance(enter(password=NEW), Entered)
