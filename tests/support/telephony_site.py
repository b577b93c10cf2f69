"""A portal with its telephony, its processes one by one: each can be killed or frozen by itself."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from configparser import ConfigParser
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from sqlalchemy import select

from services.jobs.tables import LeaseRow
from services.storage import Store, migrate
from services.telephony.directory.tables import PhoneLookRow
from tests.support.processes import LOOPBACK, Process, free_port, spawn, wait_until

PROJECT = Path(__file__).parents[2]
THEMES = ("Бронь", "Оплата", "Изменение тура", "Документы и визы", "Жалоба", "Другое")
_START_WITHIN_S = 60.0


class Site:
    """Web, two collectors and the outside systems, all in `directory` and on loopback."""

    def __init__(self, directory: Path, *, data: Sequence[str] = (), gateway_ms: int = 0) -> None:
        """Prepare; nothing runs before `start`.

        Args:
            data: further options of `create-vilnius`, e.g. how many agencies there are.
            gateway_ms: how long each answer of the agency gateway takes.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._data = tuple(data)
        self._gateway_ms = gateway_ms
        self.port = free_port()
        self.gateway_url = f"http://{LOOPBACK}:{free_port()}"
        self._faults = directory / "faults.json"
        self.break_oracle()
        self.store = Store(f"sqlite:///{directory / 'portal.db'}")
        self._gateway: Process | None = None
        self._web: Process | None = None
        self._collectors: list[Process] = []

    @property
    def url(self) -> str:
        """Where the portal answers, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def register_file(self) -> Path:
        """The SQLite file that stands for the SALES schema."""
        return self.directory / "sales.db"

    @property
    def crm_file(self) -> Path:
        """The SQLite file that stands for the CRM schema."""
        return self.directory / "crm.db"

    def start(self) -> None:
        """Make the databases and start everything.

        Raises:
            NotReady: a process did not start.
        """
        making = spawn(
            [sys.executable, "-m", "sandbox", "create-vilnius", "--directory", self.directory, *self._data],
            self.directory / "sandbox.log",
            cwd=PROJECT,
        )
        wait_until(lambda: not making.is_running(), "the sandbox is made", _START_WITHIN_S)
        making.stop()
        self._configure()
        migrate.upgrade(self.store)
        self._gateway = spawn(
            [
                *(sys.executable, "-m", "sandbox", "gateway", "--port", self.gateway_url.rpartition(":")[2]),
                *("--directory", str(self.directory), "--slow-ms", str(self._gateway_ms)),
            ],
            self.directory / "gateway.log",
            cwd=PROJECT,
        )
        self.start_web()
        for _ in range(2):
            self.start_collector()
        # A portal that knows no telephones yet knows nobody who calls.
        wait_until(self._knows_phones, "the telephones are copied", _START_WITHIN_S)

    def stop(self) -> None:
        """End everything that runs."""
        for process in (self._web, *self._collectors, self._gateway):
            if process is not None:
                process.stop()
        self.store.close()

    def start_web(self) -> None:
        """Start gunicorn with two workers and wait until it answers."""
        self._web = spawn(
            [
                *(sys.executable, "-m", "gunicorn", "app:server", "--bind", f"{LOOPBACK}:{self.port}"),
                *("--worker-class", "gthread", "--workers", "2", "--threads", "16"),
                *("--keep-alive", "35", "--log-level", "warning", "--no-control-socket"),
            ],
            self.directory / "web.log",
            env=self._environment(),
            cwd=PROJECT,
        )
        self._web.wait_until_ready(self._answers, "the web process answers", _START_WITHIN_S)

    def kill_web(self) -> None:
        """End the web process and all its workers in the middle of whatever they do."""
        assert self._web is not None
        os.killpg(self._web.pid, signal.SIGKILL)
        self._web.stop(signal.SIGKILL)

    def start_collector(self) -> None:
        """Start one more collector."""
        self._collectors.append(
            spawn(
                [sys.executable, "-m", "portal", "collector"],
                self.directory / "collector.log",
                env=self._environment(),
                cwd=PROJECT,
            )
        )

    def kill_leader(self) -> None:
        """End the collector that leads in the middle of whatever it does."""
        leader = self._leader()
        leader.stop(signal.SIGKILL)
        self._collectors.remove(leader)

    def freeze_leader(self) -> Process:
        """Stop the collector that leads, as a machine does that is suspended; returns it for `thaw`."""
        leader = self._leader()
        leader.id.send(signal.SIGSTOP)
        return leader

    @staticmethod
    def thaw(frozen: Process) -> None:
        """Let a frozen collector go on where it was."""
        frozen.id.send(signal.SIGCONT)

    def break_oracle(self, **faults: object) -> None:
        """Set the faults of the register's database; none heals it."""
        new = self._faults.with_suffix(".new")
        new.write_text(json.dumps(faults))
        new.replace(self._faults)  # readers see the old faults or the new ones, never half of them

    def _leader(self) -> Process:
        """The collector that holds the lease; waits until there is one of ours."""
        found: list[Process] = []

        def leads() -> bool:
            with self.store.read() as session:
                holder = session.scalar(select(LeaseRow.holder).where(LeaseRow.name == "collector")) or ""
            pid = holder.split(":")[1] if ":" in holder else ""
            found[:] = [one for one in self._collectors if str(one.pid) == pid and one.is_running()]
            return bool(found)

        wait_until(leads, "a collector leads", 30)
        return found[0]

    def _configure(self) -> None:
        faults = f"?plugin=oracle_stand_in&faults={self._faults}"
        parser = ConfigParser(interpolation=None)
        parser.read_dict(
            {
                "portal": {
                    "secret_key": secrets.token_urlsafe(48),
                    "database_url": str(self.store.url),
                    "host": LOOPBACK,
                    "port": str(self.port),
                    "log_level": "warning",
                },
                "crm": {"database_url": f"sqlite:///{self.crm_file}"},
                "sales": {"database_url": f"sqlite:///{self.register_file}{faults}"},
                "agency_gateway": {
                    "base_url": self.gateway_url,
                    "login": "portal",
                    "password": "sandbox",
                },
                "telephony": {
                    "themes": ", ".join(THEMES),
                    "log_file": str(self.directory / "stat.log"),
                    "rate_per_second": "10000",
                },
            }
        )
        with (self.directory / "config.ini").open("w", encoding="utf-8") as file:
            parser.write(file)

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        metrics = self.directory / "metrics"
        metrics.mkdir(exist_ok=True)
        return own | {
            "PORTAL_CONFIG": str(self.directory / "config.ini"),
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        }

    def _knows_phones(self) -> bool:
        with self.store.read() as session:
            return session.get(PhoneLookRow, 1) is not None

    def _answers(self) -> bool:
        with (
            closing(HTTPConnection(LOOPBACK, self.port, timeout=5)) as connection,
            suppress(OSError, HTTPException),
        ):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        return False
