"""What the private database servers have in common: one directory, one port, start and stop."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from tests.support.processes import NotReady, Process, free_port

USER = "tester"
_MAKE_DATA_TIMEOUT_S = 120.0


class DatabaseServer(ABC):
    """A server on loopback with its data and log in one directory; starts when it is made.

    Its account `tester` has every right. Data and port outlive `stop`.
    """

    def __init__(
        self, directory: Path, *, template: Path | None = None, extra_args: Sequence[str] = ()
    ) -> None:
        """Start the server, with the data that `directory` already holds, if any.

        Args:
            template: the `data` of another, cleanly stopped server; copied when `directory` holds no data.
            extra_args: more options of the server program; they win over ours.

        Raises:
            MissingProgram: the server is not installed.
            NotReady: it did not start.
        """
        self.port = 0  # chosen at the first start
        self.directory = directory
        self._extra_args = tuple(extra_args)
        self._process: Process | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self._prepare_directory()
        if not self.data.exists():
            if template is None:
                self._make_data()
            else:
                run_to_end(["cp", "-a", "--reflink=auto", template, self.data])
        self.start()

    @property
    def data(self) -> Path:
        """The data directory; after `stop` it may serve as a template."""
        return self.directory / "data"

    @property
    def process(self) -> Process:
        """The running server.

        Raises:
            RuntimeError: it is stopped.
        """
        if self._process is None:
            raise RuntimeError(f"{type(self).__name__} is stopped")
        return self._process

    def start(self) -> None:
        """Start the stopped server: on a free port the first time, on the same port again later."""
        if self.port:
            self._process = self._launch(self.port)
            return
        for attempts_left in (2, 1, 0):
            port = free_port()
            try:
                self._process = self._launch(port)
            except NotReady:  # another program may have taken the port meanwhile
                if not attempts_left:
                    raise
            else:
                self.port = port
                return

    def stop(self) -> None:
        """Shut the server down cleanly, open connections included; may be repeated."""
        if self._process is not None:
            self._process.stop(self._stop_signal)
            self._process = None

    def restart(self) -> None:
        """Stop and start again on the same port: every open connection is lost."""
        self.stop()
        self.start()

    @abstractmethod
    def url(self, database: str, *, port: int | None = None) -> str:
        """SQLAlchemy URL of a database of this server; `port` leads through a proxy instead."""

    @abstractmethod
    def create_database(self) -> str:
        """Create an empty database for Unicode text and return its name."""

    @abstractmethod
    def execute(self, *statements: str) -> None:
        """Run statements one after another as `tester`, each committed by itself."""

    @property
    @abstractmethod
    def _stop_signal(self) -> int:
        """The signal that ends the server cleanly without waiting for its clients."""

    @abstractmethod
    def _prepare_directory(self) -> None:
        """Put what the server needs beside its data into the directory; called at every construction."""

    @abstractmethod
    def _make_data(self) -> None:
        """Create an empty data directory."""

    @abstractmethod
    def _launch(self, port: int) -> Process:
        """Start the program on `port` and wait until it answers; NotReady when it does not."""


def run_to_end(command: Sequence[str | Path], *, cwd: Path | None = None) -> None:
    """Run a program that prepares something.

    Raises:
        NotReady: it failed; the message carries its output.
    """
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_MAKE_DATA_TIMEOUT_S,
    )
    if done.returncode:
        raise NotReady(f"{command[0]} ended with code {done.returncode}\n{done.stdout}")
