"""The way into Oracle: its limits, and what becomes of what the driver says."""

import gc
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import oracledb
import pytest
from sqlalchemy import Engine, literal, select, text
from sqlalchemy.exc import DBAPIError

from services.errors import Reason, UpstreamError, UpstreamMalformed, UpstreamRejected, UpstreamUnavailable
from services.oracle import error_code, is_about_statement, is_duplicate, open_oracle, translated

# The driver leaves the socket of a login that failed to the garbage collection.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

PASSWORD = "s3cret-word"
CONNECT_LIMIT_S = CALL_LIMIT_S = 0.25
#: Far more than both, and far less than for ever.
PATIENCE_S = 20


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect what the driver left here, not in the middle of some other test."""
    yield
    gc.collect()


def test_a_port_where_nobody_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert _failure(port).reason is Reason.REFUSED


def test_a_name_that_is_none_is_unresolved() -> None:
    assert _failure(1, host="no-such-host.invalid").reason is Reason.UNRESOLVED


def test_a_listener_that_refuses_the_service_says_so() -> None:
    with _listener(_refuse_service) as port:
        error = _failure(port)

    assert isinstance(error, UpstreamRejected)
    assert error.reason is Reason.NO_SUCH_DATABASE


def test_a_listener_that_closes_the_line_is_refused() -> None:
    with _listener(lambda line: line.recv(4096)) as port:
        assert _failure(port).reason is Reason.REFUSED


def test_a_listener_that_never_answers_is_given_up() -> None:
    with _listener(_read_until_closed) as port:
        began = time.monotonic()
        error = _failure(port)

    assert isinstance(error, UpstreamUnavailable)
    assert error.reason is Reason.TIMEOUT
    assert time.monotonic() - began < PATIENCE_S


def test_a_host_that_does_not_even_take_the_line_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, _filled(server):
        assert _failure(server.getsockname()[1]).reason is Reason.TIMEOUT


def test_while_one_listener_is_silent_another_is_asked() -> None:
    """The driver holds a lock while the first connection of a process is made."""
    with _listener(_read_until_closed) as silent, _listener(_refuse_service) as other:
        waiting = threading.Thread(target=_failure, args=(silent,), kwargs={"limit_s": PATIENCE_S})
        waiting.daemon = True
        waiting.start()

        assert _failure(other).reason is Reason.NO_SUCH_DATABASE
        assert waiting.is_alive()


def test_other_lines_of_the_process_are_not_cut() -> None:
    with _listener(_read_until_closed) as port, socket.create_connection(("127.0.0.1", port)) as ours:
        _failure(port)

        ours.settimeout(0)
        with pytest.raises(BlockingIOError):
            ours.recv(1)


def test_neither_password_nor_address_is_in_our_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = _failure(port)

    told: BaseException | None = error
    while told is not None:
        assert PASSWORD not in f"{told!r} {told}"
        told = told.__cause__ or told.__context__
    assert str(port) not in str(error)
    assert "127.0.0.1" not in str(error)


def test_every_statement_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Line:
        call_timeout = 0

    engine = open_oracle(_url(1), call_limit_s=4)
    made = Line()
    monkeypatch.setattr(engine.dialect, "connect", lambda *_arguments, **_options: made)

    connect = next(iter(engine.dialect.dispatch.do_connect))
    connect(engine.dialect, None, [], {})

    assert made.call_timeout == 4000


def test_pooled_lines_are_tried_before_use_and_renewed_before_a_firewall_forgets_them() -> None:
    pool = open_oracle(_url(1)).pool

    assert pool._pre_ping
    assert pool._recycle == 300


def test_another_kind_of_database_is_refused_without_its_password() -> None:
    with pytest.raises(ValueError, match="Oracle") as refused:
        open_oracle(f"postgresql://user:{PASSWORD}@host/db")

    assert PASSWORD not in str(refused.value)


def test_sqlite_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="file"):
        open_oracle("sqlite://")


@pytest.mark.parametrize(
    ("said", "kind", "reason"),
    [
        ("ORA-01017: invalid username/password; logon denied", UpstreamRejected, Reason.LOGIN_REFUSED),
        ("ORA-28000: the account is locked", UpstreamRejected, Reason.LOGIN_REFUSED),
        ("ORA-01031: insufficient privileges", UpstreamRejected, Reason.NO_RIGHT),
        ("ORA-00942: table or view does not exist", UpstreamMalformed, Reason.MALFORMED),
        ("DPY-4024: call timeout of 5000 ms exceeded", UpstreamUnavailable, Reason.TIMEOUT),
        ("ORA-03113: end-of-file on communication channel", UpstreamUnavailable, Reason.REFUSED),
        ("DPY-4011: the database or network closed the connection", UpstreamUnavailable, Reason.REFUSED),
        ("ORA-01034: ORACLE not available", UpstreamUnavailable, Reason.FAILED),
        ("ORA-00600: internal error code", UpstreamUnavailable, Reason.FAILED),
        (
            'DPY-6005: cannot connect (CONNECTION_ID=x).\nDPY-6001: Service "x" is not registered',
            UpstreamRejected,
            Reason.NO_SUCH_DATABASE,
        ),
        (
            "DPY-6000: Listener refused connection. (Similar to ORA-12514)",
            UpstreamRejected,
            Reason.NO_SUCH_DATABASE,
        ),
    ],
)
def test_the_words_of_oracle_become_our_errors(said: str, kind: type[UpstreamError], reason: Reason) -> None:
    with pytest.raises(kind) as raised, translated("sales"):
        raise _dbapi(oracledb.DatabaseError(said))

    assert raised.value.reason is reason
    assert str(raised.value).startswith("sales: ")


def test_whatever_is_not_of_the_database_passes() -> None:
    with pytest.raises(KeyError), translated("sales"):
        raise KeyError


def test_a_row_that_is_there_already_is_recognised(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"))
        connection.execute(text("INSERT INTO t VALUES (1, 'a')"))
    twice, without_name = _refused(engine, "VALUES (1, 'b')"), _refused(engine, "VALUES (2, NULL)")

    assert is_duplicate(twice)
    assert not is_duplicate(without_name)
    assert error_code(without_name) == "SQLITE_CONSTRAINT_NOTNULL"
    assert is_duplicate(_dbapi(oracledb.IntegrityError("ORA-00001: unique constraint (S.PK) violated")))


@pytest.mark.parametrize(
    ("said", "is_it"),
    [
        ("ORA-12899: value too large", True),
        ("ORA-00060: deadlock detected", True),
        ("ORA-03113: end-of-file", False),
        ("ORA-01653: unable to extend table", False),
        ("DPY-4024: call timeout", False),
        ("something without a code", False),
    ],
)
def test_a_refused_statement_is_told_from_a_failing_system(said: str, is_it: bool) -> None:
    assert is_about_statement(_dbapi(oracledb.DatabaseError(said))) is is_it


def test_a_locked_or_absent_sqlite_reads_like_an_oracle_that_fails(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(UpstreamMalformed), translated("crm"), engine.connect() as connection:
        connection.execute(text("SELECT * FROM not_there"))
    absent = open_oracle(f"sqlite:///{tmp_path / 'no' / 'such' / 'crm.db'}")
    with pytest.raises(UpstreamRejected), translated("crm"), absent.connect():
        pass
    with sqlite3.connect(tmp_path / "stand_in.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UpstreamUnavailable) as late, translated("crm"), engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (id INTEGER)"))
    assert late.value.reason is Reason.TIMEOUT


def test_when_all_connections_are_in_use_others_are_told(engine: Engine) -> None:
    held = [engine.connect() for _ in range(5)]
    try:
        with pytest.raises(UpstreamUnavailable) as refused, translated("crm"), engine.connect():
            pass
        assert refused.value.reason is Reason.OVERLOADED
    finally:
        for connection in held:
            connection.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_oracle(f"sqlite:///{tmp_path / 'stand_in.db'}", connect_limit_s=0.1, call_limit_s=0.05)
    yield made
    made.dispose()


def _url(port: int, host: str = "127.0.0.1") -> str:
    return f"oracle+oracledb://portal:{PASSWORD}@{host}:{port}/?service_name=sales"


def _failure(port: int, *, host: str = "127.0.0.1", limit_s: float = CALL_LIMIT_S) -> UpstreamError:
    """How a question to that address fails."""
    engine = open_oracle(_url(port, host), connect_limit_s=CONNECT_LIMIT_S, call_limit_s=limit_s)
    with pytest.raises(UpstreamError) as raised, translated("sales"), engine.connect() as connection:
        connection.execute(select(literal(1)))
    return raised.value


def _dbapi(error: Exception) -> DBAPIError:
    return DBAPIError("SELECT", {}, error)


def _refused(engine: Engine, values: str) -> DBAPIError:
    with pytest.raises(DBAPIError) as raised, engine.begin() as connection:
        connection.execute(text(f"INSERT INTO t {values}"))
    return raised.value


@contextmanager
def _listener(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """Something that listens and does `answer` with each line; yields its port."""
    lines: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):  # closed
            while True:
                line, _ = server.accept()
                lines.append(line)
                threading.Thread(target=talk, args=(line,), daemon=True).start()

    def talk(line: socket.socket) -> None:
        with suppress(OSError), line:
            answer(line)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def _read_until_closed(line: socket.socket) -> None:
    while line.recv(4096):
        pass


def _refuse_service(line: socket.socket) -> None:
    """TNS packet REFUSE, as a listener answers that knows no such service."""
    line.recv(4096)
    reason = b"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR=12514)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))))"
    body = b"\x00\x00" + len(reason).to_bytes(2, "big") + reason
    line.sendall((len(body) + 8).to_bytes(2, "big") + b"\x00\x00\x04\x00\x00\x00" + body)


@contextmanager
def _filled(server: socket.socket) -> Iterator[None]:
    """Nobody accepts, and no place is left where a line could wait for that."""
    lines = [socket.socket() for _ in range(4)]
    for line in lines:
        line.setblocking(False)
        with suppress(BlockingIOError):
            line.connect(server.getsockname())
    try:
        yield
    finally:
        for line in lines:
            line.close()
