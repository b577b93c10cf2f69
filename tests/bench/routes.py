"""Routes of the complete app beside bare Flask routes that answer the same bytes, in CPU time.

Both are called as WSGI applications in this process, so that neither a network nor a server is measured.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from portal import logs
from portal.context import SESSION_COOKIE
from portal.factory import create_app
from tests.bench.call_centre import CallCentre
from tests.bench.portal import Portal
from tests.bench.promises import Finding, cpu_time, wall_time
from tests.bench.statistics import MONTHS, OPERATORS, year_before

_ROUNDS, _TIMES = 10, 300
_ROWS = "/calls/rows?offset=0&limit=100&sort=time&direction=desc"
_TICK = "/tick?page=%2Fcalls"
# What our script and Chromium send with a request.
_BROWSER = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "ru-RU,ru;q=0.9",
    "Sec-Fetch-Site": "same-origin",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0",
    "X-Portal-Idle": "12",
}


@dataclass(frozen=True, slots=True)
class _Answer:
    status: str
    headers: Mapping[str, str]
    body: bytes


def findings(portal: Portal, centre: CallCentre, directory: Path) -> Iterator[Finding]:
    """Measure the rows of a page, an unchanged tick, and statistics beside the obvious queries."""
    with _logging_to(directory / "requests.log"):
        app = create_app(portal.services).server
        browser = {**_BROWSER, "Cookie": f"{SESSION_COOKIE}={portal.session_token()}"}
        yield _rows(app, browser)
        yield _tick(app, browser)
        yield from _statistics(app, browser, centre)


def _rows(app: Flask, browser: Mapping[str, str]) -> Finding:
    asked = _environ(_ROWS, browser)
    answer = _call(app, asked)
    assert answer.status == "200 OK", answer
    bare = Flask("bare")

    @bare.get("/calls/rows")
    def rows() -> Response:
        return Response(
            answer.body,
            mimetype="application/json",
            headers={"Content-Encoding": answer.headers["Content-Encoding"]},
        )

    assert _call(bare, asked).body == answer.body
    costs = cpu_time(lambda: _call(app, asked), lambda: _call(bare, asked), rounds=_ROUNDS, times=_TIMES)
    assert _call(app, asked).body == answer.body, "the rows changed under the measurement"
    detail = costs.told(f"a bare route with the same {len(answer.body):,} bytes, CPU")
    return Finding("First page of a day: route /calls/rows", costs.ratio, 2, "x", detail)


def _tick(app: Flask, browser: Mapping[str, str]) -> Finding:
    first = _call(app, _environ(_TICK, browser))
    asked = _environ(_TICK, {**browser, "If-None-Match": first.headers["ETag"]})
    bare = Flask("bare")

    @bare.get("/tick")
    def tick() -> Response:
        is_known = request.headers.get("If-None-Match") == first.headers["ETag"]
        response = Response(status=304) if is_known else Response(first.body, mimetype="application/json")
        response.headers["ETag"] = first.headers["ETag"]
        return response

    def ours() -> None:
        assert _call(app, asked).status == "304 NOT MODIFIED", "something changed under the measurement"

    def plain() -> None:
        assert _call(bare, asked).status == "304 NOT MODIFIED"

    costs = cpu_time(ours, plain, rounds=_ROUNDS, times=_TIMES)
    detail = costs.told("a bare Flask 304 route, CPU")
    return Finding("Unchanged tick: guard, session and headers included", costs.ratio, 2, "x", detail)


def _statistics(app: Flask, browser: Mapping[str, str], centre: CallCentre) -> Iterator[Finding]:
    """Warm: somebody asked the same before. Wall time, as the other side is a database's."""
    year = year_before(centre.today)
    of_year = (year.first, year.last + timedelta(days=1))
    asked: list[tuple[str, str, str, Any]] = [
        ("Calls of all months", "/api/moscow-calls-monthly-stats", MONTHS, None),
        ("Operators of a year", f"/statistics/parts?from={year.first}&to={year.last}", OPERATORS, of_year),
    ]
    with closing(centre.plain()) as source, source.cursor() as cursor:
        for what, target, statement, parameters in asked:
            request_ = _environ(target, browser)

            def plain(statement: str = statement, parameters: Any = parameters) -> None:
                cursor.execute(statement, parameters)
                cursor.fetchall()

            def ours(request_: Mapping[str, Any] = request_) -> None:
                assert _call(app, request_).status == "200 OK"

            costs = wall_time(plain, ours, rounds=3)
            detail = costs.told("the route")
            promise = f"{what}, route {target.partition('?')[0]}, warm: the plain GROUP BY"
            yield Finding(promise, costs.ratio, 100, "x", detail, at_least=True)


def _environ(target: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return EnvironBuilder(path=target, headers=Headers(dict(headers))).get_environ()


def _call(app: Flask, environ: Mapping[str, Any]) -> _Answer:
    """Call the application as a server does, to the last byte and the end of the request."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
        started[:] = status, headers

    chunks = app.wsgi_app(dict(environ), start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):  # PEP 3333: then it must be called
            chunks.close()
    return _Answer(started[0], dict(started[1]), body)


@contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    """Log as the portal does by default: a line for each request that is not a tick."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    with file.open("w", encoding="utf-8") as lines:
        logs.configure("info", "text")
        [handler] = root.handlers
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(lines)
        try:
            yield
        finally:
            root.handlers[:], root.level = before, level
