"""Conditions of the call log that have no control of their own: chips, each with a button that drops it.

They come with links, from the figures of the statistics page for example.
"""

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from portal.calls_query import OUTCOMES, UNKNOWN_RESULT
from portal.i18n import _
from portal.ui.blocks import aria, data, icon
from portal.ui.words import call_result, weekdays
from services.calls import KNOWN_RESULTS

_WITHOUT_CONTROL = ("weekday", "hour", "result", "number")


def without_control(chosen: Mapping[str, str]) -> dict[str, str]:
    """The conditions of `chosen` that no control shows."""
    return {
        key: chosen[key]
        for key in _WITHOUT_CONTROL
        if chosen.get(key) and not (key == "result" and chosen[key] in OUTCOMES)
    }


def chips(chosen: Mapping[str, str]) -> list[Component]:
    """One chip for each condition that no control shows."""
    return [_chip(key, _words(key, value)) for key, value in without_control(chosen).items()]


def _chip(key: str, words: str) -> Component:
    label = _("Drop the condition “{words}”", words=words)
    return html.Span(
        [
            html.Span(words, className="hp-trunc", title=words),
            html.Button(icon("x-lg"), type="button", title=label, **aria(label=label)),
        ],
        className="hp-chip",
        **data(condition=key),
    )


def _words(key: str, value: str) -> str:
    """What a condition says; one that cannot be has its value as it is written."""
    if key == "weekday":
        return weekdays().get(value) or _("Weekday: {value}", value=value)
    if key == "hour":
        return _("Hour: {value}", value=value)
    if key == "result":
        codes = {str(code): code for code in KNOWN_RESULTS}
        word = call_result(codes[value]).word if value in codes else value
        return _("Result: unknown") if value == UNKNOWN_RESULT else _("Result: {value}", value=word)
    named = {"known": _("With a number"), "unknown": _("Without a number")}
    return named.get(value) or _("Number: {value}", value=value)
