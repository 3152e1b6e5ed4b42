"""The list of the audit, and its export."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from actions import conf
from actions.dashboard.audit.asked import Asked
from actions.dashboard.audit.grouped import Block, blocks_of
from actions.dashboard.audit.said import say, url
from actions.dashboard.executions.taken import attachment
from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import needs, route
from actions.desk.permit import actor_of, may
from actions.engine.operate.export import export_audit
from actions.engine.verify import LAG
from actions.errors import InvalidInput
from actions.queries import exports, trail
from actions.queries.sealing import Sealing, sealing

SECTION = "audit"
SHOWN = 50
"""Entries of one page."""
_LOST = "This place in the list is none that a page has given; here is the first page."


@needs("view_audit")
def audit(request: HttpRequest) -> HttpResponse:
    """What happened, newest first: `?actor=`, `?trigger=`, `?verb=`, `?action=`, `?execution=`, `?after=`, `?before=`, and all of
    one `?request=`, `?operation=`, `?xid=` (transaction) or `?run=` (an execution and its steps)."""
    asked = Asked.of(request)
    context = {
        "title": "Audit",
        "asked": asked,
        "here": request.get_full_path(),
        **_rows(request, asked),
    }
    if live(request):
        return fragment(request, "audit_live.html", context)
    seals = sealing()
    more = {"sealing": seals, "seal_state": state_of(seals), "may_export": may(request, "export_audit")}
    return page(request, "audit.html", {**context, **more}, section=SECTION)


@needs("view_audit", "export_audit")
def export(request: HttpRequest) -> HttpResponseBase:
    """All entries that the same fields find, as `?format=` csv or ndjson."""
    asked = Asked.of(request)
    form = request.GET.get("format", "csv")
    if asked.question is None or form not in exports.FORMS:
        return HttpResponseRedirect(f"{url('audit')}?{asked.address}")
    export_audit(dict(asked.filled), form, actor=actor_of(request))
    return attachment(exports.audit(asked.question, form), "audit", form)


def state_of(seals: Sealing) -> str:
    """sealed, sealing, held (by an open transaction), or late: nobody seals."""
    if seals.unsealed_at is None:
        return "sealed"
    if seals.lag <= LAG + conf.get().SEAL_EVERY:
        return "sealing"
    return "held" if seals.held else "late"


def _rows(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    if asked.question is None:
        return {"shown": None}
    cursor = request.GET.get("cursor", "")
    try:
        shown = trail.page(asked.question, cursor=cursor, limit=SHOWN)
    except InvalidInput:
        if not live(request):
            messages.warning(request, _LOST)
        shown = trail.page(asked.question, limit=SHOWN)
    rows = [say(entry) for entry in shown.entries]
    return {
        "shown": shown,
        "rows": rows,
        "blocks": [Block(rows)] if asked.apart else blocks_of(rows, asked.question),
        "newer": asked.at(shown.previous),
        "older": asked.at(shown.next),
    }


routes = [
    route("audit/", audit, "audit"),
    route("audit/export/", export, "audit-export"),
]
