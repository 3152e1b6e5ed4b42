"""The console's addresses. Each part lists its own routes; what is not in here does not exist."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from actions.dashboard import catalogue, entrance, overview, queues
from actions.dashboard.routes import needs, route

app_name = "console"


@needs("view_execution")
def _executions(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:actions_execution_changelist"))


@needs("view_execution")
def _execution(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002  (it is the id)
    return HttpResponseRedirect(reverse("admin:actions_execution_change", args=[id]))


# Until the console has pages of its own for these, the admin's.
_borrowed = [
    route("executions/", _executions, "executions"),
    route("executions/<str:id>/", _execution, "execution"),
]

urlpatterns = [
    *overview.routes,
    *catalogue.routes,
    *queues.routes,
    *_borrowed,
    route("login/", entrance.log_in, "login"),
    route("logout/", entrance.log_out, "logout"),
    route("look/", entrance.look, "look"),
]
