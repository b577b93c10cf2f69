"""Makes, finds and revokes screens.

What was found stays in memory while no screen changes anywhere: whoever makes or revokes one bumps the topic
WALL in the same transaction, so a revoked link is dead in every process within half a second.
"""

import hashlib
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.live import LiveBoard, Topic, bump
from services.storage import StorageError, Store
from services.wall.model import (
    LONGEST_NAME,
    ROTATIONS_S,
    InvalidExpiry,
    InvalidName,
    InvalidRotation,
    NameTaken,
    NewScreen,
    NoSuchScreen,
    Screen,
    ScreenState,
    Theme,
)
from services.wall.tables import WallScreenRow

log = logging.getLogger(__name__)

_TOKEN_BYTES = 32
TOKEN_LENGTH = 43  # the same in URL-safe base64 without padding
_NOTE_USE_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class _Kept:
    """A screen in memory. Other processes may have noted a later use, never an earlier one."""

    screen: Screen
    noted_at: datetime | None


@dataclass(slots=True)
class _Generation:
    """The screens found while WALL had one version; see services.accounts.sessions, which does the same."""

    version: int
    kept: dict[str, _Kept] = field(default_factory=dict)


class Screens:
    """All screens of the wall. One in a process; safe for its threads.

    Every method may raise StorageError; then nothing has changed.
    """

    def __init__(
        self, store: Store, live: LiveBoard, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._lock = threading.Lock()
        self._generation = _Generation(version=-1)

    def add(
        self,
        name: str,
        *,
        language: str,
        theme: Theme = Theme.SYSTEM,
        rotation_s: int = 20,
        lifetime: timedelta | None = None,
        created_by: str | None = None,
    ) -> NewScreen:
        """Make a screen and the token of its link, which nobody can be told again.

        Args:
            name: what people call it; outer spaces do not matter.
            lifetime: how long the link holds; None: until it is revoked.
            created_by: a login.

        Raises:
            InvalidName, NameTaken, InvalidExpiry, InvalidRotation
        """
        shown = name.strip()
        if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
            raise InvalidName
        if rotation_s not in ROTATIONS_S:
            raise InvalidRotation
        if lifetime is not None and lifetime <= timedelta():
            raise InvalidExpiry
        now, token = self._clock(), secrets.token_urlsafe(_TOKEN_BYTES)
        row = WallScreenRow(
            token_digest=_digest(token),
            name=shown,
            language=language,
            theme=theme.value,
            rotation_s=rotation_s,
            created_by=created_by,
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
        with self._store.write() as session:
            if any(one.name == shown and one.state(now) is ScreenState.IN_FORCE for one in _all(session)):
                raise NameTaken
            session.add(row)
            session.flush()
            bump(session, Topic.WALL)
            return NewScreen(_screen(row), token)

    def revoke(self, screen_id: int) -> Screen:
        """End a screen's link in every process; one that has ended stays as it is. Raises NoSuchScreen."""
        with self._store.write() as session:
            row = session.get(WallScreenRow, screen_id)
            if row is None:
                raise NoSuchScreen
            row.revoked_at = row.revoked_at or self._clock()
            bump(session, Topic.WALL)
            return _screen(row)

    def get(self, screen_id: int) -> Screen:
        """One screen. Raises NoSuchScreen."""
        with self._store.read() as session:
            row = session.get(WallScreenRow, screen_id)
            if row is None:
                raise NoSuchScreen
            return _screen(row)

    def all_screens(self) -> list[Screen]:
        """All screens, those whose links hold first, then the latest made first."""
        now = self._clock()
        with self._store.read() as session:
            found = _all(session)
        return sorted(found, key=lambda one: (one.state(now) is not ScreenState.IN_FORCE, -one.id))

    def find(self, token: str) -> tuple[Screen, ScreenState] | None:
        """The screen of a link and whether it holds now; None when there never was such a link.

        Costs no query while no screen changes.
        """
        kept = self._find(token)
        return None if kept is None else (kept.screen, kept.screen.state(self._clock()))

    def note_use(self, token: str) -> None:
        """Note that the screen asked just now; stored at most once a minute.

        A portal database that cannot be written is logged, not raised: the screen goes on.
        """
        kept, now = self._find(token), self._clock()
        if kept is None or (kept.noted_at is not None and now - kept.noted_at < _NOTE_USE_EVERY):
            return
        kept.noted_at = now
        try:
            with self._store.write() as session:
                session.execute(
                    update(WallScreenRow).where(WallScreenRow.id == kept.screen.id).values(last_used_at=now)
                )
        except StorageError as error:
            log.warning("when a screen was last used could not be stored: %s", error)

    def _find(self, token: str) -> _Kept | None:
        if len(token) != TOKEN_LENGTH:
            return None
        # The version is taken before the database is read: what is kept under it is never older.
        version = self._live.snapshot().version(Topic.WALL)
        generation = self._generation
        if generation.version != version:
            generation = self._generation = _Generation(version)
        digest = _digest(token)
        kept = generation.kept.get(digest)
        if kept is None:
            with self._store.read() as session:
                row = session.scalar(select(WallScreenRow).where(WallScreenRow.token_digest == digest))
            if row is None:
                return None  # not kept: strangers could fill the memory
            with self._lock:
                kept = generation.kept.setdefault(digest, _Kept(_screen(row), row.last_used_at))
        return kept


def _digest(token: str) -> str:
    """64 hexadecimal digits; any text a browser can send has them, lone surrogates included."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _all(session: Session) -> list[Screen]:
    return [_screen(row) for row in session.scalars(select(WallScreenRow))]


def _screen(row: WallScreenRow) -> Screen:
    return Screen(
        id=row.id,
        name=row.name,
        language=row.language,
        theme=Theme(row.theme),
        rotation_s=row.rotation_s,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
