"""One call of the centre in words: who called, how long, how far it is on its way into the register.

What is shown may come from strangers and other programs: texts stay texts, of bearable length.
"""

from dash import html
from dash.development.base_component import Component

from portal.i18n import _
from portal.ui.blocks import Content, badge, data
from portal.ui.card import duration_words, shown
from portal.ui.frame import milliseconds
from portal.ui.phones import international_number
from portal.ui.words import ResultWords
from services.telephony import Call, CallState, EntryState

NOTHING = "—"


def agency_words(call: Call) -> str | None:
    """The agency's name, its number while the name is not known; None for an unknown caller."""
    if call.agency_name:
        return shown(call.agency_name)
    return None if call.agency_id is None else _("Agency No. {id}", id=call.agency_id)


def who_words(call: Call) -> str | None:
    """The agency and the person who called; None where neither is known."""
    known = [agency_words(call), shown(call.manager or "")]
    return ", ".join(part for part in known if part) or None


def caller(call: Call) -> Component:
    """The agency and the person who called, on one line; what was not found is said, and muted."""
    words = who_words(call)
    if words is None:
        return html.Span(_("agency not found"), className="d-block hp-trunc hp-mut")
    return html.Span(words, className="d-block hp-trunc", title=words)


def number_words(number: str) -> str:
    """A number as people read it; other programs may have registered a call without one."""
    return international_number(number) if number else _("no number")


def number_button(number: str) -> Component:
    """A number that looks for its calls in the register when it is pressed."""
    words = number_words(number)
    if not number:
        return html.Span(words, className="hp-mut")
    return html.Button(
        words,
        type="button",
        className="hp-number",
        title=_("Show the calls of {phone}", phone=words),
        **data(look_for=number),
    )


def curator_words(curator: str) -> str:
    return shown(curator) or NOTHING


def state_words(call: Call) -> ResultWords:
    """Whether the call goes on or is over."""
    return {
        CallState.OPEN: ResultWords("talk", "telephone-fill", _("In progress")),
        CallState.ENDED: ResultWords("out", "telephone-fill", _("Ended")),
    }.get(call.state, ResultWords("", "question-circle", _("end not reported")))


def lasted(call: Call, *, is_current: bool = True) -> Content:
    """How long it lasted; while it goes on, a time that runs in the browser.

    `is_current` is False for a call of another program while the register is not read: nobody knows whether
    it still goes on, so its time stands still.
    """
    if call.state is CallState.OPEN:
        if is_current:
            return html.Span(className="hp-ticking", **data(running=str(milliseconds(call.began_at))))
        return html.Span("?", className="hp-ticking", title=_("The register is not read now: unknown."))
    if call.state is CallState.ENDED and call.duration is not None:
        return duration_words(call.duration)
    return html.Span(NOTHING, className="hp-mut", title=_("end not reported"))


def entry_words(entry: EntryState | None) -> ResultWords:
    """How far a call is on its way into the register; None: another program wrote it."""
    if entry is None:
        return ResultWords("", "arrow-left-right", _("of another program"))
    return {
        EntryState.WAITING: ResultWords("warn", "cloud-arrow-up", _("waits for Oracle")),
        EntryState.WRITTEN: ResultWords("ok", "check-circle-fill", _("written")),
        EntryState.REFUSED: ResultWords("bad", "x-circle-fill", _("refused")),
        EntryState.DROPPED: ResultWords("", "slash-circle-fill", _("left out")),
    }[entry]


def entry_badge(entry: EntryState | None) -> Component:
    words = entry_words(entry)
    return badge(words.kind, words.icon, words.word)
