"""Alert rules, channels and what was told, to look at; they are managed in the console."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from actions.admin import show
from actions.admin.base import LookOnly, in_console, may
from actions.desk import alerting
from actions.models import Alert, AlertChannel, AlertRule

VIEW = "view_execution"


class Watching(LookOnly):
    """Pages for those who see executions; rows of their own there are none."""

    list_display_links = None
    verb = VIEW

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """By a permission that is not the model's own."""
        return may(request, self.verb)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Named in the index only for those who may."""
        return may(request, self.verb)

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """There is nothing more to see than the list shows."""
        return self.changelist_view(request)


@admin.register(AlertRule)
class AlertRuleAdmin(Watching):
    """What is watched for."""

    list_display = ("name", "shown_kind", "shown_scope", "shown_limit", "shown_state", "made")
    ordering = ("name",)
    console = ("alerts", "")
    note = "What is watched for. Rules are made, changed and paused in the console."

    @admin.display(description="kind")
    def shown_kind(self, rule: AlertRule) -> str:
        """Its name."""
        return alerting.label(rule.kind)

    @admin.display(description="watches")
    def shown_scope(self, rule: AlertRule) -> str:
        """What of it."""
        return f"{alerting.watches(rule)} {rule.of}".strip()

    @admin.display(description="limit")
    def shown_limit(self, rule: AlertRule) -> str:
        """From where on it tells."""
        return alerting.limit(rule)

    @admin.display(description="state")
    def shown_state(self, rule: AlertRule) -> SafeString:
        """Watching, or paused by whom."""
        if rule.paused_at is None:
            return format_html('<span class="do-status do-succeeded">{}</span>', "✓ watching")
        return format_html(
            '<span class="do-status do-cancelled">❚❚ paused</span> by {}: {}', rule.paused_by, rule.paused_reason
        )

    @admin.display(description="made")
    def made(self, rule: AlertRule) -> SafeString:
        """UTC, by whom."""
        return format_html("{} by {}", show.when(rule.created_at), rule.created_by)


@admin.register(AlertChannel)
class AlertChannelAdmin(Watching):
    """Where it is told: never an address."""

    list_display = ("name", "kind", "shown", "shown_state", "made")
    ordering = ("name",)
    console = ("alerts", "")
    verb = "manage_alerts"
    note = "Where alerts are told. Addresses are kept encrypted; here are their schemes and hosts."

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertChannel]:
        """Without what is encrypted."""
        return super().get_queryset(request).defer("address")

    @admin.display(description="state")
    def shown_state(self, channel: AlertChannel) -> SafeString:
        """Active, or disabled by whom."""
        if channel.disabled_at is None:
            return format_html('<span class="do-status do-succeeded">{}</span>', "✓ active")
        return format_html(
            '<span class="do-status do-cancelled">❚❚ disabled</span> by {}: {}',
            channel.disabled_by,
            channel.disabled_reason,
        )

    @admin.display(description="made")
    def made(self, channel: AlertChannel) -> SafeString:
        """UTC, by whom."""
        return format_html("{} by {}", show.when(channel.created_at), channel.created_by)


@admin.register(Alert)
class AlertAdmin(Watching):
    """What was told."""

    list_display = ("found", "rule_name", "shown_title", "shown_state")
    ordering = ("-id",)
    console = ("alerts-log", "alert")
    note = "What rules have found, newest first. Where it was told stands in the console."

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The console has its page."""
        there = in_console("alert", object_id)
        return HttpResponseRedirect(there) if there else self.changelist_view(request)

    @admin.display(description="found")
    def found(self, alert: Alert) -> str:
        """UTC."""
        return show.when(alert.at)

    @admin.display(description="alert")
    def shown_title(self, alert: Alert) -> SafeString | str:
        """With a link to its page in the console."""
        there = in_console("alert", alert.public_id)
        return format_html('<a href="{}">{}</a>', there, alert.title) if there else alert.title

    @admin.display(description="state")
    def shown_state(self, alert: Alert) -> str:
        """Whether it lasts, and whether it was sent."""
        if alert.held:
            return "not sent"
        return "" if not alert.lasting else "open" if alert.recovered_at is None else "over"
