"""Security headers of every answer."""

from collections.abc import Iterable

from flask import Flask, Response, g, request

#: `style-src` cannot do without 'unsafe-inline': the data grid writes style elements.
_POLICY = (
    "default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_NO_FRAMES = "frame-ancestors 'none'"
_FRAMING = "frame_origins"

_STATIC = ("/assets/", "/_dash-component-suites/")


def is_static(path: str) -> bool:
    """Whether the path leads to a file that is the same for everyone."""
    return path.startswith(_STATIC)


def allow_framing(origins: Iterable[str]) -> None:
    """Let pages of `origins` hold the answer to the present request in a frame."""
    setattr(g, _FRAMING, tuple(origins))


class SecurityHeaders:
    """Adds the headers; the script hashes are known only after the app is built."""

    def __init__(self, server: Flask, *, secure: bool) -> None:
        self._headers = dict(_FIXED)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"
        self.allow_scripts(())
        server.after_request(self._add)

    def allow_scripts(self, hashes: Iterable[str]) -> None:
        """Let exactly these inline scripts run, given as CSP hash sources."""
        self._headers["Content-Security-Policy"] = _POLICY.format(hashes=" ".join(hashes))

    def _add(self, response: Response) -> Response:
        for name, value in self._headers.items():
            response.headers[name] = value
        if origins := g.get(_FRAMING):
            # X-Frame-Options knows no list of origins.
            del response.headers["X-Frame-Options"]
            policy = self._headers["Content-Security-Policy"]
            framed = policy.replace(_NO_FRAMES, f"frame-ancestors {' '.join(origins)}")
            response.headers["Content-Security-Policy"] = framed
        if "Cache-Control" not in response.headers and not is_static(request.path):
            response.headers["Cache-Control"] = "no-store"
        return response
