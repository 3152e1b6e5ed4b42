"""Filters of the lists. What they offer comes from small tables or constants, never from a DISTINCT over millions."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from actions import values
from actions.models import Action, Queue
from actions.queries import executions, pauses
from actions.queries.audit import VERBS
from actions.queries.health import fresh_since
from actions.queries.keys import STATES
from actions.states import Effects, Status

_LONGEST_NAME = 100


class Choice(admin.SimpleListFilter):
    """One value of a column; an unknown one shows nothing and says why."""

    column: ClassVar[str]
    open_ended: ClassVar[bool] = False
    """Whether rows may hold values that are not offered (an action whose row is gone)."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows with the chosen value."""
        value = self.value()
        if value is None:
            return queryset
        known = any(value == str(choice) for choice, _ in self.lookup_choices)
        if not known and (not self.open_ended or "\x00" in value or len(value) > _LONGEST_NAME):
            shown = value[:40].replace("\x00", "\\x00")
            messages.error(request, f"There is no {self.title} “{shown}”; the list below is empty.")
            return queryset.none()
        return self.narrow(queryset, value)

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Rows with a value that is known to be offered."""
        return queryset.filter(**{self.column: value})


class StatusFilter(Choice):
    """By status."""

    title = "status"
    parameter_name = "status"
    column = "status"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """Those that need somebody first."""
        first = [Status.FAILED, Status.IN_DOUBT, Status.RETRYING, Status.RUNNING, Status.QUEUED]
        rest = [status for status in Status if status not in first]
        return [(status.value, status.value.replace("_", " ")) for status in first + rest]


class KindFilter(Choice):
    """Workflows, steps, or what belongs to no workflow."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """In the words of the list."""
        return [("top", "top level only"), ("workflow", "workflows"), ("step", "steps")]

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Executions of that kind."""
        return executions.of_kind(queryset, value)


class WorkflowFilter(admin.SimpleListFilter):
    """The steps of one workflow; offered where an address asks for it."""

    title = "workflow"
    parameter_name = "workflow"

    def lookups(self, request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """The one that is asked for."""
        asked = request.GET.get(self.parameter_name, "")[:_LONGEST_NAME]
        return [(asked, values.visible(asked))] if asked else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Its steps."""
        value = self.value()
        if value is None:
            return queryset
        parent = executions.parse(value)
        if parent is None:
            messages.error(request, "That is no id of a workflow; the list below is empty.")
            return queryset.none()
        return queryset.filter(parent=parent)


class ActionKindFilter(Choice):
    """Actions or workflows."""

    title = "kind"
    parameter_name = "kind"
    column = "kind"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """Both."""
        return [("action", "actions"), ("workflow", "workflows")]


class ActionFilter(Choice):
    """By action."""

    title = "action"
    parameter_name = "action"
    column = "action_id"
    open_ended = True

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """The catalogue."""
        return [(name, name) for name in Action.objects.order_by("name").values_list("name", flat=True)]


class AuditActionFilter(ActionFilter):
    """By action, in the audit."""

    column = "action"


class QueueFilter(Choice):
    """By queue."""

    title = "queue"
    parameter_name = "queue"
    column = "queue"
    open_ended = True

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """Those that were ever declared."""
        return [(name, name) for name in Queue.objects.order_by("name").values_list("name", flat=True)]


class EffectsFilter(Choice):
    """By what an action does outside."""

    title = "effects"
    parameter_name = "effects"
    column = "effects"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """All three."""
        return [(effects.value, effects.value) for effects in Effects]


class PausedFilter(Choice):
    """Paused or not."""

    title = "state"
    parameter_name = "paused"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """Both."""
        return [("yes", "paused"), ("no", "not paused")]

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Rows that are paused (actions also by a tag), or not."""
        paused = pauses.held() if queryset.model is Action else Q(paused_at__isnull=False)
        return queryset.filter(paused if value == "yes" else ~paused)


class VerbFilter(Choice):
    """By what happened."""

    title = "verb"
    parameter_name = "verb"
    column = "verb"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """Every verb that is written."""
        return [(verb, verb) for verb in VERBS]


class ActorKindFilter(Choice):
    """By who it was."""

    title = "actor"
    parameter_name = "actor"
    column = "actor_kind"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """The kinds of actors."""
        return [
            ("user", "people"),
            ("api_key", "API keys"),
            ("workflow", "workflows"),
            ("system", "the platform and code"),
        ]


class SinceFilter(Choice):
    """By when it was."""

    title = "time"
    parameter_name = "since"

    _HOURS: ClassVar = {"hour": 1, "day": 24, "week": 24 * 7}

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """From now back."""
        return [("hour", "last hour"), ("day", "last 24 hours"), ("week", "last 7 days")]

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Entries that are younger."""
        return queryset.filter(at__gte=timezone.now() - timedelta(hours=self._HOURS[value]))


class KeyStateFilter(Choice):
    """Keys that are let in, or not."""

    title = "state"
    parameter_name = "state"
    column = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """Why not, too."""
        return [(state, state) for state in STATES]


class LiveFilter(Choice):
    """Workers that take, or all others there ever were."""

    title = "state"
    parameter_name = "live"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Iterable[tuple[str, str]]:
        """Both."""
        return [("yes", "at work"), ("no", "quiet, stopping, silent or gone")]

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Workers with a fresh heartbeat that take, or the others."""
        asked = {"quiet_at__isnull": True, "stop_at__isnull": True}
        taking = {"gone_at__isnull": True, "heartbeat_at__gte": fresh_since(), **asked}
        return queryset.filter(**taking) if value == "yes" else queryset.exclude(**taking)
