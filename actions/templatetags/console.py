"""What the console's templates say in a word: icons, statuses, times, numbers. Text that others wrote: actions_text."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.admin.utils import quote
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.tz import utc
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from actions.queries.schedules import RUNS as _WIDEST
from actions.queries.schedules import Run
from actions.queries.search import Value
from actions.states import Outcome, Status

register = template.Library()

_WORDS = {"in_doubt": "in doubt", "timed_out": "timed out", "given_back": "given back"}
_MARKS = {
    **{status.value: status.value for status in (*Status, *Outcome)},
    "active": "check",
    "live": "check",
    "done": "check",
    "quiet": "pause",
    "stopping": "stop",
    "silent": "warn",
    "gone": "out",
    "late": "timed_out",
    "paused": "pause",
    "undeclared": "cancelled",
    "resolved": "check",
    "ignored": "eye",
    "expired": "timed_out",
    "expiring": "timed_out",
    "revoked": "close",
    "disabled": "pause",
    "inactive": "pause",
    "delivered": "check",
    "dead": "failed",
    "pending": "queued",
    "failing": "failed",
}
"""The icon of each word that may stand in a status: those of executions and attempts, and of workers, queues, groups."""


@register.simple_tag(takes_context=True)
def admin_url(context: Context, model: str, key: Any = "") -> str:
    """The page of a row in Django's admin, or without `key` its list; empty for those who may not enter, or without admin."""
    user = context["request"].user
    if not getattr(user, "is_staff", False):
        return ""
    try:
        if key == "":
            return reverse(f"admin:actions_{model}_changelist")
        # Names are quoted as the admin itself does; its pages of executions take the public id as it is.
        return reverse(f"admin:actions_{model}_change", args=[quote(key) if model == "action" else key])
    except NoReverseMatch:
        return ""


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of our icons (templates/console/icons.html). Decoration: the word stands beside it, or in an `sr` span."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def status(value: str, *, word: str = "", bare: bool = False) -> str:
    """A status as colour, icon and word. `bare`: without the pill. `word`: said instead of the status' own."""
    return _status(str(value), word, bare)


# A page of hundreds of rows says few words, hundreds of times.
@lru_cache(maxsize=512)
def _status(value: str, word: str, bare: bool) -> SafeString:
    said = word or _WORDS.get(value, value)
    context = {"status": value, "word": said, "mark": _MARKS.get(value, "info"), "bare": bare}
    return render_to_string("console/parts/status.html", context)


# Without templates: a page of fifty rows has seventy times, and a template for each was a third of what rendering it cost.
# Times and numbers need no escaping.
_WHEN = '<time class="when" datetime="{}" title="{} UTC">{} UTC</time>'
_WHEN_AGO = '<time class="when" datetime="{}" title="{} UTC" data-ago>{} UTC</time>'
_SPARK = (
    '<svg class="spark{}" viewBox="0 0 {} 20" preserveAspectRatio="none" role="img" aria-label="{}">'
    '<path class="ground" d="M0 19.5h{}"/>{}</svg>'
)
_BAR = '<rect x="{}" y="{}" width="2" height="{}"/>'


@register.simple_tag
def when(at: datetime | None, *, ago: bool = False) -> str:
    """A time: UTC, which a script turns into the reader's own, or into `3 min ago`; nothing for None."""
    if not at:
        return ""
    moment = utc(at)
    exact = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    return SafeString((_WHEN_AGO if ago else _WHEN).format(moment.isoformat(), exact, exact.partition(".")[0]))


@register.simple_tag
def spark(values: Sequence[int], *, label: str = "", calm: bool = False) -> str:
    """A row of bars, drawn by the server: the last one is now. `label` says in words what it shows.

    The bars are red, for they mostly count failures; `calm`: they count what is as it should be.
    """
    top = max(values, default=0) or 1
    heights = ((number * 3, max(1.5, 20 * value / top)) for number, value in enumerate(values) if value)
    bars = "".join(_BAR.format(x, round(20 - high, 1), round(high, 1)) for x, high in heights)
    wide = max(1, len(values) * 3)
    return format_html(_SPARK, " calm" if calm else "", wide, label, wide, SafeString(bars))


_OUTCOME = '<rect class="{}" x="{}" y="{}" width="2" height="{}"><title>{} UTC: {}</title></rect>'
_HEIGHTS = {"good": 12, "bad": 20, "": 6}


@register.simple_tag
def outcomes(runs: Sequence[Run]) -> str:
    """A row of bars, one for each run, the newest last: what went wrong is red and stands out, what goes on is low."""
    bars = format_html_join(
        "",
        _OUTCOME,
        (
            (f"c-{run.outcome or 'open'}", number * 3, 20 - high, high, f"{utc(run.at):%Y-%m-%d %H:%M:%S}", run.status)
            for number, run in enumerate(runs)
            for high in [_HEIGHTS[run.outcome]]
        ),
    )
    bad = sum(run.outcome == "bad" for run in runs)
    label = f"The newest {len(runs)} runs: {bad or 'none'} failed or in doubt"
    return format_html(_SPARK, "", _WIDEST * 3, label, _WIDEST * 3, bars)


@register.filter
def paragraphs(text: str) -> list[str]:
    """A docstring's paragraphs, without the line breaks of the code."""
    return [" ".join(part.split()) for part in text.replace("\r", "").split("\n\n") if part.strip()]


@register.filter
def short_class(dotted: str) -> str:
    """The last part of a dotted class."""
    return dotted.rpartition(".")[2]


@register.filter
def thousands(number: Any) -> str:
    """12,345"""
    return f"{number:,}" if isinstance(number, int) else str(number)


@register.filter
def quoted(text: str) -> str:
    """A text as a value in a search: in quotes, where it would be read as something else."""
    return str(Value(text))
