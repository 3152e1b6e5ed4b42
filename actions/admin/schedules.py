"""Schedules: when they come and how they went; made, changed, paused, run beside their times and removed, with a reason."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from actions import messages as words
from actions.admin import show
from actions.admin.base import LookOnly, actor_of, may, require
from actions.admin.filters import PausedFilter
from actions.admin.pausing import pause_page
from actions.desk.asking import FORM_KEY, fresh_key, sent_key
from actions.desk.forms.acts import ReasonForm
from actions.desk.payloads import sees_all
from actions.desk.scheduling import schedule_form
from actions.desk.triggering import why_not
from actions.engine.schedules.remove import remove
from actions.engine.schedules.run_now import run_now
from actions.errors import ActionNotFound, DoplatformError, Forbidden, ReasonRequired, ScheduleNotFound
from actions.models import Action, Schedule
from actions.queries import catalogue, schedules

_MANAGE = "manage_schedules"


@admin.register(Schedule)
class ScheduleAdmin(LookOnly):
    """What is asked for by the clock."""

    list_display = ("shown_name", "shown_when", "shown_state", "shown_next", "shown_last", "shown_error")
    list_filter = (PausedFilter,)
    list_select_related = ("action",)
    search_fields = ("name", "action__name")
    ordering = ("withdrawn", "next_at", "action", "name", "id")
    console = ("schedules", "schedule")
    change_list_template = "admin/actions/schedules.html"
    note = "What is asked for by the clock. Each time is done once."

    def get_urls(self) -> list[URLPattern]:
        """The verbs before Django's own."""
        wrap = self.admin_site.admin_view
        return [
            path("make/<path:name>/", wrap(self._make), name="actions_schedule_make"),
            path("<int:key>/edit/", wrap(self._edit), name="actions_schedule_edit"),
            path("<int:key>/pause/", wrap(partial(self._pause, paused=True)), name="actions_schedule_pause"),
            path("<int:key>/resume/", wrap(partial(self._pause, paused=False)), name="actions_schedule_resume"),
            path("<int:key>/run/", wrap(self._run), name="actions_schedule_run"),
            path("<int:key>/remove/", wrap(self._remove), name="actions_schedule_remove"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the actions of which one may make a schedule."""
        names: list[str] = []
        if may(request, _MANAGE) and may(request, "trigger"):
            names = [row.name for row in catalogue.listed() if not why_not(row)]
        return super().changelist_view(request, {"schedulable": names, **(extra_context or {})})

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One schedule."""
        require(request, "view_schedule")
        shown = self._find(object_id)
        row = shown.row
        context = {
            "title": str(row),
            "row": row,
            "shown": shown,
            "moments": schedules.times(row),
            "params": show.Payload(row.params) if sees_all(request) else None,
            "may_run": may(request, "trigger") and row.action.declared,
            "may_pause": may(request, "pause") and not row.withdrawn,
            "may_edit": may(request, _MANAGE) and may(request, "trigger") and not row.declared,
            "may_remove": may(request, _MANAGE) and (not row.declared or row.withdrawn),
            "may_see": may(request, "view_execution"),
            **self.beside(row.pk),
        }
        return self.page(request, "schedule.html", context)

    def _make(self, request: HttpRequest, name: str) -> HttpResponse:
        require(request, _MANAGE)
        require(request, "trigger")
        try:
            action = catalogue.find(name)
        except ActionNotFound as error:
            raise Http404(error.message) from None
        if refusal := why_not(action):
            raise PermissionDenied(refusal)
        return self._form(request, action, None)

    def _edit(self, request: HttpRequest, key: int) -> HttpResponse:
        require(request, _MANAGE)
        require(request, "trigger")
        row = self._find(key).row
        if row.declared:
            raise PermissionDenied(words.SCHEDULE_IN_CODE)
        return self._form(request, row.action, row)

    def _form(self, request: HttpRequest, action: Action, row: Schedule | None) -> HttpResponse:
        answer = schedule_form(request, action, row, page_of=_page_of)
        if isinstance(answer, dict):
            back = _page_of(row.pk) if row else reverse("admin:actions_schedule_changelist")
            return self.page(request, "schedule_form.html", {**answer, "back": back})
        if row is not None:
            self.log_change(request, row, f"change: {request.POST.get('reason', '')}"[:2_000])
        return answer

    def _pause(self, request: HttpRequest, key: int, *, paused: bool) -> HttpResponse:
        require(request, "view_schedule")
        row = self._find(key).row
        return pause_page(self, request, row, _page_of(row.pk), paused=paused)

    def _run(self, request: HttpRequest, key: int) -> HttpResponse:
        require(request, "trigger")
        row = self._find(key).row
        me, once = actor_of(request), sent_key(request)

        def act(reason: str) -> str:
            accepted = run_now(row.pk, actor=me, reason=reason, idempotency_key=once)
            messages.success(request, words.TRIGGERED_BEFORE if accepted.replayed else words.TRIGGERED)
            return show.execution_url(accepted.id)

        return self._ask(request, row, act, title=f"Run {row} now", explain="run_schedule", verb="Run now")

    def _remove(self, request: HttpRequest, key: int) -> HttpResponse:
        require(request, _MANAGE)
        row = self._find(key).row
        if row.declared and not row.withdrawn:
            raise PermissionDenied(words.SCHEDULE_IN_CODE)
        me = actor_of(request)

        def act(reason: str) -> str:
            remove(row.pk, actor=me, reason=reason)
            messages.success(request, f"{row} is removed.")
            return reverse("admin:actions_schedule_changelist")

        return self._ask(
            request, row, act, title=f"Remove {row}", explain="remove_schedule", verb="Remove", danger=True
        )

    def _ask(
        self, request: HttpRequest, row: Schedule, act: Callable[[str], str], *, explain: str, verb: str, **context: Any
    ) -> HttpResponse:
        """GET asks why; POST acts and goes on, or puts the engine's answer at the field."""
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                there = act(reason)
            except Forbidden as error:
                raise PermissionDenied(error.message) from None
            except ScheduleNotFound as error:
                raise Http404(error.message) from None
            except DoplatformError as error:
                form.add_error("reason" if isinstance(error, ReasonRequired) else None, error.message)
            else:
                self.log_change(request, row, f"{verb.lower()}: {reason}"[:2_000])
                return HttpResponseRedirect(there)
        key = sent_key(request) if request.method == "POST" else fresh_key()
        frame = {"form": form, "key_field": FORM_KEY, "form_key": key, "back": _page_of(row.pk), "verb": verb}
        return self.page(request, "key_form.html", {**frame, "explain": words.EXPLAIN[explain], **context})

    def _find(self, key: int | str) -> schedules.Shown:
        try:
            return schedules.find(schedules.named(str(key)))
        except ScheduleNotFound as error:
            raise Http404(error.message) from None

    @admin.display(description="schedule")
    def shown_name(self, row: Schedule) -> SafeString:
        """With its action."""
        return format_html(
            '<strong><bdi>{}</bdi></strong><br><span class="do-quiet">{}</span>', show.visible(row.name), row.action_id
        )

    @admin.display(description="when")
    def shown_when(self, row: Schedule) -> SafeString:
        """As a sentence."""
        return format_html("{}<br>{} {}", schedules.says(row), row.cron, row.timezone)

    @admin.display(description="state")
    def shown_state(self, row: Schedule) -> SafeString | str:
        """Paused by whom, from the code or not any more."""
        if row.withdrawn:
            return "not in the code"
        if row.paused_at:
            paused = format_html('<span class="do-paused">❚❚ paused</span> by {}', row.paused_by)
            return format_html("{} until {}", paused, show.when(row.paused_until)) if row.paused_until else paused
        return "from the code" if row.declared else "active"

    @admin.display(description="next")
    def shown_next(self, row: Schedule) -> str:
        """UTC."""
        if row.next_at:
            return show.when(row.next_at)
        return "when resumed" if row.paused_at and not row.withdrawn else "never"

    @admin.display(description="last done")
    def shown_last(self, row: Schedule) -> str:
        """UTC."""
        return show.when(row.last_at) if row.last_at else "never"

    @admin.display(description="last fault")
    def shown_error(self, row: Schedule) -> str:
        """Why the last time started nothing."""
        return show.visible(row.last_error[:160])


def _page_of(key: int) -> str:
    return reverse("admin:actions_schedule_change", args=[key])
