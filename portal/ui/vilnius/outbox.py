"""What administrators see of the way into the register: refused calls, and where both sides differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import aria, badge, banner, data
from portal.ui.card import shown as legible
from portal.ui.frame import moment_words
from portal.ui.vilnius.calls import caller, curator_words, number_words
from portal.ui.words import advice
from services.telephony import (
    ROW_CHANGED,
    ROW_GONE,
    Call,
    Difference,
    DifferenceKind,
    RefusedEntry,
    RegisterFreshness,
)

SOURCE = "sales"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The state of the way into the register."""

    refused: Sequence[RefusedEntry]
    differences: Sequence[Difference]
    freshness: RegisterFreshness
    waiting: int
    oldest_at: datetime | None
    zone: ZoneInfo


def outbox(state: Delivered) -> list[Component]:
    """The whole part."""
    return [html.Div(_facts(state), className="hp-vilnius-delivery"), _refused(state), _differences(state)]


def question(call: Call, zone: ZoneInfo) -> list[Component]:
    """What is asked before a call is left out of the register, with its consequence."""
    when = i18n.moment(call.began_at.astimezone(zone))
    title = _(
        "Leave the call of {number}, {time}, out of the register?",
        number=number_words(call.number),
        time=when,
    )
    return [
        html.H2(title, id="vilnius-question-title"),
        html.P(_("Other programs will not see it. It stays in the portal. This cannot be undone.")),
    ]


def _facts(state: Delivered) -> list[Component]:
    freshness = state.freshness
    parts: list[Component] = []
    if freshness.problem is not None:
        why = advice(SOURCE, freshness.problem)
        parts.append(banner("warn", "wifi-off", [html.B(f"{why.what}. "), why.do]))
    if state.waiting and state.oldest_at is not None:
        waits = i18n.plural("{n} call waits", "{n} calls wait", state.waiting)
        since = moment_words(state.oldest_at, state.zone)
        words = _("{calls}, the oldest since {time}.", calls=waits, time=since)
    else:
        words = _("All calls are written.")
    parts.append(html.Div(words))
    if freshness.looked_at is None:
        parts.append(html.Div(_("The register was not read yet."), className="hp-mut"))
    else:
        read = _("Last read at {time}.", time=moment_words(freshness.looked_at, state.zone))
        whole = "" if freshness.is_complete else " " + _("Its older calls are still being read.")
        parts.append(html.Div(read + whole, className="hp-mut"))
    return parts


def _refused(state: Delivered) -> Component:
    heads = [_("Call"), _("Agency and caller"), _("Why Oracle refuses it"), ""]
    rows = [_refused_row(one, state.zone) for one in state.refused]
    return html.Section(
        [
            html.H3(_("Refused")),
            _table(heads, rows) if rows else html.P(_("Nothing was refused."), className="hp-s hp-mut"),
        ],
        className="hp-vilnius-part",
    )


def _refused_row(one: RefusedEntry, zone: ZoneInfo) -> Component:
    call = one.call
    return html.Tr(
        [
            html.Td(_call(call, zone)),
            html.Td(caller(call), className="hp-wide-cell"),
            html.Td(
                [
                    badge("bad", "x-circle-fill", _code_words(one.code)),
                    html.Div(legible(one.text or ""), className="hp-s hp-mut"),
                    html.Div(
                        _("since {time}", time=moment_words(one.refused_at, zone)), className="hp-s hp-mut"
                    ),
                ]
            ),
            html.Td(
                html.Div(
                    [
                        _button(_("Try again"), call, "retry"),
                        _button(_("Leave out…"), call, "drop"),
                    ],
                    className="hp-vilnius-decide",
                ),
                className="r",
            ),
        ],
        **data(key=f"refused-{call.id}"),
    )


def _button(words: str, call: Call, decision: str) -> Component:
    label = f"{words} {number_words(call.number)}"
    return html.Button(
        words,
        type="button",
        className="btn btn-sm btn-outline-secondary",
        **aria(label=label),
        **data(decide=decision, call=str(call.id)),
    )


def _differences(state: Delivered) -> Component:
    compared_at = state.freshness.compared_at
    body: list[Component]
    if compared_at is None:
        body = [html.P(_("Both sides were not compared yet."), className="hp-s hp-mut")]
    else:
        when = moment_words(compared_at, state.zone)
        none = _("Compared at {time}: no difference.", time=when)
        some = _("Compared at {time}:", time=when)
        body = [html.P(some if state.differences else none, className="hp-s hp-mut")]
    if state.differences:
        heads = [_("Call"), _("Agency and caller"), _("Difference")]
        body.append(_table(heads, [_difference_row(one, state.zone) for one in state.differences]))
    return html.Section([html.H3(_("Nightly comparison")), *body], className="hp-vilnius-part")


def _difference_row(one: Difference, zone: ZoneInfo) -> Component:
    columns = ", ".join(one.columns)
    return html.Tr(
        [
            html.Td(_call(one.call, zone)),
            html.Td(caller(one.call), className="hp-wide-cell"),
            html.Td([_kind_words(one.kind), html.Div(columns, className="hp-s hp-mut")]),
        ],
        **data(key=f"difference-{one.call.id}-{one.kind}"),
    )


def _call(call: Call, zone: ZoneInfo) -> list[Component]:
    when = i18n.moment(call.began_at.astimezone(zone))
    curator = _("curator {number}", number=curator_words(call.curator))
    return [
        html.Div(f"{when} · {number_words(call.number)}", className="hp-nowrap"),
        html.Div(
            " · ".join([curator, *([_("No. {id}", id=call.register_key)] if call.register_key else [])]),
            className="hp-s hp-mut",
        ),
    ]


def _code_words(code: str) -> str:
    return {
        ROW_GONE: _("its row was deleted or replaced"),
        ROW_CHANGED: _("somebody changed its row"),
        "": _("no reason was given"),
    }.get(code, code)


def _kind_words(kind: DifferenceKind) -> str:
    return {
        DifferenceKind.MISSING: _("it was written, and is not in the register"),
        DifferenceKind.DIFFERS: _("the register tells it differently"),
        DifferenceKind.UNWANTED: _("it was left out, and is in the register"),
        DifferenceKind.TWICE: _("another program registered it too"),
    }[kind]


def _table(heads: Sequence[str], rows: Sequence[Component]) -> Component:
    head = html.Thead(
        html.Tr(
            [
                html.Th(words or html.Span(_("Actions"), className="visually-hidden"), scope="col")
                for words in heads
            ]
        )
    )
    return html.Div(html.Table([head, html.Tbody(list(rows))], className="hp-table"), className="hp-scrolled")
