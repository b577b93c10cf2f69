"""Proof that a request which changes something came from our own page (CSRF).

Every browser of today sends `Origin` with a POST, and `Sec-Fetch-Site` with everything; a page of another
site cannot forge either. A client that sends neither is no browser led by a foreign page: it may log in
(it brings a password, not a cookie), for anything else it must send the session's token.
Source: OWASP, Cross-Site Request Forgery Prevention Cheat Sheet, "Verifying Origin With Standard Headers".
"""

import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from flask import Request, request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_FIELD = "csrf_token"
TOKEN_HEADER = "X-CSRF-Token"


def token_for(session_token: str, secret_key: str) -> str:
    """The proof a form of this session carries; worthless with any other session."""
    return hmac.new(secret_key.encode(), b"csrf:" + session_token.encode(), sha256).hexdigest()


def is_foreign(ask: Request, public_url: str | None) -> bool:
    """Whether the headers say that another site's page sent this request."""
    origin = ask.headers.get("Origin")
    if origin is not None:
        return origin not in _own_origins(ask, public_url)
    return ask.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")


def is_proven(ask: Request, public_url: str | None, expected_token: str | None) -> bool:
    """Whether the request shows that it is ours: by its headers or by the session's token."""
    if is_foreign(ask, public_url):
        return False
    if "Origin" in ask.headers or ask.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    given = ask.headers.get(TOKEN_HEADER) or ask.form.get(TOKEN_FIELD, "")
    return expected_token is not None and hmac.compare_digest(given.encode(), expected_token.encode())


def _own_origins(ask: Request, public_url: str | None) -> set[str]:
    own = {f"{ask.scheme}://{ask.host}"}
    if public_url is not None:
        parts = urlsplit(public_url)
        own.add(f"{parts.scheme}://{parts.netloc}")
    return own


def local_target(target: str | None) -> str:
    """`target` when it is a path of this portal, else `/`: a login must not lead to another site."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    # A browser drops tabs and line ends before it reads an address: "/<tab>/evil" is "//evil" to it.
    return target if target.isprintable() else "/"


def present_target() -> str:
    """The path and query of the present request, for coming back after the login."""
    query = request.query_string.decode(errors="replace")  # strangers send any bytes
    return f"{request.path}?{query}" if query else request.path
