"""One entry of the audit: what it says, the seal that holds it, and what happened around it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions.dashboard.audit.listed import SECTION
from actions.dashboard.audit.said import Said, say
from actions.dashboard.page import page
from actions.dashboard.routes import needs, route
from actions.desk.show import Payload
from actions.queries import neighbours, sealing, trail
from actions.queries.trail import Entry


@needs("view_audit")
def about(request: HttpRequest, number: int) -> HttpResponse:
    """Everything about one entry."""
    found = trail.entry(number)
    if found is None:
        raise Http404("There is no such entry of the audit.")
    said = say(found)
    data = found.data if isinstance(found.data, dict) else {}
    around = neighbours.of(found)
    context = {
        "title": said.text,
        "said": said,
        "entry": found,
        "details": Payload(found.data) if found.data is not None else None,
        "request_of": str(data.get("request") or ""),
        "operation_of": str(data.get("operation") or ""),
        "seal": sealing.holding(found.id),
        "of_execution": _around(found, around.execution),
        "of_actor": _around(found, around.actor) if around.actor else [],
        "crumbs": [("Audit", reverse("console:audit"))],
    }
    return page(request, "audit_entry.html", context, section=SECTION)


def _around(entry: Entry, others: tuple[Entry, ...]) -> list[Said]:
    """The others with the entry at its place, newest first."""
    return [say(one) for one in sorted((entry, *others), key=lambda one: one.id, reverse=True)]


routes = [route("audit/<int:number>/", about, "audit-entry")]
