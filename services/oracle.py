"""The one way into Oracle: engines with limits, and what the driver says in the portal's own error tree.

Our messages carry neither addresses nor values nor credentials. An engine may lead to SQLite as well, which
stands in for Oracle in the demo and in tests; whatever is asked of it has to be understood by both.

Sources: python-oracledb, "Connection handling" and "Error handling"; Oracle Database Error Messages.
"""

import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import oracledb
from sqlalchemy import Dialect, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.errors import Reason, UpstreamError, UpstreamMalformed, UpstreamRejected, UpstreamUnavailable

#: A firewall forgets a connection that idles for minutes.
_RECYCLE_S = 300
_POOL_SIZE, _POOL_OVERFLOW = 3, 2
#: Rows in one round trip, which takes long over a VPN.
_ROWS_AT_ONCE = 500
_CODE = re.compile(r"\b(?:ORA|DPY)-\d{4,5}\b")

#: "Cannot connect" and "the listener refused": why stands in a code of its own, which follows.
_WRAPPERS = {"DPY-6005", "DPY-6000"}
_DUPLICATE = "ORA-00001"
_CALL_TIMEOUT = "DPY-4024"
_REASON_OF_CODE = {
    "ORA-01017": Reason.LOGIN_REFUSED,  # user or password
    "ORA-28000": Reason.LOGIN_REFUSED,  # account is locked
    "ORA-28001": Reason.LOGIN_REFUSED,  # password has expired
    "ORA-01005": Reason.LOGIN_REFUSED,  # no password
    "ORA-01045": Reason.LOGIN_REFUSED,  # user lacks CREATE SESSION
    "DPY-3015": Reason.LOGIN_REFUSED,  # password verifier of a kind the driver does not know
    "DPY-4001": Reason.LOGIN_REFUSED,  # no credentials
    "ORA-01031": Reason.NO_RIGHT,
    "ORA-41900": Reason.NO_RIGHT,
    "ORA-12514": Reason.NO_SUCH_DATABASE,  # the listener knows no such service
    "ORA-12505": Reason.NO_SUCH_DATABASE,  # ... no such SID
    "ORA-12154": Reason.NO_SUCH_DATABASE,
    "DPY-6001": Reason.NO_SUCH_DATABASE,  # ... no such service
    "DPY-6003": Reason.NO_SUCH_DATABASE,  # ... no such SID
    "DPY-4000": Reason.NO_SUCH_DATABASE,  # no such alias
    "ORA-00942": Reason.MALFORMED,  # no such table, or no right to see it
    "ORA-00904": Reason.MALFORMED,  # no such column
    "ORA-02289": Reason.MALFORMED,  # no such sequence
    "ORA-12170": Reason.TIMEOUT,
    "ORA-03136": Reason.TIMEOUT,
    _CALL_TIMEOUT: Reason.TIMEOUT,
    "ORA-01013": Reason.TOO_SLOW,  # cancelled
    "ORA-00040": Reason.TOO_SLOW,  # longer than the server allows
    "ORA-00018": Reason.FAILED,  # too many sessions
    "ORA-00020": Reason.FAILED,
    "ORA-12516": Reason.FAILED,
    "ORA-12519": Reason.FAILED,
    "ORA-12520": Reason.FAILED,
    "ORA-01033": Reason.FAILED,  # starts or stops
    "ORA-01034": Reason.FAILED,
    "ORA-01089": Reason.FAILED,
    "ORA-01090": Reason.FAILED,
    "ORA-12528": Reason.FAILED,
    "ORA-00257": Reason.FAILED,  # no room: for the archive of changes
    "ORA-01536": Reason.FAILED,  # ... within the quota
    "ORA-01653": Reason.FAILED,  # ... for the table
    "ORA-01654": Reason.FAILED,  # ... for its index
    "ORA-16000": Reason.FAILED,  # open for reading only
    "ORA-03113": Reason.REFUSED,  # end of file on the line
    "ORA-03114": Reason.REFUSED,  # not connected
    "ORA-03135": Reason.REFUSED,  # lost contact
    "ORA-00028": Reason.REFUSED,  # session killed
    "ORA-01012": Reason.REFUSED,  # not logged on
    "ORA-02396": Reason.REFUSED,  # idled for too long
    "ORA-12541": Reason.REFUSED,  # no listener
    "ORA-12537": Reason.REFUSED,
    "DPY-1001": Reason.REFUSED,
    "DPY-4011": Reason.REFUSED,  # the other side closed the line
    "DPY-6005": Reason.REFUSED,
}
_REASON_OF_SQLITE = {
    "SQLITE_CANTOPEN": Reason.NO_SUCH_DATABASE,
    "SQLITE_NOTADB": Reason.MALFORMED,
    "SQLITE_CORRUPT": Reason.MALFORMED,
    "SQLITE_BUSY": Reason.TIMEOUT,
    "SQLITE_LOCKED": Reason.TIMEOUT,
}
_NOT_OF_OUR_SCHEMA = re.compile(r"no such (?:table|column)|has no column")
_SQLITE_DUPLICATE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
_REJECTED = {Reason.LOGIN_REFUSED, Reason.NO_RIGHT, Reason.NO_SUCH_DATABASE}


