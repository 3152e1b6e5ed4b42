"""doplatform's Python SDK: ask for executions of actions from another program, over HTTP.

    from actions.client import Do

    do = Do(api_key)
    result, error = do.action.execute(name="send-welcome-email", params={"email": "ada@example.com", "name": "Ada"})

Stands on httpx alone: no Django, no settings, nothing else of this project.
"""

from actions.client.awaiting import AsyncAction, AsyncDo, AsyncHandle
from actions.client.blocking import Action, Do, Handle
from actions.client.errors import (
    ActionDisabled,
    ActionNotFound,
    AlreadyFinished,
    ApiError,
    BadRequest,
    ConfigurationError,
    Conflict,
    ConnectionFailed,
    DoError,
    ExecutionCancelled,
    ExecutionError,
    ExecutionFailed,
    ExecutionInDoubt,
    ExecutionNotFound,
    ExecutionSkipped,
    Fault,
    Forbidden,
    IdempotencyConflict,
    IdempotencyInProgress,
    InvalidInput,
    InvalidParams,
    NotFound,
    NotInDoubt,
    NotRetryable,
    RateLimited,
    RequestTimeout,
    ResultTimeout,
    ServerError,
    Unauthenticated,
    Unavailable,
    UnreadableAnswer,
)
from actions.client.outcome import Outcome

__all__ = [
    "Action",
    "ActionDisabled",
    "ActionNotFound",
    "AlreadyFinished",
    "ApiError",
    "AsyncAction",
    "AsyncDo",
    "AsyncHandle",
    "BadRequest",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Do",
    "DoError",
    "ExecutionCancelled",
    "ExecutionError",
    "ExecutionFailed",
    "ExecutionInDoubt",
    "ExecutionNotFound",
    "ExecutionSkipped",
    "Fault",
    "Forbidden",
    "Handle",
    "IdempotencyConflict",
    "IdempotencyInProgress",
    "InvalidInput",
    "InvalidParams",
    "NotFound",
    "NotInDoubt",
    "NotRetryable",
    "Outcome",
    "RateLimited",
    "RequestTimeout",
    "ResultTimeout",
    "ServerError",
    "Unauthenticated",
    "Unavailable",
    "UnreadableAnswer",
]
