"""Structured logs: one line an event, each with the id of the request it belongs to."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

request_id: ContextVar[str] = ContextVar("request_id", default="")

_TEXT = "%(asctime)s %(levelname)-7s %(name)s %(request_id)s %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, request_id, message, and the trace of an error."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identifier := getattr(record, "request_id", ""):
            line["request_id"] = identifier
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _name_request(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get() or "-"
    return True


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Send all logs of this process to standard error in one form."""
    handler = logging.StreamHandler()
    handler.addFilter(_name_request)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Each speaks of every step it takes; our own lines say what matters.
    for talkative in ("werkzeug", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
