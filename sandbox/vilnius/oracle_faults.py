"""The file by which somebody breaks the stand-in of Oracle while it is in use.

A JSON object; without the file, or with `{}`, all is well. Probabilities are from 0 to 1, times milliseconds:

| key | what happens |
| --- | --- |
| `down` | true: no connection is made, those that are open break, what they had not committed is undone |
| `hang_ms` | each question and each new connection takes that long, but no longer than the caller waits |
| `lost_line` | probability that a question breaks its connection and is not carried out |
| `lost_answer` | probability that a transaction is committed and then reported lost |
| `late_commit`, `late_ms` | probability that a transaction is reported lost, and committed that much later |
| `refuse` | codes such as `"ORA-01653"`, each with the probability that a change is refused with it |
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from threading import Lock
from typing import Any

from sandbox.errors import SandboxError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OracleFaults:
    """What is broken at the moment."""

    down: bool = False
    hang_ms: float = 0
    lost_line: float = 0
    lost_answer: float = 0
    late_commit: float = 0
    late_ms: float = 1000
    refuse: Mapping[str, float] = field(default_factory=dict)

    @property
    def hang_s(self) -> float:
        return self.hang_ms / 1000


WELL = OracleFaults()


def parsed(text: str) -> OracleFaults:
    """Read the content of a fault file.

    Raises:
        SandboxError: it is not of the form described above.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise SandboxError("the faults are not JSON") from error
    if not isinstance(values, dict):
        raise SandboxError("the faults are not a JSON object")
    unknown = values.keys() - {known.name for known in fields(OracleFaults)}
    if unknown:
        raise SandboxError(f"there is no such fault: {', '.join(sorted(unknown))}")
    for name, value in values.items():
        _check(name, value)
    return OracleFaults(**values)


def _check(name: str, value: Any) -> None:
    if name == "down":
        is_right = isinstance(value, bool)
    elif name == "refuse":
        is_right = isinstance(value, dict) and all(
            code.startswith("ORA-") and code[4:].isdecimal() and _is_probability(share)
            for code, share in value.items()
        )
    elif name.endswith("_ms"):
        is_right = _is_number(value) and value >= 0
    else:
        is_right = _is_probability(value)
    if not is_right:
        raise SandboxError(f"the fault {name} cannot be {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_probability(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


class FaultFile:
    """The faults in a file, which is read again whenever it has changed.

    A file that cannot be understood changes nothing, and the log says so once.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = Lock()
        self._seen: tuple[int, int, int] | None = None
        self._faults = WELL

    def now(self) -> OracleFaults:
        """What is broken at this moment."""
        if self._path is None:
            return WELL
        try:
            state = os.stat(self._path)
        except FileNotFoundError:
            return WELL
        seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        with self._lock:
            if seen != self._seen:
                self._seen = seen
                self._read(self._path)
            return self._faults

    def _read(self, path: Path) -> None:
        try:
            self._faults = parsed(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, SandboxError) as error:
            log.warning("%s is left out of account: %s", path, error)
