"""The addresses of executions, beside their list."""

from actions.dashboard.execution.detail import detail, download, raw
from actions.dashboard.execution.verbs import verb
from actions.dashboard.execution.workflows import workflows
from actions.dashboard.routes import route

routes = [
    route("executions/<str:id>/", detail, "execution"),
    route("executions/<str:id>/raw/", raw, "execution-raw"),
    route("executions/<str:id>/payload/<str:part>.json", download, "execution-payload"),
    route("executions/<str:id>/<str:verb>/", verb, "execution-verb"),
    route("workflows/", workflows, "workflows"),
]
