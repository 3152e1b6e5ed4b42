"""The page of one execution: where it stands, what was asked, what came of it, and the buttons that make sense now."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest

from actions.admin import show
from actions.admin.base import may
from actions.admin.show import Payload
from actions.desk.attempts import Line, error_of, lines_of, progress_of
from actions.desk.buttons import buttons
from actions.desk.composition import about
from actions.desk.payloads import sight
from actions.ids import public_id
from actions.models import Attempt, Execution
from actions.queries import attempts, audit, catalogue, executions, holds
from actions.states import CHART, DUE, Status

_LONGEST_LOG = 100
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt as the page shows it."""

    attempt: Attempt
    took: str
    lines: list[Line]
    dropped: int
    error: dict[str, Any]
    progress: str


def detail(request: HttpRequest, execution: Execution) -> dict[str, Any]:
    """Everything that the template shows."""
    action = catalogue.get(execution.action_id, tags=execution.tags)
    workflow = about(request, execution, action)
    page = attempts.page_of(execution.pk, before=_before(request))
    payload = sight(request, execution).shown
    return {
        "title": execution.action_id,
        "execution": execution,
        "action": action,
        "meaning": CHART[Status(execution.status)].meaning,
        "waits": holds.why(execution.pk) if execution.status in DUE else (),
        "buttons": [
            (button, show.execution_url(execution.pk, button.verb))
            for button in buttons(execution, action, may=partial(may, request), refusal=workflow.get("refusal", ""))
        ],
        "params": Payload(execution.params) if payload else None,
        "result": Payload(execution.result) if payload and execution.result is not None else None,
        "hidden": not payload,
        "may_reveal": sight(request, execution).may_reveal,
        "error": error_of(execution.error, full=payload),
        "tries": [_try(attempt, full=payload) for attempt in page.attempts],
        "tries_before": page.before,
        "audit": audit.of_execution(execution.pk) if may(request, "view_audit") else None,
        "replay_of": public_id(execution.replay_of_id) if execution.replay_of_id else "",
        "replays": executions.replays(execution),
        **workflow,
    }


def _try(attempt: Attempt, *, full: bool) -> Try:
    lines = attempt.lines or []
    shown = lines_of(lines[-_LONGEST_LOG:] if full else [])
    progress = progress_of(attempt.progress)
    return Try(
        attempt,
        show.duration(attempt.duration),
        shown,
        max(0, len(lines) - len(shown)),
        error_of(attempt.error, full=full),
        progress.said if progress else "",
    )


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None
