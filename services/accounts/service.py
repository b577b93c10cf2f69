"""The one door to accounts: entering and leaving, and what administrators do."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.accounts.attempts import Attempt, Attempts, Closed, forget_failures, remember_origin
from services.accounts.errors import (
    HashingBusy,
    InvalidDisplayName,
    InvalidLogin,
    LoginTaken,
    NoSuchPerson,
    NotLocal,
    TooManyAttempts,
    WrongPassword,
)
from services.accounts.keys import (
    ADDRESS_LENGTH,
    DISPLAY_NAME_LENGTH,
    account_key,
    clean_login,
    is_login,
    origin_of,
    printable,
)
from services.accounts.passwords import Passwords, check_new_password
from services.accounts.people import people_of, read_person
from services.accounts.providers import LOCAL, Credentials, LocalProvider, LoginProvider
from services.accounts.rights import Person, Right, Role
from services.accounts.sessions import Sessions, SessionView, end_sessions_of, start_session
from services.accounts.tables import PasswordVerifierRow, PersonRightRow, PersonRow
from services.errors import UpstreamError
from services.live import LiveBoard, Topic, bump
from services.storage import Store, table_of, upsert

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entered:
    """Let in. The token goes into the browser's cookie and nowhere else."""

    token: str = field(repr=False)
    person: Person


@dataclass(frozen=True, slots=True)
class Refused:
    """Login or password is wrong, or the account is disabled: nobody learns which."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Too many people enter at this moment; ask again in a few seconds."""


@dataclass(frozen=True, slots=True)
class ProvidersDown:
    """Nobody could vouch for the person, and the providers of these names did not answer."""

    names: tuple[str, ...]


