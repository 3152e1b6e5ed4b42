"""What the console's templates say in a word: icons, statuses, times, numbers. Text that others wrote: actions_text."""

from datetime import datetime
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from actions.states import Outcome, Status

register = template.Library()

_WORDS = {"in_doubt": "in doubt", "timed_out": "timed out", "given_back": "given back"}
_MARKS = {
    **{status.value: status.value for status in (*Status, *Outcome)},
    "active": "check",
    "live": "check",
    "done": "check",
    "silent": "warn",
    "gone": "out",
    "paused": "pause",
    "undeclared": "cancelled",
    "resolved": "check",
    "ignored": "eye",
}
"""The icon of each word that may stand in a status: those of executions and attempts, and of workers, queues, groups."""


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of our icons (templates/console/icons.html). Decoration: the word stands beside it, or in an `sr` span."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def status(value: str, *, word: str = "", bare: bool = False) -> str:
    """A status as colour, icon and word. `bare`: without the pill. `word`: said instead of the status' own."""
    said = word or _WORDS.get(value, str(value))
    context = {"status": value, "word": said, "mark": _MARKS.get(value, "info"), "bare": bare}
    return render_to_string("console/parts/status.html", context)


@register.simple_tag
def when(at: datetime | None, *, ago: bool = False) -> str:
    """A time: UTC, which a script turns into the reader's own, or into `3 min ago`; nothing for None."""
    return render_to_string("console/parts/when.html", {"at": at, "ago": ago})


@register.filter
def thousands(number: Any) -> str:
    """12,345"""
    return f"{number:,}" if isinstance(number, int) else str(number)
