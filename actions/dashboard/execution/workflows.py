"""Workflows that ran and that run: each with how far its steps are."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from actions.dashboard.page import fragment, left, live, page
from actions.dashboard.routes import needs
from actions.errors import InvalidInput
from actions.queries import progress, search
from actions.states import Status

SECTION = "workflows"
SIZE = 30
TABS = {
    "": ("All", ""),
    "going": ("Going on", "queued,running,retrying,waiting,blocked"),
    "attention": ("Need somebody", "failed,in_doubt"),
    "succeeded": ("Succeeded", "succeeded"),
    "cancelled": ("Cancelled", "cancelled,skipped"),
}
"""Label and statuses of each."""


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow with its own steps by status."""

    row: search.Row
    progress: progress.Progress

    @property
    def pieces(self) -> list[tuple[Status, int, float, float]]:
        """Status, number, and where its piece of a bar of 100 parts begins and how wide it is."""
        total, x, found = self.progress.total or 1, 0.0, []
        for status, number in self.progress.counts.items():
            width = number / total * 100
            found.append((status, number, round(x, 2), round(width, 2)))
            x += width
        return found

    @property
    def done(self) -> int:
        """Steps that have succeeded."""
        return self.progress.counts.get(Status.SUCCEEDED, 0)


@needs("view_execution")
def workflows(request: HttpRequest) -> HttpResponse:
    """The newest first; `?state=` one of TABS, `?cursor=` from there on."""
    state = request.GET.get("state", "")
    state = state if state in TABS else ""
    statuses = TABS[state][1]
    text = "kind:workflow" + (f" state:{statuses}" if statuses else "")
    note = ""
    query = search.parse(text)
    planner = search.Planner(query)
    try:
        found = search.page(query, cursor=request.GET.get("cursor", "")[:200], limit=SIZE, planner=planner)
    except InvalidInput:
        found = search.page(query, limit=SIZE, planner=planner)
        note = "That address was no page of this list; this is its beginning."
    gone = search.left(query, left(request), planner) if live(request) else []
    known = progress.progress([row.id for row in (*found.rows, *(row for row, _ in gone))])
    context = {
        "title": "Workflows",
        "runs": [Run(row, known[row.id]) for row in found.rows],
        "left": [(Run(row, known[row.id]), moved) for row, moved in gone],
        "tabs": [(_address(state=name), label, name == state) for name, (label, _) in TABS.items()],
        "newer": _address(state=state, cursor=found.previous or "") if found.previous else "",
        "older": _address(state=state, cursor=found.next or "") if found.next else "",
        "note": note,
        "sentences": found.sentences,
        "query": text,
        "here": request.get_full_path(),
        "crumbs": [],
    }
    if live(request):
        return fragment(request, "workflows_live.html", context)
    return page(request, "workflows.html", context, section=SECTION)


def _address(**wanted: Any) -> str:
    said = urlencode({name: value for name, value in wanted.items() if value})
    return reverse("console:workflows") + (f"?{said}" if said else "")
