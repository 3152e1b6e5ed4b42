"""The page that pauses or resumes an action, a queue, a tag or a schedule."""

from django.http import HttpRequest, HttpResponse

from actions.admin.base import LookOnly, require
from actions.desk.pausing import pause_form
from actions.models import Action, Queue, Schedule, Tag


def pause_page(
    admin: LookOnly, request: HttpRequest, row: Action | Queue | Schedule | Tag, back: str, *, paused: bool
) -> HttpResponse:
    """GET asks why; POST does it and goes `back`."""
    require(request, "pause")
    answer = pause_form(request, row, back, paused=paused, noted=lambda change: admin.log_change(request, row, change))
    return admin.page(request, "pause.html", answer) if isinstance(answer, dict) else answer
