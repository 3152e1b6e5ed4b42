"""The audit, to read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from actions.models import AuditEntry

PAGE = 50
LONGEST_LABEL = 255
VERBS = (
    "execution.accepted",
    "execution.started",
    "execution.suspended",
    "execution.emitted",
    "execution.resumed",
    "execution.unblocked",
    "execution.skipped",
    "execution.revived",
    "execution.succeeded",
    "execution.failed",
    "execution.retrying",
    "execution.in_doubt",
    "execution.rescued",
    "execution.postponed",
    "execution.given_back",
    "execution.retried",
    "execution.run_now",
    "execution.resolved",
    "execution.cancel_requested",
    "execution.cancelled",
    "execution.force_stopped",
    "action.paused",
    "action.pause_changed",
    "action.resumed",
    "queue.paused",
    "queue.pause_changed",
    "queue.resumed",
    "tag.paused",
    "tag.pause_changed",
    "tag.resumed",
    "worker.quieted",
    "worker.resumed",
    "worker.stopped",
    "schedule.created",
    "schedule.changed",
    "schedule.withdrawn",
    "schedule.removed",
    "schedule.paused",
    "schedule.pause_changed",
    "schedule.resumed",
    "schedule.run_now",
    "schedule.skipped",
    "schedule.failed",
    "failures.resolved",
    "failures.ignored",
    "failures.reopened",
    "bulk.begun",
    "bulk.aborted",
    "bulk.finished",
    "bulk.exported",
    "executions.exported",
    "view.shared",
    "view.unshared",
    "view.removed",
    "api_key.created",
    "api_key.rotated",
    "api_key.callback_changed",
    "api_key.revoked",
    "service_account.created",
    "service_account.disabled",
    "service_account.enabled",
    "alert_rule.created",
    "alert_rule.changed",
    "alert_rule.paused",
    "alert_rule.resumed",
    "alert_rule.removed",
    "alert_channel.created",
    "alert_channel.changed",
    "alert_channel.tested",
    "alert_channel.disabled",
    "alert_channel.enabled",
    "alert_channel.removed",
    "access.denied",
    "access.locked_out",
    "audit.exported",
    "payload.viewed",
)
"""Every verb that is written, in the order of an execution's life."""


@dataclass(frozen=True, slots=True)
class LastWord:
    """The newest thing that a person did to an execution."""

    verb: str
    by: str
    at: datetime


def of_execution(execution_id: UUID, number: int = PAGE) -> list[AuditEntry]:
    """The newest entries about one execution."""
    return list(AuditEntry.objects.filter(execution_id=execution_id).order_by("-id")[:number])


def last_word(execution_id: UUID) -> LastWord | None:
    """Who did something to an execution last, and what; None when nobody has."""
    # Among the newest only: this explains what happened a moment ago.
    newest = of_execution(execution_id, 10)
    return next(
        (LastWord(entry.verb, entry.actor_label, entry.at) for entry in newest if entry.actor_kind == "user"), None
    )


def by_actor(entries: QuerySet[AuditEntry], label: str) -> QuerySet[AuditEntry]:
    """Those of the actor called exactly `label`."""
    if not label or "\x00" in label or len(label) > LONGEST_LABEL:
        return entries.none()
    return entries.filter(actor_label=label)
