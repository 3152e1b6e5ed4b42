"""API keys and the accounts that own them: who has which, what it may do, until when, and when it was last used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from actions.dashboard.page import page
from actions.dashboard.routes import needs, route
from actions.desk.granting import Grant, in_words
from actions.desk.permit import may
from actions.queries import keys
from actions.queries.deliveries import shown_url

SECTION = "keys"
_SOON = timedelta(days=14)
_STATES = {
    "active": ("active", "active"),
    "expired": ("expired", "expired"),
    "revoked": ("revoked", "revoked"),
    "account disabled": ("disabled", "account disabled"),
    "user inactive": ("inactive", "user inactive"),
}
TABS = (("active", "Active"), ("ended", "Ended"), ("all", "All"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A key as a page shows it."""

    key: Any
    successors: tuple[str, ...] = ()

    @property
    def grants(self) -> list[Grant]:
        """What it may do, in words."""
        return in_words(self.key.scopes)

    @property
    def callback(self) -> str:
        """Whom it tells, without what may be a token."""
        return shown_url(self.key.callback_url)

    @property
    def state(self) -> tuple[str, str]:
        """The name of its sign, and the word beside it."""
        if self.active and self.successors:
            return "expiring", "replaced"
        if self.active and self.expires_soon:
            return "expiring", "expires soon"
        return _STATES.get(self.key.state, ("inactive", self.key.state))

    @property
    def expires_soon(self) -> bool:
        """Whether somebody should rotate it."""
        return bool(self.key.expires_at - timezone.now() < _SOON)

    @property
    def active(self) -> bool:
        """Whether it is let in."""
        return bool(self.key.state == "active")

    @property
    def audit(self) -> str:
        """What was done with it."""
        asked = {"actor": f"{self.key.owner} · {self.key}", "trigger": "api_key"}
        return f"{reverse('console:audit')}?{urlencode(asked)}"


@needs("manage_keys")
def listed(request: HttpRequest) -> HttpResponse:
    """Keys and accounts; `?state=` active (where nothing is said), ended or all, `?owner=`."""
    state = request.GET.get("state", "active")
    state = state if state in dict(TABS) else "active"
    owner = request.GET.get("owner", "").strip()[:150]
    context = {
        "title": "API keys",
        "rows": _rows(keys.shown(owner=owner, state=state)),
        "accounts": keys.owners(),
        "tabs": [(label, f"?{_address(name, owner)}", name == state) for name, label in TABS],
        "state": state,
        "owner": owner,
        "most": keys.MOST,
    }
    return page(request, "keys.html", context, section=SECTION)


@needs("manage_keys")
def key(request: HttpRequest, key: str) -> HttpResponse:
    """One key."""
    found = find(key)
    context = {
        "title": str(found),
        "shown": Shown(found, tuple(keys.successors(found.pk))),
        "may_audit": may(request, "view_audit"),
        "crumbs": crumbs(),
    }
    return page(request, "key.html", context, section=SECTION)


def _rows(found: list[Any]) -> list[Shown]:
    """Each with those among them that it was rotated into."""
    return [Shown(key, tuple(other.pk for other in found if other.replaces == key.pk)) for key in found]


def find(key: str) -> Any:
    """The row of a key. Raises Http404."""
    found = keys.find(key)
    if found is None:
        raise Http404("There is no such API key.")
    return found


def crumbs(*more: Any) -> Iterable[tuple[str, str]]:
    """The way to a page below the list, or below the page of a key."""
    return [
        ("API keys", reverse("console:keys")),
        *((str(one), reverse("console:key", args=[one.pk])) for one in more),
    ]


def _address(state: str, owner: str) -> str:
    return urlencode({"state": state, **({"owner": owner} if owner else {})})


routes = [
    route("keys/", listed, "keys"),
    route("keys/<str:key>/", key, "key"),
]
