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
_FREQUENT = frozenset({"tick.tick", "health.healthz", "health.readyz", "health.metrics"})


def install(server: Flask) -> None:
    """Watch all requests; call it before anything that may refuse one."""
    server.before_request(_begin)
    server.after_request(_end)


def _begin() -> None:
    g.request_id = secrets.token_hex(6)
    g.began = perf_counter()
    logs.request_id.set(g.request_id)


def _end(response: Response) -> Response:
    took = perf_counter() - g.began
    endpoint = request.endpoint or "none"
    REQUESTS.labels(endpoint, response.status_code).inc()
    DURATION.labels(endpoint).observe(took)
    response.headers[REQUEST_ID_HEADER] = g.request_id
    quiet = endpoint in _FREQUENT or is_static(request.path)
    level = logging.DEBUG if quiet else logging.INFO
    if log.isEnabledFor(level):
        # The path alone: a query may hold a phone number, and telephony's a token.
        fields = {
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "ms": round(took * 1000, 1),
            "address": request.remote_addr,
        }
        log.log(
            level, "%s %s %s", request.method, request.path, response.status_code, extra={"fields": fields}
        )
    return response
