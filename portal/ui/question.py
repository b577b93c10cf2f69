"""The window that asks before something is done that cannot be undone."""

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component


def question_window(
    identifier: str, *, text: str, titled_by: str, keep: tuple[str, str], act: tuple[str, str]
) -> Component:
    """The window, closed and without its question.

    Args:
        text: id of the place where the question is drawn.
        titled_by: id of the heading in that question.
        keep, act: id and words of the button that leaves all as it is, and of the one that acts.
    """
    buttons = [
        html.Button(words, id=button, type="button", className=f"btn {looks}")
        for (button, words), looks in ((keep, "btn-outline-secondary"), (act, "btn-danger"))
    ]
    window: Component = dbc.Modal(
        [
            html.Div(id=text, className="hp-question"),
            html.Div(buttons, className="hp-question-buttons"),
        ],
        id=identifier,
        is_open=False,
        centered=True,
        labelledby=titled_by,
    )
    return window
