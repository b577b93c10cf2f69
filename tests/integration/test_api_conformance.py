"""The routes keep the promises of their OpenAPI document, whatever is asked of them.

Schemathesis reads the document and asks every route for what it describes and for what it excludes: no
status, header, type or key may be undocumented, a malformed value must be refused, nothing goes without a
session. Its engine is run, as by its command line, against the app on a loopback port: its pytest decorators
cannot take a schema from a fixture under this pytest. Requests are the same in every run (fixed seed).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from schemathesis.engine import events, from_schema
from schemathesis.schemas import BaseSchema
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from portal.context import SESSION_COOKIE
from portal.factory import create_app
from portal.settings import read_settings
from portal.wiring import Services, build_services
from sandbox.call_centre import generate
from services.accounts import Role
from services.calls import agencies_job, statistics_jobs, sync_job
from services.storage import Base, Store
from tests.support.processes import LOOPBACK, free_port

SEED = 20250310
EXAMPLES = 20  # a route
PASSWORD = "correct horse"
EXPORT = "/calls/export.csv"
#: Some of the days are older than the copy.
SMALL = generate.DemoSize(days=12, calls_per_day=80, operators=6, agencies=25)

OpenPortal = Callable[[str], tuple[Flask, Services]]


class Unfenced:
    """Writing for a collector that is alone."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self) -> AbstractContextManager[Session]:
        return self._store.write()


@pytest.fixture
def open_portal(tmp_path) -> Iterator[OpenPortal]:
    """Open a portal with one operator, `anna`, on the call-centre database at the given URL."""
    stores = []

    def open_portal(call_centre_url: str) -> tuple[Flask, Services]:
        services = build_services(
            read_settings(
                None,
                {
                    "PORTAL__PORTAL__SECRET_KEY": "not a secret, only in this test " * 2,
                    "PORTAL__PORTAL__DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}",
                    "PORTAL__CALL_CENTRE__DATABASE_URL": call_centre_url,
                },
            )
        )
        stores.append(services.store)
        Base.metadata.create_all(services.store.engine)
        services.accounts.add("anna", "Анна", Role.OPERATOR, PASSWORD)
        return create_app(services).server, services

    yield open_portal
    for store in stores:
        store.close()


@pytest.fixture
def call_centre_url(tmp_path) -> str:
    """A small call centre of the sandbox."""
    url = f"sqlite:///{tmp_path / 'call-centre.db'}"
    engine = create_engine(url)
    generate.create(engine, SMALL, seed=SEED, now=datetime.now(UTC))
    engine.dispose()
    return url


def fill_copy(services: Services) -> None:
    """Copy all days, as the collector does."""
    job, fence = sync_job(services.calls), Unfenced(services.store)
    for _ in range(200):
        if job.step(fence):  # it rests: nothing is left to fill
            break
    assert all(day.is_full for day in services.calls.facts().days)


def roll_up(services: Services) -> None:
    """Count all days, as the collector does: statistics are never read through."""
    fence = Unfenced(services.store)
    for job in statistics_jobs(services.calls):
        for _ in range(200):
            if job.step(fence) >= timedelta(seconds=2):  # it rests: nothing is left to count
                break
    assert services.statistics.facts().known_days


def copy_agencies(services: Services) -> None:
    """Copy all agencies, as the collector does: they are never read through."""
    agencies_job(services.calls, services.live).step(Unfenced(services.store))


class _Quiet(WSGIRequestHandler):
    """Thousands of lines would bury what went wrong."""

    def log_request(self, *_about: object) -> None:
        pass


@contextmanager
def served(server: Flask) -> Iterator[str]:
    """The address of `server` while it answers on the loopback."""
    listener = make_server(LOOPBACK, 0, server, threaded=True, request_handler=_Quiet)
    thread = Thread(target=listener.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{listener.port}"
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def logged_in(server: Flask) -> FlaskClient:
    client = server.test_client()
    assert client.post("/login", data={"username": "anna", "password": PASSWORD}).status_code == 303
    return client


def document_of(server: Flask, address: str, expected: Sequence[str] = ()) -> BaseSchema:
    """The document as an operator gets it; `expected` are server errors that are no fault of the portal."""
    client = logged_in(server)
    config = schemathesis.Config.from_dict(
        {
            "seed": SEED,
            "base-url": address,
            "auth": {"openapi": {"session": {"api_key": client.get_cookie(SESSION_COOKIE).value}}},
            "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
            "phases": {
                "coverage": {"generate-duplicate-query-parameters": True},
                "stateful": {"enabled": False},  # nothing is changed here
            },
            "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", *expected]}},
            # No schema can say that a period must not end before it begins.
            "operations": [
                {"include-path": EXPORT, "checks": {"positive_data_acceptance": {"enabled": False}}}
            ],
        }
    )
    return schemathesis.openapi.from_dict(client.get("/api/openapi.json").json, config=config)


