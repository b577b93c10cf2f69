"""Health for machines: alive, ready, figures."""

import hmac
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request
from prometheus_client import generate_latest
from sqlalchemy import select
from werkzeug.exceptions import Forbidden

from portal.context import current_person, services
from portal.metrics import registry
from portal.security.needs import Access, needs
from portal.wiring import CALL_CENTRE
from services.accounts import Right
from services.live import SourceStatus
from services.storage import StorageError

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@needs(Access.PUBLIC)
def healthz() -> Response:
    """Answer that this process lives."""
    return jsonify(status="ok")


@bp.get("/readyz")
@needs(Access.PUBLIC)
def readyz() -> tuple[Response, int]:
    """Answer whether the portal can work: its database, and each outside system with state and age.

    503 only when the portal database is away: without an outside system the portal still shows what it knows.
    """
    try:
        with services().store.read() as session:
            session.execute(select(1))
        snapshot = services().live.snapshot()
    except StorageError as error:
        return jsonify(status="unavailable", database=type(error).__name__, sources={}), 503
    now = datetime.now(UTC)
    names = services().sources
    return (
        jsonify(
            status="ok",
            database="ok",
            sources={name: _described(snapshot.source(name), now) for name in names},
            copied_share=services().calls.facts().filled_share if CALL_CENTRE in names else None,
            rolled_up_share=services().statistics.facts().progress if CALL_CENTRE in names else None,
        ),
        200,
    )


@bp.get("/metrics")
@needs(Access.PUBLIC)  # it checks its own token: Prometheus does not log in
def metrics() -> Response:
    """Answer figures in the Prometheus text format, to an administrator or a bearer of the token."""
    if not _may_read_metrics():
        raise Forbidden
    return Response(generate_latest(registry(services())), mimetype="text/plain; version=0.0.4")


def _may_read_metrics() -> bool:
    person = current_person()
    if person is not None and person.may(Right.ADMIN):
        return True
    token = services().settings.portal.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return token is not None and hmac.compare_digest(given.encode(), token.get_secret_value().encode())


def _described(status: SourceStatus, now: datetime) -> dict[str, object]:
    age = None if status.answered_at is None else round((now - status.answered_at).total_seconds(), 1)
    return {"state": status.state, "reason": status.reason, "age_seconds": age, "remark": status.remark}
