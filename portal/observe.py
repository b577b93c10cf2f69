"""What every request leaves behind: an id, a log line, a count and a duration."""

import logging
import secrets
from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

from portal import logs
from portal.security.headers import is_static

log = logging.getLogger("portal.requests")

REQUESTS = Counter("portal_requests_total", "Answered requests", ("endpoint", "status"))
DURATION = Histogram(
    "portal_request_seconds",
    "Time to answer a request",
    ("endpoint",),
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REQUEST_ID_HEADER = "X-Request-Id"

#: Asked every few seconds by every open page: counted, but logged only when looked for.
_FREQUENT = frozenset({"tick.tick", "wall.state", "health.healthz", "health.readyz", "health.metrics"})
#: Whose path holds a secret or a number: the rule is logged in its place.
_SECRET_PATHS = frozenset({"wall.enter", "telephony.report"})


def install(server: Flask) -> None:
    """Watch all requests; call it before anything that may refuse one."""
    server.before_request(_begin)
    server.after_request(_end)


def new_request_id() -> str:
    """Give the present request its id; from here on its log lines carry it."""
    identifier = secrets.token_hex(6)
    logs.request_id.set(identifier)
    return identifier


def note(endpoint: str, status: int, took: float, *, method: str, path: str, address: str | None) -> None:
    """Count an answered request that `took` so many seconds, and log it."""
    REQUESTS.labels(endpoint, status).inc()
    DURATION.labels(endpoint).observe(took)
    quiet = endpoint in _FREQUENT or is_static(path)
    level = logging.DEBUG if quiet else logging.INFO
    if log.isEnabledFor(level):
        # The path alone: a query may hold a phone number, and telephony's a token.
        fields = {
            "method": method,
            "path": path,
            "status": status,
            "ms": round(took * 1000, 1),
            "address": address,
        }
        log.log(level, "%s %s %s", method, path, status, extra={"fields": fields})


def _begin() -> None:
    g.request_id = new_request_id()
    g.began = perf_counter()


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID_HEADER] = g.request_id
    note(
        request.endpoint or "none",
        response.status_code,
        perf_counter() - g.began,
        method=request.method,
        path=str(request.url_rule) if request.endpoint in _SECRET_PATHS else request.path,
        address=request.remote_addr,
    )
    return response