LoginResult = Entered | Refused | Closed | Busy | ProvidersDown


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as administrators see them. All times are aware UTC."""

    person: Person
    created_at: datetime
    disabled_at: datetime | None
    last_login_at: datetime | None
    last_login_address: str | None


@dataclass(frozen=True, slots=True)
class _Answers:
    """What the providers said about one pair of login and password."""

    login: str | None = None  # of the person somebody vouched for
    provider: str = ""  # who vouched
    down: tuple[str, ...] = ()  # who could not say
    anyone_refused: bool = False


class Accounts:
    """People, their rights and their sessions. One in a process; safe for its threads.

    Every method may raise StorageError; then nothing has changed.
    """

    def __init__(
        self,
        store: Store,
        live: LiveBoard,
        providers: Sequence[LoginProvider],
        *,
        passwords: Passwords,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """
        Args:
            providers: asked in this order, until one vouches for the person.
            passwords: the process's own, shared with the local provider.
            clock: the present moment, aware.
        """
        self._store = store
        self._providers = tuple(providers)
        self._passwords = passwords
        self._clock = clock
        self._attempts = Attempts(store)
        self._sessions = Sessions(store, live)

    # Entering and leaving

    def log_in(
        self, login: str, password: str, *, address: str, user_agent: str, remember: bool
    ) -> LoginResult:
        """Let somebody in under a new token, or say why not.

        Args:
            login: as typed; case and outer spaces do not matter.
            address: the client's IP address, as the trusted proxies tell it.
        """
        cleaned = clean_login(login)
        attempt = self._attempts.begin(account_key(cleaned), origin_of(address), self._clock())
        if isinstance(attempt, Closed):
            return attempt
        try:
            answers = self._ask(Credentials(cleaned, password, attempt.is_from_known_origin))
        except HashingBusy:
            self._attempts.withdraw(attempt)
            return Busy()
        if answers.login is not None:
            return self._enter(answers, attempt, address, user_agent, remember)
        if answers.down:
            if not answers.anyone_refused:
                self._attempts.withdraw(attempt)
            return ProvidersDown(answers.down)
        return Refused()

    def log_out(self, token: str) -> None:
        """End the session of `token` in every process; no such session is no error."""
        self._sessions.end(token)

    def who(self, token: str) -> SessionView | None:
        """Whose session this is; None when there is none or its time is over.

        Costs no query while nothing about accounts changes.
        """
        return self._sessions.find(token, self._clock())

    def touch(self, token: str, *, idle: timedelta) -> None:
        """Keep the session alive: its person acted `idle` ago.

        Ticks of an open page are no acts, so the browser measures. Never fails for a full disk.
        """
        self._sessions.touch(token, idle=idle, now=self._clock())

    def _ask(self, credentials: Credentials) -> _Answers:
        down: list[str] = []
        anyone_refused = False
        for provider in self._providers:
            try:
                identity = provider.check(credentials)
            except UpstreamError as error:
                log.warning("login provider %s cannot say: %s", provider.name, error.reason)
                down.append(provider.name)
                continue
            if identity is not None:
                return _Answers(identity.login, provider.name)
            anyone_refused = True
        return _Answers(down=tuple(down), anyone_refused=anyone_refused)

    def _enter(
        self, answers: _Answers, attempt: Attempt, address: str, user_agent: str, remember: bool
    ) -> Entered | Refused:
        now = self._clock()
        with self._store.write() as session:
            row = session.scalar(
                select(PersonRow).where(
                    PersonRow.login == answers.login,
                    PersonRow.source == answers.provider,  # a namesake elsewhere is somebody else
                    PersonRow.disabled_at.is_(None),
                )
            )
            if row is None:
                return Refused()
            forget_failures(session, attempt)
            remember_origin(session, attempt, now)
            row.last_login_at, row.last_login_address = now, printable(address, ADDRESS_LENGTH)
            token = start_session(
                session, row.id, address=address, user_agent=user_agent, remembered=remember, now=now
            )
            person = read_person(session, row)
        log.info("person %d entered", person.id)
        return Entered(token, person)

    # What people change themselves

    def change_password(self, person_id: int, old: str, new: str, *, keep_token: str) -> None:
        """Replace a person's password and end all their sessions but that of `keep_token`.

        Raises:
            PasswordRejected: `new` is not good enough.
            WrongPassword: `old` is not the present password.
            TooManyAttempts: `old` was wrong too often.
            NotLocal: the password is kept elsewhere.
            NoSuchPerson, HashingBusy
        """
        login, verifier = self._verifier_of(person_id)
        check_new_password(new, login=login)
        # Whoever stole a session must not guess here. Counted apart from logins (no key of an account looks
        # like this), so that an attack on the login page does not keep people from changing passwords.
        asker = f"person {person_id}"
        attempt = self._attempts.begin(asker, asker, self._clock())
        if isinstance(attempt, Closed):
            raise TooManyAttempts(attempt.until)
        try:
            verdict = self._passwords.verify(verifier, old, known=True)
            replacement = self._passwords.hash(new) if verdict.matches else None
        except HashingBusy:
            self._attempts.withdraw(attempt)
            raise
        if replacement is None:
            raise WrongPassword
        with self._changing(person_id) as (session, _row):
            forget_failures(session, attempt)
            self._put_verifier(session, person_id, replacement)
            end_sessions_of(session, person_id, keep_token=keep_token)

    def set_language(self, person_id: int, language: str | None) -> None:
        """Choose the person's interface language, such as `en`; None: as the portal is set.

        Raises:
            NoSuchPerson
        """
        with self._changing(person_id) as (_session, row):
            row.language = language

    # What administrators do

    def add(
        self,
        login: str,
        display_name: str,
        role: Role,
        password: str,
        *,
        allow_weak_password: bool = False,
    ) -> Person:
        """Create a local account.

        Args:
            allow_weak_password: for the demo accounts of the sandbox only.

        Raises:
            InvalidLogin, InvalidDisplayName, LoginTaken, PasswordRejected, HashingBusy
        """
        cleaned, shown = clean_login(login), display_name.strip()
        if not is_login(cleaned):
            raise InvalidLogin
        if not shown or len(shown) > DISPLAY_NAME_LENGTH or not shown.isprintable():
            raise InvalidDisplayName
        check_new_password(password, login=cleaned, allow_weak=allow_weak_password)
        verifier = self._passwords.hash(password)
        row = PersonRow(
            login=cleaned, display_name=shown, role=role.value, source=LOCAL, created_at=self._clock()
        )
        try:
            with self._store.write() as session:
                session.add(row)
                session.flush()
                self._put_verifier(session, row.id, verifier)
                bump(session, Topic.ACCOUNTS)
                return read_person(session, row)
        except IntegrityError as error:
            raise LoginTaken from error

    def set_password(self, person_id: int, password: str, *, allow_weak_password: bool = False) -> None:
        """Replace a forgotten password and end all sessions of the person.

        Args:
            allow_weak_password: for the demo accounts of the sandbox only.

        Raises:
            NoSuchPerson, NotLocal, PasswordRejected, HashingBusy
        """
        login, _verifier = self._verifier_of(person_id)
        check_new_password(password, login=login, allow_weak=allow_weak_password)
        verifier = self._passwords.hash(password)
        with self._changing(person_id) as (session, _row):
            self._put_verifier(session, person_id, verifier)
            end_sessions_of(session, person_id)

    def disable(self, person_id: int) -> None:
        """Shut a person out at once, open sessions included. Raises NoSuchPerson."""
        with self._changing(person_id) as (session, row):
            row.disabled_at = row.disabled_at or self._clock()
            end_sessions_of(session, person_id)

    def enable(self, person_id: int) -> None:
        """Let a disabled person log in again. Raises NoSuchPerson."""
        with self._changing(person_id) as (_session, row):
            row.disabled_at = None

    def set_role(self, person_id: int, role: Role) -> None:
        """Give a person another role; their own grants and revocations stay. Raises NoSuchPerson."""
        with self._changing(person_id) as (_session, row):
            row.role = role.value

    def grant(self, person_id: int, right: Right) -> None:
        """Give a person a right, whatever the role says now or later. Raises NoSuchPerson."""
        self._decide(person_id, right, allowed=True)

    def revoke(self, person_id: int, right: Right) -> None:
        """Take a right from a person, whatever the role says now or later. Raises NoSuchPerson."""
        self._decide(person_id, right, allowed=False)

    def end_sessions(self, person_id: int) -> None:
        """End all sessions of a person, who may log in again. Raises NoSuchPerson."""
        with self._changing(person_id) as (session, _row):
            end_sessions_of(session, person_id)

    def list_people(self) -> list[PersonRecord]:
        """Everybody, disabled people included, by login."""
        with self._store.read() as session:
            rows = session.scalars(select(PersonRow).order_by(PersonRow.login)).all()
            people = people_of(session, rows)
        return [_record(row, person) for row, person in zip(rows, people, strict=True)]

    def find_person(self, login: str) -> PersonRecord:
        """The account of a login as typed, disabled or not. Raises NoSuchPerson."""
        cleaned = clean_login(login)
        with self._store.read() as session:
            row = None
            if is_login(cleaned):
                row = session.scalar(select(PersonRow).where(PersonRow.login == cleaned))
            if row is None:
                raise NoSuchPerson
            return _record(row, read_person(session, row))

    @contextmanager
    def _changing(self, person_id: int) -> Iterator[tuple[Session, PersonRow]]:
        """Yield a person to change; every process then forgets what it knows about sessions."""
        with self._store.write() as session:
            row = session.get(PersonRow, person_id)
            if row is None:
                raise NoSuchPerson
            yield session, row
            bump(session, Topic.ACCOUNTS)

    def _decide(self, person_id: int, right: Right, *, allowed: bool) -> None:
        decision = {"person_id": person_id, "right_name": right.value, "allowed": allowed}
        with self._changing(person_id) as (session, _row):
            upsert(session, table_of(PersonRightRow), [decision])

    def _verifier_of(self, person_id: int) -> tuple[str, str]:
        """Login and verifier of a local account."""
        with self._store.read() as session:
            row = session.get(PersonRow, person_id)
            if row is None:
                raise NoSuchPerson
            kept = session.get(PasswordVerifierRow, person_id)
        if row.source != LOCAL or kept is None:
            raise NotLocal
        return row.login, kept.verifier

    def _put_verifier(self, session: Session, person_id: int, verifier: str) -> None:
        session.merge(PasswordVerifierRow(person_id=person_id, verifier=verifier, changed_at=self._clock()))


def local_accounts(
    store: Store,
    live: LiveBoard,
    *,
    passwords: Passwords | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Accounts:
    """Accounts that know the portal's own people only."""
    shared = passwords or Passwords()
    return Accounts(store, live, [LocalProvider(store, shared)], passwords=shared, clock=clock)


def _record(row: PersonRow, person: Person) -> PersonRecord:
    return PersonRecord(
        person=person,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        last_login_at=row.last_login_at,
        last_login_address=row.last_login_address,
    )