def open_oracle(url: str, *, connect_limit_s: float = 3, call_limit_s: float = 5) -> Engine:
    """An engine for the Oracle login at `url`, or for an SQLite file; nothing is connected yet.

    Args:
        connect_limit_s: how long a connection may take to be made; logging in may take `call_limit_s` more.
        call_limit_s: how long one answer may take.

    Raises:
        ValueError: `url` leads to another kind of database. It is not repeated, as it holds a password.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed, connect_limit_s, call_limit_s)
    if parsed.get_backend_name() != "oracle":
        raise ValueError(f"a database of Oracle was expected, not of {parsed.get_backend_name()}")
    # Else the first connection settles the driver's mode, and until it stands all others wait for it.
    oracledb.enable_thin_mode()  # type: ignore[no-untyped-call]  # the driver leaves out "-> None"
    engine = create_engine(
        parsed.set(drivername="oracle+oracledb"),
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=connect_limit_s,
        pool_pre_ping=True,
        pool_recycle=_RECYCLE_S,
        hide_parameters=True,
        arraysize=_ROWS_AT_ONCE,
        # `expire_time`: minutes after which a silent line is tried (TCP keep-alive).
        connect_args={"tcp_connect_timeout": connect_limit_s, "expire_time": 1},
    )

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Dialect, _record: object, arguments: Any, options: Any) -> Any:
        with _limited(connect_limit_s + call_limit_s):
            connection: Any = dialect.connect(*arguments, **options)
        connection.call_timeout = round(call_limit_s * 1000)
        return connection

    event.listen(engine, "handle_error", _forget_if_late)
    return engine


@contextmanager
def translated(system: str) -> Iterator[None]:
    """Turn whatever the driver or SQLAlchemy raises inside the block into an `UpstreamError`."""
    try:
        yield
    except PoolTimeout as error:
        raise _error(system, Reason.OVERLOADED) from error
    except DBAPIError as error:
        raise _error(system, _reason(error), error_code(error)) from error
    except TimeoutError as error:
        raise _error(system, Reason.TIMEOUT) from error
    except socket.gaierror as error:
        raise _error(system, Reason.UNRESOLVED) from error
    except OSError as error:
        raise _error(system, Reason.REFUSED) from error
    except (ValueError, TypeError) as error:  # a value that is not what its column promises
        raise _error(system, Reason.MALFORMED) from error


def error_code(error: DBAPIError) -> str | None:
    """The code of Oracle or its driver, e.g. `ORA-12899`, or SQLite's own name of its error; None without."""
    codes: list[str] = _CODE.findall(str(error.orig))
    if codes:
        return next((code for code in codes if code not in _WRAPPERS), codes[0])
    name = getattr(error.orig, "sqlite_errorname", None)
    return None if name is None else str(name)


