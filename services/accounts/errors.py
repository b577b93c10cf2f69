"""What can be wrong with a request to change an account. Codes, never sentences; never a password."""

from datetime import datetime
from enum import StrEnum


class AccountError(Exception):
    """The account was not changed."""


class NoSuchPerson(AccountError):
    """No account has this id or login."""


class LoginTaken(AccountError):
    """Another account has this login already, perhaps in other case."""


class InvalidLogin(AccountError):
    """The login is empty, too long, or has characters that cannot be seen."""


class InvalidDisplayName(AccountError):
    """The name to show is empty, too long, or has characters that cannot be seen."""


class NotLocal(AccountError):
    """The person's password is kept elsewhere and cannot be changed here."""


class WrongPassword(AccountError):
    """The present password was not given correctly."""


class TooManyAttempts(AccountError):
    """The present password was wrong too often; ask again after `until` (aware UTC)."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"closed until {until.isoformat()}")
        self.until = until


class PasswordProblem(StrEnum):
    """Why a new password is not good enough."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    LIKE_LOGIN = "like_login"


class PasswordRejected(AccountError):
    """The new password is not good enough."""

    def __init__(self, problem: PasswordProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class HashingBusy(Exception):
    """Too many passwords are being checked at this moment; a moment later there may be room."""
