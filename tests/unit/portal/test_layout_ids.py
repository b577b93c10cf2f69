"""Dash checks no ids here (`suppress_callback_exceptions`), so these tests do."""

from collections.abc import Iterator
from typing import Any

import pytest
from dash import Input, Output

from portal.rooms import rooms
from portal.security.guard import CALLBACK_ENDPOINT
from portal.ui.frame import PAGE_TOPICS
from tests.unit.portal.fakes import SAME_ORIGIN, Portal, outputs_of, page_request
from tests.unit.portal.vilnius_world import with_centre

#: Made by Dash itself when an app has pages.
OF_DASH = {"_pages_location", "_pages_content", "_pages_store", "_pages_dummy"}


def ids_in(node: Any) -> Iterator[str]:
    """All component ids in a layout as it travels to the browser."""
    if isinstance(node, list):
        for inner in node:
            yield from ids_in(inner)
    elif isinstance(node, dict):
        if "props" in node and "namespace" in node and "id" in node["props"]:
            yield node["props"]["id"]
        for inner in node.values():
            yield from ids_in(inner)


def ids_used_by(portal: Portal) -> dict[str, str]:
    """Each id a callback names, with the callback that does."""
    used = {}
    for output, one in portal.app.callback_map.items():
        for pair in outputs_of(output):
            used[pair.split("@")[0].rsplit(".", 1)[0]] = output
        for part in (*one["inputs"], *one["state"]):
            used[part["id"]] = output
    return used


def drawn_together(portal: Portal) -> Iterator[list[str]]:
    """For each page the ids of the frame and of the page in it."""
    client = portal.logged_in("admin")
    frame = list(ids_in(client.get("/_dash-layout").json))
    for room in rooms(portal.server).open_to(portal.people["admin"]):
        page = client.post(CALLBACK_ENDPOINT, json=page_request(room.path), headers=SAME_ORIGIN)
        yield frame + list(ids_in(page.json["response"]["_pages_content"]["children"]))


def drawn_ids(portal: Portal) -> list[str]:
    return [name for page in drawn_together(portal) for name in page]


@pytest.fixture
def whole_portal(make_portal) -> Portal:
    """A portal of which everything is configured: a page without its system has nothing but words."""
    return with_centre(make_portal)[0]


def test_every_id_a_callback_uses_is_in_the_frame_or_on_a_page(whole_portal):
    drawn = {*drawn_ids(whole_portal), *OF_DASH}
    missing = {name: by for name, by in ids_used_by(whole_portal).items() if name not in drawn}

    assert missing == {}


def test_a_callback_on_an_id_that_nobody_draws_is_found(fresh_portal):
    fresh_portal.app.callback(Output("nowhere", "children"), Input("frame-tick", "n_intervals"))(str)

    assert "nowhere" in ids_used_by(fresh_portal).keys() - set(drawn_ids(fresh_portal))


def test_no_id_is_drawn_twice(whole_portal):
    for drawn in drawn_together(whole_portal):
        assert sorted({name for name in drawn if drawn.count(name) > 1}) == []


@pytest.mark.parametrize("topic", PAGE_TOPICS)
def test_every_topic_a_page_listens_to_has_a_store_in_the_frame(shared_portal, topic):
    assert f"frame-topic-{topic.value}" in drawn_ids(shared_portal)
