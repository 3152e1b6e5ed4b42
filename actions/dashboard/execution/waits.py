"""Why an execution waits, as its page says it: each reason with where something can be done about it."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from actions.desk.permit import may
from actions.holds import Reason
from actions.models import Execution
from actions.queries import holds
from actions.states import DUE


@dataclass(frozen=True, slots=True)
class Wait:
    """One reason."""

    says: str
    url: str
    link: str
    pause: bool
    """Whether somebody has paused it."""
    alarming: bool
    """Whether somebody has to act, or to know of it at least: not where it only has its turn later."""


def waits(request: HttpRequest, execution: Execution) -> list[Wait]:
    """Why it is not started now; that its time is still to come stands in the page's head. One query where it is due, none
    otherwise."""
    if execution.status not in DUE:
        return []
    return [_wait(request, reason) for reason in holds.why(execution.pk) if reason.code != "not_due"]


def _wait(request: HttpRequest, reason: Reason) -> Wait:
    kind, _, paused = reason.code.partition("_")
    if paused == "paused":
        there = may(request, "pause")
        url = _url(f"{kind}-resume", reason.name) if there else ""
        return Wait(reason.says, url, f"Resume the {kind}", pause=True, alarming=True)
    verb, link, address = _BESIDE.get(reason.code, ("", "", str))
    url = address(reason.name) if verb and may(request, verb) else ""
    return Wait(reason.says, url, link, pause=False, alarming=reason.code not in {"behind", "at_limit"})


def _url(name: str, *args: str) -> str:
    """Empty for what no address can hold: a tag is any text."""
    try:
        return reverse(f"console:{name}", args=args)
    except NoReverseMatch:
        return ""


def _list_of(query: str) -> str:
    return f"{_url('executions')}?{urlencode({'q': query})}"


_BESIDE: dict[str, tuple[str, str, Callable[[str], str]]] = {
    "no_worker": ("view_worker", "Workers", lambda _: _url("workers")),
    "workers_quiet": ("view_worker", "Workers", lambda _: _url("workers")),
    "at_limit": ("view_execution", "Those that run", lambda name: _list_of(f"action:{name} state:running")),
    "not_in_code": ("view_action", "The action", lambda name: _url("action", name)),
    "other_queue": ("view_action", "The action", lambda name: _url("action", name)),
    "behind": (
        "view_execution", "Those that are due",
        lambda name: _list_of(f"queue:{name} state:queued,retrying due-before:now"),
    ),
}  # fmt: skip
"""The permission, the words and the address of what a reason leads to."""
