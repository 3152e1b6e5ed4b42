"""Actions and queues: what is declared, how it goes, and the ways to trigger, pause and resume."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from actions.admin import show
from actions.admin.base import BoundedList, LookOnly, may, require
from actions.admin.filters import ActionKindFilter, EffectsFilter, PausedFilter, QueueFilter
from actions.admin.pausing import pause_page
from actions.admin.triggering import trigger_page
from actions.desk.triggering import why_not
from actions.errors import ActionNotFound
from actions.messages import kind_means
from actions.models import Action, Queue
from actions.queries import catalogue, pauses, stats


class ActionList(BoundedList):
    """Each action with what became of its newest executions."""

    def get_results(self, request: HttpRequest) -> None:
        """One more query for the whole page."""
        super().get_results(request)
        rows = list(self.result_list)
        recent = stats.by_action([row.name for row in rows])
        for row in rows:
            row.recent = recent[row.name]
        self.result_list = rows


@admin.register(Action)
class ActionAdmin(LookOnly):
    """What can be done."""

    list_display = ("shown_name", "kind", "shown_effects", "queue", "shown_state", "counts", "last", "trigger")
    list_filter = (PausedFilter, ActionKindFilter, EffectsFilter, QueueFilter)
    search_fields = ("name", "description")
    ordering = ("name",)
    console = ("actions", "action")
    note = f"What the code declares. Counts are of each action's newest {stats.RECENT:,} executions."

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[ActionList]:
        """With counts."""
        return ActionList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Action]:
        """With the pauses of their tags."""
        return pauses.with_tags(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        """Trigger, pause and resume before Django's own."""
        wrap = self.admin_site.admin_view
        return [
            path(
                "<path:name>/tag/<path:tag>/pause/",
                wrap(partial(self._pause_tag, paused=True)),
                name="actions_tag_pause",
            ),
            path(
                "<path:name>/tag/<path:tag>/resume/",
                wrap(partial(self._pause_tag, paused=False)),
                name="actions_tag_resume",
            ),
            path("<path:name>/trigger/", wrap(self._trigger), name="actions_action_trigger"),
            path("<path:name>/pause/", wrap(partial(self._pause, paused=True)), name="actions_action_pause"),
            path("<path:name>/resume/", wrap(partial(self._pause, paused=False)), name="actions_action_resume"),
            *super().get_urls(),
        ]

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What it is, by the schema and policies of its code."""
        require(request, "view_action")
        action = self._find(object_id)
        context = {
            "title": action.name,
            "action": action,
            "meaning": kind_means(action.kind, action.effects),
            "recent": stats.by_action([action.name])[action.name],
            "params_schema": show.Payload(action.params_schema),
            "result_schema": show.Payload(action.result_schema),
            "may_trigger": may(request, "trigger") and not why_not(action),
            "why_not": why_not(action) if action.declared else "",
            "may_pause": may(request, "pause"),
            "key": quote(action.name),
            "tags": _tags(action),
            **self.beside(action.name),
        }
        return self.page(request, "action.html", context)

    def _trigger(self, request: HttpRequest, name: str) -> HttpResponse:
        require(request, "view_action")
        action = self._find(name)
        if not action.declared:
            raise Http404(why_not(action))
        return trigger_page(self, request, action)

    def _pause(self, request: HttpRequest, name: str, *, paused: bool) -> HttpResponse:
        require(request, "view_action")
        back = reverse("admin:actions_action_change", args=[name])
        return pause_page(self, request, self._find(name), back, paused=paused)

    def _pause_tag(self, request: HttpRequest, name: str, tag: str, *, paused: bool) -> HttpResponse:
        require(request, "view_action")
        action, tag = self._find(name), unquote(tag)
        if tag not in action.tags:
            raise Http404(f"{action.name} has no such tag.")
        back = reverse("admin:actions_action_change", args=[quote(action.name)])
        return pause_page(self, request, pauses.tag(tag), back, paused=paused)

    def _find(self, name: str) -> Action:
        try:
            return catalogue.find(unquote(name))
        except ActionNotFound as error:
            raise Http404(error.message) from None

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Trigger only for those who may."""
        return self.list_display if may(request, "trigger") else self.list_display[:-1]

    @admin.display(description="action")
    def shown_name(self, action: Action) -> SafeString:
        """With the first line of its description."""
        first = action.description.partition("\n")[0]
        return format_html('<strong>{}</strong><br><span class="do-quiet">{}</span>', action.name, show.visible(first))

    @admin.display(description="effects")
    def shown_effects(self, action: Action) -> str:
        """A workflow has none of its own."""
        return "those of its steps" if action.kind == "workflow" else action.effects

    @admin.display(description="state")
    def shown_state(self, action: Action) -> SafeString | str:
        """Paused by whom, or not declared any more."""
        if action.paused_at:
            return format_html('<span class="do-paused">❚❚ paused</span> by {}', action.paused_by)
        if action.tag_pauses:
            return format_html('<span class="do-paused">❚❚ paused</span> by its tag {}', action.tag_pauses[0].name)
        return "active" if action.declared else "not in the code"

    @admin.display(description="executions")
    def counts(self, action: Action) -> SafeString | str:
        """By status, each a link to the list with the same rows."""
        recent: stats.Recent = action.recent  # type: ignore[attr-defined]  # set by ActionList
        url = reverse("admin:actions_execution_changelist")
        return (
            format_html_join(
                " ",
                '<a class="do-count" href="{}?action={}&amp;status={}">{} {}{}</a>',
                (
                    (url, action.name, count.status, show.badge(count.status), count.number, "+" * recent.partial)
                    for count in recent.counts
                ),
            )
            or "none yet"
        )

    @admin.display(description="last")
    def last(self, action: Action) -> SafeString | str:
        """The newest execution."""
        recent: stats.Recent = action.recent  # type: ignore[attr-defined]  # set by ActionList
        if not recent.last_id:
            return ""
        url, badge = show.execution_url(recent.last_id), show.badge(recent.last_status)
        return format_html('<a href="{}">{}</a> {}', url, badge, show.when(recent.last_at))

    @admin.display(description="")
    def trigger(self, action: Action) -> SafeString | str:
        """A way to the form."""
        if why_not(action):
            return ""
        url = reverse("admin:actions_action_trigger", args=[quote(action.name)])
        return format_html('<a class="do-button" href="{}">Trigger</a>', url)


