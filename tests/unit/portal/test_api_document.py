"""The OpenAPI document and its viewer: complete, and served by the portal alone."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from typing_extensions import TypedDict

from portal.factory import create_app
from portal.routes.openapi import Answer, Operation, describe, documented
from portal.security.needs import Access, needs
from portal.settings import read_settings
from portal.wiring import build_services
from services.accounts import Role
from services.storage import Base

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Flask]:
    """An app with one operator, `anna`."""
    database = tmp_path_factory.mktemp("portal") / "portal.db"
    services = build_services(
        read_settings(
            None,
            {
                "PORTAL__PORTAL__SECRET_KEY": "not a secret, only in this test " * 2,
                "PORTAL__PORTAL__DATABASE_URL": f"sqlite:///{database}",
            },
        )
    )
    Base.metadata.create_all(services.store.engine)
    services.accounts.add("anna", "Анна", Role.OPERATOR, PASSWORD)
    yield create_app(services).server
    services.store.close()


@pytest.fixture(scope="module")
def anna(server) -> FlaskClient:
    client = server.test_client()
    client.post("/login", data={"username": "anna", "password": PASSWORD})
    return client


@pytest.fixture(scope="module")
def document(anna) -> dict:
    answer = anna.get("/api/openapi.json")
    assert answer.status_code == 200
    return answer.json


class Loaded(HTMLParser):
    """What a page loads, and the scripts it holds itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self._in_script = tag == "script"
        self.addresses += [given[key] for key in ("src", "href") if key in given]
        self.inline += [name for name in given if name.startswith("on")]

    def handle_data(self, data):
        if self._in_script and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag):
        self._in_script = False


def in_openapi(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def test_the_document_holds_exactly_the_routes_under_api(server, document):
    catch_all = "/api/<path:_unknown>"  # answers 404 for what is no route
    rules = {rule.rule for rule in server.url_map.iter_rules() if rule.rule.startswith("/api/")}

    described = {path for path in document["paths"] if path.startswith("/api/")}

    assert described == {in_openapi(rule) for rule in rules - {catch_all}}


def test_health_and_export_are_described_too(document):
    assert {"/healthz", "/readyz", "/calls/export.csv"} <= document["paths"].keys()


def test_the_routes_of_telephony_for_scripts_are_described_with_their_own_proof(document):
    latest, theme = (
        document["paths"]["/get_latest_calls"]["get"],
        document["paths"]["/update_call_theme"]["post"],
    )

    for operation in (latest, theme):
        assert operation["security"] == [{"telephony": []}, {"session": []}]
        assert {"403", "429", "503"} <= operation["responses"].keys()
        assert "401" not in operation["responses"]
    form = theme["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert (form["properties"].keys(), form["required"]) == ({"theme", "call"}, ["theme"])
    assert latest["responses"]["200"]["content"]["application/json"]["schema"]


def test_each_place_in_a_path_is_described(document):
    for path, methods in document["paths"].items():
        for operation in methods.values():
            places = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
            assert places == re.findall(r"{(\w+)}", path), path


def test_what_a_route_needs_decides_which_refusals_are_described(document):
    def refusals(path: str) -> set[str]:
        return document["paths"][path]["get"]["responses"].keys() & {"401", "403"}

    assert refusals("/healthz") == set()
    assert refusals("/api/docs") == {"401"}
    assert refusals("/api/calls") == {"401", "403"}


def test_each_operation_has_a_name_of_its_own(document):
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/docs"])
def test_the_description_is_not_for_strangers(server, path):
    assert server.test_client().get(path).status_code == 401


def test_the_viewer_loads_its_files_from_the_portal_and_runs_nothing_inline(anna):
    page = anna.get("/api/docs")
    loaded = Loaded(page.text)

    assert page.mimetype == "text/html"
    assert loaded.inline == []
    assert any("swagger-ui-bundle.js" in address for address in loaded.addresses)
    for address in loaded.addresses:
        assert address.startswith("/"), address
        with anna.get(address) as file:
            assert file.status_code == 200, address


def test_the_viewer_shows_the_document(anna):
    assert 'data-document="/api/openapi.json"' in anna.get("/api/docs").text


def test_a_new_route_enters_the_document_by_declaring_itself():
    class Ticket(TypedDict):
        id: int

    @needs(Access.LOGIN)
    @documented(Operation(tag="Tickets", summary="One ticket", answers={200: Answer("It", Ticket)}))
    def ticket(number: int) -> dict:
        return {"id": number}

    server = Flask("another", static_folder=None)
    server.add_url_rule("/api/tickets/<int:number>", "ticket", ticket)

    described = describe(server)

    operation = described["paths"]["/api/tickets/{number}"]["get"]
    assert operation["responses"].keys() == {"200", "401", "503"}
    assert described["components"]["schemas"]["Ticket"]["required"] == ["id"]
