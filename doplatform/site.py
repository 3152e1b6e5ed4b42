"""The admin as a product: its name, its order, and an overview in front.

Outside actions.admin, whose import registers on the site that is being made of this class.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse, reverse_lazy

from actions.desk import permit
from actions.queries import executions, health, stats
from actions.states import Status

_ORDER = (
    "Execution", "Action", "Schedule", "Queue", "Worker", "Alert", "AlertRule", "AlertChannel",
    "ApiKey", "ServiceAccount", "AuditEntry",
)  # fmt: skip
_LAST = ("auth",)
_NEED_SOMEBODY = (Status.FAILED, Status.IN_DOUBT, Status.RETRYING)
_SHOWN = 8


class Site(AdminSite):
    """The second face."""

    site_header = "doplatform"
    site_title = "doplatform"
    index_title = "Overview"
    site_url = reverse_lazy("console:overview")  # type: ignore[assignment]  # turned into text when a page shows it
    enable_nav_sidebar = False
    """The header leads everywhere, and lists need the width."""

    def login(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> HttpResponse:
        """One way in for all faces; who is in already, and may not see this one, is told so."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("The admin is for staff. Ask an administrator for that mark on your account.")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def index(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> TemplateResponse:
        """How things stand: counts, what failed last, who is at work."""
        overview = _overview() if permit.may(request, "view_execution") and not permit.narrowed(request) else {}
        return super().index(request, {**overview, **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """What operators need first, accounts last."""
        apps: list[Any] = super().get_app_list(request, app_label)
        for app in apps:
            if app["app_label"] == "actions":
                app["name"] = "Operate"
                app["models"].sort(key=lambda model: _ORDER.index(model["object_name"]))
        return sorted(apps, key=lambda app: (app["app_label"] != "actions", app["app_label"] in _LAST))


def _overview() -> dict[str, Any]:
    counts = stats.by_status()
    failed, doubts = executions.troubles(_SHOWN)
    return {
        "counts": [
            counts[status]
            for status in sorted(counts, key=lambda status: status not in _NEED_SOMEBODY)
            if counts[status].number or status in {*_NEED_SOMEBODY, Status.SUCCEEDED}
        ],
        "failures": failed,
        "doubts": doubts,
        "health": health.health(),
    }
