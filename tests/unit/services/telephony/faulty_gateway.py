"""An XML agency gateway on loopback whose answers a test decides, faults included."""

import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

LOGIN, PASSWORD = "portal", "pass word&<öß>"
SESSION_ERROR = b"<response><error>Session expired</error></response>"
LOGIN_PAGE = b"<!DOCTYPE html><html><body><form action='/login'><br>Login</form></html>"
LYRA = """<?xml version="1.0" encoding="UTF-8"?>
<agency>
  <name> Lyra  &amp; Co </name><nameEng>Lyra</nameEng><city>Vilnius</city><percent>12.5</percent>
  <frontOffice>true</frontOffice><contract>iki 2027</contract><sentTourists>340</sentTourists>
  <boss>Ona Onaitė</boss><curator><fullName>Иванова Анна</fullName></curator><blackList>false</blackList>
  <managers><manager>Jonas</manager><manager/><manager><![CDATA[<Petras>]]></manager></managers>
  <contacts>
    <contact><value>+370 612 34567</value><person>Jonas</person><description>director</description></contact>
    <contact><value>info@example.com</value><person></person></contact>
    <contact><person>nobody</person></contact>
  </contacts>
</agency>"""

Fault = Callable[["Handler"], None]


class FaultyGateway:
    """Tells the agencies in `agencies`; each question for an agency takes the next of `faults` first."""

    def __init__(self) -> None:
        self.agencies: dict[int, bytes] = {}
        self.sessions: set[str] = set()
        self.faults: deque[Fault] = deque()
        self.login_faults: deque[Fault] = deque()
        self.logins = 0
        self.views: list[int] = []
        self.peers: set[tuple[str, int]] = set()
        self.released = threading.Event()  # lets whatever is silent end
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.gateway = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def log_in(self, handler: "Handler", query: dict[str, list[str]]) -> None:
        with self._lock:
            self.logins += 1
            session = f"s-{self.logins}"
        if self.login_faults:
            self.login_faults.popleft()(handler)
        elif query.get("j_login") == [LOGIN] and query.get("j_passwd") == [PASSWORD]:
            self.sessions.add(session)
            handler.answer(f"<a><b><sessionId> {session} </sessionId></b></a>".encode())
        else:
            handler.answer(b"<a><message>no</message></a>")

    def view(self, handler: "Handler", query: dict[str, list[str]]) -> None:
        agency_id = int(query["agencyId"][0])
        with self._lock:
            self.views.append(agency_id)
            self.peers.add(handler.client_address)
            fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            fault(handler)
        elif query["aid"][0] in self.sessions:
            handler.answer(self.agencies.get(agency_id, b"<error>no such agency</error>"))
        else:
            handler.answer(SESSION_ERROR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # a crowd that connects at once
    gateway: FaultyGateway

    def handle_error(self, *_: object) -> None:
        """A client that ran away is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        gateway = self.server.gateway  # type: ignore[attr-defined]
        asked = {"/xmlgate/auth_data.jsp": gateway.log_in, "/xmlgate/agency/view": gateway.view}
        asked[address.path](self, parse_qs(address.query))

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the output of a test is its own."""


def answers(body: bytes, status: int = 200, **headers: str) -> Fault:
    return lambda handler: handler.answer(body, status, **headers)


def silent(handler: Handler) -> None:
    """Say nothing until the test is over."""
    handler.server.gateway.released.wait(30)  # type: ignore[attr-defined]
    handler.close_connection = True


def silent_amid(handler: Handler) -> None:
    """Begin to answer, and fall silent."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<agency>")
    handler.wfile.flush()
    silent(handler)


def hangs_up(handler: Handler) -> None:
    handler.close_connection = True


def hangs_up_amid(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<agency>")
    handler.close_connection = True


def endless(handler: Handler) -> None:
    """Answer without an end, until nobody listens."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n<agency><name>")
    while not handler.server.gateway.released.is_set():  # type: ignore[attr-defined]
        handler.wfile.write(b"x" * 65536)


def trickles(handler: Handler) -> None:
    """A byte now and then: each of them comes soon enough, a good answer after half a minute."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<agency>")
    for _ in range(1500):
        if handler.server.gateway.released.wait(0.02):  # type: ignore[attr-defined]
            return
        handler.wfile.write(b" ")
    handler.wfile.write(b"</agency>")
    handler.close_connection = True
