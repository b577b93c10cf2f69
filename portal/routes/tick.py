"""The one question every open page asks every few seconds: did anything change?

Nothing changed costs next to nothing: the answer is built once per snapshot of the live tables and page, and
a browser that has it already gets a bare 304. The ages travel in a header, because they change with each
answer while everything else stays.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from threading import Lock

from flask import Blueprint, Response, current_app, request

from portal.context import current_person, services
from portal.rooms import Room, rooms
from portal.security.needs import Access, allows, needs
from portal.shared_answers import shared
from portal.wiring import Services
from services.accounts import Person
from services.live import LiveSnapshot, SourceStatus

bp = Blueprint("tick", __name__)

AGES_HEADER = "X-Portal-Ages"
NEXT_TRIES_HEADER = "X-Portal-Next-Tries"


@dataclass(frozen=True, slots=True)
class _Answer:
    etag: str
    body: bytes


class _Answers:
    """The answers to one snapshot, by page; thrown away with the snapshot."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._snapshot: LiveSnapshot | None = None
        self._by_key: dict[object, _Answer] = {}

    def get(self, snapshot: LiveSnapshot, room: Room | None, person: Person) -> _Answer:
        with self._lock:
            if self._snapshot is not snapshot:
                self._snapshot, self._by_key = snapshot, {}
            answers = self._by_key  # another thread may come with a newer snapshot meanwhile
        key = (room.path if room else None, person.rights)
        found = answers.get(key)
        if found is None:
            found = answers[key] = _answer(services(), snapshot, room, person)
        return found


_answers = _Answers()


@bp.get("/tick")
@needs(Access.LOGIN)
@shared(lambda snapshot: passing(snapshot))
def tick() -> Response:
    """Answer the versions of what the page at `?page=` listens to, as far as this person may see it."""
    person = current_person()
    assert person is not None  # the guard let nobody else in
    snapshot = services().live.snapshot()
    room = rooms(current_app).at(request.args.get("page", "/"))
    if room is not None and not allows(room.need, person):
        room = None
    answer = _answers.get(snapshot, room, person)
    # An answer that was compressed on its way comes back with a weak tag.
    if request.headers.get("If-None-Match", "").removeprefix("W/") == answer.etag:
        response = Response(status=304)
    else:
        response = Response(answer.body, mimetype="application/json")
    response.headers["ETag"] = answer.etag
    response.headers.extend(passing(snapshot))
    return response


def _answer(known: Services, snapshot: LiveSnapshot, room: Room | None, person: Person) -> _Answer:
    topics = rooms(current_app).topics_of(room, person) if room else ()
    body = json.dumps(
        {
            "topics": {topic.value: snapshot.version(topic) for topic in topics},
            "sources": {name: _source(status) for name, status in snapshot.sources.items()},
            "counts": _counts(known, person),
        },
        separators=(",", ":"),
    ).encode()
    return _Answer(f'"{blake2b(body, digest_size=12).hexdigest()}"', body)


def _source(status: SourceStatus) -> dict[str, object]:
    return {
        "state": status.state.value,
        "since": None if status.since is None else round(status.since.timestamp() * 1000),
        "reason": status.reason,
    }


def _counts(known: Services, person: Person) -> dict[str, int]:
    """The figures beside the names in the navigation, of the rooms this person may enter."""
    counts = {}
    for room in rooms(current_app).open_to(person):
        if room.count is not None:
            figure = room.count(known)
            if figure is not None:
                counts[room.path] = figure
    return counts


def passing(snapshot: LiveSnapshot) -> list[tuple[str, str]]:
    """The headers that change from answer to answer while everything else stays."""
    return [(AGES_HEADER, _ages(snapshot)), (NEXT_TRIES_HEADER, _next_tries(snapshot))]


def _ages(snapshot: LiveSnapshot) -> str:
    """`name=seconds` for each system that ever answered, e.g. `call_centre=1.8`."""
    now = datetime.now(UTC)
    return ",".join(
        f"{name}={max(0.0, (now - status.answered_at).total_seconds()):.1f}"
        for name, status in snapshot.sources.items()
        if status.answered_at is not None
    )


def _next_tries(snapshot: LiveSnapshot) -> str:
    """`name=seconds` for each silent system that will be asked again, e.g. `call_centre=4.0`."""
    now = datetime.now(UTC)
    return ",".join(
        f"{name}={max(0.0, (status.next_try_at - now).total_seconds()):.1f}"
        for name, status in snapshot.sources.items()
        if status.next_try_at is not None
    )
