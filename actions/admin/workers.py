"""Workers, to look at."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from actions.admin import show
from actions.admin.base import LookOnly
from actions.admin.filters import LiveFilter
from actions.models import Worker
from actions.queries.health import fresh_since


@admin.register(Worker)
class WorkerAdmin(LookOnly):
    """One row per worker process that ever registered."""

    list_display = ("name", "shown_state", "host", "pid", "shown_queues", "shown_current", "heartbeat", "started")
    list_display_links = None
    list_filter = (LiveFilter,)
    ordering = ("-started_at",)
    note = "Processes that perform executions. What a silent one was running is taken from it after its lease."

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """There is nothing more to see than the list shows."""
        return self.changelist_view(request)

    @admin.display(description="state")
    def shown_state(self, worker: Worker) -> SafeString:
        """At work, silent or gone."""
        if worker.gone_at is not None:
            return format_html('<span class="do-status do-cancelled">{}</span>', "– gone")
        if worker.heartbeat_at < fresh_since():
            return format_html('<span class="do-status do-failed">{}</span>', "✕ silent")
        return format_html('<span class="do-status do-succeeded">{}</span>', "● at work")

    @admin.display(description="queues")
    def shown_queues(self, worker: Worker) -> str:
        """Their names."""
        return ", ".join(worker.queues)

    @admin.display(description="on", empty_value="")
    def shown_current(self, worker: Worker) -> SafeString | str:
        """The execution at its last heartbeat."""
        return show.execution_link(worker.current) if worker.current and worker.gone_at is None else ""

    @admin.display(description="last heard")
    def heartbeat(self, worker: Worker) -> SafeString:
        """Seconds ago while it is there."""
        if worker.gone_at is not None:
            return format_html("{}", show.when(worker.heartbeat_at))
        seconds = max(0.0, (timezone.now() - worker.heartbeat_at).total_seconds())
        return format_html("{} ago", show.duration(seconds))

    @admin.display(description="started")
    def started(self, worker: Worker) -> str:
        """UTC."""
        return show.when(worker.started_at)
