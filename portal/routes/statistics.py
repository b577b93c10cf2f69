"""What the statistics page shows, drawn once for everybody who looks, and its tables as files."""

from datetime import datetime
from threading import Lock

import orjson
from flask import Blueprint, Response, abort, request

from portal import i18n
from portal.context import services
from portal.kept import kept
from portal.security.needs import needs
from portal.shared_answers import shared
from portal.statistics_files import csv_file, xlsx_file
from portal.statistics_query import StatisticsQuery, parse
from portal.ui.statistics import Shown, parts
from portal.ui.statistics.months import months_figure
from portal.ui.statistics.paper import facts
from portal.ui.statistics.tables import table, table_titles
from portal.ui.tree import tree
from portal.wiring import CALL_CENTRE
from services.accounts import Right

bp = Blueprint("statistics", __name__, url_prefix="/statistics")

#: Drawing is work for the processor: of many who ask at once one draws, the others wait for what it made.
_drawing = Lock()
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/parts")
@needs(Right.STATISTICS)
@shared()
def page_parts() -> Response:
    """Answer all parts of the page for its script.

    Query: `portal.statistics_query`. JSON: `parts` (nodes of `portal.ui.tree` by the id of their place),
    `months` (the figure), `stale` (whether the source is silent).
    """
    query = _query()
    with _drawing:
        body = kept().get(services(), ("statistics", query, i18n.language()), lambda: _drawn(_shown(query)))
    return Response(body, mimetype="application/json")


@bp.get("/export/<name>.<any(csv, xlsx):kind>")
@needs(Right.STATISTICS)
def export(name: str, kind: str) -> Response:
    """Answer one table as a file."""
    if name not in table_titles():
        abort(404)
    shown = _shown(_query())
    content = table(name, shown)
    period = shown.period
    days = f"{period.first}" if period.days == 1 else f"{period.first}-{period.last}"
    file = csv_file(content) if kind == "csv" else xlsx_file(content, facts(shown))
    return Response(
        file,
        mimetype="text/csv" if kind == "csv" else _XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}-{days}.{kind}"'},
    )


def _drawn(shown: Shown) -> bytes:
    answer = {
        "parts": {place: tree(contents) for place, contents in parts(shown).items()},
        "months": months_figure(shown),
        "stale": not shown.is_current,
    }
    return orjson.dumps(answer)


def _query() -> StatisticsQuery:
    """What is asked for. Raises InvalidFilter."""
    return parse(request.args, services().statistics.today())


def _shown(query: StatisticsQuery) -> Shown:
    """The answer. Raises NotConfigured and StorageError."""
    statistics, before = services().statistics, query.before
    return Shown(
        query=query,
        report=statistics.report(query.period),
        before=None if before is None else statistics.report(before),
        months=statistics.months(),
        now=datetime.now(statistics.zone),
        is_current=services().live.snapshot().source(CALL_CENTRE).is_current,
    )
