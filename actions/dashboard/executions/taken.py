"""Exports of the list: streamed, without secrets, written down before the first row leaves."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase

from actions.dashboard.executions.asked import Asked, list_of
from actions.dashboard.routes import needs, route
from actions.desk.payloads import sees_all
from actions.desk.permit import actor_of
from actions.engine.operate.export import export_executions
from actions.queries import exports


@needs("view_execution")
def export(request: HttpRequest) -> HttpResponseBase:
    """All that `?q=` finds, as `?format=` csv or ndjson; with params and results for who may see them."""
    asked = Asked.of(request)
    form = request.GET.get("format", "csv")
    if asked.query is None or form not in exports.FORMS:
        return HttpResponseRedirect(list_of(asked.text))
    payload = sees_all(request)
    export_executions(asked.canonical, form, payload=payload, actor=actor_of(request))
    return attachment(exports.executions(asked.query, form, payload=payload), "executions", form)


def attachment(chunks: exports.Chunks, name: str, form: str) -> StreamingHttpResponse:
    """A file that is sent as it is made."""
    file = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "X-Content-Type-Options": "nosniff"}
    return StreamingHttpResponse(chunks, content_type=exports.CONTENT_TYPES[form], headers=headers)


routes = [route("executions/export/", export, "executions-export")]
