"""Codes of the services in the reader's words. Nothing is translated at import."""

from dataclasses import dataclass

from portal.i18n import _
from services.accounts import Role
from services.calls import NO_TIME_INDEX
from services.errors import Reason
from services.live import SourceState, SourceStatus


def source_name(name: str) -> str:
    """The name of an outside system."""
    return {
        "call_centre": _("Call database"),
        "crm": "CRM",
        "sales": _("Call register"),
        "agency_gateway": _("Agency gateway"),
    }.get(name, name)


def role_name(role: Role) -> str:
    return {
        Role.OPERATOR: _("operator"),
        Role.SUPERVISOR: _("supervisor"),
        Role.ADMIN: _("administrator"),
    }[role]


@dataclass(frozen=True, slots=True)
class Advice:
    """What is wrong with a system, and what the reader can do about it."""

    what: str
    do: str


def advice(source: str, reason: Reason | None) -> Advice:
    """Words for the reason a system gives no answer."""
    name = source_name(source)
    vpn = _("Check whether the VPN is up.")
    tell = _("Tell an administrator.")
    wait = _("Try again in a minute.")
    known = {
        Reason.REFUSED: Advice(_("{name} does not answer", name=name), vpn),
        Reason.TIMEOUT: Advice(_("{name} does not answer", name=name), vpn),
        Reason.TOO_SLOW: Advice(
            _("{name} cannot answer this in time", name=name), _("Choose a shorter period.")
        ),
        Reason.UNRESOLVED: Advice(_("The address of {name} is not found", name=name), vpn),
        Reason.LOGIN_REFUSED: Advice(_("{name} refused the portal's login", name=name), tell),
        Reason.NO_RIGHT: Advice(_("{name} does not let the portal read its data", name=name), tell),
        Reason.NO_SUCH_DATABASE: Advice(_("{name}: there is no such database", name=name), tell),
        Reason.MALFORMED: Advice(_("{name} answers in an unknown shape", name=name), tell),
        Reason.OVERLOADED: Advice(_("{name} is being spared after failures", name=name), wait),
        Reason.UNWATCHED: Advice(_("The portal's collector is not at work"), tell),
        Reason.FAILED: Advice(_("{name} answered with an error", name=name), tell),
    }
    return known[reason] if reason else Advice(_("{name} gives no data", name=name), tell)


def state_word(state: SourceState) -> str:
    """One word for the state of a system."""
    return {
        SourceState.OK: _("answers"),
        SourceState.SLOW: _("slow"),
        SourceState.DOWN: _("silent"),
        SourceState.UNWATCHED: _("not watched"),
        SourceState.NEVER: _("not asked yet"),
    }[state]


def state_shown(state: SourceState) -> "ResultWords":
    """Colour, icon and word for the state of a system."""
    kind, icon_name = {
        SourceState.OK: ("ok", "check-circle-fill"),
        SourceState.SLOW: ("warn", "hourglass-split"),
        SourceState.DOWN: ("crit", "x-octagon-fill"),
        SourceState.UNWATCHED: ("crit", "wifi-off"),
        SourceState.NEVER: ("", "question-circle"),
    }[state]
    return ResultWords(kind, icon_name, state_word(state))


def status_advice(status: SourceStatus) -> Advice | None:
    """What is wrong with a system and what to do; None while there is nothing to say."""
    if status.state is SourceState.DOWN:
        return advice(status.name, status.reason)
    if status.state is SourceState.UNWATCHED:
        return advice(status.name, Reason.UNWATCHED)
    if status.state is SourceState.SLOW:
        return Advice(
            _("{name} answers slowly", name=source_name(status.name)),
            _("Pages answer from the portal's copy and do not wait for it."),
        )
    return None


def remark_words(remark: str) -> str:
    """What is not as it should be with a system that answers."""
    return {
        NO_TIME_INDEX: _(
            "The table of calls has no index on its time: days before the copy are read slowly."
        ),
    }.get(remark, remark)


@dataclass(frozen=True, slots=True)
class ResultWords:
    """How one result of a call is shown."""

    kind: str
    icon: str
    word: str


def call_result(result: int | None, *, in_progress: bool = False) -> ResultWords:
    """Words for `calls.result`; a call without a result that began lately is still going on."""
    if result is None and in_progress:
        return ResultWords("info", "telephone-fill", _("In progress"))
    known = {
        0: ResultWords("bad", "x-circle-fill", _("Dropped")),
        1: ResultWords("ok", "check-circle-fill", _("Handled")),
        2: ResultWords("", "dash-circle", _("Hung up")),
        3: ResultWords("", "wifi-off", _("No internet")),
        4: ResultWords("bad", "x-circle-fill", _("Cut off")),
        5: ResultWords("bad", "x-circle-fill", _("Bad audio")),
        6: ResultWords("bad", "x-circle-fill", _("Silence")),
    }
    return known.get(-1 if result is None else result) or ResultWords(
        "", "question-circle", _("Unknown result")
    )


def weekdays() -> dict[str, str]:
    """All days of a name, by the number of the weekday: 1 for Mondays."""
    return {
        "1": _("Mondays"),
        "2": _("Tuesdays"),
        "3": _("Wednesdays"),
        "4": _("Thursdays"),
        "5": _("Fridays"),
        "6": _("Saturdays"),
        "7": _("Sundays"),
    }


def call_types() -> dict[int, str]:
    """Words for the known values of `calls.type_call`."""
    return {
        0: _("Wrong number"),
        1: _("English speaker"),
        2: _("Agency"),
        3: _("Service call"),
        4: _("Ticket purchase"),
        5: _("Tour order"),
        6: _("Off topic"),
        7: _("Call dropped"),
    }


def call_type(value: int | None) -> str:
    """Words for `calls.type_call`; empty while it is not set."""
    return "" if value is None else call_types().get(value, _("Unknown type"))


def ringing_outcome(value: int | None) -> ResultWords:
    """Words for `calls_result.result`: how ringing the agency for the client ended."""
    known = {
        -1: ResultWords("bad", "exclamation-triangle-fill", _("error (ringing)")),
        0: ResultWords("ok", "telephone-outbound", _("got through")),
        1: ResultWords("warn", "telephone-x", _("busy")),
        2: ResultWords("warn", "telephone-x", _("no answer")),
        3: ResultWords("bad", "x-circle-fill", _("refused the call")),
        4: ResultWords("bad", "x-circle-fill", _("hung up (ringing)")),
        5: ResultWords("bad", "x-circle-fill", _("silence on the line")),
    }
    return known.get(-2 if value is None else value) or ResultWords(
        "", "question-circle", _("outcome unknown")
    )
