"""Filters for text that others wrote."""

import re
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from actions import messages, values
from actions.templatetags.console import when

register = template.Library()


@register.filter
def visible(text: Any) -> str:
    """The text with control characters and changes of direction spelt out; nothing for None. Escaped as any other."""
    return "" if text is None else values.visible(str(text))


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?) UTC")


@register.filter
def timed(text: Any) -> SafeString:
    """As `visible`, and a time in UTC that stands in it is one like every other of the page: the reader's own, by script."""
    pieces = _MOMENT.split(visible(text))
    return SafeString("".join(_time(one) if place % 2 else conditional_escape(one) for place, one in enumerate(pieces)))


def _time(text: str) -> str:
    try:
        return when(datetime.fromisoformat(text).replace(tzinfo=UTC))
    except ValueError:
        return f"{text} UTC"


@register.filter
def dotted(text: str) -> SafeString:
    """A name with dots, which may be broken behind each of them, and nowhere else while there is room for its parts."""
    return SafeString(".<wbr>".join(conditional_escape(part) for part in str(text).split(".")))


@register.filter
def took(seconds: float | None) -> str:
    """Seconds as people read them; nothing for None."""
    return messages.duration(seconds)
