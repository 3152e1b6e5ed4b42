"""The console's addresses. Each part lists its own routes; what is not in here does not exist."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from actions.dashboard import bulk, catalogue, entrance, failures, overview, queues
from actions.dashboard.executions import found, saved, taken
from actions.dashboard.routes import needs, route

app_name = "console"


@needs("view_execution")
def _execution(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002  (it is the id)
    return HttpResponseRedirect(reverse("admin:actions_execution_change", args=[id]))


# Until the console has pages of its own for these, the admin's.
_borrowed = [
    route("executions/<str:id>/", _execution, "execution"),
]

urlpatterns = [
    *overview.routes,
    *catalogue.routes,
    *queues.routes,
    *found.routes,
    *taken.routes,
    *saved.routes,
    *bulk.routes,
    *failures.routes,
    *_borrowed,
    route("login/", entrance.log_in, "login"),
    route("logout/", entrance.log_out, "logout"),
    route("look/", entrance.look, "look"),
]
