"""The faults that the outage tests rely on really happen on the wire."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.support.faulty_proxy import FaultyProxy
from tests.support.mariadb import FaultyMariaDB
from tests.support.processes import LOOPBACK, free_port

PATIENCE_S = 10.0  # for what must arrive
SILENCE_S = 0.2  # long enough for a byte that wrongly passes on loopback
NEVER_S = 3600.0


class Echo(socketserver.BaseRequestHandler):
    """Sends back whatever it gets, and a last word when the client has ended its side."""

    def handle(self) -> None:
        with suppress(ConnectionResetError):  # the proxy's cut reaches this side too
            while data := self.request.recv(65536):
                self.request.sendall(data)
            self.request.sendall(b"bye")


@pytest.fixture
def echo_port() -> Iterator[int]:
    class Server(socketserver.ThreadingTCPServer):
        block_on_close = False  # a client thread may outlive the test
        daemon_threads = True

    with Server((LOOPBACK, 0), Echo) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def proxy(echo_port: int) -> Iterator[FaultyProxy]:
    with FaultyProxy(LOOPBACK, echo_port) as proxy:
        yield proxy


def connect(proxy: FaultyProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE_S)


def ask(client: socket.socket, question: bytes) -> bytes:
    client.sendall(question)
    return read(client, len(question))


def read(client: socket.socket, size: int) -> bytes:
    answer = b""
    while len(answer) < size and (chunk := client.recv(65536)):
        answer += chunk
    return answer


def assert_silent(client: socket.socket) -> None:
    client.settimeout(SILENCE_S)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(PATIENCE_S)


def test_a_healthy_line_passes_bytes_both_ways(proxy: FaultyProxy) -> None:
    question = bytes(range(256)) * 4096  # 1 MiB, many chunks

    with connect(proxy) as client:
        threading.Thread(target=client.sendall, args=(question,), daemon=True).start()
        answer = read(client, len(question))

    assert answer == question


def test_a_client_that_ended_its_side_still_gets_the_last_answer(proxy: FaultyProxy) -> None:
    with connect(proxy) as client:
        client.shutdown(socket.SHUT_WR)

        assert read(client, 100) == b"bye"


def test_refusing_resets_open_connections(proxy: FaultyProxy) -> None:
    with connect(proxy) as client:
        ask(client, b"hello")

        proxy.refuse()

        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_refusing_turns_new_connections_away(proxy: FaultyProxy) -> None:
    proxy.refuse()

    with pytest.raises(ConnectionRefusedError):
        connect(proxy)


def test_a_refusing_line_heals_on_the_same_port(proxy: FaultyProxy) -> None:
    proxy.refuse()

    proxy.pass_through()

    with connect(proxy) as client:
        assert ask(client, b"hello") == b"hello"


def test_a_black_hole_silences_an_open_connection_without_closing_it(proxy: FaultyProxy) -> None:
    with connect(proxy) as client:
        ask(client, b"before")

        proxy.blackhole()
        client.sendall(b"during")

        assert_silent(client)


def test_a_black_hole_accepts_a_new_connection_and_stays_silent(proxy: FaultyProxy) -> None:
    proxy.blackhole()

    with connect(proxy) as client:
        client.sendall(b"anyone?")

        assert_silent(client)


def test_what_a_black_hole_held_back_arrives_after_it(proxy: FaultyProxy) -> None:
    with connect(proxy) as client:
        ask(client, b"before")
        proxy.blackhole()
        client.sendall(b"during")
        assert_silent(client)

        proxy.pass_through()

        assert read(client, 6) == b"during"


def test_each_answer_of_a_slow_line_takes_at_least_the_delay(proxy: FaultyProxy) -> None:
    proxy.delay(0.05)

    with connect(proxy) as client:
        began = time.monotonic()
        ask(client, b"one")
        ask(client, b"two")
        elapsed = time.monotonic() - began

    assert elapsed >= 0.1


def test_a_healed_line_hands_over_a_delayed_answer_at_once(proxy: FaultyProxy) -> None:
    proxy.delay(NEVER_S)
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert_silent(client)

        proxy.pass_through()

        assert read(client, 5) == b"hello"


def test_a_slow_line_can_be_cut_while_an_answer_is_held_back(proxy: FaultyProxy) -> None:
    proxy.delay(NEVER_S)
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert_silent(client)

        proxy.refuse()

        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_missing_target_looks_like_a_reset() -> None:
    # Where the reset is faster than the client, its own `connect` fails already.
    with (
        FaultyProxy(LOOPBACK, free_port()) as proxy,
        pytest.raises(ConnectionResetError),
        connect(proxy) as client,
    ):
        client.recv(1)


def test_mariadb_is_lost_and_found_behind_the_proxy(faulty_mariadb: FaultyMariaDB) -> None:
    database = faulty_mariadb.server.create_database()
    engine = create_engine(faulty_mariadb.url(database))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1

        faulty_mariadb.proxy.refuse()

        with pytest.raises(OperationalError):
            connection.scalar(text("SELECT 1"))
    faulty_mariadb.proxy.pass_through()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_a_silent_mariadb_costs_a_query_its_read_timeout(faulty_mariadb: FaultyMariaDB) -> None:
    database = faulty_mariadb.server.create_database()
    engine = create_engine(faulty_mariadb.url(database), connect_args={"read_timeout": 1})
    with engine.connect() as connection:
        faulty_mariadb.proxy.blackhole()

        with pytest.raises(OperationalError, match="timed out"):
            connection.scalar(text("SELECT 1"))
    engine.dispose()
