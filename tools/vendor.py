"""Bring the browser files of other projects into the repository: nothing is fetched at run time.

    .venv/bin/pip install fonttools brotli     # once; npm and node must be there too
    .venv/bin/python tools/vendor.py

For developers, after a version below, `icons.txt` or `grid-locale-ru.json` was changed. The folder
`portal/assets/vendor` is made anew. Each of its folders carries a version, or for files made here a stamp of
their content as well, so browsers may keep them for a year. `manifest.json` leads from the name without a
version to the file, e.g. from "bootstrap/bootstrap.min.css" to "bootstrap-5.3.9/bootstrap.min.css". The Inter
files are also named in `portal/assets/00-theme.css`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TOOLS = Path(__file__).parent
VENDOR = TOOLS.parent / "portal" / "assets" / "vendor"
Files = dict[str, bytes]  # file name -> content


@dataclass(frozen=True, slots=True)
class Package:
    """A pinned npm package and what the portal takes from it."""

    npm: str
    version: str
    folder: str  # in VENDOR, without the version
    why: str
    take: tuple[str, ...] = ()  # paths in the package, copied unchanged
    make: Callable[[Path], Files] | None = None  # unpacked package -> files made from it


@dataclass(frozen=True, slots=True)
class Vendored:
    """A folder that was written."""

    package: Package
    licence: str
    folder: str
    files: Mapping[str, bytes]


def icons(package: Path) -> Files:
    """Bootstrap Icons reduced to the icons of `icons.txt`: font and style sheet.

    Raises:
        SystemExit: a name is not an icon of this version.
    """
    codes: dict[str, int] = json.loads((package / "font/bootstrap-icons.json").read_text())
    names = (TOOLS / "icons.txt").read_text().split()
    if unknown := sorted(set(names) - set(codes)):
        raise SystemExit(f"icons.txt: no such icon: {', '.join(unknown)}")
    whole = (package / "font/bootstrap-icons.css").read_text()
    licence_note = whole[: whole.index("*/") + 2]
    rules = [f'.bi-{name}::before {{ content: "\\{codes[name]:x}"; }}' for name in names]
    css = "\n".join([licence_note, _ICON_RULES, *rules, ""])
    font = _subset(package / "font/fonts/bootstrap-icons.woff2", [codes[name] for name in names])
    return {"bootstrap-icons.css": css.encode(), "bootstrap-icons.woff2": font}


_ICON_RULES = """
@font-face {
  font-family: "bootstrap-icons";
  font-display: block;
  src: url("bootstrap-icons.woff2") format("woff2");
}
.bi::before {
  display: inline-block;
  font: normal 400 1em/1 "bootstrap-icons";
  vertical-align: -.125em;
  text-transform: none;
  -webkit-font-smoothing: antialiased;
  -moz-osx-font-smoothing: grayscale;
}"""


def _subset(font: Path, codes: list[int]) -> bytes:
    """A WOFF2 font with only the given code points."""
    options = subset.Options(flavor="woff2", layout_features=[], glyph_names=False, hinting=False)
    reduced: TTFont = subset.load_font(font, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(reduced)
    out = BytesIO()
    subset.save_font(reduced, out, options)
    return out.getvalue()


def plotly_ru(package: Path) -> Files:
    """plotly's Russian dates and numbers; as it is, the file is a CommonJS module and fails in a browser."""
    module = (package / "ru.js").read_text()
    script = (
        "(function () {\n"
        "var module = {};\n"
        f"{module}\n"
        "(window.PlotlyLocales = window.PlotlyLocales || []).push(module.exports);\n"
        "})();\n"
    )
    return {"ru.js": script.encode()}


