"""The sub-commands: each asks one thing of the client, says the answer, and returns the exit code."""

import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any, TypeAlias

from actions.client.blocking import Do, Handle
from actions.client.console import speech
from actions.client.errors import DoError, ResultTimeout
from actions.client.known import SUCCEEDED
from actions.client.outcome import Outcome

Verb: TypeAlias = Callable[[Do, Namespace], int]
DONE = 0
FAILED = 1
WRONG = 2
RUNNING = 3
_STEP = 1.0
"""Seconds between two looks of `watch`: a change of status that is no end is seen that late."""


def run(do: Do, options: Namespace) -> int:
    """Ask, and wait for the end unless --async."""
    handle = do.action.invoke(
        options.name, options.params, idempotency_key=options.key, available_at=options.at, tags=options.tag
    )
    was = "was accepted before, with this key" if handle.replayed else "accepted"
    speech.tell(f"{handle.id} {was}")
    return _follow(handle, options)


def show(do: Do, options: Namespace) -> int:
    """Everything about one."""
    _say(do.executions.get(options.id), options)
    return DONE


def many(do: Do, options: Namespace) -> int:
    """A list of them."""
    found = do.executions.list(
        options.q,
        status=options.status,
        action=options.action,
        queue=options.queue,
        tag=options.tag,
        idempotency_key=options.key,
        limit=options.limit,
    )
    if options.json:
        speech.say(speech.document({"items": [dict(one.data) for one in found]}))
        return DONE
    for one in found:
        speech.say(speech.line(one))
    return DONE


def watch(do: Do, options: Namespace) -> int:
    """Say each status until the last."""
    until = time.monotonic() + options.wait
    handle = do.executions.get(options.id)
    said = ""
    while True:
        if handle.status != said:
            said = handle.status
            speech.say(speech.document(dict(handle.data)) if options.json else speech.line(handle))
        left = until - time.monotonic()
        if handle.ended or left <= 0:
            return _code(handle)
        outcome = handle.outcome(min(_STEP, left))
        if outcome.error is not None and outcome.told is None:
            raise outcome.error


def actions(do: Do, options: Namespace) -> int:
    """What can be asked for."""
    if options.name:
        found = do.actions.get(options.name)
        if options.json:
            speech.say(speech.document(found))
        else:
            speech.fields(found)
        return DONE
    listed = do.actions.list()
    if options.json:
        speech.say(speech.document({"items": listed}))
        return DONE
    for one in listed:
        paused = "  (paused)" if one.get("paused") else ""
        summary = str(one.get("description") or "").strip().partition("\n")[0]
        speech.say(speech.plain(f"{one.get('name', ''):<32} {one.get('kind', ''):<9} {summary}{paused}"))
    return DONE


def retry(do: Do, options: Namespace) -> int:
    """New tries."""
    handle = do.executions.retry(options.id, reason=options.reason, idempotency_key=options.key)
    speech.tell(f"{handle.id} is {handle.status}")
    return _follow(handle, options)


def cancel(do: Do, options: Namespace) -> int:
    """Stop it."""
    done = do.executions.cancel(options.id, reason=options.reason, force=options.force, idempotency_key=options.key)
    asked = "" if done.ended else "; its handler is asked to stop"
    speech.tell(f"{done.id} is {done.status}{asked}")
    return _said(done, options)


def resolve(do: Do, options: Namespace) -> int:
    """How it ended."""
    done = do.executions.resolve(
        options.id, options.answer, reason=options.reason, result=options.result, idempotency_key=options.key
    )
    speech.tell(f"{done.id} is {done.status}")
    return _said(done, options)


def replay(do: Do, options: Namespace) -> int:
    """Once more."""
    handle = do.executions.replay(
        options.id,
        params=options.params,
        from_step=options.from_step,
        reason=options.reason,
        idempotency_key=options.key,
    )
    speech.tell(f"{handle.id} accepted, a replay of {options.id}")
    return _follow(handle, options)


def emit(do: Do, options: Namespace) -> int:
    """An event."""
    done = do.executions.emit(
        options.id, options.name, options.payload, reason=options.reason, idempotency_key=options.key
    )
    speech.tell(f"{done.id} was told {options.name}" + (" before, with this key" if done.replayed else ""))
    return _said(done, options)


def _follow(handle: Handle, options: Namespace) -> int:
    """Wait where that was asked for, and say how it came out."""
    if options.wait is None:
        if options.json:
            _say(handle, options)
        else:
            speech.say(handle.id)
        return DONE
    try:
        outcome = handle.outcome(options.wait)
    except KeyboardInterrupt:
        speech.tell(f"no longer waited for; {handle.id} goes on")
        raise
    return _ended(handle, outcome, options)


def _ended(handle: Handle, outcome: Outcome, options: Namespace) -> int:
    error = outcome.error
    if options.json:
        more = {"error": error.as_dict()} if error is not None else {}
        speech.say(speech.document({**handle.data, "id": handle.id, "replayed": handle.replayed, **more}))
    if error is None:
        if not options.json:
            speech.say(speech.document(outcome.result))
        return DONE
    speech.complain(error)
    return RUNNING if isinstance(error, ResultTimeout) else FAILED


def _said(done: Handle, options: Namespace) -> int:
    if options.json:
        _say(done, options)
    return DONE


def _say(handle: Handle, options: Namespace) -> None:
    if options.json:
        speech.say(speech.document(dict(handle.data)))
        return
    told: dict[str, Any] = dict(handle.data)
    attempts, steps = told.pop("attempts", None), told.pop("steps", None)
    speech.fields(told)
    for attempt in attempts or ():
        speech.fields({f"attempt {attempt.get('number', '')}": _brief(attempt)})
    for step in steps or ():
        speech.fields({f"step {step.get('step', '')}": f"{step.get('status', '')}  {step.get('id', '')}"})


def _brief(attempt: dict[str, Any]) -> str:
    cause = (attempt.get("error") or {}).get("message")
    return f"{attempt.get('outcome') or 'running'}, started {attempt.get('started_at', '')}" + (
        f": {cause}" if cause else ""
    )


def _code(handle: Handle) -> int:
    if not handle.ended:
        return RUNNING
    return DONE if handle.status == SUCCEEDED else FAILED


def refused(error: DoError, options: Namespace) -> int:
    """Say what was not done."""
    if options.json:
        speech.say(speech.document({"error": error.as_dict()}))
    speech.complain(error)
    return FAILED
