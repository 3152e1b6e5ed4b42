"""The audit, to look at: who did what, when and why."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from actions.admin import show
from actions.admin.base import LookOnly, may, require
from actions.admin.filters import ActorKindFilter, AuditActionFilter, SinceFilter, VerbFilter
from actions.ids import public_id
from actions.models import AuditEntry
from actions.queries import audit, executions

_LARGEST_ID = 2**63 - 1


@admin.register(AuditEntry)
class AuditAdmin(LookOnly):
    """What happened; nobody can change it, PostgreSQL refuses."""

    list_display = ("at_utc", "verb", "shown_actor", "shown_execution", "action", "attempt", "shown_reason")
    list_display_links = ("at_utc",)
    list_filter = (ActorKindFilter, VerbFilter, SinceFilter, AuditActionFilter)
    search_fields: ClassVar[Any] = ("id",)
    search_help_text = "An execution (exec_…) or the exact name of an actor"
    ordering = ("-id",)
    console = ("audit", "audit-entry")
    note = "Everything that happened, newest first. Entries can be neither changed nor removed."

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """A permission of its own."""
        return may(request, "view_audit")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Named in the index only for those who may."""
        return may(request, "view_audit")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """By execution or actor, exactly."""
        if not search_term:
            return queryset, False
        execution = executions.parse(search_term.strip())
        if execution is not None:
            return queryset.filter(execution_id=execution), False
        return audit.by_actor(queryset, search_term.strip()), False

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One entry."""
        require(request, "view_audit")
        number = int(object_id) if object_id.isascii() and object_id.isdigit() and len(object_id) < 20 else -1
        entry = AuditEntry.objects.filter(pk=number).first() if 0 <= number <= _LARGEST_ID else None
        if entry is None:
            raise Http404("There is no such audit entry.")
        context = {
            "title": entry.verb,
            "entry": entry,
            "execution": public_id(entry.execution_id) if entry.execution_id else "",
            "details": show.Payload(entry.data) if entry.data is not None else None,
            **self.beside(entry.pk),
        }
        return self.page(request, "audit_entry.html", context)

    @admin.display(description="at")
    def at_utc(self, entry: AuditEntry) -> str:
        """UTC."""
        return show.when(entry.at)

    @admin.display(description="by")
    def shown_actor(self, entry: AuditEntry) -> str:
        """As it was called then."""
        return show.visible(entry.actor_label)

    @admin.display(description="execution", empty_value="")
    def shown_execution(self, entry: AuditEntry) -> SafeString | str:
        """Linked; it may be pruned."""
        return show.execution_link(entry.execution_id) if entry.execution_id else ""

    @admin.display(description="reason", empty_value="")
    def shown_reason(self, entry: AuditEntry) -> str:
        """Why."""
        reason = show.visible(entry.reason)
        return reason if len(reason) <= 160 else f"{reason[:160]}…"
