"""A request as strangers may send it."""

import re
from typing import Any

from flask import Request

_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class PortalRequest(Request):
    """A request whose query may hold any bytes.

    Werkzeug decodes a query as UTF-8 and fails with an error of the server on anything else; what is
    percent-encoded it decodes with replacements, so that is what other bytes become here.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if not self.query_string.isascii():
            self.query_string = _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], self.query_string)
