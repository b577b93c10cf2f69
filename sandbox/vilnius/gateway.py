"""The XML agency gateway over HTTP, with its sessions and, on demand, its faults.

`POST /_faults` from loopback with a JSON object sets what goes wrong from then on; `{}` heals it:

- `slow_ms`: each answer takes so long;
- `answer`: what comes in place of an answer, `500`, `html` (a login page), `broken` (cut XML), `bomb` (nested
  entities) or `silent` (nothing at all), in `share` of all requests (0 to 1, default 1);
- `dead_session`: true ends all sessions that are open, once.

Source: "XML agency gateway (HTTP)".
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from sandbox.errors import SandboxError
from sandbox.vilnius import gateway_answers as answers
from sandbox.vilnius.agencies import agency_of
from sandbox.vilnius.files import reading

log = logging.getLogger(__name__)

LOGIN: Final = "portal"
PASSWORD: Final = "sandbox"
FAULTS_PATH: Final = "/_faults"
SESSION_IDLE_S: Final = 600.0
_LOGIN_PATH: Final = "/xmlgate/auth_data.jsp"
_AGENCY_PATH: Final = "/xmlgate/agency/view"
_XML: Final = "text/xml; charset=UTF-8"
_HTML: Final = "text/html; charset=UTF-8"
_ANSWERS: Final = ("500", "html", "broken", "bomb", "silent")
_SILENT_S: Final = 120.0
_NOTICES_END_WITHIN_S: Final = 0.1
_AGENCY_ID: Final = re.compile(r"[0-9]{1,8}")  # NUMBER(8)


@dataclass(frozen=True, slots=True)
class GatewayFaults:
    """What goes wrong at present; the default is nothing."""

    slow_ms: float = 0
    answer: str | None = None
    share: float = 1

    def __post_init__(self) -> None:
        if self.answer is not None and self.answer not in _ANSWERS:
            raise ValueError(f"answer is none of {', '.join(_ANSWERS)}")
        if not (_is_number(self.slow_ms) and self.slow_ms >= 0):
            raise ValueError("slow_ms is no number of milliseconds")
        if not (_is_number(self.share) and 0 <= self.share <= 1):
            raise ValueError("share is no number from 0 to 1")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Gateway:
    """A gateway that serves while the `with` block lasts."""

    def __init__(
        self,
        crm_file: Path,
        host: str,
        port: int,
        *,
        slow_ms: float = 0,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the port, 0 for any. `slow_ms`: so long each answer takes while nothing else is said.

        Raises:
            SandboxError: the port is not to be had.
        """
        self._usual = GatewayFaults(slow_ms=slow_ms)
        self.state = _State(crm_file, self._usual, stopwatch)
        state = self.state

        class Handler(_Handler):
            gateway = state

        try:
            self._server = _Server((host, port), Handler)
        except OSError as error:
            raise SandboxError(f"port {port} is not to be had: {error.strerror}") from error
        self.url = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> Gateway:
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_NOTICES_END_WITHIN_S,), name="gateway", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.state.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave alone a client that went away before it had its answer."""
        if isinstance(sys.exception(), ConnectionError):
            log.debug("a client went away")
        else:
            super().handle_error(request, client_address)


class _State:
    """What the requests share."""

    def __init__(self, crm_file: Path, usual: GatewayFaults, stopwatch: Callable[[], float]) -> None:
        self.closing = threading.Event()
        self.faults = usual
        self._usual = usual
        self._crm_file = crm_file
        self._stopwatch = stopwatch
        self._dice = Random()
        self._lock = threading.Lock()
        self._sessions: dict[str, float] = {}
        self.asked = 0  # agencies that were asked for

    def set_faults(self, said: dict[str, Any]) -> None:
        """Take in what `POST /_faults` says.

        Raises:
            ValueError: it is not understood.
        """
        wanted = dict(said)
        if wanted.pop("dead_session", False):
            with self._lock:
                self._sessions.clear()
        try:
            self.faults = GatewayFaults(**{"slow_ms": self._usual.slow_ms, **wanted})
        except TypeError as error:
            raise ValueError(str(error)) from error

    def fault_of_request(self) -> str | None:
        """Wait as long as answers take now, and say what comes in place of this one."""
        faults = self.faults
        if faults.slow_ms:
            self.closing.wait(faults.slow_ms / 1000)
        if faults.answer is not None and self._dice.random() < faults.share:
            return faults.answer
        return None

    def log_in(self, login: str, password: str) -> bytes:
        """The answer to a login."""
        if (login, password) != (LOGIN, PASSWORD):
            return answers.error("Login failed")
        session = secrets.token_hex(16)
        with self._lock:
            now = self._stopwatch()
            self._sessions = {one: at for one, at in self._sessions.items() if now - at < SESSION_IDLE_S}
            self._sessions[session] = now
        return answers.session(session)

    def view(self, agency_id: str, session: str) -> bytes:
        """The answer to the question for an agency."""
        with self._lock:
            self.asked += 1
            now = self._stopwatch()
            used_at = self._sessions.pop(session, None)
            if used_at is None or now - used_at >= SESSION_IDLE_S:
                return answers.error("Session is not valid")
            self._sessions[session] = now
        if _AGENCY_ID.fullmatch(agency_id) is None:
            return answers.error("agencyId is not a number")
        with reading(self._crm_file) as connection:
            found = agency_of(connection, int(agency_id))
        return answers.error("No such agency") if found is None else answers.agency(found)


class _Handler(BaseHTTPRequestHandler):
    gateway: _State
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: without it the second waits for the first to be acknowledged.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        values = {name: texts[-1] for name, texts in parse_qs(asked.query).items()}
        fault = self.gateway.fault_of_request()
        if fault == "silent":
            self.gateway.closing.wait(_SILENT_S)
            self.close_connection = True
        elif fault == "500":
            self._answer(b"<html><body>Internal Server Error</body></html>", _HTML, 500)
        elif fault == "html":
            self._answer(answers.LOGIN_PAGE, _HTML)
        elif fault == "bomb":
            self._answer(answers.BOMB, _XML)
        elif asked.path == _LOGIN_PATH:
            body = self.gateway.log_in(values.get("j_login", ""), values.get("j_passwd", ""))
            self._answer(answers.broken(body) if fault == "broken" else body, _XML)
        elif asked.path == _AGENCY_PATH:
            body = self.gateway.view(values.get("agencyId", ""), values.get("aid", ""))
            self._answer(answers.broken(body) if fault == "broken" else body, _XML)
        else:
            self._answer(b"Not Found", "text/plain", HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        if self.path != FAULTS_PATH or not ip_address(self.client_address[0]).is_loopback:
            self._answer(b"Not Found", "text/plain", HTTPStatus.NOT_FOUND)
            return
        try:
            said = json.loads(body)
            if not isinstance(said, dict):
                raise ValueError("not a JSON object")
            self.gateway.set_faults(said)
        except ValueError as error:
            self._answer(str(error).encode(), "text/plain", HTTPStatus.BAD_REQUEST)
        else:
            self._answer(b"{}", "application/json")

    def _answer(self, body: bytes, content_type: str, status: int = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: Any) -> None:
        """Write the path alone: credentials stand in the query."""
        log.debug("%s %s", self.command, urlsplit(self.path).path)
