"""The building blocks every page is made of; their looks are in `assets/00-theme.css`."""

from collections.abc import Sequence
from typing import Any, Literal

from dash import html
from dash.development.base_component import Component

from portal.i18n import _

Content = Component | str | None
Contents = Content | Sequence[Content]


def aria(**values: str) -> dict[str, Any]:
    """Attributes for assistive technology: `aria(label="…")` is `aria-label="…"`."""
    return {f"aria-{name.replace('_', '-')}": value for name, value in values.items()}


def data(**values: str) -> dict[str, Any]:
    """Attributes our scripts read: `data(theme_switch="true")` is `data-theme-switch="true"`."""
    return {f"data-{name.replace('_', '-')}": value for name, value in values.items()}


def icon(name: str, **properties: Any) -> html.I:
    """A Bootstrap icon, silent for screen readers: the words beside it speak."""
    extra = properties.pop("className", "")
    return html.I(className=f"bi bi-{name} {extra}".rstrip(), **aria(hidden="true"), **properties)


def unseen(text: str) -> html.Span:
    """Text for screen readers alone."""
    return html.Span(text, className="visually-hidden")


def badge(kind: str, icon_name: str, word: str) -> html.Span:
    """Icon, word and colour, always the three. `kind`: ok, info, warn, bad, crit or empty for neutral."""
    return html.Span([icon(icon_name), word], className=f"hp-b {kind}".rstrip())


def hint(text: str) -> html.Button:
    """The question mark that tells what a figure means."""
    return html.Button(
        icon("question-circle"),
        type="button",
        className="btn btn-link p-0 border-0 hp-hint",
        title=text,
        **aria(label=text),
    )


def icon_button(name: str, label: str, *, identifier: str | None = None, **properties: Any) -> html.Button:
    """A button that shows an icon alone and says its words to everyone else."""
    classes = properties.pop("className", "btn btn-outline-secondary btn-icon")
    if identifier is not None:
        properties["id"] = identifier
    return html.Button(
        icon(name), type="button", className=classes, title=label, **aria(label=label), **properties
    )


def kpi(
    label: str,
    value: Contents,
    below: Contents,
    *,
    definition: str,
    extra: Contents = None,
    className: str = "",
) -> html.Section:
    """One figure: what it is, how it is defined, its value, and what it is compared with."""
    return html.Section(
        [
            html.Div([label, hint(definition)], className="l"),
            html.Div(value, className="v hp-num"),
            html.Div(below, className="d"),
            *_as_list(extra),
        ],
        className=f"hp-card hp-kpi {className}".rstrip(),
    )


def delta(text: str, change: float, *, better: Literal["more", "less"] | None) -> html.Span:
    """A change with its arrow; coloured only where one direction is better."""
    if change == 0:
        return html.Span(text, className="hp-delta flat")
    is_good = (change > 0) == (better == "more")
    kind = "flat" if better is None else "good" if is_good else "bad"
    arrow = icon("caret-up-fill" if change > 0 else "caret-down-fill")
    spoken = unseen(_("up by") if change > 0 else _("down by"))
    return html.Span([arrow, spoken, " ", text], className=f"hp-delta {kind}")


def banner(kind: str, icon_name: str, text: Contents, action: Contents = None) -> html.Div:
    """A message that stands on the page concerned. `kind`: crit, warn or info."""
    return html.Div(
        [
            icon(icon_name),
            html.Div(text),
            *([html.Div(action, className="act")] if action is not None else []),
        ],
        className=f"hp-banner {kind}",
        role="alert" if kind == "crit" else "status",
    )


def definitions(rows: Sequence[tuple[str, Contents]]) -> html.Dl:
    """Names and values; a row whose value is None is left out."""
    shown = [(name, value) for name, value in rows if value not in (None, "", [])]
    return html.Dl(
        [part for name, value in shown for part in (html.Dt(name), html.Dd(value))], className="hp-dl"
    )


def age(source: str) -> html.Span:
    """How old the data of `source` is; `frame.js` fills it and lets it run."""
    return html.Span(className="hp-age", **data(age=source))


def since(moment_ms: int) -> html.Span:
    """A duration from then to now that runs in the browser."""
    return html.Span(**data(since=str(moment_ms)))


def until_next_try(source: str) -> html.Span:
    """How long until the silent `source` is asked again; `frame.js` fills it and lets it run."""
    return html.Span(**data(next_try=source))


def _as_list(content: Contents) -> list[Content]:
    if content is None:
        return []
    if isinstance(content, Component | str):
        return [content]
    return list(content)
