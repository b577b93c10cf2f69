"""What stands where data would: nothing yet, nothing found, no right, no answer."""

from dash import dcc, html

from portal.i18n import _
from portal.ui.blocks import Content, Contents, icon


def empty(icon_name: str, title: str, text: str, action: Content = None) -> html.Div:
    """An empty board that says which empty it is and offers the way out."""
    return html.Div(
        [icon(icon_name), html.B(title), html.Span(text), *([action] if action is not None else [])],
        className="hp-empty",
        role="status",
    )


def failed(title: str, text: Contents) -> html.Div:
    """Nothing is known at all, and why."""
    return html.Div(
        [html.Span(icon("x-octagon-fill"), className="hp-crit"), html.B(title), html.Span(text)],
        className="hp-empty",
        role="alert",
    )


def message_page(title: str, content: Content) -> html.Div:
    """A page that is nothing but a message."""
    return html.Div(
        [
            html.Header(html.Div(html.H1(title), className="hp-title"), className="hp-top"),
            html.Main(html.Section(content, className="hp-card"), id="main", className="hp-page"),
        ]
    )


def no_right() -> html.Div:
    """In place of a page this person may not open."""
    return message_page(
        _("No access"),
        empty(
            "lock", _("This page is not open to you"), _("An administrator can give you the right to see it.")
        ),
    )


def not_found() -> html.Div:
    """In place of a page that does not exist."""
    return message_page(
        _("Not found"),
        empty(
            "search",
            _("There is no such page"),
            _("The address is mistyped, or the page has moved."),
            dcc.Link(_("To the first page"), href="/", className="btn btn-outline-secondary", refresh=True),
        ),
    )
