"""Health answers for load balancers, given before sessions and host checks so that they cost nothing."""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse


class Probes:
    """/healthz: this process answers. /readyz: and reaches PostgreSQL. (Redis may be away: nothing is refused then.)"""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/healthz":
            response: HttpResponse = JsonResponse({"status": "ok"})
        elif request.path_info == "/readyz":
            response = self._ready()
        else:
            return self.get_response(request)
        response["Content-Length"] = str(len(response.content))
        return response

    @staticmethod
    def _ready() -> HttpResponse:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return JsonResponse({"status": "unavailable"}, status=503, headers={"Retry-After": "5"})
        return JsonResponse({"status": "ok"})
