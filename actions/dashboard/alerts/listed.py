"""What is watched for, where it is told, what was told and whether it arrived."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import needs, route
from actions.desk import alerting
from actions.desk.permit import may
from actions.errors import AlertNotFound, InvalidInput
from actions.ids import public_id
from actions.models.alert import PREFIX
from actions.queries import alerts as queries
from actions.states import Status

SECTION = "alerts"
_NEWEST = 8
SHOWN = 50
"""Alerts of one page of the log."""
_TABS = (("", "All"), ("open", "Open"), ("dead", "Not arrived"), ("held", "Not sent"))


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery as a page shows it."""

    row: Any

    @property
    def state(self) -> str:
        """pending, delivered or dead."""
        return queries.state_of(self.row)

    @property
    def words(self) -> str:
        """Its state as people read it."""
        return {"pending": "on its way", "dead": "not arrived"}.get(self.state, self.state)

    @property
    def carrier(self) -> str:
        """The execution that carries it; empty for nothing yet, or where it was pruned."""
        return public_id(self.row.carrier_id) if self.row.carrier_id and self.row.carrier_status else ""

    @property
    def retryable(self) -> bool:
        """Whether a retry of its carrier brings it back."""
        return self.state == "dead" and self.row.carrier_status == Status.FAILED


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert as a page shows it."""

    row: Any

    @property
    def label(self) -> str:
        """What kind of thing it tells of."""
        return alerting.label(self.row.kind)

    @property
    def link(self) -> str:
        """Where to look."""
        return f"{reverse('console:overview')}{self.row.link}"

    @property
    def sent(self) -> list[Told]:
        """Its deliveries, those that tell of its end behind the others."""
        return [Told(one) for one in sorted(self.row.deliveries.all(), key=lambda one: bool(one.recovery))]

    @property
    def told(self) -> list[Told]:
        """Where it was told."""
        return [one for one in self.sent if not one.row.recovery]

    @property
    def ends(self) -> list[Told]:
        """Where it was told that it is over."""
        return [one for one in self.sent if one.row.recovery]

    @property
    def tells_end(self) -> bool:
        """Whether somebody will be told, as its rule stands now."""
        rule = self.row.rule
        return rule is not None and rule.tell_recovery and not self.row.relimited and bool(self.told)

    @property
    def ended_with(self) -> str:
        """A newer alert about the same, with which it was told that it is over; empty for none."""
        return _public(self.row.ended_with)

    @property
    def open(self) -> bool:
        """Whether what it tells of lasts still."""
        return self.row.lasting and self.row.recovered_at is None

    @property
    def mark(self) -> str:
        """Changes when what is shown of it does."""
        return f"{self.open}.{'.'.join(f'{one.state}{one.row.tries}' for one in self.sent)}"


@needs("view_execution", whole=True)
def alerts(request: HttpRequest) -> HttpResponse:
    """Rules, channels, and the newest alerts."""
    channels = queries.channels_of()
    names = {one.pk: one.name for one in channels}
    shown = queries.page(limit=_NEWEST)
    context = {
        "title": "Alerts",
        "rules": [(one, alerting.facts(one, names), _public(one.last_id)) for one in queries.rules_of()],
        "channels": channels,
        "alerts": [Shown(one) for one in shown.rows],
        "may_manage": may(request, "manage_alerts"),
        "may_pause": may(request, "pause"),
        "may_retry": may(request, "retry"),
    }
    if live(request):
        return fragment(request, "alerts_live.html", context)
    return page(request, "alerts.html", context, section=SECTION)


@needs("view_execution", whole=True)
def log(request: HttpRequest) -> HttpResponse:
    """What was told, newest first; `?state=` open, dead or held, `?rule=`."""
    state, rule = request.GET.get("state", ""), request.GET.get("rule", "")
    asked = {
        "state": state if state in queries.STATES else "",
        "rule": rule if rule.isascii() and rule.isdigit() and len(rule) < 16 else "",
    }
    shown = _look(request, asked)
    of = queries.rule(int(asked["rule"])) if asked["rule"] else None
    context = {
        "title": "Log of alerts",
        "alerts": [Shown(one) for one in shown.rows],
        "asked": asked,
        "of": of,
        "everything": _address({**asked, "rule": ""}),
        "tabs": [(label, _address(asked, state=name), name == asked["state"]) for name, label in _TABS],
        "older": _address(asked, cursor=shown.next) if shown.next else "",
        "newer": _address(asked) if request.GET.get("cursor") else "",
        "may_retry": may(request, "retry"),
        "here": request.get_full_path(),
        "crumbs": crumbs(),
    }
    if live(request):
        return fragment(request, "alerts_log_live.html", context)
    return page(request, "alerts_log.html", context, section=SECTION)


@needs("view_execution", whole=True)
def alert(request: HttpRequest, public: str) -> HttpResponse:
    """One alert, and how far it has come on each channel."""
    try:
        found = Shown(queries.alert(public))
    except AlertNotFound as error:
        raise Http404(error.message) from None
    context = {
        "title": found.row.title,
        "shown": found,
        "lines": found.row.text.splitlines(),
        "may_retry": may(request, "retry"),
        "here": request.get_full_path(),
        "crumbs": [*crumbs(), ("Log", reverse("console:alerts-log"))],
    }
    if live(request):
        ended = not found.open and all(one.state != "pending" for one in found.sent)
        return fragment(request, "alert_live.html", context, ended=ended)
    return page(request, "alert.html", context, section=SECTION)


def crumbs() -> Iterable[tuple[str, str]]:
    """The way to a page below the section."""
    return [("Alerts", reverse("console:alerts"))]


def _public(key: Any) -> str:
    return f"{PREFIX}{key.hex}" if key else ""


def _look(request: HttpRequest, asked: dict[str, str]) -> queries.Page:
    """The page at the cursor; the first one for a cursor that no page has given."""
    narrowed: dict[str, Any] = {"state": asked["state"], "rule": int(asked["rule"]) if asked["rule"] else None}
    try:
        return queries.page(**narrowed, cursor=request.GET.get("cursor", ""), limit=SHOWN)
    except InvalidInput:
        if not live(request):
            messages.warning(request, "This place in the list is none that a page has given; here is the first page.")
        return queries.page(**narrowed, limit=SHOWN)


def _address(asked: dict[str, str], **more: str) -> str:
    return f"{reverse('console:alerts-log')}?{urlencode({k: v for k, v in {**asked, **more}.items() if v})}"


routes = [
    route("alerts/", alerts, "alerts"),
    route("alerts/log/", log, "alerts-log"),
    route("alerts/log/<str:public>/", alert, "alert"),
]
