"""The portal database: engine, transactions, column types, migrations."""

from services.storage.base import Base, BigKey, UtcDateTime, table_of
from services.storage.on_conflict import upsert
from services.storage.store import (
    StorageBusy,
    StorageError,
    StorageFull,
    StorageUnavailable,
    Store,
    database_now_ms,
)

__all__ = [
    "Base",
    "BigKey",
    "StorageBusy",
    "StorageError",
    "StorageFull",
    "StorageUnavailable",
    "Store",
    "UtcDateTime",
    "database_now_ms",
    "table_of",
    "upsert",
]
