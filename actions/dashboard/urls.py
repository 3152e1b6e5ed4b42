"""The console's addresses. Each part lists its own routes; what is not in here does not exist."""

from actions.dashboard import (
    bulk,
    catalogue,
    deliveries,
    entrance,
    failures,
    overview,
    queues,
    schedules,
    tags,
    workers,
)
from actions.dashboard.alerts import channels as alert_channels
from actions.dashboard.alerts import listed as alerts
from actions.dashboard.alerts import ruled as alert_rules
from actions.dashboard.audit import entry
from actions.dashboard.audit import listed as audit
from actions.dashboard.execution import urls as execution
from actions.dashboard.executions import found, saved, taken
from actions.dashboard.keys import accounts, made
from actions.dashboard.keys import listed as keys
from actions.dashboard.routes import route

app_name = "console"

urlpatterns = [
    *overview.routes,
    *catalogue.routes,
    *schedules.routes,
    *queues.routes,
    *tags.routes,
    *workers.routes,
    *found.routes,
    *taken.routes,
    *saved.routes,
    *bulk.routes,
    *failures.routes,
    *execution.routes,
    *deliveries.routes,
    *alerts.routes,
    *alert_rules.routes,
    *alert_channels.routes,
    *audit.routes,
    *entry.routes,
    *accounts.routes,
    *made.routes,
    *keys.routes,
    route("login/", entrance.log_in, "login"),
    route("logout/", entrance.log_out, "logout"),
    route("look/", entrance.look, "look"),
]
