"""Filters for text that others wrote."""

from typing import Any

from django import template

from actions import messages, values

register = template.Library()


@register.filter
def visible(text: Any) -> str:
    """The text with control characters and changes of direction spelt out; nothing for None. Escaped as any other."""
    return "" if text is None else values.visible(str(text))


@register.filter
def took(seconds: float | None) -> str:
    """Seconds as people read them; nothing for None."""
    return messages.duration(seconds)
