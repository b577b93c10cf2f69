"""The routes keep the promises of their OpenAPI document, whatever is asked of them.

Schemathesis reads the document and asks every route for what it describes and for what it excludes: no
status, header, type or key may be undocumented, a malformed value must be refused, nothing goes without a
session. Its engine is run, as by its command line, against the app on a loopback port: its pytest decorators
cannot take a schema from a fixture under this pytest. Requests are the same in every run (fixed seed).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from schemathesis.engine import Status, events, from_schema
from schemathesis.schemas import BaseSchema
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from portal.context import SESSION_COOKIE
from portal.factory import create_app
from portal.settings import read_settings
from portal.wiring import Services, build_services
from sandbox.call_centre import generate
from services.accounts import Role
from services.calls import sync_job
from services.storage import Base, Store
from tests.support.processes import LOOPBACK, free_port

SEED = 20250310
EXAMPLES = 25  # a route
PASSWORD = "correct horse"
MOSCOW = ZoneInfo("Europe/Moscow")
SMALL = generate.DemoSize(days=2, calls_per_day=80, operators=6, agencies=25)

OpenPortal = Callable[[str], tuple[str, Services]]


class Unfenced:
    """Writing for a collector that is alone."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self) -> AbstractContextManager[Session]:
        return self._store.write()


@pytest.fixture
def open_portal(tmp_path) -> Iterator[OpenPortal]:
    """Serve a portal with one operator, `anna`, on the call-centre database at the given URL."""
    with ExitStack() as opened:

        def open_portal(call_centre_url: str) -> tuple[str, Services]:
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


def fill_copy(services: Services, call_centre_url: str) -> None:
    """Copy all days, as the collector does."""
    job = sync_job(services.store, database_url=call_centre_url, zone=MOSCOW)
    steps = 0
    while not job.step(Unfenced(services.store)):
        steps += 1
        assert steps < 200, "the copy does not get full"


def logged_in(server: Flask) -> FlaskClient:
    client = server.test_client()
    assert client.post("/login", data={"username": "anna", "password": PASSWORD}).status_code == 303
    return client


def document_of(server: Flask, *, expected: Sequence[str] = ()) -> BaseSchema:
    """The document as an operator gets it; `expected` are server errors that are no fault of the portal."""
    client = logged_in(server)
    config = schemathesis.Config.from_dict(
        {
            "seed": SEED,
            "auth": {"openapi": {"session": {"api_key": client.get_cookie(SESSION_COOKIE).value}}},
            "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
            "phases": {"coverage": {"generate-duplicate-query-parameters": True}},
            "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", *expected]}},
        }
    )
    document = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json, config=config)
    document.app = server
    return document


def broken_promises(document: BaseSchema) -> list[str]:
    """Ask everything; each line is an operation and what its answer did that the document does not allow."""
    broken, tested = [], set()
    for event in from_schema(document).execute():
        if isinstance(event, events.NonFatalError):
            broken.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.ScenarioFinished):
            tested.add(event.label)
            broken += [
                f"{event.label}: {check.failure_info.failure} ({check.failure_info.code_sample})"
                for checks in event.recorder.checks.values()
                for check in checks
                if check.status is Status.FAILURE
            ]
    everything = {operation.ok().label for operation in document.get_all_operations()}
    assert everything <= tested
    return broken


def test_the_document_is_valid_openapi(open_portal, call_centre_url):
    server, _ = open_portal(call_centre_url)

    document_of(server).validate()


def test_every_answer_is_documented_while_calls_come_from_the_copy(open_portal, call_centre_url):
    server, services = open_portal(call_centre_url)
    fill_copy(services, call_centre_url)

    assert broken_promises(document_of(server)) == []


def test_every_answer_is_documented_while_calls_are_read_through(open_portal, call_centre_url):
    server, _ = open_portal(call_centre_url)

    assert broken_promises(document_of(server)) == []


def test_every_answer_is_documented_while_the_source_was_never_reached(open_portal):
    server, _ = open_portal(f"mysql+pymysql://portal:secret@{LOOPBACK}:{free_port()}/call_centre")

    assert broken_promises(document_of(server, expected=["503"])) == []
