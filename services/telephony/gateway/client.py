"""The client of the XML agency gateway.

Credentials and sessions travel in addresses. Errors of the HTTP library quote addresses, so no error of ours
has one of them for its cause or context: each is raised after its `except` has ended.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as NoAnswerInTime

from services.errors import (
    Reason,
    UpstreamError,
    UpstreamMalformed,
    UpstreamRejected,
    UpstreamUnavailable,
)
from services.telephony.gateway.answers import NoAnswer, agency_card, session_id
from services.telephony.gateway.secrecy import keep_secrets
from services.telephony.model import AgencyCard

LOGIN_PATH = "/xmlgate/auth_data.jsp"
AGENCY_PATH = "/xmlgate/agency/view"
#: Bytes of an answer; an agency with a hundred contacts has some 30,000.
LARGEST_ANSWER = 1_000_000
#: Credentials that were refused are not tried again for so long: an account may be locked for trying.
REST_AFTER_REFUSAL_S = 60.0
_CONNECTIONS = 16
_PORTION = 64 * 1024
_NOT_ADMITTED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """Seconds a connection may take, and an answer from its question to its last byte."""

    connect_s: float = 3.0
    answer_s: float = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Login:
    """One login; two of them are never the same, whatever the gateway called its session."""

    session: str = field(repr=False)


class _NotAdmitted(Exception):
    """The session is dead, or so it seems; `error` is what to say if a new one changes nothing."""

    def __init__(self, error: UpstreamError) -> None:
        super().__init__(str(error))
        self.error = error


class AgencyGateway:
    """Asks one gateway for agencies; may be used by any thread."""

    def __init__(
        self,
        base_url: str,
        login: str,
        password: str,
        *,
        limits: GatewayLimits | None = None,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is asked. `base_url` is the part of the addresses before `/xmlgate`."""
        keep_secrets()
        self._base_url = base_url.rstrip("/")
        self._credentials = {"j_login_request": "1", "j_login": login, "j_passwd": password}
        self._limits = limits or GatewayLimits()
        self._stopwatch = stopwatch
        self._http = requests.Session()
        # A proxy from the environment would see the credentials; a cookie would be a second session.
        self._http.trust_env = False
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Answers that are not compressed cannot grow beyond their limit.
        self._http.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS))
        self._lock = threading.Lock()
        self._login: _Login | None = None
        self._logging_in: Future[_Login] | None = None
        self._refusal: UpstreamRejected | None = None
        self._refused_until = float("-inf")

    def agency(self, agency_id: int) -> AgencyCard:
        """What the gateway tells of one agency. A session that has died is renewed once.

        Raises:
            UpstreamUnavailable: no answer within the limits, or a 5xx status.
            UpstreamRejected: the credentials are refused (LOGIN_REFUSED), or there is an error instead of
                this agency (FAILED): then the gateway itself is well.
            UpstreamMalformed: the answer is a page for people, broken, too large, or has a document type.
        """
        login = self._current_login(dead=None)
        try:
            return self._view(agency_id, login)
        except _NotAdmitted:
            pass
        login = self._current_login(dead=login)
        try:
            return self._view(agency_id, login)
        except _NotAdmitted as refused:
            error = refused.error
        raise error

    def log_in(self) -> None:
        """Begin a new session, whatever the present one is like.

        Raises:
            UpstreamError: as `agency`.
        """
        self._current_login(dead=self._login)

    def close(self) -> None:
        """Close all pooled connections."""
        self._http.close()

    def _view(self, agency_id: int, login: _Login) -> AgencyCard:
        status, body = self._get(AGENCY_PATH, {"agencyId": str(agency_id), "aid": login.session})
        if status in _NOT_ADMITTED:
            raise _NotAdmitted(UpstreamRejected(f"agency gateway: {status} for an agency", Reason.FAILED))
        if HTTPStatus(300) <= status < HTTPStatus.BAD_REQUEST:
            raise _NotAdmitted(UpstreamMalformed("agency gateway: leads elsewhere"))
        if status != HTTPStatus.OK:
            raise UpstreamRejected(f"agency gateway: {status} for an agency", Reason.FAILED)
        card = agency_card(body, agency_id)
        if card is NoAnswer.LOGIN_PAGE:
            raise _NotAdmitted(UpstreamMalformed("agency gateway: answered with a page for people"))
        if card is NoAnswer.ERROR:
            raise _NotAdmitted(UpstreamRejected("agency gateway: an error for this agency", Reason.FAILED))
        assert isinstance(card, AgencyCard)
        return card

    def _current_login(self, dead: _Login | None) -> _Login:
        """A login that is not `dead`; whoever comes while one is under way shares its outcome."""
        with self._lock:
            if self._login is not None and self._login is not dead:
                return self._login
            if self._refusal is not None and self._stopwatch() < self._refused_until:
                # Another object than the first: threads that raise one object write into its traceback.
                raise UpstreamRejected(str(self._refusal), self._refusal.reason)
            flight, is_ours = self._logging_in, self._logging_in is None
            if flight is None:
                flight = self._logging_in = Future()
        if is_ours:
            self._log_in(flight)
        return flight.result()

    def _log_in(self, flight: Future[_Login]) -> None:
        try:
            login = _Login(self._new_session())
        except BaseException as error:
            with self._lock:
                self._login, self._logging_in = None, None
                if isinstance(error, UpstreamRejected):
                    self._refusal = error
                    self._refused_until = self._stopwatch() + REST_AFTER_REFUSAL_S
            flight.set_exception(error)
            return
        with self._lock:
            self._login, self._logging_in, self._refusal = login, None, None
        flight.set_result(login)

    def _new_session(self) -> str:
        status, body = self._get(LOGIN_PATH, self._credentials)
        if status in _NOT_ADMITTED:
            raise UpstreamRejected("agency gateway: the credentials are refused")
        if status != HTTPStatus.OK:
            raise UpstreamMalformed(f"agency gateway: {status} for a login")
        session = session_id(body)
        if session is NoAnswer.LOGIN_PAGE:
            raise UpstreamMalformed("agency gateway: answered a login with a page for people")
        if session is NoAnswer.ERROR:
            raise UpstreamRejected("agency gateway: the credentials are refused")
        assert isinstance(session, str)
        return session

    def _get(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body; a connection that the gateway closed meanwhile is replaced once."""
        deadline = self._stopwatch() + self._limits.answer_s
        with suppress(_Broken):
            return self._asked(path, query, deadline)
        with suppress(_Broken):
            return self._asked(path, query, deadline)
        raise UpstreamUnavailable("agency gateway: the connection broke")

    def _asked(self, path: str, query: Mapping[str, str], deadline: float) -> tuple[int, bytes]:
        try:
            with self._http.get(
                self._base_url + path,
                params=query,
                timeout=(self._limits.connect_s, self._limits.answer_s),
                allow_redirects=False,  # elsewhere may be anybody, and the address holds secrets
                stream=True,
            ) as response:
                status, body = response.status_code, self._body(response, deadline)
        except (requests.RequestException, HTTPError) as error:
            failure = _translated(error)
        else:
            if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return status, body
            failure = UpstreamUnavailable(f"agency gateway: status {status}", Reason.FAILED)
        raise failure

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        """Read the answer piece by piece: neither an endless one nor one that only trickles may hold us."""
        body = bytearray()
        while piece := response.raw.read1(_PORTION, decode_content=False):
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise UpstreamMalformed(f"agency gateway: more than {LARGEST_ANSWER} bytes")
            if self._stopwatch() > deadline:
                raise UpstreamUnavailable("agency gateway: the answer only trickles", Reason.TIMEOUT)
        return bytes(body)


class _Broken(Exception):
    """The gateway closed the connection, as it does with those that were idle for long."""


def _translated(error: Exception) -> Exception:
    """Our error, without the address that theirs quotes."""
    if isinstance(error, requests.Timeout | NoAnswerInTime):
        return UpstreamUnavailable("agency gateway: no answer in time", Reason.TIMEOUT)
    if any(isinstance(cause, ProtocolError) for cause in (error, *error.args)):
        return _Broken()
    cause = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(cause, NameResolutionError):
        return UpstreamUnavailable("agency gateway: its name does not resolve", Reason.UNRESOLVED)
    if isinstance(cause, NewConnectionError):
        return UpstreamUnavailable("agency gateway: cannot be reached", Reason.REFUSED)
    return UpstreamUnavailable(f"agency gateway: {type(error).__name__}", Reason.FAILED)
