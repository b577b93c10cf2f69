"""Compressed answers: brotli, else gzip.

Static files are compressed once, hard, and kept; answers that change are compressed fast. (Flask-Compress
treats a file as a stream and compresses it again for every browser: 200 ms of CPU for the grid's script.)
"""

import gzip
from hashlib import blake2b
from threading import Lock

import brotli
from flask import Flask, Response, request
from werkzeug.datastructures import Accept

from portal.security.headers import is_static

MIN_BYTES = 700
_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml")


class Compression:
    """Compresses what a browser accepts compressed."""

    def __init__(self, server: Flask) -> None:
        self._kept: dict[tuple[str, bytes], bytes] = {}
        self._lock = Lock()
        server.after_request(self._compress)

    def _compress(self, response: Response) -> Response:
        if response.status_code != 200 or not (response.mimetype or "").startswith(_TYPES):
            return response
        static = is_static(request.path)
        if response.is_streamed and not static:  # an export: it must flow, not gather
            return response
        response.vary.add("Accept-Encoding")
        if static:
            # Dash itself does not recognise its tag once it came back weak, as we gave it.
            response.make_conditional(request)
            if response.status_code == 304:
                return response
        encoding = _accepted(request.accept_encodings)
        if encoding is None or "Content-Encoding" in response.headers:
            return response
        response.direct_passthrough = False
        body = response.get_data()
        if len(body) < MIN_BYTES:
            return response
        response.set_data(self._static(encoding, body) if static else _fast(encoding, body))
        response.headers["Content-Encoding"] = encoding
        etag, weak = response.get_etag()
        if etag and not weak:
            response.set_etag(etag, weak=True)  # the same content in other bytes
        return response

    def _static(self, encoding: str, body: bytes) -> bytes:
        # By content: Dash serves the same file under any fingerprint, so addresses have no end.
        key = (encoding, blake2b(body, digest_size=16).digest())
        with self._lock:
            if key not in self._kept:
                self._kept[key] = (
                    brotli.compress(body, quality=9) if encoding == "br" else gzip.compress(body, 9, mtime=0)
                )
            return self._kept[key]


def _accepted(offered: Accept) -> str | None:
    return next((encoding for encoding in ("br", "gzip") if offered.quality(encoding) > 0), None)


def _fast(encoding: str, body: bytes) -> bytes:
    return brotli.compress(body, quality=4) if encoding == "br" else gzip.compress(body, 5, mtime=0)
