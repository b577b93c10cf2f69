"""Believes `X-Forwarded-*` only from the proxies the configuration names."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class TrustedProxies:
    """WSGI middleware: takes the client's address, scheme and host from a trusted proxy's headers.

    One hop: the proxy itself must overwrite what the client sent.
    """

    def __init__(self, app: WsgiApp, networks: tuple[IPv4Network | IPv6Network, ...]) -> None:
        self._direct = app
        self._forwarded = ProxyFix(app, x_for=1, x_proto=1, x_host=1)
        self._networks = networks

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        app: Any = self._forwarded if self._is_trusted(environ.get("REMOTE_ADDR", "")) else self._direct
        answer: Iterable[bytes] = app(environ, start_response)
        return answer

    def _is_trusted(self, address: str) -> bool:
        try:
            peer = ip_address(address)
        except ValueError:  # a unix socket has no address
            return False
        return any(peer in network for network in self._networks)
