import logging

import pytest
from sqlalchemy import select

from services.accounts import (
    Accounts,
    Credentials,
    Entered,
    Identity,
    LocalProvider,
    Passwords,
    ProvidersDown,
    Refused,
    Right,
    Role,
)
from services.accounts.tables import LoginSessionRow, PasswordVerifierRow, PersonRow
from services.errors import UpstreamRejected, UpstreamUnavailable
from services.live import LiveBoard

PASSWORD = "correct horse"


class Company:
    """A login provider with one person, `vera`, whose password is PASSWORD; or it fails."""

    name = "company"

    def __init__(self, failure=None):
        self.failure = failure
        self.asked: list[Credentials] = []

    def check(self, credentials):
        self.asked.append(credentials)
        if self.failure is not None:
            raise self.failure
        right = (credentials.login, credentials.password) == ("vera", PASSWORD)
        return Identity("vera") if right else None


@pytest.fixture
def two_providers(store, hasher, clock, olga):
    """Accounts that ask `Company` first and the portal's own people second."""

    def make(company):
        passwords = Passwords(hasher)
        return Accounts(
            store,
            LiveBoard(store, keep=0),
            [company, LocalProvider(store, passwords)],
            passwords=passwords,
            clock=clock,
        )

    with store.write() as session:
        session.add(
            PersonRow(
                login="vera",
                display_name="Вера",
                role="supervisor",
                source=Company.name,
                created_at=clock(),
            )
        )
    return make


def test_the_right_password_lets_a_person_in(enter, accounts, olga):
    entered = enter()

    assert entered.person == olga
    assert accounts.who(entered.token).person == olga


def test_login_is_found_whatever_its_case_and_spaces(enter):
    assert isinstance(enter("  OLGA\u00a0"), Entered)


@pytest.mark.parametrize(
    "login", ["", " ", "nobody", "olga\0", "x" * 10_000, "\ud800", "ol%", "' OR 1=1 --", "òlga"]
)
def test_an_unknown_login_gets_the_answer_and_the_work_of_a_wrong_password(enter, hasher, login):
    before = hasher.work
    wrong_password = enter(password="wrong password")
    work = hasher.work - before

    unknown_login = enter(login)

    assert unknown_login == wrong_password == Refused()
    assert hasher.work - before == 2 * work == 2


def test_a_disabled_person_gets_the_same_answer_for_the_same_work(enter, accounts, olga, hasher):
    accounts.disable(olga.id)
    before = hasher.work

    assert enter() == Refused()
    assert hasher.work - before == 1


def test_a_person_disabled_while_logging_in_is_refused(two_providers, accounts, store, enter):
    company = Company()
    service = two_providers(company)
    vera = accounts.find_person("vera").person

    class DisablesMeanwhile(Company):
        def check(self, credentials):
            accounts.disable(vera.id)
            return super().check(credentials)

    assert enter("vera", at=two_providers(DisablesMeanwhile())) == Refused()
    accounts.enable(vera.id)
    assert isinstance(enter("vera", at=service), Entered)


def test_each_login_has_a_token_of_its_own(enter, accounts):
    first, second = enter(), enter()

    assert first.token != second.token
    assert accounts.who(first.token).session_id != accounts.who(second.token).session_id


def test_the_token_is_long_and_not_stored(enter, store):
    token = enter().token

    with store.read() as session:
        row = session.scalars(select(LoginSessionRow)).one()
    assert len(token) == 43
    assert token not in " ".join(str(value) for value in vars(row).values())


def test_a_session_remembers_where_it_was_opened_within_bounds(accounts, olga, store):
    accounts.log_in(
        "olga", PASSWORD, address="192.0.2.10", user_agent="Fire\0fox " + "x" * 5000, remember=False
    )

    with store.read() as session:
        row = session.scalars(select(LoginSessionRow)).one()
    assert row.address == "192.0.2.10"
    assert row.user_agent == ("Firefox " + "x" * 5000)[:200]


def test_the_last_login_is_noted(enter, accounts, clock):
    clock.move(days=1)
    enter()

    record = accounts.find_person("olga")

    assert (record.last_login_at, record.last_login_address) == (clock.now, "192.0.2.10")


