"""From a figure to the calls behind it."""

from dash import html
from dash.development.base_component import Component

from portal.calls_query import NO_OPERATOR, UNKNOWN_RESULT, UNKNOWN_TYPE
from portal.i18n import _
from services.calls import LONGEST_READ_THROUGH_DAYS, UNKNOWN_CODE, Period


def calls_link(period: Period, **conditions: str | int) -> str | None:
    """The address of the call log with exactly these calls; None for a period the log does not open.

    `conditions` are keys of `portal.calls_query`.
    """
    if period.days > LONGEST_READ_THROUGH_DAYS:
        return None
    # Codes, numbers and words of ours: nothing to quote, in thousands of links.
    narrowed = "".join(f"&{key}={value}" for key, value in conditions.items())
    return f"/calls?from={period.first}&to={period.last}{narrowed}"


def linked(text: str, href: str | None, title: str = "") -> Component:
    """A figure that opens its calls; where the log cannot, its title says why."""
    if href is None:
        why = _(
            "The call log opens at most {n} days at once: choose a shorter period.",
            n=LONGEST_READ_THROUGH_DAYS,
        )
        return html.Span(text, title=f"{title} {why}".lstrip())
    return html.A(text, href=href, title=title) if title else html.A(text, href=href)


def operator_key(operator_id: int | None) -> str:
    """The value of the log's condition `operator`."""
    return NO_OPERATOR if operator_id is None else str(operator_id)


def type_key(call_type: int) -> str:
    """The value of the log's condition `type`."""
    return UNKNOWN_TYPE if call_type == UNKNOWN_CODE else str(call_type)


def result_key(result: int) -> str:
    """The value of the log's condition `result`."""
    return UNKNOWN_RESULT if result == UNKNOWN_CODE else str(result)
