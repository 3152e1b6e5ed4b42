"""The form that makes or changes a schedule, for every face: when, with which params, and a look at the next times."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect

from actions import messages as words
from actions.desk.asking import questions_of
from actions.desk.forms.params import ParamsForm, Secret
from actions.desk.forms.schedules import ScheduleForm
from actions.desk.payloads import sees_all
from actions.desk.permit import actor_of
from actions.engine.schedules.change import change
from actions.engine.schedules.make import make
from actions.engine.schedules.wanted import Wanted
from actions.errors import DoplatformError, Forbidden, InvalidInput, InvalidParams, ReasonRequired, ScheduleNotFound
from actions.models import Action, Schedule
from actions.queries import schedules
from actions.values import cron

LOOK = "look"
"""The name of the button that only shows the next times."""


def schedule_form(
    request: HttpRequest, action: Action, row: Schedule | None, *, page_of: Callable[[int], str]
) -> HttpResponseRedirect | dict[str, Any]:
    """GET: what the form shows, of `row` where there is one; POST makes or changes it and goes to its page, or what the form
    shows with every fault beside its field, and the next times."""
    sent = request.POST if request.method == "POST" else None
    looks = sent is not None and LOOK in sent
    # Who may not see params leaves those that there are as they are.
    unseen = row is not None and not sees_all(request)
    original = row.params if row else None
    params = ParamsForm([] if unseen else questions_of(action), None if looks else sent, original=original)
    options = ScheduleForm(sent, initial=_initial(row))
    if looks:
        options.looking()
        _keep(params, request)
    elif sent is not None and all([params.is_valid(), options.is_valid()]):
        wanted = row.params if row is not None and unseen else params.cleaned_data["params"]
        if (done := _act(request, action, row, params, options, wanted)) is not None:
            return HttpResponseRedirect(page_of(done))
    return {
        "title": f"Change {row}" if row else f"New schedule of {action.name}",
        "action": action,
        "row": row,
        "explain": words.EXPLAIN["make_schedule"],
        "params": params,
        "options": options,
        "unseen": unseen,
        "preview": _preview(options),
        "look": LOOK,
        "verb": "Change the schedule" if row else "Make the schedule",
    }


def _keep(params: ParamsForm, request: HttpRequest) -> None:
    """What was typed, unjudged: only the times were asked for."""
    for name, field in params.fields.items():
        if name in request.POST and not isinstance(field.widget, Secret):
            field.initial = request.POST[name]


def _initial(row: Schedule | None) -> dict[str, Any]:
    names = ("name", "cron", "timezone", "catch_up")
    return {name: getattr(row, name) for name in names} if row else {}


def _act(
    request: HttpRequest,
    action: Action,
    row: Schedule | None,
    params: ParamsForm,
    options: ScheduleForm,
    wanted: dict[str, Any],
) -> int | None:
    """The schedule's id; None where the engine's answer stands at the fields."""
    asked = Wanted(**options.said, params=wanted)
    reason = options.cleaned_data["reason"]
    try:
        if row is None:
            made = make(action.name, asked, actor=actor_of(request), reason=reason)
            messages.success(request, words.SCHEDULE_MADE)
            return made
        changed = change(row.pk, asked, actor=actor_of(request), reason=reason)
    except Forbidden as error:
        raise PermissionDenied(error.message) from None
    except ScheduleNotFound as error:
        raise Http404(error.message) from None
    except InvalidInput as error:
        _blame(params, options, error)
    except ReasonRequired as error:
        options.add_error("reason", error.message)
    except DoplatformError as error:
        options.add_error(None, error.message)
    else:
        messages.success(request, words.SCHEDULE_CHANGED if changed else words.SCHEDULE_SAME)
        return int(row.pk)
    return None


def _blame(params: ParamsForm, options: ScheduleForm, error: InvalidInput) -> None:
    if isinstance(error, InvalidParams) or not all(problem.path in options.fields for problem in error.problems):
        params.blame(error)
        return
    for problem in error.problems:
        options.add_error(problem.path, problem.message)


def _preview(options: ScheduleForm) -> dict[str, Any] | None:
    """The expression in words and its next times; None, with the fault at its field, where it is none."""
    expression, zone = options["cron"].value(), options["timezone"].value()
    if not expression or "cron" in options.errors or "timezone" in options.errors:
        return None
    try:
        found = cron.parse(str(expression), str(zone), now=datetime.now(UTC))
    except InvalidInput as error:
        if options.is_bound:
            options.add_error(error.path, error.message)
        return None
    return {"says": found.explain(), "moments": schedules.preview(found), "timezone": found.timezone}