def broken_promises(server: Flask, *, expected: Sequence[str] = ()) -> list[str]:
    """Ask everything; each line is a route and what it answered that its document does not allow."""
    broken, tested = [], set()
    with served(server) as address:
        document = document_of(server, address, expected)
        for event in from_schema(document).execute():
            if isinstance(event, events.FatalError):
                raise event.exception
            if isinstance(event, events.NonFatalError):
                broken.append(f"{event.label}: {event.value!r}")
            if isinstance(event, events.ScenarioFinished):
                tested.add(event.label)
                broken += _failures(event)
    assert {found.ok().label for found in document.get_all_operations()} <= tested
    return broken


def _failures(scenario: events.ScenarioFinished) -> list[str]:
    return [
        f"{scenario.label}: {check.failure_info.failure} ({check.failure_info.code_sample})"
        for checks in scenario.recorder.checks.values()
        for check in checks
        if check.failure_info is not None
    ]


def test_the_document_is_valid_openapi(open_portal, call_centre_url):
    server, _ = open_portal(call_centre_url)

    document_of(server, "http://example.com").validate()


@pytest.mark.slow
def test_every_answer_is_documented_while_calls_come_from_the_copy(open_portal, call_centre_url):
    server, services = open_portal(call_centre_url)
    fill_copy(services)
    copy_agencies(services)
    roll_up(services)

    assert broken_promises(server) == []


@pytest.mark.slow
def test_every_answer_is_documented_while_calls_are_read_through(open_portal, call_centre_url):
    server, services = open_portal(call_centre_url)
    copy_agencies(services)
    roll_up(services)

    assert broken_promises(server) == []


@pytest.mark.slow
def test_every_answer_is_documented_while_the_source_was_never_reached(open_portal):
    server, _ = open_portal(f"mysql+pymysql://portal:secret@{LOOPBACK}:{free_port()}/call_centre")

    assert broken_promises(server, expected=["503"]) == []


def test_answers_about_real_calls_are_as_documented(open_portal, call_centre_url):
    server, services = open_portal(call_centre_url)
    document, client = document_of(server, "http://example.com"), logged_in(server)
    yesterday = services.calls.today() - timedelta(days=1)

    def asked(path: str, **places: int) -> TestResponse:
        answer = client.get(path.format(**places), query_string={} if places else {"date": yesterday})
        document[path]["GET"].validate_response(answer)
        return answer

    calls = asked("/api/calls").json["calls"]
    asked("/api/moscow-operator-stats")
    cards = [asked("/api/client-card/call/{call_id}", call_id=call["id"]) for call in calls]
    processings = [call["pp_id"] for call in calls if call["pp_id"] is not None]
    rung = [asked("/api/call-agency-data/{pp_id}", pp_id=pp_id).json["agency_data"] for pp_id in processings]

    assert [card.status_code == 200 for card in cards] == [call["has_client_card"] for call in calls]
    assert {card.status_code for card in cards} == {200, 404}
    assert any(rung)


def test_answers_about_real_agencies_are_as_documented(open_portal, call_centre_url):
    server, services = open_portal(call_centre_url)
    copy_agencies(services)
    document, client = document_of(server, "http://example.com"), logged_in(server)

    found = client.get("/api/agencies")
    document["/api/agencies"]["GET"].validate_response(found)
    ids = [agency["ID_TR"] for agency in found.json["agencies"]]
    assert ids

    for id_ in ids:
        one = client.get(f"/api/agency-details/{id_}")
        document["/api/agency-details/{agency_id}"]["GET"].validate_response(one)
        assert (one.status_code, one.json["id"]) == (200, id_)
