"""Logs: one line an event, with the number of its request, and nothing that is nobody's business."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from typing import Literal

import pytest

from portal import logs
from portal.observe import REQUEST_ID_HEADER
from tests.unit.portal.fakes import enter, proof_of, token_of


@pytest.fixture
def configured() -> Iterator[Callable[..., io.StringIO]]:
    """Configure logging as a process of the portal does; gives what is written. Undone afterwards."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers = []  # pytest's own are not closed

    def configure(form: Literal["text", "json"]) -> io.StringIO:
        written = io.StringIO()
        with redirect_stderr(written):
            logs.configure("info", form)
        return written

    yield configure
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture
def written(configured) -> Callable[[], list[dict[str, object]]]:
    """Log as JSON; call it for the lines since the last call."""
    stream = configured("json")

    def lines() -> list[dict[str, object]]:
        found = [json.loads(line) for line in stream.getvalue().split("\n") if line]
        stream.seek(0)
        stream.truncate()
        return found

    return lines


def requests_in(lines: list[dict[str, object]]) -> list[dict[str, object]]:
    return [line for line in lines if line["logger"] == "portal.requests"]


def test_a_request_leaves_one_line_with_its_number(fresh_portal, written):
    client = fresh_portal.logged_in("operator")
    written()

    answer = client.get("/calls/rows?phone=79001234567")

    (line,) = requests_in(written())
    assert line["request_id"] == answer.headers[REQUEST_ID_HEADER]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/calls/rows", 200)
    assert line["level"] == "info"
    assert line["ms"] >= 0
    assert line["address"] == "127.0.0.1"


@pytest.mark.parametrize("path", ["/calls/rows", "/api/calls", "/login", "/nothing", "/calls/export.csv"])
def test_no_query_is_written(fresh_portal, written, path):
    """It may hold a telephone number, and one day a token."""
    client = fresh_portal.logged_in("operator")
    written()

    client.get(f"{path}?phone=79001234567&token=hush", buffered=True)

    text = json.dumps(written())
    assert path in text
    assert "7900" not in text
    assert "hush" not in text


def test_neither_passwords_nor_tokens_are_written(fresh_portal, written):
    client = fresh_portal.stranger()
    enter(client, "operator", "my-wrong-password")
    enter(client, "operator")
    form = {"old": "my-old-one", "new": "my-new-password", "again": "my-new-password"}
    client.post("/account/password", data=form, headers=proof_of(client))

    text = json.dumps(written())

    secrets = (
        "my-wrong-password",
        "my-old-one",
        "my-new-password",
        token_of(client),
        *proof_of(client).values(),
    )
    assert [secret for secret in secrets if secret in text] == []


def test_ticks_are_written_only_when_they_are_looked_for(fresh_portal, written):
    client = fresh_portal.logged_in("operator")
    written()

    client.get("/tick")
    client.get("/healthz")
    client.get("/assets/00-theme.css", buffered=True)
    quiet = requests_in(written())
    logging.getLogger().setLevel("DEBUG")
    client.get("/tick")

    assert quiet == []
    assert [line["path"] for line in requests_in(written())] == ["/tick"]


def test_everything_a_request_writes_has_its_number(fresh_portal, written):
    fresh_portal.calls.error = RuntimeError("a mistake of ours")
    client = fresh_portal.logged_in("operator")
    written()

    answer = client.get("/calls/rows")

    lines = written()
    assert {line["request_id"] for line in lines} == {answer.headers[REQUEST_ID_HEADER]}
    (broken,) = [line for line in lines if line["level"] == "error"]
    assert "a mistake of ours" in broken["trace"]


def test_an_event_is_one_line_whatever_is_in_it(written):
    log = logging.getLogger("portal.test")

    log.warning("two\nlines and %s", "Кириллица \u2028 \x1b[31m")
    try:
        raise ValueError("a trace\nof several lines")
    except ValueError:
        log.exception("failed")

    first, second = written()
    assert first["message"] == "two\nlines and Кириллица \u2028 \x1b[31m"
    assert "a trace\nof several lines" in second["trace"]


def test_values_that_json_does_not_know_are_written_as_text(written):
    logging.getLogger("portal.test").warning("x", extra={"fields": {"what": {1, 2}, "how": object}})

    (line,) = written()
    assert line["what"] == "{1, 2}"


def test_text_lines_have_the_number_too(configured):
    stream = configured("text")
    token = logs.request_id.set("abc123")

    logging.getLogger("portal.test").info("something happened")
    logging.getLogger("portal.test").debug("not looked for")

    logs.request_id.reset(token)
    (line,) = stream.getvalue().splitlines()
    assert "INFO" in line
    assert "portal.test abc123 something happened" in line
