"""The one error tree of all outside systems, and their reasons as codes.

Services return codes, never sentences: the portal chooses the words in the reader's language.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why an outside system gave no usable answer."""

    REFUSED = "refused"  # nothing listens there, or the connection was reset
    UNRESOLVED = "unresolved"  # the name does not resolve
    TIMEOUT = "timeout"  # no answer within the limit: VPN or firewall
    TOO_SLOW = "too_slow"  # well, but gave up a question that it was at work on for too long
    LOGIN_REFUSED = "login_refused"  # the portal's own credentials were not accepted
    NO_RIGHT = "no_right"  # logged in, but the data may not be read
    NO_SUCH_DATABASE = "no_such_database"
    MALFORMED = "malformed"  # answered, but not in the documented shape
    OVERLOADED = "overloaded"  # the portal itself holds back: the circuit is open or all slots are taken
    UNWATCHED = "unwatched"  # the portal's own collector is not at work, so nobody asked lately
    FAILED = "failed"  # answered with an error of its own


class UpstreamError(Exception):
    """An outside system failed; the caller may show its last known answer."""

    retryable = False
    reason = Reason.FAILED

    def __init__(self, message: str, reason: Reason | None = None) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason


class UpstreamUnavailable(UpstreamError):
    """No answer: refused, unresolved, timed out, or overloaded. Asking again later may help."""

    retryable = True
    reason = Reason.REFUSED


class UpstreamRejected(UpstreamError):
    """It answered and said no: wrong credentials, missing right, bad request."""

    reason = Reason.LOGIN_REFUSED


class UpstreamMalformed(UpstreamError):
    """It answered, but not in the documented shape."""

    reason = Reason.MALFORMED
