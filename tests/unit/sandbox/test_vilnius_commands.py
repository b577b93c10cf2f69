from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from sandbox.__main__ import main

ROOT = Path(__file__).parents[3]
SMALL = ["--agencies", "20", "--phones", "30", "--now", "2026-03-04T15:30+02:00"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vilnius") / "not" / "there"
    assert main(["create-vilnius", "--directory", str(path), *SMALL]) == 0
    return path


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that goes on, with its first line; it is told to stop at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "stopped" in rest


def test_everything_is_made_and_then_left_alone(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (directory / "sales.db").stat().st_mtime_ns

    assert main(["create-vilnius", "--directory", str(directory), "--seed", "2"]) == 0

    assert "nothing changed" in capsys.readouterr().out
    assert (directory / "sales.db").stat().st_mtime_ns == before
    assert (directory / "erp.db").exists()
    with closing(sqlite3.connect(directory / "crm.db")) as crm:
        assert crm.execute("SELECT COUNT(*) FROM T_AGENCY_PHONE").fetchone() == (30,)


def test_a_moment_with_a_zone_is_taken_as_the_centres(directory: Path) -> None:
    with closing(sqlite3.connect(directory / "sales.db")) as sales:
        (newest,) = sales.execute("SELECT MAX(TIME_BEGIN) FROM T_CALL_INFO").fetchone()

    assert "2026-03-04 13:30" < newest <= "2026-03-04 15:30"


def test_fewer_telephones_than_agencies_are_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["create-vilnius", "--directory", str(tmp_path), "--agencies", "9", "--phones", "8"]

    assert main(arguments) == 1
    assert "fewer telephones" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["gateway", "--port", "0"], ["telephony", "--portal-url", "http://127.0.0.1:1"]]
)
def test_without_data_a_command_says_how_to_make_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([*command, "--directory", str(tmp_path)]) == 1
    assert "create-vilnius" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["portal", "ftp://example.com", "http://"])
def test_an_address_that_is_none_is_refused(directory: Path, url: str) -> None:
    with pytest.raises(SystemExit):
        main(["telephony", "--directory", str(directory), "--portal-url", url])


def test_a_port_that_is_taken_is_told(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["gateway", "--directory", str(directory), "--port", port]) == 1

    assert f"port {port} is not to be had" in capsys.readouterr().err


def test_the_gateway_serves_until_it_is_told_to_stop(directory: Path) -> None:
    with started("gateway", "--directory", str(directory), "--port", "0") as (_, said):
        netloc = said.split("http://")[1].split(",")[0]
        connection = HTTPConnection(netloc, timeout=10)
        connection.request("GET", "/xmlgate/auth_data.jsp?j_login_request=1&j_login=portal&j_passwd=sandbox")
        assert b"<sessionId>" in connection.getresponse().read()
        connection.close()


def test_the_platform_reports_until_it_is_told_to_stop(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as portal:
        url = f"http://127.0.0.1:{portal.getsockname()[1]}"
        portal.settimeout(30)
        arguments = ("telephony", "--directory", str(directory), "--portal-url", url, "--rate", "600")
        with started(*arguments):
            line, _ = portal.accept()
            with line:
                line.settimeout(30)
                assert line.recv(60).startswith(b"GET /contact-center/vilnius/tel/?type=")
            portal.close()  # else the next events wait for their answers
