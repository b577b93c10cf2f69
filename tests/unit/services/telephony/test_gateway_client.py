"""The client of the agency gateway: what it makes of good answers and of every kind of bad one."""

import gc
import logging
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from lxml import etree

from services.errors import (
    Reason,
    UpstreamError,
    UpstreamMalformed,
    UpstreamRejected,
    UpstreamUnavailable,
)
from services.telephony.gateway.answers import agency_card
from services.telephony.gateway.client import LARGEST_ANSWER, AgencyGateway, GatewayLimits, _Login
from services.telephony.model import AgencyCard, Contact
from tests.support.processes import free_port
from tests.unit.services.telephony import faulty_gateway as faults
from tests.unit.services.telephony.faulty_gateway import (
    LOGIN,
    LOGIN_PAGE,
    LYRA,
    PASSWORD,
    SESSION_ERROR,
    FaultyGateway,
    answers,
)

HASTY = GatewayLimits(connect_s=0.5, answer_s=0.3)
BOMB = b"""<?xml version="1.0"?><!DOCTYPE agency [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><agency><name>&d;&d;&d;&d;&d;&d;</name></agency>"""
FILE = b"""<!DOCTYPE agency [<!ENTITY f SYSTEM "file:///etc/passwd">]><agency><name>&f;</name></agency>"""


@pytest.fixture
def server() -> Iterator[FaultyGateway]:
    with FaultyGateway() as gateway:
        gateway.agencies[7] = LYRA.encode()
        yield gateway
    gc.collect()


@pytest.fixture
def client(server: FaultyGateway) -> Iterator[AgencyGateway]:
    made = AgencyGateway(server.url + "/", LOGIN, PASSWORD)
    yield made
    made.close()


@pytest.fixture
def hasty(server: FaultyGateway) -> Iterator[AgencyGateway]:
    """A client that waits a moment only, already logged in."""
    made = AgencyGateway(server.url, LOGIN, PASSWORD, limits=HASTY)
    server.sessions.add("before")
    made._login = _Login("before")
    yield made
    made.close()


def test_an_agency_is_told_whole(client):
    assert client.agency(7) == AgencyCard(
        agency_id=7,
        name="Lyra & Co",
        english_name="Lyra",
        city="Vilnius",
        percent="12.5",
        front_office=True,
        contract="iki 2027",
        tourists_per_year="340",
        boss="Ona Onaitė",
        curator="Иванова Анна",
        blacklisted=False,
        managers=("Jonas", "<Petras>"),
        contacts=(Contact("+370 612 34567", "Jonas", "director"), Contact("info@example.com", None, None)),
    )


@pytest.mark.parametrize(
    "body", [b"<agency/>", b"<data><name/><contacts/></data>", b"<agency><boss> \n </boss></agency>"]
)
def test_what_is_missing_or_empty_is_not_known(server, client, body):
    server.agencies[8] = body

    assert client.agency(8) == AgencyCard(8, *(None,) * 10)


@pytest.mark.parametrize(
    ("text", "flag"), [("true", True), ("TRUE ", True), ("false", False), ("no", False), ("", None)]
)
def test_the_blacklist_is_true_false_or_not_known(server, client, text, flag):
    server.agencies[8] = f"<agency><blackList>{text}</blackList></agency>".encode()

    assert client.agency(8).blacklisted is flag


def test_any_encoding_and_namespace_is_read(server, client):
    xml = '<?xml version="1.0" encoding="windows-1251"?><x:a xmlns:x="urn:x"><x:name>Бриз 🌊</x:name></x:a>'
    server.agencies[8] = xml.encode("windows-1251", "xmlcharrefreplace")

    assert client.agency(8).name == "Бриз 🌊"


def test_many_questions_need_one_login_and_one_connection(server, client):
    for _ in range(5):
        client.agency(7)

    assert server.logins == 1
    assert len(server.peers) == 1


def test_parallel_questions_share_one_login(server, client):
    together = threading.Barrier(8)

    def ask(_number: int) -> AgencyCard:
        together.wait()
        return client.agency(7)

    with ThreadPoolExecutor(8) as crowd:
        cards = list(crowd.map(ask, range(8)))

    assert len(cards) == 8
    assert server.logins == 1


def test_a_session_that_died_is_renewed_once_for_all_who_ask(server, client):
    client.agency(7)
    server.sessions.clear()
    together = threading.Barrier(8)

    def ask(_number: int) -> AgencyCard:
        together.wait()
        return client.agency(7)

    with ThreadPoolExecutor(8) as crowd:
        cards = list(crowd.map(ask, range(8)))

    assert {card.name for card in cards} == {"Lyra & Co"}
    assert server.logins == 2


