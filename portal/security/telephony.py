"""Who may report calls and see their cards: no login, but a list of networks and a shared token.

The telephony platform and the browsers it leads cannot log in. So their address has to be in the list of the
settings and, where the settings hold a token, the request has to bring it. What a call's card asks for later
may bring the call's own token in its place: the page's address then holds no secret but the call's own.
Everybody else gets the same 403, whatever was wrong, and leaves a line in the audit log.
"""

import hmac
import logging
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import Lock
from typing import NoReturn

from flask import current_app, request
from pydantic import SecretStr
from werkzeug.exceptions import Forbidden, TooManyRequests

from portal.context import services
from portal.security import origin
from portal.security.headers import allow_framing
from portal.security.needs import Access, Need
from portal.settings import TelephonySection
from services.telephony import TOKEN_LENGTH

audit = logging.getLogger("portal.audit")

NEEDS: frozenset[Need | None] = frozenset({Access.TELEPHONY, Access.CALL, Access.LATEST_CALLS})
TOKEN_FIELD = "token"
TOKEN_HEADER = "X-Telephony-Token"
#: Names a call: in the address of its card, in forms, and for the session's latest call in a cookie.
CALL_FIELD = "call"
CALL_COOKIE = "portal_call"

#: Even the lowest rate lets a burst pass that a whole shift reports at once.
SMALLEST_BURST = 100
_MOST_SOURCES = 10_000
_CALL_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")


def admits(need: Need | None) -> bool:
    """Whether the present request is let in by its address and token; asks for no session.

    Raises:
        Forbidden: a page of another site sends it.
        TooManyRequests: its source has sent too many.
        StorageError: whether there is such a call cannot be read.
    """
    section = services().settings.telephony
    if section is None or not is_listed(request.remote_addr, section.allow):
        return False
    # A browser's question before a request of another origin carries no token, and does nothing.
    is_question = need is Access.TELEPHONY and request.method == "OPTIONS"
    if not (is_question or _has_token(section.token) or (need is Access.CALL and _names_a_call())):
        return False
    if need is Access.CALL and request.method not in origin.SAFE_METHODS:
        _check_origin()
    _check_rate(section)
    allow_framing(section.frame_origins)
    return True


def refuse() -> NoReturn:
    """Turn the present request away, and note it."""
    # The rule, not the path: that may hold a number.
    route = str(request.url_rule)
    audit.warning(
        "telephony: refused %s %s to %s",
        *(request.method, route, request.remote_addr),
        extra={"fields": {"method": request.method, "path": route, "address": request.remote_addr}},
    )
    raise Forbidden


def named_call() -> str:
    """The token of the call that the present request names, else of the session's latest; else empty.

    A request that names one wrongly does not get another.
    """
    named = request.args.get(CALL_FIELD)
    if named is None:
        named = request.form.get(CALL_FIELD)
    if named is None:
        named = request.cookies.get(CALL_COOKIE, "")
    return named if _CALL_TOKEN.fullmatch(named) else ""


def is_listed(address: str | None, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether `address` is in one of `networks`, also as IPv6 writes an address of IPv4."""
    try:
        found = ip_address(address or "")
    except ValueError:  # a unix socket has no address
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


class RateLimit:
    """So many requests a second from each source; a short burst may be larger."""

    def __init__(self, per_second: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = max(per_second, SMALLEST_BURST)
        self._clock = clock
        self._lock = Lock()
        # What each source may still send, and when that was reckoned; the latest to ask comes last.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_of(self, source: str) -> float:
        """Take one request of `source`: 0, or how many seconds it is too early."""
        now = self._clock()
        with self._lock:
            left, then = self._left.pop(source, (float(self._burst), now))
            left = min(self._burst, left + (now - then) * self._per_second)
            wait = 0.0 if left >= 1 else (1 - left) / self._per_second
            self._left[source] = (left if wait else left - 1, now)
            if len(self._left) > _MOST_SOURCES:
                self._left.popitem(last=False)
        return wait


def _has_token(expected: SecretStr | None) -> bool:
    if expected is None:
        return True
    given = request.headers.get(TOKEN_HEADER) or request.args.get(TOKEN_FIELD, "")
    return hmac.compare_digest(given.encode(), expected.get_secret_value().encode())


def _names_a_call() -> bool:
    telephony, token = services().telephony, named_call()
    return telephony is not None and bool(token) and telephony.ledger.call(token) is not None


def _check_origin() -> None:
    if origin.is_foreign(request, services().settings.portal.public_url):
        audit.warning("telephony: refused %s of another site's page", request.url_rule)
        raise Forbidden


def _check_rate(section: TelephonySection) -> None:
    limit: RateLimit | None = current_app.extensions.get("portal.telephony_rate")
    if limit is None:
        limit = current_app.extensions.setdefault("portal.telephony_rate", RateLimit(section.rate_per_second))
    wait = limit.wait_of(request.remote_addr or "")
    if wait:
        raise TooManyRequests(retry_after=math.ceil(wait))
