"""Workers: who is at work, and what can be asked of one."""

from functools import partial

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from actions.admin import show
from actions.admin.base import LookOnly, may, require
from actions.admin.filters import LiveFilter
from actions.desk.crew import PERMISSION, VERBS, worker_form
from actions.models import Worker
from actions.queries import crew
from actions.queries.health import fresh_since


@admin.register(Worker)
class WorkerAdmin(LookOnly):
    """One row per worker process that ever registered."""

    list_display = (
        "number",
        "name",
        "shown_state",
        "host",
        "pid",
        "shown_queues",
        "shown_current",
        "heartbeat",
        "started",
        "acts",
    )
    list_display_links = None
    list_filter = (LiveFilter,)
    ordering = ("-started_at",)
    console = ("workers", "")
    note = "Processes that perform executions. What a silent one was running is taken from it after its lease."

    def get_urls(self) -> list[URLPattern]:
        """What can be asked of one, before Django's own."""
        wrap = self.admin_site.admin_view
        return [
            *(
                path(f"<int:number>/{verb}/", wrap(partial(self._ask, verb=verb)), name=f"actions_worker_{verb}")
                for verb in VERBS
            ),
            *super().get_urls(),
        ]

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Buttons only for those who may."""
        return self.list_display if may(request, PERMISSION) else self.list_display[:-1]

    def _ask(self, request: HttpRequest, number: int, *, verb: str) -> HttpResponse:
        require(request, "view_worker")
        require(request, PERMISSION)
        worker = crew.worker(number)
        if worker is None:
            raise Http404("There is no such worker.")
        back = reverse("admin:actions_worker_changelist")
        noted = partial(self.log_change, request, worker)
        answer = worker_form(request, worker, VERBS[verb], back, noted=noted)
        return self.page(request, "worker.html", answer) if isinstance(answer, dict) else answer

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """There is nothing more to see than the list shows."""
        return self.changelist_view(request)

    @admin.display(description="worker", ordering="pk")
    def number(self, worker: Worker) -> str:
        """What commands call it."""
        return str(worker.pk)

    @admin.display(description="state")
    def shown_state(self, worker: Worker) -> SafeString:
        """At work, quiet, to stop, silent or gone."""
        if worker.gone_at is not None:
            return format_html('<span class="do-status do-cancelled">{}</span>', "– gone")
        if worker.heartbeat_at < fresh_since():
            return format_html('<span class="do-status do-failed">{}</span>', "✕ silent")
        if worker.stop_at is not None:
            return format_html('<span class="do-paused">{}</span> by {}', "■ stopping", worker.stop_by)
        if worker.quiet_at is not None:
            return format_html('<span class="do-paused">{}</span> by {}', "❚❚ quiet", worker.quiet_by)
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

    @admin.display(description="")
    def acts(self, worker: Worker) -> SafeString | str:
        """What can be asked of it now."""
        if worker.gone_at is not None or worker.stop_at is not None:
            return ""
        names = ("resume" if worker.quiet_at else "quiet", "stop")
        links = ((reverse(f"admin:actions_worker_{name}", args=[worker.pk]), VERBS[name].label) for name in names)
        return format_html_join(" ", '<a class="do-button" href="{}">{}</a>', links)