@pytest.mark.parametrize(
    "sign",
    [
        answers(SESSION_ERROR),
        answers(b"<error code='5'/>"),
        answers(LOGIN_PAGE),
        answers(b"\xef\xbb\xbf\n<html><body>Login</body></html>"),
        answers(b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body/></html>"),
        answers(b"", 401),
        answers(b"", 403),
        answers(b"", 302, Location="/login.jsp"),
    ],
)
def test_every_sign_of_a_dead_session_leads_to_a_new_one(server, client, sign):
    server.faults.append(sign)

    assert client.agency(7).name == "Lyra & Co"
    assert server.logins == 2


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (answers(SESSION_ERROR), UpstreamRejected, Reason.FAILED),
        (answers(b"", 403), UpstreamRejected, Reason.FAILED),
        (answers(LOGIN_PAGE), UpstreamMalformed, Reason.MALFORMED),
        (answers(b"", 302, Location="http://192.0.2.1/"), UpstreamMalformed, Reason.MALFORMED),
    ],
)
def test_what_a_new_session_does_not_help_is_an_error_and_not_a_loop(server, client, fault, kind, reason):
    server.faults.extend([fault] * 9)

    with pytest.raises(kind) as caught:
        client.agency(7)

    assert caught.value.reason is reason
    assert len(server.views) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (answers(b"", 500), UpstreamUnavailable, Reason.FAILED),
        (answers(b"<agency/>", 503), UpstreamUnavailable, Reason.FAILED),
        (answers(b"", 404), UpstreamRejected, Reason.FAILED),
        (answers(b"<agency><name>Lyr"), UpstreamMalformed, Reason.MALFORMED),
        (answers(b""), UpstreamMalformed, Reason.MALFORMED),
        (answers(b"\x00\xff\xfe not xml"), UpstreamMalformed, Reason.MALFORMED),
        (answers(b"<agency>&nbsp;</agency>"), UpstreamMalformed, Reason.MALFORMED),
        (answers(b"<agency><name>a\0b</name></agency>"), UpstreamMalformed, Reason.MALFORMED),
        (answers(b"<a>" * 100_000), UpstreamMalformed, Reason.MALFORMED),
        (answers(BOMB), UpstreamMalformed, Reason.MALFORMED),
        (answers(FILE), UpstreamMalformed, Reason.MALFORMED),
        (answers(BOMB.decode().encode("utf-16")), UpstreamMalformed, Reason.MALFORMED),
        (answers(b" " * (LARGEST_ANSWER + 1)), UpstreamMalformed, Reason.MALFORMED),
        (faults.endless, UpstreamMalformed, Reason.MALFORMED),
    ],
)
def test_every_bad_answer_becomes_one_of_our_errors(server, client, fault, kind, reason):
    client.log_in()
    server.faults.append(fault)

    with pytest.raises(kind) as caught:
        client.agency(7)

    assert caught.value.reason is reason
    assert client.agency(7).name == "Lyra & Co"
    assert server.logins == 1


@pytest.mark.parametrize("fault", [faults.silent, faults.silent_amid])
def test_a_gateway_that_falls_silent_is_waited_for_no_longer_than_the_limit(server, hasty, fault):
    server.faults.append(fault)

    with pytest.raises(UpstreamUnavailable) as caught:
        hasty.agency(7)

    assert caught.value.reason is Reason.TIMEOUT


def test_an_answer_that_only_trickles_is_not_waited_for_either(server):
    ticks = count()  # each look at the watch is a second later
    client = AgencyGateway(server.url, LOGIN, PASSWORD, stopwatch=lambda: float(next(ticks)))
    client.log_in()
    server.faults.append(faults.trickles)

    with pytest.raises(UpstreamUnavailable) as caught:
        client.agency(7)

    assert caught.value.reason is Reason.TIMEOUT
    client.close()


@pytest.mark.parametrize("body", [BOMB, FILE, b"<!ENTITY a 'b'><agency/>"])
def test_a_document_type_is_refused_before_the_parser_sees_it(monkeypatch, body):
    monkeypatch.setattr(etree, "fromstring", lambda *_: pytest.fail("the parser saw it"))

    with pytest.raises(UpstreamMalformed):
        agency_card(body, 7)


def test_the_answer_of_a_compressing_server_cannot_grow(server, client):
    server.faults.append(answers(b"\x1f\x8b\x08\x00" + b"\0" * 50, **{"Content-Encoding": "gzip"}))

    with pytest.raises(UpstreamMalformed):
        client.agency(7)


