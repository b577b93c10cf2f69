"""Addresses of our own static files, safe to keep for a year: each names its version."""

from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
_VENDOR = ASSETS / "vendor"


@cache
def asset(path: str) -> str:
    """The address of `assets/<path>`, stamped with the file's time as Dash does.

    Raises FileNotFoundError at the first use of a mistyped name.
    """
    stamp = (ASSETS / path).stat().st_mtime
    return f"/assets/{path}?m={stamp}"


@cache
def vendor(name: str) -> str:
    """The address of a vendored file by its bare name; its folder or name holds the version.

    Raises LookupError when there is no such file, or more than one version of it.
    """
    found = [path for path in _VENDOR.rglob(name) if path.is_file()]
    if len(found) != 1:
        raise LookupError(f"{len(found)} vendored files are named {name}")
    return f"/assets/{found[0].relative_to(ASSETS).as_posix()}"
