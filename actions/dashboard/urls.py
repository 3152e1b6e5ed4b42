"""The console's addresses. Each part lists its own routes; what is not in here does not exist."""

from actions.dashboard import bulk, catalogue, entrance, failures, overview, queues
from actions.dashboard.audit import entry, listed
from actions.dashboard.execution import urls as execution
from actions.dashboard.executions import found, saved, taken
from actions.dashboard.routes import route

app_name = "console"

urlpatterns = [
    *overview.routes,
    *catalogue.routes,
    *queues.routes,
    *found.routes,
    *taken.routes,
    *saved.routes,
    *bulk.routes,
    *failures.routes,
    *execution.routes,
    *listed.routes,
    *entry.routes,
    route("login/", entrance.log_in, "login"),
    route("logout/", entrance.log_out, "logout"),
    route("look/", entrance.look, "look"),
]
