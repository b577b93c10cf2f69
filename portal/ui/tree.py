"""Components as data, for a script that puts them on the page in place of what it drew there before.

Dash draws anew whatever a callback gives back: focus, scrolling and marked text are lost, and thousands of
cells take a while. A script that knows what it drew last changes what differs (`assets/12-patch.js`).
"""

from collections.abc import Mapping
from typing import Any

from dash.development.base_component import Component

from portal.ui.blocks import Contents

#: A text, or tag, attributes and children.
Node = str | list[Any]

#: Properties whose attribute has another name.
_ATTRIBUTES = {"className": "class", "htmlFor": "for"}


def tree(contents: Contents) -> list[Node]:
    """The nodes of `contents`, which are of `dash.html` alone: `[["b", {"class": "x"}, "text"]]`."""
    if contents is None:
        return []
    if isinstance(contents, str):
        return [contents]
    if not isinstance(contents, Component):
        return [node for content in contents for node in tree(content)]
    component = contents.to_plotly_json()
    properties = dict(component["props"])
    children = tree(properties.pop("children", None))
    return [[component["type"].lower(), _attributes(properties), *children]]


def _attributes(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as HTML has them; one that is False or None is not there."""
    return {
        _ATTRIBUTES.get(name, name.lower()): value if name == "style" else _text(value)
        for name, value in properties.items()
        if value is not None and value is not False
    }


def _text(value: object) -> str:
    return "" if value is True else str(value)