def is_duplicate(error: DBAPIError) -> bool:
    """Whether a row was refused because its key, or another unique value, is there already."""
    code = error_code(error)
    return code == _DUPLICATE or code in _SQLITE_DUPLICATE


def is_about_statement(error: DBAPIError) -> bool:
    """Whether the database is well and refused this very statement: another one may pass.

    False means that it failed as a whole (no line, no login, no such table, no room), or that its answer is
    missing: whether a change was made is then not known.
    """
    code = error_code(error)
    if error.connection_invalidated or code is None or code in _REASON_OF_CODE:
        return False
    return _reason(error) is Reason.FAILED


def _error(system: str, reason: Reason, code: str | None = None) -> UpstreamError:
    message = f"{system}: {reason}" if code is None else f"{system}: {reason} ({code})"
    if reason in _REJECTED:
        return UpstreamRejected(message, reason)
    if reason is Reason.MALFORMED:
        return UpstreamMalformed(message, reason)
    return UpstreamUnavailable(message, reason)


def _reason(error: DBAPIError) -> Reason:
    cause = getattr(error.orig, "__cause__", None)
    if isinstance(cause, TimeoutError):
        return Reason.TIMEOUT
    code = error_code(error) or ""
    if code in _REASON_OF_CODE:
        return _REASON_OF_CODE[code]
    if _NOT_OF_OUR_SCHEMA.search(str(error.orig)):
        return Reason.MALFORMED
    # SQLITE_BUSY_SNAPSHOT is a kind of SQLITE_BUSY.
    return _REASON_OF_SQLITE.get("_".join(code.split("_")[:2]), Reason.FAILED)


def _forget_if_late(context: ExceptionContext) -> None:
    """Use no connection again that owes us an answer: nobody knows what state its session is in."""
    if _CALL_TIMEOUT in str(context.original_exception):
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


def _sqlite_engine(url: URL, connect_limit_s: float, call_limit_s: float) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise ValueError("SQLite in the place of Oracle must be a file: several processes meet in it")
    return create_engine(
        url,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=connect_limit_s,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": call_limit_s},
    )


class _Sockets(threading.local):
    """What the present thread has connected to, while somebody wants to know."""

    made: list[socket.socket] | None = None


_sockets = _Sockets()
_watching = threading.Lock()
_is_watching = False


def _watch_sockets() -> None:
    """Have Python tell of every socket that is about to be connected; it cannot be told to stop."""
    global _is_watching
    with _watching:
        if not _is_watching:
            sys.addaudithook(_note_socket)
            _is_watching = True


def _note_socket(name: str, arguments: tuple[Any, ...]) -> None:
    if name == "socket.connect" and _sockets.made is not None:
        # A second handle on the same line: TLS takes the first one out of its socket.
        _sockets.made.append(socket.socket(fileno=os.dup(arguments[0].fileno())))


@contextmanager
def _limited(limit_s: float) -> Iterator[None]:
    """Cut the lines that are connected inside the block when it takes longer than `limit_s`.

    The driver waits for a listener that accepts and then says nothing without a limit (its
    `tcp_connect_timeout` ends with TCP's own handshake), and offers no hold on its socket.

    Raises:
        TimeoutError: that has happened.
    """
    _watch_sockets()
    made: list[socket.socket] = []
    is_late, is_over = threading.Event(), threading.Event()

    def cut() -> None:
        while not is_over.wait(limit_s):  # again: a name may lead to several addresses
            is_late.set()
            for line in list(made):
                with suppress(OSError):  # it was never connected, or is closed already
                    line.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=cut, name="oracle-connect-limit", daemon=True).start()
    _sockets.made = made
    problem: Exception | None = None
    try:
        yield
    except Exception as error:
        if not is_late.is_set():
            raise
        problem = error
    finally:
        is_over.set()
        _sockets.made = None
        for line in made:
            line.close()
    if is_late.is_set():
        raise TimeoutError(f"not connected within {limit_s:g} s") from problem