def test_a_login_ends_no_other_session_and_is_news_to_nobody(enter, accounts, store):
    first = enter()
    before = LiveBoard(store).snapshot().versions

    enter()

    assert LiveBoard(store).snapshot().versions == before
    assert accounts.who(first.token) is not None


def test_a_verifier_of_older_parameters_is_replaced_at_login(enter, hasher, store):
    hasher.parameters = "tomorrow"

    enter()

    with store.read() as session:
        assert session.scalars(select(PasswordVerifierRow.verifier)).one().startswith("tomorrow:")
    assert isinstance(enter(), Entered)


def test_the_first_provider_that_vouches_lets_in(two_providers, enter):
    company = Company()
    service = two_providers(company)

    assert enter("vera", at=service).person.source == "company"
    assert enter("olga", at=service).person.source == "local"
    assert [asked.login for asked in company.asked] == ["vera", "olga"]


def test_a_provider_learns_whether_the_address_is_known(two_providers, enter):
    company = Company()
    service = two_providers(company)

    enter("vera", at=service)
    enter("vera", at=service)

    assert [asked.is_from_known_origin for asked in company.asked] == [False, True]


def test_a_provider_does_not_open_the_account_of_a_namesake(two_providers, enter, accounts):
    accounts.add("vera2", "Вера", Role.ADMIN, PASSWORD)

    class Vouches(Company):
        def check(self, credentials):
            return Identity(credentials.login)

    assert enter("vera2", "whatever it is", at=two_providers(Vouches())) == Refused()


def test_the_local_provider_leaves_accounts_of_others_to_them(two_providers, store, hasher, clock):
    two_providers(Company())
    with store.write() as session:
        vera = session.scalars(select(PersonRow).where(PersonRow.login == "vera")).one()
        verifier = "today:" + PASSWORD.encode().hex()
        session.add(PasswordVerifierRow(person_id=vera.id, verifier=verifier, changed_at=clock()))
    local = LocalProvider(store, Passwords(hasher))

    assert local.check(Credentials("vera", PASSWORD, is_from_known_origin=False)) is None


def test_the_local_provider_vouches_for_nobody_disabled(accounts, olga, store, hasher):
    local = LocalProvider(store, Passwords(hasher))
    credentials = Credentials("olga", PASSWORD, is_from_known_origin=False)
    assert local.check(credentials) == Identity("olga")

    accounts.disable(olga.id)

    assert local.check(credentials) is None


def test_a_local_account_enters_while_the_company_does_not_answer(two_providers, enter):
    service = two_providers(Company(UpstreamUnavailable("company: no answer")))

    assert isinstance(enter("olga", at=service), Entered)


@pytest.mark.parametrize("failure", [UpstreamUnavailable("no answer"), UpstreamRejected("not you")])
def test_a_silent_provider_is_named_when_nobody_can_vouch(two_providers, enter, failure):
    service = two_providers(Company(failure))

    assert enter("vera", at=service) == ProvidersDown(("company",))


def test_guessing_is_limited_while_a_provider_is_silent(two_providers, enter):
    service = two_providers(Company(UpstreamUnavailable("no answer")))
    for _ in range(5):
        enter("olga", "a guess", at=service)

    assert not isinstance(enter("olga", at=service), Entered)


def test_an_outage_of_every_provider_closes_nothing(store, hasher, clock, two_providers, enter):
    company = Company(UpstreamUnavailable("no answer"))
    alone = Accounts(store, LiveBoard(store, keep=0), [company], passwords=Passwords(hasher), clock=clock)
    for _ in range(30):
        assert enter("vera", at=alone) == ProvidersDown(("company",))

    company.failure = None

    assert isinstance(enter("vera", at=alone), Entered)


def test_neither_password_nor_token_shows_in_logs_or_texts(enter, accounts, olga, caplog, two_providers):
    caplog.set_level(logging.DEBUG)
    company = Company()

    entered = enter(at=two_providers(company))
    enter(password="a mistyped secret", at=two_providers(Company(UpstreamUnavailable("no answer"))))
    accounts.set_password(olga.id, "brand new secret")

    shown = caplog.text + repr(entered) + repr(company.asked) + repr(accounts.who(entered.token))
    for secret in (PASSWORD, "secret", entered.token):
        assert secret not in shown


def test_rights_come_with_the_person(enter, accounts, olga):
    accounts.grant(olga.id, Right.ADMIN)

    assert enter().person.may(Right.ADMIN)
