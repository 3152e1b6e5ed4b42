"""The charts of the console: drawings with the numbers of the tallies, in words too, for the window that was chosen."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from actions.dashboard import charts as drawn
from actions.engine.tally import tally
from actions.queries import charts
from tests.interfaces.desk import MOST_QUERIES, count_queries, desk, text_of
from tests.stage import engine, rows

__all__ = ["desk", "engine"]


@pytest.fixture
def past(desk):
    """One failure and four successes that ran 1, 2, 3 and 4 s after waiting 0.5 s, counted."""
    desk.failed("broken")
    from tests.app import actions as app

    app.noop.invoke_many([{"n": number} for number in range(4)])
    desk.worker.work()
    rows(
        "UPDATE actions_execution SET started_at = available_at + interval '0.5 s', finished_at = available_at + "
        "interval '0.5 s' + make_interval(secs => 1 + (params->>'n')::int) WHERE action_id = 'test-noop'"
    )
    while tally():
        pass
    return desk


def drawings(body):
    return [ET.fromstring(found) for found in re.findall(r'<svg class="drawing".*?</svg>', body, re.DOTALL)]


@pytest.mark.parametrize("window", ["1h", "24h", "7d", "400y"])
@pytest.mark.parametrize("address", ["/", "/actions/test-noop/", "/actions/test-fail/"])
def test_a_page_has_its_charts_in_few_queries(past, address, window):
    body = past.ada.get(address, {"window": window}).content.decode()
    found = drawings(body)
    assert len(found) == (2 if address == "/" else 4)
    for drawing in found:
        title, told = drawing[0], drawing[1]
        assert (title.tag, told.tag) == ("title", "desc")
        assert drawing.get("aria-labelledby") == f"{title.get('id')} {told.get('id')}"
        for bar in drawing.iter("rect"):
            place, height = float(bar.get("y")), float(bar.get("height"))
            assert place >= 0 and place + height <= drawn.HIGH + 2
    assert "style=" not in body
    shown = "24h" if window == "400y" else window
    assert re.findall(r'href="\?window=(\w+)" aria-current="true"', body) == [shown]
    assert f'data-live="{address}?window={shown}"' in body
    assert count_queries(past.ada, address, {"window": window}) <= MOST_QUERIES


def test_the_numbers_are_those_of_the_tallies(past):
    assert "5 accepted, 5 ended, 1 of them failed for good" in text_of(past.ada.get("/"))
    assert "4 accepted, 4 ended, 0 of them failed for good" in text_of(past.ada.get("/actions/test-noop/"))
    body = past.ada.get("/").content.decode()
    throughput, rate = drawings(body)
    assert throughput[1].text == "4 succeeded, 1 failed, last 24 hours"
    assert rate[1].text == "20.0% of 5 that ended, last 24 hours"
    assert len(throughput.findall(".//rect[@class='c-bad']")) == 1
    assert len(throughput.findall(".//rect[@class='c-good']")) in (1, 2)


def test_how_long_it_takes(past):
    now = datetime.now(UTC)
    spans = charts.latency("test-noop", now - timedelta(hours=24), now)
    assert sum(span.number for span in spans) == 4
    assert len(spans) in (24, 25)
    assert [span.at.minute for span in spans] == [0] * len(spans)
    if len(found := [span for span in spans if span.number]) == 1:  # not where the hour has just changed
        assert (found[0].run_p50, round(found[0].run_p95, 2), found[0].wait_p50) == (2.5, 3.85, 0.5)
    assert charts.latency("test", now - timedelta(hours=24), now) == [charts.Span(span.at) for span in spans]
    assert "has ended" in text_of(past.ada.get("/actions/test-echo/"))


@pytest.mark.parametrize("width", [0, 59, 90, 1])
def test_a_width_that_cannot_be_is_refused(width):
    now = datetime.now(UTC)
    with pytest.raises(ValueError):
        charts.latency("test-noop", now - timedelta(hours=1), now, width=width)


def test_the_scale_ends_above_the_highest():
    for number, top in ((0, 1), (1, 1), (1.2, 2), (3, 5), (5, 5), (7, 10), (19_000, 20_000), (0.3, 1)):
        assert drawn._round(number, least=1) == top
    assert drawn._round(0.07, least=0.05) == 0.1
