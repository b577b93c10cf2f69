"""A private MariaDB server on loopback (Debian: mariadb-server-core, mariadb-client-core)."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pymysql
from pymysql.cursors import Cursor

from tests.support.database_server import USER, DatabaseServer, run_to_end
from tests.support.faulty_proxy import FaultyProxy
from tests.support.processes import LOOPBACK, Process, program, spawn

_LOG_FILE_SIZE = "--innodb-log-file-size=32M"  # the default makes every data directory 64 MB larger
# Test data need not survive a power cut.
_FAST = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=256M",
    "--skip-log-bin",
    "--performance-schema=OFF",
    _LOG_FILE_SIZE,
)


class MariaDB(DatabaseServer):
    """One MariaDB server; see `DatabaseServer`.

    The password is made for this instance, so a login that works proves that this server answers and not
    another one that took the port.
    """

    _stop_signal = signal.SIGTERM

    def __init__(
        self, directory: Path, *, template: Path | None = None, extra_args: Sequence[str] = ()
    ) -> None:
        self.password = secrets.token_hex(8)
        super().__init__(directory, template=template, extra_args=extra_args)

    def url(self, database: str, *, port: int | None = None) -> str:
        return (
            f"mysql+pymysql://{USER}:{self.password}@{LOOPBACK}:{port or self.port}/{database}"
            "?charset=utf8mb4"
        )

    def create_database(self) -> str:
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        return name

    def execute(self, *statements: str) -> None:
        with self._connect(self.port) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    @property
    def _accounts(self) -> Path:
        """Statements that the server runs at every start, before it listens."""
        return self.directory / "accounts.sql"

    def _prepare_directory(self) -> None:
        self._accounts.write_text(
            f"CREATE OR REPLACE USER '{USER}'@'{LOOPBACK}' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'{LOOPBACK}' WITH GRANT OPTION;\n"
        )

    def _make_data(self) -> None:
        run_to_end(
            [
                program("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={self.data}",
                "--skip-test-db",
                "--auth-root-authentication-method=socket",
                _LOG_FILE_SIZE,
                *_as_root(),
            ]
        )

    def _launch(self, port: int) -> Process:
        process = spawn(
            [
                program("mariadbd"),
                "--no-defaults",
                f"--datadir={self.data}",
                "--socket=server.sock",  # relative to the data directory: a full path could exceed 107 bytes
                f"--port={port}",
                f"--bind-address={LOOPBACK}",
                f"--pid-file={self.directory / 'mariadb.pid'}",
                f"--init-file={self._accounts}",
                "--skip-name-resolve",
                "--character-set-server=utf8mb4",
                "--collation-server=utf8mb4_unicode_ci",
                *_FAST,
                *_as_root(),
                *self._extra_args,
            ],
            self.directory / "mariadb.log",
        )
        process.wait_until_ready(lambda: self._answers(port), "MariaDB answers")
        return process

    def _answers(self, port: int) -> bool:
        try:
            self._connect(port).close()
        except pymysql.MySQLError:
            return False
        return True

    def _connect(self, port: int) -> pymysql.Connection[Cursor]:
        return pymysql.connect(
            host=LOOPBACK,
            port=port,
            user=USER,
            password=self.password,
            autocommit=True,
            connect_timeout=5,
        )


@dataclass(frozen=True, slots=True)
class FaultyMariaDB:
    """A server behind a line whose faults the test switches."""

    server: MariaDB
    proxy: FaultyProxy

    def url(self, database: str) -> str:
        """SQLAlchemy URL of `database` through the faulty line."""
        return self.server.url(database, port=self.proxy.port)


def _as_root() -> list[str]:
    """Without this option mariadbd refuses to run as root."""
    return ["--user=root"] if os.geteuid() == 0 else []
