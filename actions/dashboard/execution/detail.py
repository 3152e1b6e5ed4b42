"""The page of one execution: where it stands, the safe thing to do, what happened try by try, what was asked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from actions import panels
from actions.dashboard.execution import timeline
from actions.dashboard.execution.graph import Graph, graph
from actions.dashboard.execution.steps import Lane, lanes
from actions.dashboard.execution.waits import waits
from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import needs
from actions.desk.asking import made_by_form
from actions.desk.attempts import Line, Progress, error_of, lines_of, progress_of
from actions.desk.buttons import Button, buttons
from actions.desk.composition import Workflow, about
from actions.desk.links import extra_links
from actions.desk.payloads import HIDDEN, reveal, sight
from actions.desk.permit import may, subject_of
from actions.desk.show import Payload, pretty
from actions.desk.verbs import VERBS
from actions.errors import ExecutionNotFound
from actions.ids import public_id
from actions.models import Action, Execution
from actions.queries import catalogue, executions, representation
from actions.queries.history import ENTRIES, History, Try, history
from actions.states import CHART, FINISHED, Status

SECTION = "executions"
PARTS = ("params", "result", "error")
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Shown:
    """One attempt as the page shows it."""

    row: Try
    bars: Sequence[timeline.Bar]
    waited: float | None
    """Seconds for which nobody was at it before; None where that is not known."""
    lines: Sequence[Line]
    dropped: int
    """Earlier lines, which are not shown."""
    error: dict[str, Any]
    progress: Progress | None


@needs("view_execution")
def detail(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002  (it is the id)
    """Everything about one execution; `?before=7`: its attempts before the seventh."""
    execution = find(id)
    context = _context(request, execution)
    if live(request):
        return fragment(request, "execution_live.html", context, ended=context["ended"])
    context["panels"] = panels.shown(request, "execution", execution)
    return page(request, "execution.html", context, section=SECTION)


@needs("view_execution", "view_payload")
def revealed(request: HttpRequest, execution: Execution) -> HttpResponse:
    """Show the payloads of one execution to this reader for a while, audited."""
    if request.method == "POST":
        reveal(request, execution)
    return HttpResponseRedirect(reverse("console:execution", args=[execution.public_id]) + "#params")


@needs("view_execution")
def raw(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """The JSON of the API, to read and to copy; `?download=1` as a file."""
    execution = find(id)
    seen = sight(request, execution)
    found = representation.find(execution.public_id)
    if not seen.shown:
        found |= {"params": None, "result": None, "payloads": "hidden"}
    elif not seen.revealed:
        found = representation.dotted(found)
    if request.GET.get("download"):
        return _file(execution, "execution", pretty(found, whole=True))
    back = reverse("console:execution", args=[execution.public_id])
    crumbs = [("Executions", reverse("console:executions")), (execution.public_id, back)]
    context = {
        "title": "Raw JSON",
        "execution": execution,
        "json": Payload(found, whole=True),
        "sight": seen,
        "crumbs": crumbs,
    }
    return page(request, "execution_raw.html", context, section=SECTION)


@needs("view_execution", "view_payload")
def download(request: HttpRequest, id: str, part: str) -> HttpResponse:  # noqa: A002
    """Params, result or error as a file, whole."""
    execution = find(id)
    if part not in PARTS:
        raise Http404("There is no such part of an execution.")
    seen = sight(request, execution)
    if not seen.shown:
        return page(request, "problem.html", _refused(execution), section=SECTION, status=403)
    return _file(execution, part, pretty(getattr(execution, part), whole=seen.revealed or part == "error"))


def find(text: str) -> Execution:
    """The execution of an address. Raises Http404."""
    try:
        return executions.find(text)
    except ExecutionNotFound as error:
        raise Http404(error.message) from None


def _refused(execution: Execution) -> dict[str, Any]:
    return {"status": 403, "title": "Payloads are hidden", "why": HIDDEN, "note": str(execution)}


def _file(execution: Execution, name: str, text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{execution.public_id}-{name}.json"'
    return response


def _context(request: HttpRequest, execution: Execution) -> dict[str, Any]:
    action = catalogue.get(execution.action_id, tags=execution.tags)
    seen = sight(request, execution)
    # Of one whose action is gone nobody knows.
    kind = action.kind if action else "workflow"
    before = _before(request)
    found = history(
        execution.pk,
        execution.action_id,
        before=before,
        audit=may(request, "view_audit"),
        is_workflow=kind == "workflow",
    )
    workflows = about(request, execution, action, told=found.told)
    refusal = workflows.get("refusal", "")
    offered = buttons(execution, action, may=partial(may, request, about=subject_of(execution)), refusal=refusal)
    main = offered[0] if offered and offered[0].main else None
    return {
        "title": execution.action_id,
        "execution": execution,
        "action": action,
        "says": _first_sentence(CHART[Status(execution.status)].meaning),
        "waits": waits(request, execution),
        "ended": execution.status in FINISHED,
        "offered": offered,
        "main": main,
        "main_says": main and _says(main, execution, action),
        "sight": seen,
        "params": Payload(execution.params, whole=seen.revealed) if seen.shown else None,
        "result": Payload(execution.result, whole=seen.revealed)
        if seen.shown and execution.result is not None
        else None,
        "error": error_of(execution.error, full=seen.shown),
        "own_place": not str((execution.error or {}).get("place", "actions.")).startswith("actions."),
        "group": found.group,
        "group_url": _url("failure", found.group.fingerprint) if found.group else "",
        "tries": _tries(execution, found, full=seen.shown, first=before is None),
        "tries_before": found.before,
        "tries_from": before,
        "replay_of": public_id(execution.replay_of_id) if execution.replay_of_id else "",
        "replays": found.replays,
        "entries": found.entries[:ENTRIES] if may(request, "view_audit") else None,
        "more_entries": len(found.entries) > ENTRIES,
        "audit_url": _url("audit"),
        "extra": extra_links(execution),
        "same_key": "" if made_by_form(execution.idempotency_key) else _search(key=execution.idempotency_key),
        "crumbs": [("Executions", reverse("console:executions"))],
        **workflows,
        **_drawn(workflows.get("workflow"), execution, found),
    }


def _says(main: Button, execution: Execution, action: Action | None) -> str:
    """What the main button will do to this execution; of a retry exactly, which costs no query."""
    return VERBS["retry"].consequence(execution, action) if main.verb == "retry" else main.explain


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".") + "."


def _drawn(workflow: Workflow | None, execution: Execution, found: History) -> dict[str, Any]:
    """The graph and the timeline of a workflow's own steps."""
    if workflow is None:
        return {"graph": None, "lanes": []}
    own = [row.step for row in workflow.tree.rows if row.step.parent_id == execution.pk]
    drawn: Graph = graph(own, found.prerequisites, total=sum(workflow.tree.direct.values()))
    bars: list[Lane] = lanes(execution, own, found.bars, timezone.now()) if drawn.nodes else []
    return {"graph": drawn if own else None, "lanes": bars}


def _tries(execution: Execution, found: History, *, full: bool, first: bool) -> list[Shown]:
    rows = list(reversed(found.attempts))
    asked = execution.created_at if found.before is None else None
    pieces = timeline.tries(asked, [(row.started_at, row.finished_at, row.outcome) for row in rows])
    now = timezone.now()
    whole = timeline.window([piece for some in pieces for piece in some], now)
    shown = []
    for row, some in zip(rows, pieces, strict=True):
        bars = [whole.bar(piece, now) for piece in some] if whole else []
        waited = next((bar.seconds for bar in bars if bar.kind == "wait"), None)
        lines = lines_of(row.lines) if full else []
        shown.append(
            Shown(
                row,
                bars,
                waited,
                lines,
                row.number_of_lines - len(lines),
                error_of(row.error, full=full),
                progress_of(row.progress),
            )
        )
    return list(reversed(shown))


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def _search(*, key: str | None) -> str:
    """What finds the executions with the same idempotency key; empty without one."""
    return "" if key is None else f"key:{json.dumps(key, ensure_ascii=False)}"


def _url(name: str, *args: str) -> str:
    """The address of a page, empty where this installation has none."""
    try:
        return reverse(f"console:{name}", args=args)
    except NoReverseMatch:
        return ""
