"""How the admin shows values and links them. Text stays text: nothing here marks anything safe."""

from datetime import datetime
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from actions.desk.show import LONGEST_SHOWN, Payload, pretty
from actions.ids import public_id
from actions.messages import duration
from actions.values import visible

__all__ = [
    "LONGEST_SHOWN", "Payload", "badge", "duration", "execution_link", "execution_url", "pretty", "visible", "when",
]  # fmt: skip


def when(at: datetime | None) -> str:
    """A time in UTC, exact in its title."""
    return render_to_string("admin/actions/parts/when.html", {"at": at})


def badge(status: str) -> str:
    """A status as colour, icon and word."""
    return render_to_string("admin/actions/parts/status.html", {"status": status})


def execution_url(execution: UUID | str, *more: str) -> str:
    """The page of an execution, or one of its verbs."""
    text = public_id(execution) if isinstance(execution, UUID) else execution
    verb = more[0] if more else "change"
    return reverse(f"admin:actions_execution_{verb}", args=[text])


def execution_link(execution: UUID | str) -> SafeString:
    """A link to the page of an execution."""
    text = public_id(execution) if isinstance(execution, UUID) else execution
    return format_html('<a class="do-id" href="{}">{}</a>', execution_url(text), text)
