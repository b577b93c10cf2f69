"""Keeps the gateway's credentials, which travel in addresses, out of the log of the HTTP library."""

import logging
import re

# At the level "debug" each of them may write the address that was asked for.
_LOGGERS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.response", "urllib3.util.retry")
_SECRET = re.compile(r"\b(j_login|j_passwd|aid)=[^&\s\"')]*")


class _Blotting(logging.Filter):
    """Blots the values of the gateway's secret parameters out of a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        blotted = _SECRET.sub(r"\1=***", text)
        if blotted != text:
            record.msg, record.args = blotted, ()
        return True


_BLOTTING = _Blotting()


def keep_secrets() -> None:
    """Blot the gateway's credentials and sessions out of all that the HTTP library logs from now on."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_BLOTTING)  # the same filter is added once
