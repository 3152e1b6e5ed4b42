"""The numbers of the overview are those of the lists that they lead to."""

from datetime import timedelta

import pytest

from actions import narrowing
from actions.queries import overview
from actions.queries.search import InvalidQuery, every, parse
from tests.engine.searching import BEGIN, crowd
from tests.stage import engine, rows

__all__ = ["engine"]
pytestmark = pytest.mark.usefixtures("engine")

NOW = BEGIN + timedelta(minutes=100)


def listed(text):
    return len(list(every(parse(text, now=NOW))))


@pytest.mark.parametrize("since", ["-30m", "-1h", "2026-03-01"])
@pytest.mark.parametrize("names", [None, ("charge", "send-*")])
def test_every_figure_is_what_its_list_has(since, names, django_assert_max_num_queries):
    """I-23. What ended follows the window, what is now does not; the same for who sees only some actions."""
    crowd()
    # One without rows is counted as well.
    rows("DELETE FROM actions_execution WHERE status = 'cancelled'")
    with narrowing.reading(names and narrowing.Reader(names)):
        with django_assert_max_num_queries(2 if names else 1):
            now, ended = overview.figures(since, now=NOW)
        for figure in (*now, *ended):
            assert (figure.number, figure.more) == (listed(figure.query), False), figure
            assert ("after:" in figure.query) == (figure in ended)
    assert (
        sum(figure.number for figure in now) == 15 if names is None else 0 < sum(figure.number for figure in now) < 15
    )


def test_figures_stop_at_their_bounds(monkeypatch):
    crowd()
    monkeypatch.setattr(overview, "_LOOKED", 20)
    found = {figure.status: (figure.number, figure.more) for figure in overview.figures("2026-03-01", now=NOW)[1]}
    assert found["failed"] == (3, False)
    assert 10 < found["succeeded"][0] < 20 and found["succeeded"][1]
    monkeypatch.setattr(overview, "CAP", 1)
    assert {
        (figure.number, figure.more) for figures in overview.figures("2026-03-01", now=NOW) for figure in figures
    } == {(1, True)}


def test_a_window_that_is_no_time_is_refused():
    with pytest.raises(InvalidQuery):
        overview.figures("tomorrow")