def grid_ru(package: Path) -> Files:
    """The grid's Russian texts from `grid-locale-ru.json` as `window.portalGridLocale_ru`.

    AG Grid has no Russian of its own; the package tells which texts exist.

    Raises:
        SystemExit: a text is not one of AG Grid's.
    """
    english = subprocess.run(
        [
            "node",
            "--print",
            "JSON.stringify(require(process.argv[1]).AG_GRID_LOCALE_EN)",
            package / "dist/package/main.cjs.js",
        ],
        check=True,
        capture_output=True,
    ).stdout
    texts: dict[str, str] = json.loads((TOOLS / "grid-locale-ru.json").read_text())
    if unknown := sorted(set(texts) - set(json.loads(english))):
        raise SystemExit(f"grid-locale-ru.json: AG Grid has no such text: {', '.join(unknown)}")
    literal = json.dumps(texts, ensure_ascii=False, indent=2)
    return {"grid-locale-ru.js": f"window.portalGridLocale_ru = {literal};\n".encode()}


PACKAGES = (
    Package(
        "bootstrap",
        "5.3.9",
        "bootstrap",
        "base styles; dash-bootstrap-components 2.0 is made for 5.3",
        take=("dist/css/bootstrap.min.css",),
    ),
    Package("bootstrap-icons", "1.13.2", "bootstrap-icons", "the icons of `tools/icons.txt`", make=icons),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "inter",
        "the typeface",
        take=tuple(f"files/inter-{part}-wght-normal.woff2" for part in ("latin", "latin-ext", "cyrillic")),
    ),
    Package(
        "plotly.js-basic-dist-min",
        "4.1.1",
        "plotly",
        "charts; the same version as in the Python package plotly",
        take=("plotly-basic.min.js",),
    ),
    Package("plotly.js-locales", "3.7.0", "plotly-locale", "Russian charts", make=plotly_ru),
    Package(
        "@ag-grid-community/locale",
        "35.3.1",
        "grid-locale",
        "tells which texts the grid has; the Russian ones are ours",
        make=grid_ru,
    ),
    Package(
        "swagger-ui-dist",
        "5.35.0",
        "swagger-ui",
        "viewer of the API's description",
        take=("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "NOTICE"),
    ),
)


def main() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    vendored = [vendor(package) for package in PACKAGES]
    manifest = {
        f"{folder.package.folder}/{name}": f"{folder.folder}/{name}"
        for folder in vendored
        for name in folder.files
        if _is_served(name)
    }
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (VENDOR / "VENDOR.md").write_text(describe(vendored))
    print(describe(vendored))


def vendor(package: Package) -> Vendored:
    """Fetch one package and write what we take from it, licence included."""
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = fetch(package, Path(scratch))
        files = {Path(path).name: (unpacked / path).read_bytes() for path in package.take}
        stamp = ""
        if package.make is not None:
            made = package.make(unpacked)
            files |= made
            stamp = "-" + hashlib.sha256(b"".join(made.values())).hexdigest()[:8]
        licence_file = next(path for path in sorted(unpacked.iterdir()) if path.name.startswith("LICENSE"))
        files["LICENSE.txt"] = licence_file.read_bytes()
        licence = json.loads((unpacked / "package.json").read_text())["license"]
    folder = f"{package.folder}-{package.version}{stamp}"
    (VENDOR / folder).mkdir()
    for name, content in files.items():
        (VENDOR / folder / name).write_bytes(content)
    return Vendored(package, licence, folder, files)


def fetch(package: Package, scratch: Path) -> Path:
    """Unpack the pinned version into `scratch` and return its root."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{package.npm}@{package.version}"],
        cwd=scratch,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    with tarfile.open(scratch / packed.stdout.strip()) as archive:
        archive.extractall(scratch, filter="data")
    return scratch / "package"


def describe(vendored: list[Vendored]) -> str:
    """VENDOR.md: one table row a package."""
    rows = []
    for one in vendored:
        package = one.package
        cells = (f"`{package.npm}`", package.version, one.licence, package.why, _listed(one))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(
        [
            "# Files of other projects",
            "",
            "Written by `tools/vendor.py`; do not edit by hand. Each folder holds its package's licence.",
            "",
            "| npm package | version | licence | for | files |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _listed(one: Vendored) -> str:
    served = (
        f"`{one.folder}/{name}` ({len(content) / 1024:.0f} KB)"
        for name, content in one.files.items()
        if _is_served(name)
    )
    return "<br>".join(served)


def _is_served(name: str) -> bool:
    return name.endswith((".css", ".js", ".woff2"))


if __name__ == "__main__":
    main()
