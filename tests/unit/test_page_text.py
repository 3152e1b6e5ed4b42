"""Text that others wrote, as pages of the console show it."""

import pytest

from actions.templatetags.actions_text import dotted, timed


def test_a_time_in_a_text_is_a_time_of_the_page():
    shown = timed("By <b>ada</b> since 2026-11-28 10:05:37 UTC until 2026-11-28 11:05 UTC: why\x00")
    assert shown.count("<time ") == 2
    assert '<time class="when" datetime="2026-11-28T10:05:37+00:00"' in shown
    assert shown.startswith("By &lt;b&gt;ada&lt;/b&gt; since <time ")
    assert ">2026-11-28 11:05:00 UTC</time>: why" in shown
    assert "\x00" not in shown


@pytest.mark.parametrize("text", ["2026-99-88 77:66 UTC", "2026-11-28 10:05:37", "UTC", ""])
def test_what_is_no_time_stays_text(text):
    assert timed(text) == text


def test_a_name_is_broken_behind_its_dots_and_is_escaped():
    assert dotted("execution.accepted") == "execution.<wbr>accepted"
    assert dotted("<a>.b") == "&lt;a&gt;.<wbr>b"
