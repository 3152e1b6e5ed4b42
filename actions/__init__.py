"""doplatform's public API. Nothing is imported until it is asked for (PEP 562), so that this needs no Django settings."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actions.client import AsyncDo, Do
    from actions.definitions.action import Action, action
    from actions.definitions.actor import Actor
    from actions.definitions.context import Context
    from actions.definitions.flow import Future, gather, sleep, wait_for
    from actions.definitions.handle import Handle
    from actions.definitions.remote import remote_action
    from actions.definitions.resolution import Resolution
    from actions.definitions.schedule import Schedule
    from actions.definitions.schema import Redacted
    from actions.definitions.workflow import Workflow, emit, workflow
    from actions.errors import (
        Cancelled,
        DoplatformError,
        EventTimeout,
        ExecutionFailed,
        GiveUp,
        IdempotencyConflict,
        InDoubt,
        InvalidParams,
        ResultTimeout,
        RetryLater,
        StepFailed,
        WorkflowChanged,
    )
    from actions.retry import RetryPolicy
    from actions.states import Status

_HOMES = {
    "Action": "definitions.action",
    "Actor": "definitions.actor",
    "AsyncDo": "client",
    "Cancelled": "errors",
    "Context": "definitions.context",
    "Do": "client",
    "DoplatformError": "errors",
    "EventTimeout": "errors",
    "ExecutionFailed": "errors",
    "Future": "definitions.flow",
    "GiveUp": "errors",
    "Handle": "definitions.handle",
    "IdempotencyConflict": "errors",
    "InDoubt": "errors",
    "InvalidParams": "errors",
    "Redacted": "definitions.schema",
    "Resolution": "definitions.resolution",
    "ResultTimeout": "errors",
    "RetryLater": "errors",
    "RetryPolicy": "retry",
    "Schedule": "definitions.schedule",
    "Status": "states",
    "StepFailed": "errors",
    "Workflow": "definitions.workflow",
    "WorkflowChanged": "errors",
    "action": "definitions.action",
    "emit": "definitions.workflow",
    "gather": "definitions.flow",
    "remote_action": "definitions.remote",
    "sleep": "definitions.flow",
    "wait_for": "definitions.flow",
    "workflow": "definitions.workflow",
}

__all__ = [
    "Action",
    "Actor",
    "AsyncDo",
    "Cancelled",
    "Context",
    "Do",
    "DoplatformError",
    "EventTimeout",
    "ExecutionFailed",
    "Future",
    "GiveUp",
    "Handle",
    "IdempotencyConflict",
    "InDoubt",
    "InvalidParams",
    "Redacted",
    "Resolution",
    "ResultTimeout",
    "RetryLater",
    "RetryPolicy",
    "Schedule",
    "Status",
    "StepFailed",
    "Workflow",
    "WorkflowChanged",
    "action",
    "emit",
    "gather",
    "remote_action",
    "sleep",
    "wait_for",
    "workflow",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
