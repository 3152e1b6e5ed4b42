"""The delivery log: which ends of executions were told to whom, and what became of it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import needs, route
from actions.desk.permit import may
from actions.errors import ExecutionNotFound, InvalidInput
from actions.ids import public_id
from actions.queries import deliveries as queries
from actions.states import Status

SECTION = "executions"
SHOWN = 50
"""Deliveries of one page."""


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery, and the executions around it, of which either may be pruned."""

    row: Any

    @property
    def execution(self) -> str:
        """What it tells of."""
        return public_id(self.row.execution_id)

    @property
    def carrier(self) -> str:
        """What carries it; empty for nothing yet."""
        return public_id(self.row.carried_by) if self.row.carried_by else ""

    @property
    def retryable(self) -> bool:
        """Whether a retry of its carrier brings it back."""
        return bool(self.row.state == "dead" and self.row.carrier_status == Status.FAILED)


@needs("view_execution")
def deliveries(request: HttpRequest) -> HttpResponse:
    """Deliveries, newest first; `?state=` pending, delivered or dead, `?execution=`."""
    state = request.GET.get("state", "")
    asked = {
        "state": state if state in queries.STATES else "",
        "execution": request.GET.get("execution", "").strip()[:64],
    }
    fault, shown = _look(request, asked)
    context = {
        "title": "Deliveries",
        "asked": asked,
        "fault": fault,
        "shown": shown,
        "rows": [Told(row) for row in shown.rows] if shown else [],
        "tabs": [
            (name.capitalize(), name, _address(asked, state=name), name == asked["state"])
            for name in ("", *queries.STATES)
        ],
        "older": _address(asked, cursor=shown.next) if shown and shown.next else "",
        "may_retry": may(request, "retry"),
        "here": request.get_full_path(),
        "crumbs": [("Executions", reverse("console:executions"))],
    }
    if live(request):
        return fragment(request, "deliveries_live.html", context)
    return page(request, "deliveries.html", context, section=SECTION)


def _look(request: HttpRequest, asked: dict[str, str]) -> tuple[str, queries.Page | None]:
    """What is wrong with the address, or the page at the cursor; the first one for a cursor that no page has given."""
    cursor = request.GET.get("cursor", "")
    try:
        return "", queries.page(**asked, cursor=cursor, limit=SHOWN)
    except ExecutionNotFound as error:
        return error.message, None
    except InvalidInput:
        if not live(request):
            messages.warning(request, "This place in the list is none that a page has given; here is the first page.")
        return "", queries.page(**asked, limit=SHOWN)


def _address(asked: dict[str, str], **more: str) -> str:
    return f"{reverse('console:deliveries')}?{urlencode({k: v for k, v in {**asked, **more}.items() if v})}"


routes = [route("deliveries/", deliveries, "deliveries")]
