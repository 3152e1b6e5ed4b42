"""Waiting for the end of an execution: long polls on its id. What asks for an execution is never sent again to wait."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from actions.client import answers
from actions.client.errors import DoError
from actions.client.exchange import exchange
from actions.client.known import Told
from actions.client.outcome import Outcome, outcome_of
from actions.client.requests import execution_path, get
from actions.client.verbs import change, triggering
from actions.client.wire import Core, Pause, Steps

LONGEST_POLL = 20.0
"""Seconds. Proxies on the way like to cut what is silent for 30."""
GRACE = 2.0
"""How much later than asked for an answer may come: what it takes on its way."""
_BREATH = 0.2
"""Seconds between two looks where the platform does not wait."""
_TRIES = 1_000_000
"""While somebody waits, the platform may be away: what limits the tries is the time."""


def result(core: Core, execution_id: str, timeout: float = 60.0) -> Steps[Told]:
    """Wait up to `timeout` seconds for the end and return the result.

    Raises ExecutionFailed, ExecutionCancelled, ExecutionInDoubt or ExecutionSkipped where it ended without one,
    ResultTimeout where it has not ended.
    """
    told = yield from settle(core, execution_id, core.clock() + timeout)
    return replace(told, waited=timeout)


def outcome(core: Core, execution_id: str, timeout: float = 60.0) -> Steps[Outcome]:
    """Wait up to `timeout` seconds for the end and return `result, error`. Raises no DoError: it is the error."""
    try:
        told = yield from settle(core, execution_id, core.clock() + timeout)
    except DoError as error:
        return Outcome(None, error)
    return outcome_of(replace(told, waited=timeout))


def execute(
    core: Core,
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    timeout: float = 60.0,
    idempotency_key: str | None = None,
    available_at: datetime | str | None = None,
    priority: int | None = None,
    tags: Sequence[str] | None = None,
    callback: Mapping[str, str] | None = None,
) -> Steps[Outcome]:
    """Have an action executed, wait up to `timeout` seconds for the end, and return `result, error`.

    The error is None when it succeeded. Otherwise it says why not: refused (InvalidParams, Forbidden, …), ended without a
    result (ExecutionFailed, ExecutionInDoubt, …), not ended yet (ResultTimeout), no answer (ConnectionFailed). None of
    these is raised; `execute(…).value()` raises them.
    """
    until = core.clock() + timeout
    told: Told | None = None
    try:
        request = triggering(core, name, params, idempotency_key, available_at, priority, tags, callback)
        told = yield from change(core, request, until=min(until, core.clock() + core.timeout))
        if not told.ended:
            seen = yield from settle(core, told.id, until)
            told = replace(told, document=seen.document, waited=timeout)
    except DoError as error:
        return Outcome(None, error, told)
    return outcome_of(told)


def settle(core: Core, execution_id: str, until: float) -> Steps[Told]:
    """Wait until it has ended, or until that time on the core's clock; how it stands then."""
    while True:
        begun = core.clock()
        wait = min(LONGEST_POLL, max(0.0, until - begun))
        told = yield from look(core, execution_id, wait, until)
        now = core.clock()
        if told.ended or now >= until:
            return told
        # Longer than a breath only if the platform did not wait as long as it was asked to.
        if now - begun < max(wait, _BREATH) / 2:
            yield Pause(min(_BREATH, until - now))


def look(core: Core, execution_id: str, wait: float, until: float) -> Steps[Told]:
    """One long poll of `wait` seconds, until it has an answer."""
    request = get(execution_path(execution_id), (("wait", f"{wait:.3f}"),) if wait else ())
    limit = max(until, core.clock()) + GRACE
    answer = yield from exchange(core, request, until=limit, patience=wait + core.patience, retries=_TRIES)
    return Told(answers.execution(answers.read(answer, request, core.home)))
