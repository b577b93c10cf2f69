"""Start a private server for a test, wait until it is ready, end it and nothing else.

Every process runs in its own session with its output in a log file. It gets SIGTERM from the kernel when the
thread that started it ends, so a test run that was killed leaves no servers behind: start processes from the
main thread, and keep restarts there too.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below the kernel's range for outgoing connections (32768 and up): a port that a stopped server will use
# again is not lent to a client connection in the meantime.
_PORTS = range(20_000, 32_000)
_SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin:/sbin"  # missing from the PATH of ordinary users on Debian
_POLL_S = 0.02
_LOG_TAIL = 2000  # characters


class MissingProgram(Exception):
    """A server program that `make test` installs is not on this machine."""


class NotReady(Exception):
    """A process ended or took too long; the message carries the tail of its log."""


def program(name: str, *directories: Path) -> str:
    """Return the path of an installed server program, looking in `directories` first.

    Raises:
        MissingProgram: it is nowhere.
    """
    places = [*map(str, directories), os.environ.get("PATH", os.defpath), _SYSTEM_PROGRAMS]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise MissingProgram(
            f"{name} is not installed: run make test, it installs the servers the tests need"
        )
    return found


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listened on a moment ago."""
    for port in random.sample(_PORTS, 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"none of 200 ports tried in {_PORTS} is free")


def wait_until(condition: Callable[[], bool], what: str, timeout: float = 10.0) -> None:
    """Poll `condition` until it holds.

    Args:
        what: names the awaited thing in the failure, e.g. "the new call is shown".
        timeout: seconds.

    Raises:
        TimeoutError: it did not hold in time.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {what}")
        time.sleep(_POLL_S)


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process for good: a recycled pid has another start time, so it is never taken for this one."""

    pid: int
    start_ticks: int

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Identify a process that runs now.

        Raises:
            ProcessLookupError: there is none with this pid.
        """
        ticks = _start_ticks(pid)
        if ticks is None:
            raise ProcessLookupError(f"no process {pid}")
        return cls(pid, ticks)

    def is_running(self) -> bool:
        """Whether this very process still runs; one that ended but was not reaped does not."""
        return _start_ticks(self.pid) == self.start_ticks

    def send(self, signum: int) -> None:
        """Send a signal to this process; nothing happens when it is gone."""
        if self.is_running():
            os.kill(self.pid, signum)

    def stop(self, signum: int = signal.SIGTERM, timeout: float = 30.0) -> None:
        """Ask the process to end and wait for it; end it by force after `timeout` seconds."""
        self.send(signum)
        try:
            wait_until(lambda: not self.is_running(), f"end of process {self.pid}", timeout)
        except TimeoutError:
            self.send(signal.SIGKILL)
            wait_until(lambda: not self.is_running(), f"end of process {self.pid} by force")


def _start_ticks(pid: int) -> int | None:
    """The kernel's start time of a process (proc(5), field 22 of stat); None when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the command in parentheses and may hold anything: count from the last one.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(fields[18])


class Process:
    """A child process with its log."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self._popen = popen
        self._log = log
        self.id = ProcessId.of(popen.pid)

    @property
    def pid(self) -> int:
        return self._popen.pid

    def is_running(self) -> bool:
        return self._popen.poll() is None

    def output(self) -> str:
        """All it has written so far, standard error included."""
        return self._log.read_text(errors="replace")

    def wait_until_ready(self, ready: Callable[[], bool], what: str, timeout: float = 60.0) -> None:
        """Wait until `ready()`; when it fails, the process is ended.

        Raises:
            NotReady: the process ended by itself, or `timeout` seconds passed.
        """
        try:
            wait_until(lambda: not self.is_running() or ready(), what, timeout)
        except TimeoutError as error:
            self.stop(signal.SIGKILL)
            raise NotReady(f"{error}\n{self.output()[-_LOG_TAIL:]}") from error
        if not self.is_running():
            code = self._popen.returncode
            raise NotReady(f"{what}: it ended with code {code}\n{self.output()[-_LOG_TAIL:]}")

    def stop(self, signum: int = signal.SIGTERM, timeout: float = 30.0) -> None:
        """End the process (see `ProcessId.stop`) and reap it; may be repeated."""
        self.id.stop(signum, timeout)
        self._popen.wait()


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Process:
    """Start a program whose output is appended to `log`.

    Args:
        user: run as this account; only root may.
        env: the whole environment instead of the inherited one.
    """
    with log.open("ab") as output:
        popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *change_user(user), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    return Process(popen, log)


def change_user(user: str | None) -> list[str]:
    """Options of setpriv(1) that change to the account `user`; none for None."""
    return ["--reuid", user, "--regid", user, "--init-groups"] if user else []
