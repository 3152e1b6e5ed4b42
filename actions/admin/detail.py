"""The page of one execution: where it stands, what was asked, what came of it, and the buttons that make sense now."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from actions.admin import show
from actions.admin.base import may
from actions.admin.show import Payload
from actions.admin.workflow import about
from actions.desk.verbs import VERBS
from actions.ids import public_id
from actions.messages import EXPLAIN
from actions.models import Action, Attempt, Execution
from actions.queries import attempts, audit, catalogue, executions
from actions.queries.steps import UNDO
from actions.states import CHART, FINISHED, Status
from actions.values import redact

_LONGEST_LOG = 100
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Button:
    """A verb that makes sense and is permitted."""

    label: str
    url: str
    explain: str
    danger: bool = False
    main: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt as the page shows it."""

    attempt: Attempt
    took: str
    lines: list[dict[str, Any]]
    dropped: int
    error: dict[str, str]
    progress: str


def detail(request: HttpRequest, execution: Execution) -> dict[str, Any]:
    """Everything that the template shows."""
    action = catalogue.get(execution.action_id)
    workflow = about(request, execution, action)
    page = attempts.page_of(execution.pk, before=_before(request))
    payload = may(request, "view_payload")
    return {
        "title": execution.action_id,
        "execution": execution,
        "action": action,
        "meaning": CHART[Status(execution.status)].meaning,
        "buttons": _buttons(request, execution, action, retryable=not workflow.get("refusal")),
        "params": Payload(execution.params) if payload else None,
        "result": Payload(execution.result) if payload and execution.result is not None else None,
        "hidden": not payload,
        "error": _error(execution.error, full=payload),
        "tries": [_try(attempt, full=payload) for attempt in page.attempts],
        "tries_before": page.before,
        "audit": audit.of_execution(execution.pk) if may(request, "view_audit") else None,
        "replay_of": public_id(execution.replay_of_id) if execution.replay_of_id else "",
        "replays": executions.replays(execution),
        **workflow,
    }


def _buttons(request: HttpRequest, execution: Execution, action: Action | None, *, retryable: bool) -> list[Button]:
    buttons = [
        Button(verb.label, show.execution_url(execution.pk, verb.name), verb.explain, verb.danger, main=not verb.danger)
        for verb in VERBS.values()
        if verb.offered(execution, action) and may(request, verb.name) and (retryable or verb.name != "retry")
    ]
    if action is None:
        return buttons
    if action.kind == "workflow" and execution.status not in FINISHED and may(request, "emit"):
        url = show.execution_url(execution.pk, "emit")
        buttons.insert(0, Button("Emit event", url, EXPLAIN["emit"], main=bool(execution.awaited_event)))
    if action.declared and may(request, "replay"):
        buttons.append(Button("Replay", show.execution_url(execution.pk, "replay"), EXPLAIN["replay"]))
        if execution.parent_id is not None and not (execution.step or "").startswith(UNDO):
            url = show.execution_url(execution.pk, "replay_from")
            buttons.append(Button("Replay workflow from here", url, EXPLAIN["replay_from"]))
    return buttons


def _try(attempt: Attempt, *, full: bool) -> Try:
    lines = attempt.lines or []
    shown = [
        {
            "at": line.get("at", "")[11:23],
            "text": show.visible(str(line.get("text", ""))),
            "fields": show.visible(_fields(line.get("fields"))),
        }
        for line in (lines[-_LONGEST_LOG:] if full else [])
    ]
    return Try(
        attempt,
        show.duration(attempt.duration),
        shown,
        max(0, len(lines) - len(shown)),
        _error(attempt.error, full=full),
        _progress(attempt.progress),
    )


def _error(error: dict[str, Any] | None, *, full: bool) -> dict[str, str]:
    """An error's texts; the traceback, in which values may stand, only for those who may see payloads."""
    if not error:
        return {}
    shown = {name: show.visible(str(text)) for name, text in error.items() if name != "traceback"}
    if full and error.get("traceback"):
        shown["traceback"] = Payload(str(error["traceback"])).text
    return shown


def _fields(fields: Any) -> str:
    return "  ".join(f"{name}={value}" for name, value in redact(fields).items()) if isinstance(fields, dict) else ""


def _progress(progress: dict[str, Any] | None) -> str:
    if not progress:
        return ""
    total = progress.get("total")
    done = f"{progress.get('done', 0):g}" + (f" of {total:g}" if total is not None else "")
    note = show.visible(str(progress.get("note") or ""))
    return f"{done}, {note}" if note else done


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None
