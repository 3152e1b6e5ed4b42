"""The page that pauses or resumes an action or a queue."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from actions import messages as words
from actions.admin.base import LookOnly, actor_of, require
from actions.desk.forms.acts import ReasonForm
from actions.engine.operate import pause
from actions.errors import DoplatformError, Forbidden
from actions.models import Action, Queue

_VERBS: dict[tuple[type[Any], bool], Callable[..., bool]] = {
    (Action, True): pause.pause_action,
    (Action, False): pause.resume_action,
    (Queue, True): pause.pause_queue,
    (Queue, False): pause.resume_queue,
}


def pause_page(admin: LookOnly, request: HttpRequest, row: Action | Queue, back: str, *, paused: bool) -> HttpResponse:
    """GET asks why; POST does it and goes `back`."""
    require(request, "pause")
    verb = "pause" if paused else "resume"
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            changed = _VERBS[type(row), paused](row.pk, actor=actor_of(request), reason=form.cleaned_data["reason"])
        except Forbidden as error:
            raise PermissionDenied(error.message) from None
        except DoplatformError as error:
            form.add_error("reason", error.message)
        else:
            _say(request, row, changed=changed, paused=paused)
            if changed:
                admin.log_change(request, row, f"{verb}: {form.cleaned_data['reason']}"[:2_000])
            return HttpResponseRedirect(back)
    context = {
        "title": f"{verb.capitalize()} {admin.opts.verbose_name} {row}",
        "row": row,
        "back": back,
        "explain": words.EXPLAIN[verb],
        "verb": verb.capitalize(),
        "danger": paused,
        "form": form,
    }
    return admin.page(request, "pause.html", context)


def _say(request: HttpRequest, row: Action | Queue, *, changed: bool, paused: bool) -> None:
    if changed:
        messages.success(request, f"{row}: {words.PAUSED if paused else words.RESUMED}")
        return
    row.refresh_from_db(fields=["paused_at", "paused_by"])
    if paused and row.paused_at is not None:
        since = f"{row.paused_at:%Y-%m-%d %H:%M:%S} UTC"
        messages.warning(request, f"{row} was already paused by {row.paused_by} at {since}. Nothing was changed.")
    else:
        messages.warning(request, f"{row} is not paused. Nothing was changed.")
