"""What can be asked of one worker, for every face: quiet, resume, stop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect

from actions import conf
from actions import messages as words
from actions.desk.forms.acts import ReasonForm
from actions.desk.permit import actor_of
from actions.engine.operate.quiet_worker import quiet_worker, resume_worker
from actions.engine.operate.stop_worker import stop_worker
from actions.engine.operate.worker import Told
from actions.errors import DoplatformError, Forbidden, ReasonRequired
from actions.models import Worker

PERMISSION = "manage_workers"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerVerb:
    """One thing that can be asked of a worker."""

    name: str
    """Its page: quiet, resume or stop."""
    act: Callable[..., Told]
    done: str
    before: str
    """What it is where this had been asked before."""
    danger: bool = False

    @property
    def label(self) -> str:
        """On its button."""
        return self.name.capitalize()

    @property
    def explain(self) -> str:
        """What the word means."""
        return words.EXPLAIN[f"{self.name}_worker"]

    def sentence(self, told: Told) -> str:
        """What was done, or whose word stands."""
        if told.changed:
            return words.worker_told(self.done, hears=told.hears, seconds=conf.get().HEARTBEAT)
        if told.at is None:
            return f"{self.before} Nothing was changed."
        said = f": {told.reason}" if told.reason else ""
        return f"{self.before} By {told.by} at {told.at:%Y-%m-%d %H:%M:%S} UTC{said}. Nothing was changed."


VERBS = {
    verb.name: verb
    for verb in (
        WorkerVerb(name="quiet", act=quiet_worker, done=words.QUIETED, before="It was asked to be quiet already.", danger=True),
        WorkerVerb(name="resume", act=resume_worker, done=words.WORKER_RESUMED, before="It is not quiet."),
        WorkerVerb(name="stop", act=stop_worker, done=words.WORKER_STOPPED, before="It was asked to stop already.", danger=True),
    )
}  # fmt: skip


def worker_form(
    request: HttpRequest,
    worker: Worker,
    verb: WorkerVerb,
    back: str,
    *,
    noted: Callable[[str], object] = lambda _: None,
) -> HttpResponseRedirect | dict[str, Any]:
    """GET: what the form shows; POST asks it of the worker and goes `back`. `noted` is told what was changed, and why."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            told = verb.act(str(worker.pk), actor=actor_of(request), reason=reason)
        except Forbidden as error:
            raise PermissionDenied(error.message) from None
        except ReasonRequired as error:
            form.add_error("reason", error.message)
        except DoplatformError as error:
            messages.warning(request, error.message)
            return HttpResponseRedirect(back)
        else:
            say = messages.success if told.changed and told.hears else messages.warning
            say(request, f"Worker {told.worker} ({told.place}): {verb.sentence(told)}")
            if told.changed:
                noted(f"{verb.name}: {reason}"[:2_000])
            return HttpResponseRedirect(back)
    return {
        "title": f"{verb.label} worker {worker.pk}",
        "worker": worker,
        "back": back,
        "verb": verb,
        "form": form,
    }
