"""Dash as the portal uses it: callbacks that declare their need, an index page of our own."""

from collections.abc import Callable
from typing import Any, TypeVar

from dash import ClientsideFunction, Dash
from flask import Flask, render_template

from portal import i18n
from portal.security.needs import Need, callback_needs

_Function = TypeVar("_Function", bound=Callable[..., Any])


class PortalDash(Dash):
    """One Dash app with our index page and a need for every server callback."""

    server: Flask

    def on(self, need: Need, *arguments: Any, **options: Any) -> Callable[[_Function], _Function]:
        """Register a server callback like `callback`, for those who meet `need` alone."""

        def register(function: _Function) -> _Function:
            known = set(self.callback_map)
            self.callback(*arguments, **options)(function)
            needs = callback_needs(self.server)
            needs.update(dict.fromkeys(set(self.callback_map) - known, need))
            return function

        return register

    def in_browser(self, namespace: str, function: str, *arguments: Any, **options: Any) -> None:
        """Register `namespace.function` of our asset scripts: it runs in the browser, without a need."""
        script = ClientsideFunction(namespace, function)
        self.clientside_callback(script, *arguments, **options)  # type: ignore[no-untyped-call]

    def interpolate_index(self, **parts: str) -> str:  # type: ignore[override]  # Dash passes all by name
        """The page that loads everything else, in the reader's language."""
        return render_template("index.html", language=i18n.language(), **parts)
