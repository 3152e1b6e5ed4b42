"""sync: the catalogue's rows follow the code when a process starts."""

from typing import Any

from django.conf import settings
from django.db import transaction

from actions import conf
from actions.definitions.action import Action as Declared
from actions.definitions.registry import registry
from actions.definitions.remote import RemoteAction
from actions.definitions.workflow import Workflow
from actions.engine.perform import hard_timeout, soft_timeout
from actions.engine.schedules import declared as schedules
from actions.models import Action, Queue

_COLUMNS = (
    "kind", "description", "effects", "queue", "timeout", "hard_timeout", "max_concurrency", "policies", "params_schema",
    "result_schema", "tags", "secret_params", "declared",
)  # fmt: skip


def sync() -> None:
    """Write one row per declared action, queue and schedule. What operators changed (pauses, notes) stays; nothing is deleted."""
    rows = [Action(name=declared.name, **_columns(declared)) for declared in registry]
    with transaction.atomic():
        known = {row.name: row for row in Action.objects.all()}
        fresh = [row for row in rows if not _same(row, known.get(row.name))]
        if fresh:
            Action.objects.bulk_create(
                fresh, update_conflicts=True, unique_fields=["name"], update_fields=[*_COLUMNS, "synced_at"]
            )
        gone = [name for name, row in known.items() if row.declared and registry.get(name) is None]
        if gone:
            Action.objects.filter(name__in=gone).update(declared=False)
        queues = {*settings.RQ_QUEUES, *(declared.queue for declared in registry)}
        Queue.objects.bulk_create([Queue(name=name) for name in sorted(queues)], ignore_conflicts=True)
    schedules.follow()


def _columns(declared: Declared[Any, Any]) -> dict[str, Any]:
    retry = declared.retry
    return {
        "kind": declared.kind,
        "description": declared.description,
        "effects": declared.effects.value,
        "queue": declared.queue,
        "timeout": soft_timeout(declared),
        "hard_timeout": hard_timeout(declared),
        "max_concurrency": declared.max_concurrency,
        "policies": {
            "retry": {
                "max_attempts": retry.max_attempts,
                "delay": retry.delay,
                "factor": retry.factor,
                "max_delay": retry.max_delay,
                "jitter": retry.jitter,
            },
            "priority": declared.priority,
            "idempotency": declared.idempotency,
            "derived_key": declared.derive_key is not None,
            "atomic": declared.atomic,
            "resolver": declared.resolver_action is not None,
            "on_failure": declared.failure_action is not None,
            **_composing(declared),
            **_calling(declared),
        },
        "params_schema": declared.params.json_schema,
        "result_schema": declared.result.json_schema,
        "tags": list(declared.tags),
        "secret_params": sorted(declared.params.secret),
        "declared": declared.name not in conf.get().ACTIONS_DISABLED,
    }


def _composing(declared: Declared[Any, Any]) -> dict[str, Any]:
    """What only workflows have."""
    if not isinstance(declared, Workflow):
        return {}
    return {"limit": declared.limit, "compensates": declared.compensates}


def _calling(declared: Declared[Any, Any]) -> dict[str, Any]:
    """What only remote actions have. Of the URL no more than may be shown."""
    if not isinstance(declared, RemoteAction):
        return {}
    endpoint = declared.endpoint
    return {"endpoint": f"{endpoint.method} {endpoint.target.origin}", "signed": bool(endpoint.secrets)}


def _same(row: Action, known: Action | None) -> bool:
    return known is not None and all(getattr(row, column) == getattr(known, column) for column in _COLUMNS)
