"""What the interface is made of: icons that exist, and nothing fetched from elsewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.static import ASSETS, asset, vendor

ROOT = Path(__file__).parents[3]
ICONS = set((ROOT / "tools" / "icons.txt").read_text(encoding="utf-8").split())
CODE = sorted(
    [*(ROOT / "portal").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), *(ROOT / "callbacks").rglob("*.py")]
)
OURS = sorted(
    file
    for suffix in ("*.js", "*.css", "*.html")
    for file in (ROOT / "portal").rglob(suffix)
    if ASSETS / "vendor" not in file.parents
)

#: Functions that take an icon's name, and which argument it is.
TAKE_ICONS = {
    "icon": 0,
    "icon_button": 0,
    "badge": 1,
    "banner": 1,
    "empty": 0,
    "modal_head": 0,
    "_step": 1,
    "ResultWords": 1,
    "Badge": 1,
    "Note": 2,
    "Notice": 1,
}
#: Addresses the interface may name. The map opens in the reader's browser by a press, nothing is fetched.
KNOWN_ADDRESSES = ("yandex.ru/maps/", "www.w3.org/")
_ADDRESS = re.compile(r"""(?:https?:|wss?:)?//(?=[\w.-]+\.[a-z]{2,})([^\s"'`)<>]+)""")


def texts_in(node: ast.expr) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def icons_in_python(source: str) -> Iterator[str]:
    """Literal icon names in calls of the functions above and in `icon=`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = TAKE_ICONS.get(name)
        if place is not None and len(node.args) > place:
            yield from texts_in(node.args[place])
        for keyword in node.keywords:
            if keyword.arg in ("icon", "icon_name"):
                yield from texts_in(keyword.value)


def icons_in_text(source: str) -> Iterator[str]:
    """Names in classes, in calls of `mark('…')`, and in tables called ICONS."""
    yield from re.findall(r"\bbi-([a-z0-9]+(?:-[a-z0-9]+)*)", source)
    yield from re.findall(r"\bmark\('([a-z0-9-]+)'\)", source)
    for table in re.findall(r"ICONS = \{([^}]*)\}", source):
        yield from re.findall(r"'([a-z0-9-]+)'", table)


def named_icons() -> dict[str, set[str]]:
    """Each icon the interface names, with the files that do."""
    found: dict[str, set[str]] = {}
    for file in CODE:
        for name in icons_in_python(file.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(file.name)
    for file in OURS:
        for name in icons_in_text(file.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(file.name)
    return found


def foreign_addresses(source: str) -> list[str]:
    return [found for found in _ADDRESS.findall(source) if not found.startswith(KNOWN_ADDRESSES)]


def test_every_icon_the_interface_names_is_among_those_that_are_served():
    missing = {name: files for name, files in named_icons().items() if name not in ICONS}

    assert missing == {}


def test_every_icon_of_the_list_is_in_the_style_sheet_that_is_served():
    (sheet,) = (ASSETS / "vendor").rglob("bootstrap-icons.css")
    served = set(re.findall(r"\.bi-([a-z0-9-]+)::before", sheet.read_text(encoding="utf-8")))

    assert served == ICONS


def test_names_in_code_templates_and_scripts_are_found():
    """The test above would pass for ever if it looked in the wrong places."""
    found = named_icons()

    assert {"words.py", "blocks.py"} & {file for files in found.values() for file in files}
    assert "calls.py" in found["telephone-inbound"]
    assert "10-frame.js" in found["wifi-off"]
    assert "20-calls.js" in found["person-vcard"]
    assert "plain.html" in found["headset"]
    assert list(icons_in_python('icon("a-b" if x else "c")')) == ["a-b", "c"]


@pytest.mark.parametrize("file", [*CODE, *OURS], ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_leads_elsewhere(file):
    assert foreign_addresses(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('src="https://cdn.example.net/x.js"', ["cdn.example.net/x.js"]),
        ("url(//fonts.example.net/a.woff2)", ["fonts.example.net/a.woff2"]),
        ("new WebSocket('wss://live.example.net')", ["live.example.net"]),
        ("https://yandex.ru/maps/?text=x", []),
        ("https://yandex.ru/metrika", ["yandex.ru/metrika"]),
        ('xmlns="http://www.w3.org/2000/svg"', []),
        ("location.pathname // a comment", []),
        ("url(/assets/vendor/inter.woff2)", []),
    ],
)
def test_an_address_elsewhere_is_told_from_what_looks_like_one(text, found):
    assert foreign_addresses(text) == found


def test_vendored_styles_fetch_nothing_from_elsewhere():
    sheets = list((ASSETS / "vendor").rglob("*.css"))
    assert sheets

    for sheet in sheets:
        fetched = re.findall(r"""url\(\s*["']?([^"')]+)""", sheet.read_text(encoding="utf-8"))
        assert [one for one in fetched if re.match(r"(https?:)?//", one)] == [], sheet.name


def test_files_that_styles_fetch_from_us_are_there():
    for sheet in ASSETS.rglob("*.css"):
        for found in re.findall(r"""url\(\s*["']?([^"')]+)""", sheet.read_text(encoding="utf-8")):
            if found.startswith(("data:", "#")):
                continue
            target = ASSETS.parent / found.lstrip("/") if found.startswith("/") else sheet.parent / found
            assert Path(str(target).split("?")[0]).is_file(), (sheet.name, found)


def test_an_address_of_a_file_changes_with_the_file():
    assert re.fullmatch(r"/assets/00-theme\.css\?m=[0-9.]+", asset("00-theme.css"))
    assert vendor("bootstrap.min.css").startswith("/assets/vendor/bootstrap-")


def test_a_mistyped_file_is_found_at_its_first_use():
    with pytest.raises(FileNotFoundError):
        asset("00-them.css")
    with pytest.raises(LookupError):
        vendor("bootstrap.css")
