"""What the drivers say, translated into the portal's own error tree.

Our messages carry neither the database's address nor the statement's values.

Sources: MariaDB and MySQL error code lists; PyMySQL puts the socket's error into `original_exception` when it
connects and into the exception's context when it reads.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.errors import Reason, UpstreamError, UpstreamMalformed, UpstreamRejected, UpstreamUnavailable

_REASON_OF_CODE = {
    1044: Reason.LOGIN_REFUSED,  # access denied to the database
    1045: Reason.LOGIN_REFUSED,  # access denied: user or password
    1129: Reason.LOGIN_REFUSED,  # host is blocked
    1130: Reason.LOGIN_REFUSED,  # host may not connect
    1698: Reason.LOGIN_REFUSED,  # access denied, other ways of login
    1820: Reason.LOGIN_REFUSED,  # password must be changed
    1862: Reason.LOGIN_REFUSED,  # password has expired
    1142: Reason.NO_RIGHT,  # SELECT on the table denied
    1143: Reason.NO_RIGHT,  # SELECT on the column denied
    1049: Reason.NO_SUCH_DATABASE,
    1054: Reason.MALFORMED,  # unknown column
    1146: Reason.MALFORMED,  # no such table
    1205: Reason.TIMEOUT,  # lock wait
    1969: Reason.TOO_SLOW,  # MariaDB: max_statement_time exceeded
    3024: Reason.TOO_SLOW,  # MySQL: max_execution_time exceeded
    2003: Reason.REFUSED,  # cannot connect
    2006: Reason.REFUSED,  # server has gone away
    2013: Reason.REFUSED,  # lost connection during a query
}
_REASON_OF_SQLITE_TEXT = {
    "unable to open database file": Reason.NO_SUCH_DATABASE,
    "no such table": Reason.MALFORMED,
    "no such column": Reason.MALFORMED,
    "not a database": Reason.MALFORMED,
    "malformed": Reason.MALFORMED,
    "locked": Reason.TIMEOUT,
}
_REJECTED = {Reason.LOGIN_REFUSED, Reason.NO_RIGHT, Reason.NO_SUCH_DATABASE}


def upstream_error(reason: Reason) -> UpstreamError:
    """The error of our tree that stands for `reason`."""
    message = f"call-centre database: {reason}"
    if reason in _REJECTED:
        return UpstreamRejected(message, reason)
    if reason is Reason.MALFORMED:
        return UpstreamMalformed(message, reason)
    return UpstreamUnavailable(message, reason)


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever the driver or SQLAlchemy raises inside the block into an `UpstreamError`."""
    try:
        yield
    except PoolTimeout as error:
        raise upstream_error(Reason.OVERLOADED) from error
    except DBAPIError as error:
        raise upstream_error(_reason(error.orig)) from error
    except NoSuchTableError as error:
        raise upstream_error(Reason.MALFORMED) from error
    except (ValueError, TypeError) as error:  # a value that is not what its column promises
        raise upstream_error(Reason.MALFORMED) from error


def _reason(error: BaseException | None) -> Reason:
    if error is None:
        return Reason.FAILED
    code = error.args[0] if error.args else None
    if isinstance(code, int):
        cause = getattr(error, "original_exception", None) or error.__cause__ or error.__context__
        return _reason_of_cause(cause) or _REASON_OF_CODE.get(code, Reason.FAILED)
    text = str(error)
    return next((reason for part, reason in _REASON_OF_SQLITE_TEXT.items() if part in text), Reason.FAILED)


def _reason_of_cause(cause: object) -> Reason | None:
    """What the socket had to say; None when it was not the socket."""
    if isinstance(cause, socket.gaierror):
        return Reason.UNRESOLVED
    if isinstance(cause, TimeoutError):
        return Reason.TIMEOUT
    return Reason.REFUSED if isinstance(cause, OSError) else None
