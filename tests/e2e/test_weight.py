"""What a visit costs on the wire."""

from __future__ import annotations

from tests.e2e.visits import DEMO_PASSWORD, log_in
from tests.e2e.wire import Wire, wait_for_everything, wait_for_statistics

FIRST_VISIT_KB, NEXT_VISIT_KB = 1500, 100


def test_the_first_visit_is_light_and_the_next_one_nearly_free(demo, visits):
    page = visits.anonymous(demo)
    wire = Wire(page)

    log_in(page, "supervisor", DEMO_PASSWORD, path="/calls")
    wait_for_everything(page)

    assert 300 < wire.kilobytes <= FIRST_VISIT_KB, wire.heaviest()
    scripts = [url for url in wire.urls if "plotly" in url and ".js" in url]
    # The small bundle in place of Dash's own, which is four times as large.
    assert any("/assets/vendor/" in url and "plotly-basic" in url for url in scripts)
    assert not [url for url in scripts if "/_dash-component-suites/plotly/" in url]

    wire.forget()
    page.reload()
    wait_for_everything(page)

    assert 0 < wire.kilobytes <= NEXT_VISIT_KB, wire.heaviest()


def test_the_first_visit_to_the_statistics_is_light_too(demo, visits):
    page = visits.anonymous(demo)
    wire = Wire(page)

    log_in(page, "supervisor", DEMO_PASSWORD, path="/statistics")
    wait_for_statistics(page)

    assert 300 < wire.kilobytes <= FIRST_VISIT_KB, wire.heaviest()
