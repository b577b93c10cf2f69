from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from sandbox.__main__ import main
from sandbox.call_centre.database import connect

ROOT = Path(__file__).parents[3]
SMALL = ["--days", "1", "--calls-per-day", "200", "--agencies", "10", "--operators", "4"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'call-centre.db'}"


def count(url: str, condition: str = "1 = 1") -> int:
    engine = connect(url)
    try:
        with engine.connect() as connection:
            return connection.execute(text(f"SELECT COUNT(*) FROM calls WHERE {condition}")).scalar_one()
    finally:
        engine.dispose()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def test_create_makes_a_database_and_says_how_large(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["create", "--database-url", url, *SMALL, "--now", "2026-03-04T15:00"])

    assert status == 0
    assert f"{count(url)} calls" in capsys.readouterr().out
    assert count(url, "datetime > '2026-03-04 15:00:00'") == 0
    assert count(url, "datetime > '2026-03-04 14:00:00'") > 3


def test_create_leaves_a_database_that_is_there_as_it_is(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["create", "--database-url", url, *SMALL])
    before = count(url)

    status = main(["create", "--database-url", url, "--days", "2", "--seed", "2"])

    assert status == 0
    assert "nothing changed" in capsys.readouterr().out
    assert count(url) == before


def test_create_again_makes_it_anew(url: str) -> None:
    main(["create", "--database-url", url, *SMALL])
    before = count(url)

    status = main(["create", "--database-url", url, "--days", "4", "--calls-per-day", "400", "--again"])

    assert status == 0
    assert count(url) > 2 * before


def test_a_bulk_without_mariadb_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["create", "--database-url", url, "--calls", "100"])

    assert status == 1
    assert "needs MariaDB" in capsys.readouterr().err


def test_a_database_of_somebody_else_is_refused_by_both_commands(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE calls (id INTEGER PRIMARY KEY)"))
    engine.dispose()

    for command in (["create", "--again"], ["play"]):
        assert main([*command, "--database-url", url]) == 1
        assert "not made by the sandbox" in capsys.readouterr().err
    assert count(url) == 0


def test_play_without_a_database_says_what_to_do(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "--database-url", url]) == 1
    assert "python -m sandbox create" in capsys.readouterr().err


def test_an_unreachable_database_is_an_error_in_one_line_without_the_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(["create", "--database-url", "mysql+pymysql://user:hidden@127.0.0.1:9/centre"])

    error = capsys.readouterr().err
    assert status == 1
    assert error.count("\n") == 1
    assert "hidden" not in error


@pytest.mark.parametrize(
    "arguments",
    [
        ["create"],
        ["create", "--database-url", "nonsense"],
        ["create", "--database-url", "sqlite://", "--days", "0"],
        ["create", "--database-url", "sqlite://", "--now", "yesterday"],
        ["play", "--database-url", "sqlite://", "--rate", "-1"],
        ["dance"],
        [],
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)

    assert refused.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_play_fills_the_gap_brings_new_calls_and_stops_on_a_signal(url: str, number: signal.Signals) -> None:
    main(["create", "--database-url", url, *SMALL, "--now", "2026-03-04T15:00"])
    made = count(url)
    playing = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "play", "--database-url", url, "--rate", "600"],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: count(url) > made)
        filled = count(url)
        wait_for(lambda: count(url) > filled + 10)
        playing.send_signal(number)
        out, error = playing.communicate(timeout=20)
    finally:
        playing.kill()
        playing.wait()

    assert playing.returncode == 0
    assert out.splitlines() == ["playing live calls; stop with Ctrl+C", "stopped"]
    assert "filled" in error
    assert "Traceback" not in error
