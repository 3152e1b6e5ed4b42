"""Actions, and audit entries a page at a time, as values ready for JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KT

from actions import narrowing
from actions.errors import storable
from actions.ids import parse_id, public_id
from actions.models import Action, AuditEntry, Queue, Schedule, Tag
from actions.models.action import Pausable
from actions.queries import pauses
from actions.queries.listing import actor, moment

LARGEST_PAGE = 200
_KINDS: dict[str, type[Action | Queue | Tag | Schedule]] = {
    "action": Action,
    "queue": Queue,
    "tag": Tag,
    "schedule": Schedule,
}


@dataclass(frozen=True, slots=True)
class Page:
    """Some items, and the cursor for those after them; None where there are none."""

    items: list[dict[str, Any]]
    next: str | None


def _named(patterns: Sequence[str]) -> Q:
    """Actions that one of the patterns names: whole names, or beginnings with a star behind."""
    if "*" in patterns:
        return Q()
    exact = [pattern for pattern in patterns if not pattern.endswith("*")]
    found = Q(name__in=exact)
    for pattern in patterns:
        if pattern.endswith("*"):
            found |= Q(name__startswith=pattern[:-1])
    return found


def actions(patterns: Sequence[str]) -> list[dict[str, Any]]:
    """The declared actions that `patterns` names, without their schemas."""
    rows = Action.objects.filter(_named(patterns), declared=True).order_by("name")
    return [brief(row) for row in pauses.with_tags(rows.defer("params_schema", "result_schema"))]


def action(name: str) -> dict[str, Any] | None:
    """One action with its schemas and policies; None when there is none."""
    row = pauses.with_tags(Action.objects.filter(pk=storable(name), declared=True)).first()
    if row is None:
        return None
    policies = {**row.policies, "timeout": row.timeout, "hard_timeout": row.hard_timeout}
    return {
        **brief(row),
        "params_schema": row.params_schema,
        "result_schema": row.result_schema,
        "secret_params": row.secret_params,
        "policies": {**policies, "max_concurrency": row.max_concurrency},
    }


def brief(row: Action) -> dict[str, Any]:
    """An action without its schemas, as programs read it."""
    return {
        "name": row.name,
        "kind": row.kind,
        "description": row.description,
        "effects": row.effects,
        "queue": row.queue,
        "tags": row.tags,
        "paused": _paused(row),
    }


def _paused(row: Action) -> dict[str, Any] | None:
    """Its own pause, else that of the first of its tags that is paused."""
    by: Pausable | None = row if row.paused_at else next(iter(row.tag_pauses), None)
    if by is None:
        return None
    return {
        "at": moment(by.paused_at),
        "by": by.paused_by,
        "reason": by.paused_reason,
        "until": moment(by.paused_until),
        "tag": None if by is row else by.pk,
    }


def standing(kind: str, key: str | int) -> dict[str, Any]:
    """Whether an action, a queue, a tag or a schedule (by its id) is paused now, by whom and until when."""
    # Spelt out, what PostgreSQL cannot hold is simply not found.
    key = storable(key) if isinstance(key, str) else key
    row = _KINDS[kind]._default_manager.filter(pk=key, paused_at__isnull=False).first()
    if row is None:
        return {"paused": False, "by": "", "until": None}
    return {"paused": True, "by": row.paused_by, "until": moment(row.paused_until)}


def entries(*, cursor: int | None, limit: int, **asked: Any) -> Page:
    """Audit entries with these marks (audit_rows), newest first."""
    rows = audit_rows(**asked).order_by("-id")
    if cursor is not None:
        rows = rows.filter(id__lt=cursor)
    found = [entry(row) for row in rows[: limit + 1]]
    return Page(found[:limit], str(found[limit - 1]["id"]) if len(found) > limit else None)


def audit_rows(
    *,
    execution: str = "",
    action: str = "",
    verb: str = "",
    actor_label: str = "",
    request: str = "",
    operation: str = "",
    xid: int | None = None,
) -> QuerySet[AuditEntry]:
    """The audit entries with these marks that the reader may see; `execution` is a public id."""
    rows = AuditEntry.objects.all()
    likes = narrowing.likes()
    if likes is not None:
        seen = RawSQL("actions_auditentry.action LIKE ANY (%s::text[])", (likes,), output_field=BooleanField())
        rows = rows.filter(seen)
    for name, text in (("request", request), ("operation", operation)):
        if text:
            # As the partial indexes say it.
            rows = rows.filter(data__has_key=name).alias(**{name: KT(f"data__{name}")}).filter(**{name: storable(text)})
    if xid is not None:
        rows = rows.filter(xid=xid)
    if execution:
        row_id = parse_id(execution)
        rows = rows.filter(execution_id=row_id) if row_id else rows.none()
    for column, text in (("action", action), ("verb", verb), ("actor_label", actor_label)):
        if text:
            rows = rows.filter(**{column: storable(text)})
    return rows


def entry(row: AuditEntry) -> dict[str, Any]:
    """An audit entry as the API shows it."""
    return {
        "id": row.pk,
        "at": moment(row.at),
        "verb": row.verb,
        "actor": actor(row.__dict__),
        "execution": row.execution_id and public_id(row.execution_id),
        "action": row.action or None,
        "attempt": row.attempt,
        "reason": row.reason,
        "data": row.data,
        "xid": row.xid,
    }
