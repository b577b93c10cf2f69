"""The whole portal in a directory of its own, started as its users start it."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Mapping
from configparser import ConfigParser
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

from tests.support.processes import LOOPBACK, Process, free_port, program, spawn

Config = Mapping[str, Mapping[str, object]]

_COMMAND_TIMEOUT_S = 60.0


class PortalProcess:
    """`portal run`: gunicorn, collector and, without a configuration, the sandbox with its live traffic.

    It works in `directory`: configuration, databases and metrics are its own. The port outlives `stop`.
    """

    def __init__(self, directory: Path, config: Config | None = None) -> None:
        """Prepare; nothing runs before `start`.

        Args:
            config: sections of the config.ini to write; None starts the demo, which has none. Host and port
                are added.
        """
        self.directory = directory
        self.port = free_port()
        self._is_demo = config is None
        self._process: Process | None = None
        directory.mkdir(parents=True, exist_ok=True)
        if config is not None:
            self._write(config)

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers; MissingProgram, NotReady when it does not."""
        process = spawn(
            [_portal(), "run"], self.directory / "portal.log", env=self._environment(), cwd=self.directory
        )
        process.wait_until_ready(self._answers, f"the portal answers at {self.url}", timeout=120)
        self._process = process

    def stop(self) -> None:
        """End it in order, with all its processes; may be repeated."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def command(self, *arguments: str, typed: Iterable[str] = ()) -> str:
        """Run `portal …` against this portal's databases and return what it printed.

        Args:
            typed: lines for its standard input, e.g. a new password.

        Raises:
            RuntimeError: the command failed; the message carries its output.
        """
        done = subprocess.run(
            [_portal(), *arguments],
            input="".join(f"{line}\n" for line in typed),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.directory,
            env=self._environment(),
            timeout=_COMMAND_TIMEOUT_S,
        )
        if done.returncode:
            raise RuntimeError(f"portal {' '.join(arguments)}: {done.stdout}")
        return done.stdout

    def add_person(self, login: str, password: str, *, role: str = "supervisor", name: str = "") -> None:
        """Make an account."""
        self.command("users", "add", login, "--name", name or login, "--role", role, typed=[password])

    def _write(self, config: Config) -> None:
        sections = {name: dict(values) for name, values in config.items()}
        sections.setdefault("portal", {}).update(host=LOOPBACK, port=self.port)
        parser = ConfigParser(interpolation=None)
        parser.read_dict(sections)
        with (self.directory / "config.ini").open("w", encoding="utf-8") as file:
            parser.write(file)

    def _environment(self) -> dict[str, str]:
        """What this test run has, without any setting of a portal."""
        found = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        if self._is_demo:
            found["PORTAL__PORTAL__PORT"] = str(self.port)
        return found

    def _answers(self) -> bool:
        with suppress(URLError, ConnectionError, TimeoutError):
            # Straight to it, whatever proxy the environment names.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        return False


def _portal() -> str:
    """The command as it was installed beside the Python that runs the tests."""
    return program("portal", Path(sys.executable).parent)