def _tags(action: Action) -> list[dict[str, Any]]:
    """Its tags with their place in addresses, and whether they are paused."""
    paused = {tag.name: tag.paused_at for tag in action.tag_pauses}
    return [{"name": name, "key": quote(name), "paused_at": paused.get(name)} for name in dict.fromkeys(action.tags)]


@admin.register(Queue)
class QueueAdmin(LookOnly):
    """Where executions wait."""

    list_display = ("name", "shown_state", "paused_by", "paused_reason", "change_state")
    list_filter = (PausedFilter,)
    list_display_links = None
    console = ("queues", "")
    ordering = ("name",)
    note = "Workers take from these. Pausing one lets what is running end, and starts nothing new."

    def get_urls(self) -> list[URLPattern]:
        """Pause and resume before Django's own."""
        wrap = self.admin_site.admin_view
        return [
            path("<path:name>/pause/", wrap(partial(self._pause, paused=True)), name="actions_queue_pause"),
            path("<path:name>/resume/", wrap(partial(self._pause, paused=False)), name="actions_queue_resume"),
            *super().get_urls(),
        ]

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Pausing only for those who may."""
        return self.list_display if may(request, "pause") else self.list_display[:-1]

    def _pause(self, request: HttpRequest, name: str, *, paused: bool) -> HttpResponse:
        require(request, "view_queue")
        queue = catalogue.queue(unquote(name))
        if queue is None:
            raise Http404("There is no such queue.")
        return pause_page(self, request, queue, reverse("admin:actions_queue_changelist"), paused=paused)

    @admin.display(description="state")
    def shown_state(self, queue: Queue) -> SafeString | str:
        """Paused since when."""
        if queue.paused_at is None:
            return "active"
        paused = format_html('<span class="do-paused">❚❚ paused</span> since {}', show.when(queue.paused_at))
        return format_html("{} until {}", paused, show.when(queue.paused_until)) if queue.paused_until else paused

    @admin.display(description="")
    def change_state(self, queue: Queue) -> SafeString:
        """A way to the other state, and to another end of the pause."""
        ways = [("pause", "Change until"), ("resume", "Resume")] if queue.paused_at else [("pause", "Pause")]
        links = ((reverse(f"admin:actions_queue_{verb}", args=[quote(queue.name)]), label) for verb, label in ways)
        return format_html_join(" ", '<a class="do-button" href="{}">{}</a>', links)
