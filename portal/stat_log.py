"""`stat.log`: one line for each request to the telephony routes, whatever became of it.

The file is written by all web processes and rotated by size. Tokens are never in it; numbers are masked where
the settings say so.
"""

import logging
from datetime import UTC, datetime
from time import perf_counter
from urllib.parse import parse_qsl, quote, urlencode

from concurrent_log_handler import ConcurrentRotatingFileHandler
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from portal.context import services
from portal.security.telephony import CALL_FIELD, TOKEN_FIELD
from portal.settings import TelephonySection

log = logging.getLogger(__name__)

FILES_KEPT = 10
_SECRETS = frozenset({TOKEN_FIELD, CALL_FIELD})
_NUMBER = "ani"
#: Of an address: more says nothing, and a line is to stay one that can be read.
_LONGEST = 4_000
_EXTENSION = "portal.stat_log"
_OUTCOME = "telephony_outcome"


class StatLog:
    """The file; opened by its first line."""

    def __init__(self, section: TelephonySection) -> None:
        self._section = section
        self._handler: _Handler | None = None

    def write(self, line: str) -> None:
        """Add a line. What cannot be written is told in the portal's own log and fails no request."""
        try:
            handler = self._handler or self._open()
        except OSError as error:
            log.error("%s cannot be opened: %s", self._section.log_file, type(error).__name__)
            return
        handler.emit(logging.LogRecord(__name__, logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._handler is not None:
            self._handler.close()
            self._handler = None

    def _open(self) -> "_Handler":
        file = self._section.log_file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._handler = _Handler(
            file,
            maxBytes=self._section.log_megabytes * 1_000_000,
            backupCount=FILES_KEPT,
            encoding="utf-8",
        )
        return self._handler


class _Handler(ConcurrentRotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        log.error("stat.log: a line is lost", exc_info=True)


def stat_log(server: Flask) -> StatLog | None:
    """The file of this app; None without telephony."""
    section: TelephonySection | None = server.extensions["portal"].settings.telephony
    if section is None:
        return None
    found: StatLog = server.extensions.setdefault(_EXTENSION, StatLog(section))
    return found


def close_stat_log(server: Flask) -> None:
    """Close the file, if it was opened."""
    found: StatLog | None = server.extensions.get(_EXTENSION)
    if found is not None:
        found.close()


def tell_outcome(outcome: str, call_id: int | None) -> None:
    """Say for the line of the present request what became of the event, and which call it belongs to."""
    setattr(g, _OUTCOME, f"{outcome} {call_id or '-'}")


def note(response: Response) -> None:
    """Write the line of the present request: when, from where, what, status, milliseconds, outcome, call."""
    file = stat_log(current_app)
    section = services().settings.telephony
    if file is None or section is None:
        return
    file.write(
        " ".join(
            (
                datetime.now(UTC).isoformat(timespec="milliseconds"),
                request.remote_addr or "-",
                request.method,
                shown_address(mask_numbers=section.mask_numbers),
                str(response.status_code),
                f"{(perf_counter() - g.began) * 1000:.1f}ms",
                g.get(_OUTCOME, "- -"),
            )
        )
    )


def shown_address(*, mask_numbers: bool = False) -> str:
    """Path and query of the present request without its tokens, percent-encoded: one word of ASCII.

    What was sent as a form is part of the query here.
    """
    path, number = request.path, (request.view_args or {}).get("tel")
    if mask_numbers and number:
        path = path.replace(number, masked(number))
    pairs = parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True)
    pairs += _form()
    shown = [
        (name, masked(value) if mask_numbers and name == _NUMBER else value)
        for name, value in pairs
        if name not in _SECRETS
    ]
    query = urlencode(shown)
    return (quote(path) + (f"?{query}" if query else ""))[:_LONGEST]


def _form() -> list[tuple[str, str]]:
    try:
        return list(request.form.items(multi=True))
    except HTTPException:  # too large: it was refused for that
        return []


def masked(number: str) -> str:
    """A number of which only the first three and the last two figures are left."""
    return number if len(number) <= 5 else f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"
