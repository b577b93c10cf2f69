"""Draws the frame for the present request and carries errors of callbacks to the person."""

import logging
from datetime import UTC, datetime

from dash import set_props
from dash.development.base_component import Component
from flask import current_app, g

from portal import ids
from portal.context import csrf_token, current_person, services
from portal.i18n import _
from portal.rooms import rooms
from portal.ui import frame as ui
from services.storage import StorageFull

log = logging.getLogger(__name__)


def viewer() -> ui.Viewer:
    """Who looks at the present page."""
    person = current_person()
    assert person is not None  # the guard lets nobody else near a page
    return ui.Viewer(person, csrf_token(), services().settings.portal.timezone)


def layout() -> Component | list[Component]:
    """The frame for this page load; nothing when Dash asks for it outside a request."""
    person = current_person()
    if person is None:
        return []
    known = services()
    return ui.shell(viewer(), rooms(current_app).open_to(person), known.live.snapshot(), known.sources)


def banners(sources: tuple[str, ...]) -> list[Component]:
    """The banners of a page that uses `sources`: one for each that is not well."""
    known = services()
    snapshot = known.live.snapshot()
    zone = known.settings.portal.timezone
    shown = [ui.source_banner(snapshot.source(name), zone) for name in sources if name in known.sources]
    return [banner for banner in shown if banner is not None]


def report_error(error: Exception) -> None:
    """A callback failed: write it down and tell the person, who would otherwise see nothing happen."""
    log.error("callback failed", exc_info=error)
    if isinstance(error, StorageFull):
        words = _("The disk of the portal is full: nothing can be saved. Reading goes on.")
    else:
        words = _("That did not work. It is written down under number {id}.", id=g.get("request_id", ""))
    set_props(ids.FRAME_TOAST, {"data": {"text": words, "at": datetime.now(UTC).isoformat()}})
