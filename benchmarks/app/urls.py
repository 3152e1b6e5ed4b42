"""The project's routes, and beside them, in the same server, the bare views that the HTTP API is compared with."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from benchmarks.app.models import Row


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """Read JSON, store one row, answer JSON: authenticates nobody, validates nothing, records nothing."""
    params: dict[str, Any] = json.loads(request.body)["params"]
    row = Row.objects.create(number=params["number"], text=params["text"])
    return JsonResponse({"id": row.pk}, status=202)


def select(request: HttpRequest, number: int) -> HttpResponse:
    """Answer one row as JSON."""
    row = Row.objects.get(pk=number)
    return JsonResponse({"id": row.pk, "number": row.number, "text": row.text})


urlpatterns = [
    path("bare/rows", insert),
    path("bare/rows/<int:number>", select),
    path("", include("doplatform.urls")),
]
