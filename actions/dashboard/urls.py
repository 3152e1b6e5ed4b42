"""The console's addresses. Each part lists its own routes; what is not in here does not exist."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from actions.dashboard import catalogue, entrance, overview, queues
from actions.dashboard.execution import urls as execution
from actions.dashboard.routes import needs, route

app_name = "console"


@needs("view_execution")
def _executions(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:actions_execution_changelist"))


# Until the console has a page of its own for these, the admin's.
_borrowed = [
    route("executions/", _executions, "executions"),
]

urlpatterns = [
    *overview.routes,
    *catalogue.routes,
    *queues.routes,
    *_borrowed,
    *execution.routes,
    route("login/", entrance.log_in, "login"),
    route("logout/", entrance.log_out, "logout"),
    route("look/", entrance.look, "look"),
]
