"""Accounts: who may enter, how they prove it, how long it holds, and what they may see."""

from services.accounts.attempts import Closed
from services.accounts.cleanup import AccountsCleanup
from services.accounts.errors import (
    AccountError,
    HashingBusy,
    InvalidDisplayName,
    InvalidLogin,
    LoginTaken,
    NoSuchPerson,
    NotLocal,
    PasswordProblem,
    PasswordRejected,
    TooManyAttempts,
    WrongPassword,
)
from services.accounts.passwords import HashGate, Passwords
from services.accounts.providers import Credentials, Identity, LocalProvider, LoginProvider
from services.accounts.rights import Person, Right, Role
from services.accounts.service import (
    Accounts,
    Busy,
    Entered,
    LoginResult,
    PersonRecord,
    ProvidersDown,
    Refused,
    local_accounts,
)
from services.accounts.sessions import ORDINARY, REMEMBERED, Lifetime, SessionView

__all__ = [
    "ORDINARY",
    "REMEMBERED",
    "AccountError",
    "Accounts",
    "AccountsCleanup",
    "Busy",
    "Closed",
    "Credentials",
    "Entered",
    "HashGate",
    "HashingBusy",
    "Identity",
    "InvalidDisplayName",
    "InvalidLogin",
    "Lifetime",
    "LocalProvider",
    "LoginProvider",
    "LoginResult",
    "LoginTaken",
    "NoSuchPerson",
    "NotLocal",
    "PasswordProblem",
    "PasswordRejected",
    "Passwords",
    "Person",
    "PersonRecord",
    "ProvidersDown",
    "Refused",
    "Right",
    "Role",
    "SessionView",
    "TooManyAttempts",
    "WrongPassword",
    "local_accounts",
]
