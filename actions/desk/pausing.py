"""The form that pauses or resumes an action, a queue, a tag or a schedule, for every face."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect

from actions import messages as words
from actions.desk.forms.acts import ReasonForm
from actions.desk.forms.until import PauseForm
from actions.desk.permit import actor_of
from actions.engine.operate import pause
from actions.engine.schedules import pause as schedules
from actions.errors import DoplatformError, Forbidden
from actions.models import Action, Queue, Schedule, Tag

_VERBS: dict[tuple[type[Any], bool], Callable[..., bool]] = {
    (Action, True): pause.pause_action,
    (Action, False): pause.resume_action,
    (Queue, True): pause.pause_queue,
    (Queue, False): pause.resume_queue,
    (Tag, True): pause.pause_tag,
    (Tag, False): pause.resume_tag,
    (Schedule, True): schedules.pause,
    (Schedule, False): schedules.resume,
}

_SAID = {
    (False, True): words.PAUSED,
    (False, False): words.RESUMED,
    (True, True): words.SCHEDULE_PAUSED,
    (True, False): words.SCHEDULE_RESUMED,
}


def pause_form(
    request: HttpRequest,
    row: Action | Queue | Schedule | Tag,
    back: str,
    *,
    paused: bool,
    noted: Callable[[str], object] = lambda _: None,
) -> HttpResponseRedirect | dict[str, Any]:
    """GET: what the form shows; POST does it and goes `back`. `noted` is told what was changed, and why."""
    verb = "pause" if paused else "resume"
    form = (PauseForm if paused else ReasonForm)(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("reason", "until") if name in form.cleaned_data}
        try:
            changed = _VERBS[type(row), paused](row.pk, actor=actor_of(request), **said)
        except Forbidden as error:
            raise PermissionDenied(error.message) from None
        except DoplatformError as error:
            form.add_error("until" if error.code == "invalid_until" else "reason", error.message)
        else:
            _say(request, row, changed=changed, paused=paused)
            if changed:
                noted(f"{verb}: {form.cleaned_data['reason']}"[:2_000])
            return HttpResponseRedirect(back)
    return {
        "title": f"{verb.capitalize()} {row._meta.verbose_name} {row}",
        "row": row,
        "back": back,
        "explain": words.EXPLAIN.get(f"{verb}_{row._meta.model_name}", words.EXPLAIN[verb]),
        "verb": verb.capitalize(),
        "danger": paused,
        "form": form,
    }


def _say(request: HttpRequest, row: Action | Queue | Schedule | Tag, *, changed: bool, paused: bool) -> None:
    if changed:
        messages.success(request, f"{row}: {_SAID[isinstance(row, Schedule), paused]}")
        return
    now = type(row)._default_manager.filter(pk=row.pk, paused_at__isnull=False).first()
    if paused and now is not None:
        since = f"{now.paused_at:%Y-%m-%d %H:%M:%S}"
        end = now.paused_until
        until = f"until {end:%Y-%m-%d %H:%M:%S} UTC" if end else "until somebody resumes it"
        messages.warning(
            request, f"{row} was already paused by {now.paused_by} at {since} UTC, {until}. Nothing was changed."
        )
    else:
        messages.warning(request, f"{row} is not paused. Nothing was changed.")
