"""What travels compressed, and what is left alone."""

import gzip

import brotli
import pytest

from portal import compression
from portal.security.needs import Access, needs
from portal.static import vendor
from tests.unit.portal.fakes import AS_PAGE

STYLE = "/assets/00-theme.css"
RENDERER = "/_dash-component-suites/dash/dash-renderer/build/dash_renderer.{}min.js"


@pytest.fixture(scope="module")
def client(shared_portal):
    return shared_portal.logged_in("operator")


def get(client, path: str, accepted: str | None, **headers: str):
    given = {"Accept-Encoding": accepted} if accepted is not None else {}
    return client.get(path, headers={**given, **headers}, buffered=True)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("br", "br"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.1", "br"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0, gzip; q=0.5", "gzip"),
        ("br;q=0.0, gzip;q=0", None),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("*;q=0", None),
        ("identity", None),
        ("deflate, zstd", None),
        ("", None),
        (";;,,=", None),
        (None, None),
    ],
)
def test_a_browser_gets_the_best_of_what_it_accepts(client, accepted, expected):
    assert get(client, "/calls", accepted).headers.get("Content-Encoding") == expected


@pytest.mark.parametrize("path", ["/account/password", STYLE, "/_dash-dependencies", RENDERER.format("")])
def test_the_content_is_the_same_in_every_form(client, path):
    plain = get(client, path, None).data

    assert brotli.decompress(get(client, path, "br").data) == plain
    assert gzip.decompress(get(client, path, "gzip").data) == plain


@pytest.mark.parametrize("path", ["/calls", STYLE])
def test_length_and_variants_are_told_truly(client, path):
    answer = get(client, path, "br")

    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "Accept-Encoding" in answer.vary
    assert "Accept-Encoding" in get(client, path, None).vary


def test_a_small_answer_is_left_as_it_is(client):
    answer = get(client, "/healthz", "br, gzip")

    assert "Content-Encoding" not in answer.headers
    assert answer.json == {"status": "ok"}


def test_what_is_compressed_already_is_left_as_it_is(client):
    answer = get(client, vendor("bootstrap-icons.woff2"), "br")

    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_a_stream_flows_uncompressed(client):
    answer = get(client, "/calls/export.csv", "br, gzip")

    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers
    assert answer.data.startswith(b"\xef\xbb\xbf")


def test_refusals_are_left_as_they_are(client):
    answer = get(client, "/nothing", "br", **AS_PAGE)

    assert answer.status_code == 404
    assert "Content-Encoding" not in answer.headers


def test_an_unchanged_file_is_not_sent_again_to_who_has_it_compressed(client):
    tag = get(client, STYLE, "br").headers["ETag"]

    answer = get(client, STYLE, "br", **{"If-None-Match": tag})

    assert tag.startswith("W/")
    assert (answer.status_code, answer.data) == (304, b"")


@pytest.fixture
def work(monkeypatch) -> list[int]:
    """The quality of every brotli compression of the test."""
    done: list[int] = []
    compress = brotli.compress

    def noted(body, *, quality):
        done.append(quality)
        return compress(body, quality=quality)

    monkeypatch.setattr(compression.brotli, "compress", noted)
    return done


def test_a_file_is_compressed_once(fresh_portal, work):
    bodies = {get(fresh_portal.stranger(), STYLE, "br").data for _ in range(4)}

    assert len(work) == len(bodies) == 1


def test_a_file_under_many_addresses_is_compressed_once(fresh_portal, work):
    """Dash serves a script under any fingerprint: addresses have no end, memory has."""
    client = fresh_portal.logged_in("operator")
    work.clear()

    answers = [get(client, RENDERER.format(f"v9_{place}m{place}."), "br") for place in range(4)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(work) == 1


def test_an_answer_that_changes_is_compressed_each_time_and_fast(fresh_portal, work):
    client = fresh_portal.logged_in("operator")
    work.clear()

    for _ in range(3):
        get(client, "/calls", "br")

    assert len(work) == 3
    assert max(work) < 6


def test_a_body_is_compressed_from_the_size_on_that_is_worth_it(fresh_portal):
    sizes = {"/small": compression.MIN_BYTES - 1, "/large": compression.MIN_BYTES}
    for path, size in sizes.items():
        view = needs(Access.PUBLIC)(lambda size=size: "x" * size)
        fresh_portal.server.add_url_rule(path, path, view)

    client = fresh_portal.stranger()

    assert "Content-Encoding" not in get(client, "/small", "br").headers
    assert get(client, "/large", "br").headers["Content-Encoding"] == "br"
