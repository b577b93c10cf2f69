"""Parts of a page that look the same to everybody with the same rights: drawn once by a shared route.

A Dash callback draws anew for every open page. `Drawing` in `assets/10-frame.js` fetches these parts and puts
in what changed, so two hundred pages that look at the same cost one drawing.
"""

from collections.abc import Mapping

import orjson
from dash.development.base_component import Component
from flask import Response

#: Component id -> property -> value, as a callback's outputs would name them.
Parts = Mapping[str, Mapping[str, object]]


def drawn(parts: Parts, status: int = 200) -> Response:
    """The answer of a route that draws `parts`; a refusal carries the words for it in parts of its own."""
    return Response(orjson.dumps(parts, default=_plain), status, mimetype="application/json")


def _plain(value: object) -> object:
    if isinstance(value, Component):
        return value.to_plotly_json()
    raise TypeError(f"{type(value).__name__} cannot be drawn")
