from __future__ import annotations

import http.client
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest

from sandbox.vilnius import agencies, files, gateway, known_agencies
from sandbox.vilnius.gateway import LOGIN, PASSWORD, SESSION_IDLE_S, Gateway


class Stopwatch:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Client:
    """Asks the gateway; `session` as it was given at the login."""

    def __init__(self, url: str) -> None:
        self._netloc = urlsplit(url).netloc
        self.session = ""

    def ask(
        self, path: str, body: str | None = None, *, timeout: float = 10, **query: str
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._netloc, timeout=timeout)
        try:
            connection.request("GET" if body is None else "POST", f"{path}?{urlencode(query)}", body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def log_in(self, password: str = PASSWORD) -> ElementTree.Element:
        _, body = self.ask("/xmlgate/auth_data.jsp", j_login_request="1", j_login=LOGIN, j_passwd=password)
        root = ElementTree.fromstring(body)
        self.session = root.findtext(".//sessionId") or ""
        return root

    def view(self, agency_id: int | str) -> ElementTree.Element:
        _, body = self.raw_view(agency_id)
        return ElementTree.fromstring(body)

    def raw_view(self, agency_id: int | str, *, timeout: float = 10) -> tuple[int, bytes]:
        return self.ask("/xmlgate/agency/view", agencyId=str(agency_id), aid=self.session, timeout=timeout)

    def fail(self, **faults: object) -> int:
        connection = http.client.HTTPConnection(self._netloc, timeout=10)
        connection.request("POST", "/_faults", json.dumps(faults))
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gateway") / "crm.db"
    files.make(file, agencies.rows(agencies=200, phones=300, seed=1))
    return file


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def client(crm: Path, stopwatch: Stopwatch) -> Iterator[Client]:
    """A client that is logged in."""
    with Gateway(crm, "127.0.0.1", 0, stopwatch=stopwatch) as served:
        client = Client(served.url)
        client.log_in()
        yield client


def is_error(answer: ElementTree.Element) -> bool:
    return answer.find("error") is not None


def test_a_login_answers_a_session_somewhere_below_the_root(client: Client) -> None:
    root = client.log_in()

    assert root.find("sessionId") is None
    assert len(client.session) == 32


def test_wrong_credentials_get_an_error_and_no_session(client: Client) -> None:
    assert is_error(client.log_in("guess"))
    assert client.session == ""


def test_each_agency_is_told_as_crm_has_it(client: Client, crm: Path) -> None:
    sparse = 0
    for known in known_agencies(crm)[:60]:
        root = client.view(known.id)
        assert root.findtext("name") == known.name
        contacts = root.findall("contacts/contact")
        persons = [
            contact.findtext("person")
            for contact in contacts
            if "".join(filter(str.isdigit, contact.findtext("value") or "")) == known.number
        ]
        assert persons == [known.person]
        sparse += not root.findtext("percent")

    assert 0 < sparse < 20


def test_elements_are_missing_or_empty_where_there_is_nothing_to_tell(crm: Path, client: Client) -> None:
    roots = [client.view(known.id) for known in known_agencies(crm)]

    assert any(root.find("boss") is None for root in roots)
    assert any(root.find("boss") is not None and not root.findtext("boss") for root in roots)
    assert any(root.find("managers") is None for root in roots)
    assert any(root.findtext("blackList") == "true" for root in roots)
    assert any(root.findtext("curator/fullName") for root in roots)
    assert all((root.findtext("nameEng") or "").isascii() for root in roots)


@pytest.mark.parametrize("agency_id", ["1", "x", "", "-5", "99999999999999999999999"])
def test_an_agency_that_is_not_there_gets_an_error(client: Client, agency_id: str) -> None:
    assert is_error(client.view(agency_id))


def test_a_session_dies_when_it_idles(client: Client, crm: Path, stopwatch: Stopwatch) -> None:
    agency_id = known_agencies(crm)[0].id
    stopwatch.now += SESSION_IDLE_S - 1
    assert not is_error(client.view(agency_id))
    stopwatch.now += SESSION_IDLE_S - 1
    assert not is_error(client.view(agency_id))  # it was used meanwhile
    stopwatch.now += SESSION_IDLE_S

    assert is_error(client.view(agency_id))
    client.log_in()
    assert not is_error(client.view(agency_id))


def test_sessions_are_killed_on_demand_and_new_ones_live(client: Client, crm: Path) -> None:
    agency_id = known_agencies(crm)[0].id
    assert client.fail(dead_session=True) == 200

    assert is_error(client.view(agency_id))
    client.log_in()
    assert not is_error(client.view(agency_id))


@pytest.mark.parametrize(
    ("answer", "status", "holds"),
    [
        ("500", 500, b"Internal Server Error"),
        ("html", 200, b"j_passwd"),
        ("bomb", 200, b"<!ENTITY"),
    ],
)
def test_it_answers_something_else_on_demand_until_it_is_healed(
    client: Client, crm: Path, answer: str, status: int, holds: bytes
) -> None:
    agency_id = known_agencies(crm)[0].id
    client.fail(answer=answer)

    got, body = client.raw_view(agency_id)
    assert got == status
    assert holds in body
    client.fail()
    assert not is_error(client.view(agency_id))


def test_broken_answers_are_no_xml(client: Client, crm: Path) -> None:
    client.fail(answer="broken")
    _, body = client.raw_view(known_agencies(crm)[0].id)

    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(body)


def test_a_silent_gateway_answers_nothing(client: Client, crm: Path) -> None:
    client.fail(answer="silent")

    with pytest.raises(TimeoutError):
        client.raw_view(known_agencies(crm)[0].id, timeout=0.3)


def test_a_share_of_the_answers_fails(client: Client, crm: Path) -> None:
    client.fail(answer="500", share=0.5)
    statuses = {client.raw_view(known_agencies(crm)[0].id)[0] for _ in range(60)}

    assert statuses == {200, 500}


def test_a_slow_gateway_takes_its_time(client: Client, crm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    client.fail(slow_ms=800)
    monkeypatch.setattr(gateway.threading.Event, "wait", lambda _event, timeout=None: waits.append(timeout))

    client.raw_view(known_agencies(crm)[0].id)

    assert 0.8 in waits


@pytest.mark.parametrize(
    "faults", [{"answer": "tea"}, {"speed": 3}, {"slow_ms": "long"}, {"slow_ms": -1}, {"share": 2}]
)
def test_faults_that_are_not_known_are_refused(client: Client, faults: dict[str, object]) -> None:
    assert client.fail(**faults) == 400


@pytest.mark.parametrize("body", ["[]", "{", ""])
def test_faults_that_are_no_object_are_refused(client: Client, body: str) -> None:
    assert client.ask("/_faults", body)[0] == 404  # the address has a query
    connection = http.client.HTTPConnection(client._netloc, timeout=10)
    connection.request("POST", "/_faults", body)
    assert connection.getresponse().status == 400
    connection.close()


def test_other_addresses_lead_nowhere(client: Client) -> None:
    assert client.ask("/xmlgate")[0] == 404


def test_credentials_and_sessions_reach_no_log(
    client: Client, crm: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG, "sandbox"):
        client.log_in()
        client.view(known_agencies(crm)[0].id)

    told = caplog.text + "".join(capfd.readouterr())
    assert "/xmlgate/agency/view" in told
    assert PASSWORD not in told.replace("sandbox.vilnius", "")
    assert client.session not in told
