"""Bars on a line of time, and tracebacks with one's own frames picked out."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from actions.dashboard.execution.timeline import PARTS, Piece, Window, tries, window
from actions.desk import traces

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def at(seconds):
    return NOW + timedelta(seconds=seconds)


def test_each_attempt_stands_behind_the_wait_for_it():
    found = tries(at(0), [(at(1), at(2), "failed"), (at(5), None, None)])
    assert found == [
        [Piece("wait", at(0), at(1)), Piece("failed", at(1), at(2))],
        [Piece("wait", at(2), at(5)), Piece("running", at(5), None)],
    ]


def test_of_a_first_attempt_on_a_later_page_the_wait_is_unknown():
    assert tries(None, [(at(1), at(2), "lost")]) == [[Piece("lost", at(1), at(2))]]


def test_a_window_reaches_from_the_first_to_now_where_something_goes_on():
    assert window([], NOW) is None
    assert window([Piece("wait", at(-9), at(-5)), Piece("running", at(-5), None)], NOW) == Window(at(-9), NOW)
    assert window([Piece("succeeded", at(-3), at(-1))], NOW, begin=at(-5)) == Window(at(-5), at(-1))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_bar_never_leaves_its_line_and_can_be_seen(length, begin, seconds):
    bar = Window(at(0), at(length)).bar(Piece("running", at(begin), at(begin + seconds)), NOW)
    assert 0 <= bar.x <= bar.x + bar.width <= PARTS + 0.1
    assert bar.width >= 5


TRACE = """Traceback (most recent call last):
  File "/srv/shop/orders/actions.py", line 12, in charge
    answer = client.post(amount)
  File "/srv/.venv/lib/python3.12/site-packages/httpx/_client.py", line 900, in post
    return self.request()
httpx.ConnectError: refused

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/actions/engine/perform.py", line 3, in call
    run()
  File "/srv/shop/orders/actions.py", line 14, in charge
    raise NoMoney from error
  File "<string>", line 1, in made
shop.NoMoney: none
"""


def test_ones_own_frames_come_first_the_deepest_on_top():
    found = traces.read(TRACE)
    assert [(frame.place, frame.line, frame.function, frame.code) for frame in found.own] == [
        ("shop/orders/actions.py", 14, "charge", "raise NoMoney from error")
    ]
    assert found.folded == 3
    assert found.text == TRACE


def test_what_is_no_traceback_stays_a_text():
    assert traces.read("killed").own == ()
    assert traces.read('  File "x", line 99999999999999999999, in y').own[0].line == 999999999
