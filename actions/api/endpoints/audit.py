"""The audit: looked at, and taken along."""

from collections.abc import Iterator
from typing import Any

from django.db import close_old_connections
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import Router

from actions import values
from actions.api import reading
from actions.api.answering import respond
from actions.api.bearer import reading_key, require_audit
from actions.api.describing import reads
from actions.api.schemas.answers import Entries
from actions.api.schemas.asked import AuditFilter, AuditQuery
from actions.engine.operate.export import export_audit
from actions.queries import paging

router = Router(tags=["audit"])
_CHUNK = 500
_NDJSON = {"200": {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}}


@router.get("/audit", response=Entries, operation_id="list_audit", openapi_extra=reads(query=AuditQuery))
def list_entries(request: HttpRequest) -> HttpResponse:
    """Audit entries, the newest first."""
    key = require_audit(request, "view_audit")
    query = reading.query(AuditQuery, request)
    with reading_key(key):
        page = paging.entries(cursor=query.cursor, limit=query.limit, **_asked(query))
    return respond({"items": page.items, "next": page.next})


@router.get("/audit/export", operation_id="export_audit", openapi_extra=reads(query=AuditFilter))
def export(request: HttpRequest) -> HttpResponseBase:
    """All of them, the oldest first, one JSON object a line (NDJSON). The export is audited itself."""
    key = require_audit(request, "export_audit")
    query = reading.query(AuditFilter, request)
    if request.META["REQUEST_METHOD"] == "HEAD":
        return HttpResponse(content_type="application/x-ndjson")
    export_audit(query.model_dump(exclude_defaults=True), "ndjson", actor=key.actor)
    with reading_key(key):
        rows = paging.audit_rows(**_asked(query)).order_by("id")
    return StreamingHttpResponse(_lines(rows), content_type="application/x-ndjson")


def _asked(query: AuditFilter) -> dict[str, Any]:
    """Which entries, as the queries call it."""
    asked = query.model_dump(include=set(AuditFilter.model_fields))
    return {"actor_label": asked.pop("actor"), **asked}


def _lines(rows: "QuerySet[Any]") -> Iterator[bytes]:
    """A page at a time, so that no statement runs, and no connection is held, for as long as a client reads."""
    last = 0
    while True:
        page = [paging.entry(row) for row in rows.filter(id__gt=last)[:_CHUNK]]
        close_old_connections()
        if page:
            last = page[-1]["id"]
            yield "".join(f"{values.dumps(entry)}\n" for entry in page).encode("utf-8", "backslashreplace")
        if len(page) < _CHUNK:
            return
