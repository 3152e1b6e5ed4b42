"""Executions: the list with its filters and searches, and the way to each page and verb."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from actions.admin import bulk, show
from actions.admin.base import BoundedList, LookOnly, may, require
from actions.admin.confirm import confirm, emit_page, replay_from_page, replay_page
from actions.admin.detail import detail
from actions.admin.filters import ActionFilter, KindFilter, QueueFilter, StatusFilter, WorkflowFilter
from actions.desk.payloads import HIDDEN, sight
from actions.desk.verbs import VERBS
from actions.errors import ExecutionNotFound
from actions.models import Execution
from actions.queries import catalogue
from actions.queries import executions as reads
from actions.states import Status


class ExecutionList(BoundedList):
    """Newest first; the failed ones by when they failed."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Orders that an index holds, whatever was asked."""
        if self.params.get("status") == Status.FAILED or request.GET.get("status") == Status.FAILED:
            return ["-finished_at", "-id"]
        return ["-id"]

    def get_results(self, request: HttpRequest) -> None:
        """One more query for the whole page: which of them are workflows."""
        super().get_results(request)
        rows = list(self.result_list)
        names = catalogue.workflows()
        for row in rows:
            row.is_workflow = row.action_id in names
        self.result_list = rows

    def url_for_result(self, result: Any) -> str:
        """By the public id."""
        return show.execution_url(result.pk)


@admin.register(Execution)
class ExecutionAdmin(LookOnly):
    """One row per request to do an action."""

    list_display = ("shown_id", "shown_action", "shown_status", "cause", "shown_actor", "asked", "ended")
    list_display_links = None
    list_filter = (StatusFilter, KindFilter, WorkflowFilter, ActionFilter, QueueFilter)
    search_fields: ClassVar[Any] = ("id",)
    search_help_text = "An id (exec_…) or an exact idempotency key"
    actions = (bulk.retry, bulk.run_now, bulk.cancel)
    console = ("executions", "execution")
    note = "One row per request to do an action. What failed or is in doubt waits for you."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Execution]:
        """Without the large columns."""
        return reads.listed()

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[ExecutionList]:
        """In orders that an index holds."""
        return ExecutionList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Execution], search_term: str
    ) -> tuple[QuerySet[Execution], bool]:
        """By id or key, exactly."""
        return (reads.search(queryset, search_term) if search_term else queryset), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Execution | None:
        """By the public id."""
        try:
            return reads.find(object_id)
        except ExecutionNotFound:
            return None

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whether retry is offered for many."""
        return may(request, "retry")

    def has_run_now_permission(self, request: HttpRequest) -> bool:
        """Whether run now is offered for many."""
        return may(request, "run_now")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Whether cancel is offered for many."""
        return may(request, "cancel")

    def get_urls(self) -> list[URLPattern]:
        """The verbs' pages before Django's own."""
        wrap = self.admin_site.admin_view
        pages = [
            path(f"<str:public_id>/{verb.name}/", wrap(partial(self._verb, name=verb.name)), name=_name(verb.name))
            for verb in VERBS.values()
        ]
        return [
            *pages,
            path("<str:public_id>/replay/", wrap(self._replay), name=_name("replay")),
            path("<str:public_id>/replay-from/", wrap(self._replay_from), name=_name("replay_from")),
            path("<str:public_id>/emit/", wrap(self._emit), name=_name("emit")),
            path("<str:public_id>/payload/<str:part>.json", wrap(self._download), name=_name("payload")),
            *super().get_urls(),
        ]

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everything about one execution."""
        require(request, "view_execution")
        execution = self._find(object_id)
        return self.page(request, "execution.html", {**detail(request, execution), **self.beside(execution.public_id)})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What was done to it by these pages."""
        return super().history_view(request, str(self._find(object_id).pk), extra_context)

    def _verb(self, request: HttpRequest, public_id: str, name: str) -> HttpResponseBase:
        require_view(request)
        return confirm(self, request, self._find(public_id), VERBS[name])

    def _replay(self, request: HttpRequest, public_id: str) -> HttpResponseBase:
        require_view(request)
        return replay_page(self, request, self._find(public_id))

    def _replay_from(self, request: HttpRequest, public_id: str) -> HttpResponseBase:
        require_view(request)
        return replay_from_page(self, request, self._find(public_id))

    def _emit(self, request: HttpRequest, public_id: str) -> HttpResponseBase:
        require_view(request)
        return emit_page(self, request, self._find(public_id))

    def _download(self, request: HttpRequest, public_id: str, part: str) -> HttpResponse:
        require_view(request)
        require(request, "view_payload")
        execution = self._find(public_id)
        if not sight(request, execution).shown:
            raise PermissionDenied(HIDDEN)
        if part not in {"params", "result", "error"}:
            raise Http404("There is no such part of an execution.")
        response = HttpResponse(
            show.pretty(getattr(execution, part), whole=part == "error"), content_type="application/json"
        )
        response["Content-Disposition"] = f'attachment; filename="{execution.public_id}-{part}.json"'
        return response

    def _find(self, text: str) -> Execution:
        try:
            return reads.find(text)
        except ExecutionNotFound as error:
            raise Http404(error.message) from None

    @admin.display(description="execution")
    def shown_id(self, execution: Execution) -> SafeString:
        """Linked."""
        return show.execution_link(execution.pk)

    @admin.display(description="action")
    def shown_action(self, execution: Execution) -> SafeString | str:
        """By its name (its row may be gone), with the key of a step."""
        name: SafeString | str = execution.action_id
        if getattr(execution, "is_workflow", False):
            name = format_html('{} <span class="do-kind">workflow</span>', name)
        if execution.parent_id is None:
            return name
        of = '{}<br><span class="do-quiet do-of">step <bdi>{}</bdi></span>'
        return format_html(of, name, show.visible(execution.step or ""))

    @admin.display(description="status")
    def shown_status(self, execution: Execution) -> str:
        """Colour, icon and word."""
        return show.badge(execution.status)

    @admin.display(description="error", empty_value="")
    def cause(self, execution: Execution) -> str:
        """The beginning of the error."""
        return show.visible(getattr(execution, "cause", None) or "")

    @admin.display(description="asked by")
    def shown_actor(self, execution: Execution) -> SafeString | str:
        """As it was called then; a step's workflow is linked."""
        if execution.parent_id is None:
            return execution.actor_label
        return format_html('<a href="{}">{}</a>', show.execution_url(execution.parent_id), execution.actor_label)

    @admin.display(description="asked at")
    def asked(self, execution: Execution) -> str:
        """UTC."""
        return show.when(execution.created_at)

    @admin.display(description="ended at", empty_value="")
    def ended(self, execution: Execution) -> str:
        """UTC."""
        return show.when(execution.finished_at)


def require_view(request: HttpRequest) -> None:
    """Raise PermissionDenied unless executions may be seen at all."""
    require(request, "view_execution")


def _name(verb: str) -> str:
    return f"actions_execution_{verb}"
