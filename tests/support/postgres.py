"""A private PostgreSQL server on loopback (Debian: postgresql-15; its own cluster is not used)."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from pathlib import Path

import psycopg

from tests.support.database_server import USER, DatabaseServer, run_to_end
from tests.support.processes import LOOPBACK, Process, change_user, program, spawn

_INSTALLED = Path("/usr/lib/postgresql")  # one directory a major version, none of them in PATH
# Test data need not survive a power cut; no socket file, so the directory's path may be of any length.
_SETTINGS = (
    f"listen_addresses={LOOPBACK}",
    "unix_socket_directories=",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=200",
)


class Postgres(DatabaseServer):
    """One PostgreSQL server; see `DatabaseServer`. It asks no password.

    PostgreSQL refuses to run as root: for root it runs as the account `postgres`, which gets the directory
    and must be able to enter its parents: /tmp, for instance, but not the `tmp_path` that pytest makes for
    root.
    """

    _stop_signal = signal.SIGINT  # the "fast" shutdown; SIGTERM would wait for the clients

    def url(self, database: str, *, port: int | None = None) -> str:
        return f"postgresql+psycopg://{USER}@{LOOPBACK}:{port or self.port}/{database}"

    def create_database(self) -> str:
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def execute(self, *statements: str) -> None:
        with psycopg.connect(
            host=LOOPBACK, port=self.port, user=USER, dbname="postgres", autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _prepare_directory(self) -> None:
        account = _account()
        if account:
            shutil.chown(self.directory, account, account)

    def _make_data(self) -> None:
        run_to_end(
            [
                "setpriv",
                *change_user(_account()),
                _program("initdb"),
                f"--pgdata={self.data}",
                f"--username={USER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            cwd=self.directory,
        )

    def _launch(self, port: int) -> Process:
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        process = spawn(
            [_program("postgres"), "-D", self.data, "-p", str(port), *settings, *self._extra_args],
            self.directory / "postgres.log",
            user=_account(),
            cwd=self.directory,
        )
        process.wait_until_ready(lambda: self._is_ready(process.pid), "PostgreSQL is ready")
        return process

    def _is_ready(self, pid: int) -> bool:
        """Whether the server's own lock file says that this process serves clients.

        Source: PostgreSQL, src/include/utils/pidfile.h: line 1 the process id, line 8 the state.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _account() -> str | None:
    """The account to run as, when we are root."""
    return "postgres" if os.geteuid() == 0 else None


def _program(name: str) -> str:
    """Path of a program of the newest installed major version; MissingProgram when there is none."""
    versions = sorted(_INSTALLED.glob("*/bin"), key=lambda found: float(found.parent.name), reverse=True)
    return program(name, *versions)
