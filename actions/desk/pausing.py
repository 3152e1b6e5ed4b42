"""The forms that pause and resume an action, a queue, a tag or a schedule, and change its pause, for every face."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect

from actions import messages as words
from actions.desk.forms.acts import ReasonForm
from actions.desk.forms.until import PauseForm
from actions.desk.permit import actor_of
from actions.engine import standing
from actions.engine.operate import change_pause, pause
from actions.engine.schedules import pause as schedules
from actions.engine.schedules.change_pause import change_schedule_pause
from actions.errors import DoplatformError, Forbidden, NotPaused, PauseChanged
from actions.models import Action, Queue, Schedule, Tag

Row = Action | Queue | Schedule | Tag
SEEN = "seen"
"""The form's word for the pause that was seen, which it is to change."""

_VERBS: dict[tuple[type[Any], str], Callable[..., bool]] = {
    (Action, "pause"): pause.pause_action,
    (Action, "resume"): pause.resume_action,
    (Action, "change"): change_pause.change_action_pause,
    (Queue, "pause"): pause.pause_queue,
    (Queue, "resume"): pause.resume_queue,
    (Queue, "change"): change_pause.change_queue_pause,
    (Tag, "pause"): pause.pause_tag,
    (Tag, "resume"): pause.resume_tag,
    (Tag, "change"): change_pause.change_tag_pause,
    (Schedule, "pause"): schedules.pause,
    (Schedule, "resume"): schedules.resume,
    (Schedule, "change"): change_schedule_pause,
}
_SAID = {
    (False, "pause"): words.PAUSED,
    (False, "resume"): words.RESUMED,
    (False, "change"): words.PAUSE_CHANGED,
    (True, "pause"): words.SCHEDULE_PAUSED,
    (True, "resume"): words.SCHEDULE_RESUMED,
    (True, "change"): words.PAUSE_CHANGED,
}
_TITLES = {"pause": "Pause {}", "resume": "Resume {}", "change": "Change until when {} is paused"}
_LABELS = {"pause": "Pause", "resume": "Resume", "change": "Change until"}
_ICONS = {"pause": "pause", "resume": "play", "change": "queued"}


def pause_form(
    request: HttpRequest,
    row: Row,
    back: str,
    *,
    paused: bool,
    noted: Callable[[str], object] = lambda _: None,
) -> HttpResponseRedirect | dict[str, Any]:
    """GET: what the form shows; POST does it and goes `back`. To pause what is paused is to change its pause, where the form
    was opened on that. `noted` is told what was changed, and why."""
    posted = request.method == "POST"
    # What was sent goes by the form that it was typed into, whatever has happened meanwhile.
    seen = request.POST.get(SEEN, "") if posted else standing.mark(row)
    verb = "resume" if not paused else "change" if seen else "pause"
    form = (PauseForm if paused else ReasonForm)(request.POST if posted else None, initial=_initial(row, verb))
    if posted and form.is_valid() and _done(request, row, verb, form, seen, noted):
        return HttpResponseRedirect(back)
    explain = "change_pause" if verb == "change" else f"{verb}_{row._meta.model_name}"
    return {
        "title": _TITLES[verb].format(f"{row._meta.verbose_name} {row}"),
        "row": row,
        "back": back,
        "explain": words.EXPLAIN.get(explain) or words.EXPLAIN[verb],
        "verb": _LABELS[verb],
        "icon": _ICONS[verb],
        "danger": verb == "pause",
        "form": form,
        "seen": seen if verb == "change" else "",
    }


def _initial(row: Row, verb: str) -> dict[str, str]:
    """What stands now, to be changed."""
    if verb != "change":
        return {}
    until = f"{row.paused_until:%Y-%m-%dT%H:%M:%S}" if row.paused_until else ""
    return {"span": "until" if until else "ever", "until": until, "reason": row.paused_reason}


def _done(
    request: HttpRequest, row: Row, verb: str, form: ReasonForm, seen: str, noted: Callable[[str], object]
) -> bool:
    """Do it, and say what was done; False where the form now has the fault."""
    said: dict[str, Any] = {name: form.cleaned_data[name] for name in ("reason", "until") if name in form.cleaned_data}
    if verb == "change":
        said[SEEN] = seen
    try:
        changed = _VERBS[type(row), verb](row.pk, actor=actor_of(request), **said)
    except Forbidden as error:
        raise PermissionDenied(error.message) from None
    except (NotPaused, PauseChanged) as error:
        messages.warning(request, error.message)
        return True
    except DoplatformError as error:
        form.add_error("until" if error.code == "invalid_until" else "reason", error.message)
        return False
    _say(request, row, verb, changed=changed)
    if changed:
        noted(f"{_LABELS[verb].lower()}: {said['reason']}"[:2_000])
    return True


def _say(request: HttpRequest, row: Row, verb: str, *, changed: bool) -> None:
    if changed:
        messages.success(request, f"{row}: {_SAID[isinstance(row, Schedule), verb]}")
        return
    if verb == "change":
        messages.warning(request, f"{row}: {words.PAUSE_SAME}")
        return
    now = type(row)._default_manager.filter(pk=row.pk, paused_at__isnull=False).first()
    if verb == "pause" and now is not None:
        since = f"{now.paused_at:%Y-%m-%d %H:%M:%S}"
        until = f"until {now.paused_until:%Y-%m-%d %H:%M:%S} UTC" if now.paused_until else "until somebody resumes it"
        messages.warning(
            request, f"{row} was already paused by {now.paused_by} at {since} UTC, {until}. Nothing was changed."
        )
    else:
        messages.warning(request, f"{row} is not paused. Nothing was changed.")
