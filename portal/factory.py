"""Builds the app: guard first, then routes, Dash, pages, behaviours, and the policy for scripts last."""

from collections.abc import Callable
from typing import Any

import dash
from flask import Flask, abort

import callbacks.agencies
import callbacks.calls
import callbacks.frame
import callbacks.home
import callbacks.screens
import callbacks.statistics
import callbacks.vilnius
import pages.agencies
import pages.calls
import pages.home
import pages.not_found_404
import pages.screens
import pages.statistics
import pages.vilnius
from portal import compression, frame, i18n, observe, static
from portal.dash_app import PortalDash
from portal.request import PortalRequest
from portal.routes import (
    agencies,
    api,
    api_agencies,
    calls,
    calls_figures,
    errors,
    health,
    login,
    openapi,
    statistics,
    telephony,
    tick,
    vilnius,
    wall,
)
from portal.security import callback_request, guard
from portal.security.headers import SecurityHeaders
from portal.security.needs import Access, callback_needs, needs
from portal.security.proxies import TrustedProxies
from portal.shared_answers import SharedAnswers
from portal.wiring import Services

BLUEPRINTS = (
    login.bp,
    health.bp,
    tick.bp,
    calls.bp,
    calls_figures.bp,
    statistics.bp,
    agencies.bp,
    api.bp,
    api_agencies.bp,
    openapi.bp,
    wall.bp,
    telephony.bp,
    vilnius.bp,
)
PAGES = (
    pages.home,
    pages.calls,
    pages.statistics,
    pages.agencies,
    pages.vilnius,
    pages.screens,
    pages.not_found_404,
)
BEHAVIOURS = (
    callbacks.frame,
    callbacks.home,
    callbacks.calls,
    callbacks.statistics,
    callbacks.agencies,
    callbacks.vilnius,
    callbacks.screens,
)

MAX_BODY_BYTES = 1024 * 1024
YEAR_S = 365 * 24 * 3600
#: Dash's own callback that draws the page at an address; the page itself checks the right again.
PAGE_ROUTER = ".._pages_content.children..._pages_store.data.."


def create_app(services: Services) -> PortalDash:
    """Build one app around `services`; may be called more than once in a process."""
    dash.page_registry.clear()  # process-global
    server = Flask("portal", static_folder=None)
    server.request_class = PortalRequest
    server.extensions["portal"] = services
    server.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        # Every file we serve is stamped or has its version in its name.
        SEND_FILE_MAX_AGE_DEFAULT=YEAR_S,
    )
    server.jinja_env.globals.update(
        _=i18n._, language=i18n.language, asset=static.asset, vendor=static.vendor
    )
    observe.install(server)
    guard.install(server)
    errors.install(server)
    compression.Compression(server)
    headers = SecurityHeaders(server, secure=_is_https(services))
    for blueprint in BLUEPRINTS:
        server.register_blueprint(blueprint)
    server.add_url_rule("/api/<path:_unknown>", "no_such_api", _no_such_api)
    app = PortalDash(
        "portal",
        server=server,  # type: ignore[arg-type]  # a Flask server is what it wants
        assets_folder=str(static.ASSETS),
        assets_path_ignore=["vendor", "plain"],
        use_pages=True,
        pages_folder="",
        use_async=False,
        suppress_callback_exceptions=True,
        update_title=None,  # type: ignore[arg-type]  # None means: leave the title alone
        title="Helpdesk Portal",
        on_error=frame.report_error,
    )
    app.layout = frame.layout
    for module in (*PAGES, *BEHAVIOURS):
        module.register(app)
    callback_needs(server)[PAGE_ROUTER] = Access.LOGIN
    callback_request.install(server, app.callback_map)
    _finish_setup(app)
    headers.allow_scripts(app.csp_hashes())
    server.wsgi_app = SharedAnswers(server)  # type: ignore[method-assign]
    if services.settings.portal.trusted_proxies:
        server.wsgi_app = TrustedProxies(  # type: ignore[method-assign]
            server.wsgi_app, services.settings.portal.trusted_proxies
        )
    return app


@needs(Access.LOGIN)
def _no_such_api(_unknown: str) -> Any:
    """Without this, Dash would answer an unknown path under /api/ with the index page."""
    abort(404)


def _is_https(services: Services) -> bool:
    public = services.settings.portal.public_url
    return public is not None and public.startswith("https://")


def _finish_setup(app: PortalDash) -> None:
    """Let Dash do now what it puts off until the first request.

    Only then are the page router's callback and all inline scripts known, which the gate and the content
    security policy must know.
    """
    hooks: list[Callable[[], Any]] = app.server.before_request_funcs[None]
    with app.server.test_request_context("/"):
        for hook in hooks:
            if hook.__module__.startswith("dash"):
                hook()