@pytest.mark.parametrize("fault", [faults.hangs_up, faults.hangs_up_amid])
def test_a_connection_that_was_closed_meanwhile_is_replaced_once(server, client, fault):
    server.faults.append(fault)
    assert client.agency(7).name == "Lyra & Co"

    server.faults.extend([fault, fault])
    with pytest.raises(UpstreamUnavailable):
        client.agency(7)


def test_nobody_is_followed_elsewhere_with_the_secrets_in_the_address(server, client):
    with FaultyGateway() as elsewhere:
        server.login_faults.append(answers(b"", 302, Location=elsewhere.url + "/xmlgate/auth_data.jsp"))

        with pytest.raises(UpstreamMalformed):
            client.agency(7)

        assert elsewhere.logins == 0


def test_a_cookie_of_the_gateway_is_not_kept(server, client):
    server.faults.append(answers(LYRA.encode(), **{"Set-Cookie": "JSESSIONID=1; Path=/"}))
    client.agency(7)
    seen = []
    server.faults.append(
        lambda handler: (seen.append(handler.headers.get("Cookie")), handler.answer(b"<agency/>"))
    )

    client.agency(7)

    assert seen == [None]


def test_refused_credentials_are_not_tried_again_for_a_while(server):
    now = [0.0]
    client = AgencyGateway(server.url, LOGIN, "wrong", stopwatch=lambda: now[0])

    for _ in range(5):
        with pytest.raises(UpstreamRejected) as caught:
            client.agency(7)
        assert caught.value.reason is Reason.LOGIN_REFUSED
    assert server.logins == 1

    now[0] += 61
    with pytest.raises(UpstreamRejected):
        client.agency(7)
    assert server.logins == 2
    client.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (answers(b"", 401), UpstreamRejected),
        (answers(LOGIN_PAGE), UpstreamMalformed),
        (answers(b"<a><sessionId/></a>"), UpstreamRejected),
        (answers(b"<a><sessionId>" + b"x" * 501 + b"</sessionId></a>"), UpstreamRejected),
        (answers(b"", 500), UpstreamUnavailable),
    ],
)
def test_a_login_may_fail_in_the_same_ways(server, client, fault, kind):
    server.login_faults.append(fault)

    with pytest.raises(kind):
        client.agency(7)

    assert server.views == []


def failures(server: FaultyGateway) -> Iterator[UpstreamError]:
    """Errors of every part of the client, each with whatever hangs on it."""
    logged_in = answers(b"<a><sessionId>secret-session</sessionId></a>")
    addresses = (
        server.url,
        f"http://127.0.0.1:{free_port()}",
        "http://gateway.invalid",
        "http://127.0.0.1:x",
    )
    bad = (
        faults.silent,
        faults.hangs_up,
        answers(b"<a"),
        answers(b"", 500),
        answers(b"<a/>"),
        answers(b"", 404),
    )
    for url in addresses:
        for fault in bad:
            for login, view in ([fault, fault], []), ([logged_in, logged_in], [fault, fault]):
                server.login_faults, server.faults = deque(login), deque(view)
                client = AgencyGateway(url, "secret-login", "secret-password", limits=HASTY)
                with pytest.raises(UpstreamError) as caught:
                    client.agency(7)
                yield caught.value
                client.close()


def test_no_credential_is_in_an_error_a_traceback_or_the_log(server, caplog):
    caplog.set_level(logging.DEBUG)

    texts = []
    for error in failures(server):
        chain: BaseException | None = error
        while chain is not None:
            texts += [str(chain), repr(chain), repr(chain.__dict__)]
            chain = chain.__cause__ or chain.__context__
        texts.append("".join(traceback.format_exception(error)))

    assert len(texts) > 100
    assert not [text for text in texts if "secret-" in text]
    assert "GET /xmlgate/auth_data.jsp?j_login_request=1&j_login=***&j_passwd=***" in caplog.text
    assert "aid=***" in caplog.text
    assert "secret-" not in caplog.text


def test_a_gateway_that_is_not_there_is_told_from_one_that_is_silent(server):
    closed = AgencyGateway(f"http://127.0.0.1:{free_port()}", LOGIN, PASSWORD)
    unknown = AgencyGateway("http://gateway.invalid", LOGIN, PASSWORD)
    reasons = []

    for client in (closed, unknown):
        with pytest.raises(UpstreamUnavailable) as caught:
            client.agency(7)
        reasons.append(caught.value.reason)
        client.close()

    assert reasons == [Reason.REFUSED, Reason.UNRESOLVED]
