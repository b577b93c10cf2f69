"""Makes the data of the Vilnius centre: CRM, SALES and ERP, each in its own file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from sandbox.vilnius import agencies, files, people, register

CRM: Final = "crm"
SALES: Final = "sales"
ERP: Final = "erp"


def file_of(directory: Path, schema: str) -> Path:
    """Where the file of a schema is."""
    return directory / f"{schema}.db"


def create(
    directory: Path, *, agency_count: int, phone_count: int, seed: int, now: datetime
) -> Iterator[Path]:
    """Make the files that are not there; yields each that was made.

    The same counts, seed and `now` (naive local time of the centre) make the same rows.

    Raises:
        SandboxError: there are to be fewer telephones than agencies, or a file is not the sandbox's.
    """
    crm = file_of(directory, CRM)
    rows: dict[str, Callable[[], files.Rows]] = {
        CRM: lambda: agencies.rows(agencies=agency_count, phones=phone_count, seed=seed),
        # After CRM: it is those agencies that call.
        SALES: lambda: register.rows(agencies.known_agencies(crm), now=now, seed=seed),
        ERP: lambda: people.rows(now=now, seed=seed),
    }
    for schema, make in rows.items():
        file = file_of(directory, schema)
        if not files.is_made(file):
            files.make(file, make())
            yield file
