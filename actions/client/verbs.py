"""What a client can ask for: each verb as the steps that lead to its answer. The shells make methods of them.

All raise a DoError of the family that fits; see errors.py. A verb that changes something goes under an idempotency key,
the caller's or one of the client's own, so that it is never done twice for one call.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from actions.client import answers, errors
from actions.client.exchange import ask, exchange
from actions.client.known import Told
from actions.client.requests import action_path, execution_path, filters, get, moment, post
from actions.client.wire import Core, Document, Request, Steps

PAGE = 100
"""Executions in one page of a list."""


def invoke(
    core: Core,
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    idempotency_key: str | None = None,
    available_at: datetime | str | None = None,
    priority: int | None = None,
    tags: Sequence[str] | None = None,
    callback: Mapping[str, str] | None = None,
) -> Steps[Told]:
    """Ask for an execution, and return its handle without waiting for the end.

    `available_at`: not before this time (with its zone); `callback`: {"url", "secret"?}, told when it has ended.
    """
    request = triggering(core, name, params, idempotency_key, available_at, priority, tags, callback)
    return (yield from change(core, request))


def triggering(
    core: Core,
    name: str,
    params: Mapping[str, Any] | None,
    idempotency_key: str | None,
    available_at: datetime | str | None,
    priority: int | None,
    tags: Sequence[str] | None,
    callback: Mapping[str, str] | None,
) -> Request:
    """The request that invoke() sends."""
    document = {
        "params": {} if params is None else params,
        "available_at": moment(available_at),
        "priority": priority,
        "tags": None if tags is None else list(tags),
        "callback": callback,
    }
    return post(core, action_path(name, "executions"), document, idempotency_key)


def invoke_many(
    core: Core,
    name: str,
    many: Sequence[Mapping[str, Any]],
    *,
    idempotency_keys: Sequence[str] | None = None,
    available_at: datetime | str | None = None,
) -> Steps[list[Told]]:
    """Ask for up to 1,000 executions of one action: all are accepted, or none. Returns their handles, in the same order."""
    keys = [core.key() for _ in many] if idempotency_keys is None else list(idempotency_keys)
    if len(keys) != len(many):
        message = f"There are {len(many):,} params and {len(keys):,} idempotency keys. Nothing was sent."
        raise errors.InvalidInput(message, code="invalid_input")
    items = [{"params": params, "idempotency_key": key} for params, key in zip(many, keys, strict=True)]
    request = post(
        core, action_path(name, "executions", "bulk"), {"items": items, "available_at": moment(available_at)}
    )
    document = yield from ask(core, request)
    return [_told(item | {"status": ""}, item.get("replayed")) for item in answers.entries(document, "items")]


def read(core: Core, execution_id: str) -> Steps[Told]:
    """Ask how an execution stands now."""
    return Told(answers.execution((yield from ask(core, get(execution_path(execution_id))))))


def retry(core: Core, execution_id: str, *, reason: str = "", idempotency_key: str | None = None) -> Steps[Told]:
    """Give a failed execution new tries: the same execution, a new attempt. Raises NotRetryable."""
    return (yield from _verb(core, execution_id, "retry", {"reason": reason}, idempotency_key))


def replay(
    core: Core,
    execution_id: str,
    *,
    params: Mapping[str, Any] | None = None,
    from_step: str | None = None,
    reason: str = "",
    idempotency_key: str | None = None,
) -> Steps[Told]:
    """Make a new execution with the same params, or these; of a workflow from `from_step` on. Returns the new one."""
    document = {"params": params, "from_step": from_step, "reason": reason}
    return (yield from _verb(core, execution_id, "replay", document, idempotency_key))


def run_now(core: Core, execution_id: str, *, reason: str = "", idempotency_key: str | None = None) -> Steps[Told]:
    """Let an execution run at once that waits for its time or its next try."""
    return (yield from _verb(core, execution_id, "run-now", {"reason": reason}, idempotency_key))


def cancel(
    core: Core, execution_id: str, *, reason: str = "", force: bool = False, idempotency_key: str | None = None
) -> Steps[Told]:
    """Stop an execution: at once where nothing is lost by it, else by asking its handler; `force` does not wait for that.

    Raises AlreadyFinished.
    """
    document = {"reason": reason, "force": True if force else None}
    return (yield from _verb(core, execution_id, "cancel", document, idempotency_key))


def resolve(
    core: Core,
    execution_id: str,
    answer: str,
    *,
    reason: str,
    result: Any = None,
    idempotency_key: str | None = None,
) -> Steps[Told]:
    """Say how an execution in doubt really ended: `happened` (with this result), `run_again` or `give_up`.

    Raises NotInDoubt.
    """
    document = {"answer": answer, "result": result, "reason": reason}
    return (yield from _verb(core, execution_id, "resolve", document, idempotency_key))


def emit(
    core: Core,
    execution_id: str,
    name: str,
    payload: Any = None,
    *,
    reason: str = "",
    idempotency_key: str | None = None,
) -> Steps[Told]:
    """Tell a workflow that something happened outside: what its wait_for(name) returns."""
    document = {"name": name, "payload": payload, "reason": reason or None}
    return (yield from _verb(core, execution_id, "events", document, idempotency_key))


def retry_many(
    core: Core, ids: Sequence[str], *, reason: str, idempotency_key: str | None = None
) -> Steps[list[Document]]:
    """Retry up to 1,000 executions; each gets its own answer: {"id", "outcome": done, skipped or failed, …}."""
    request = post(core, "executions/bulk-retry", {"ids": list(ids), "reason": reason}, idempotency_key)
    return answers.entries((yield from ask(core, request)), "items")


def actions(core: Core) -> Steps[list[Document]]:
    """The actions that this key may see."""
    return answers.entries((yield from ask(core, get("actions"))), "items")


def action(core: Core, name: str) -> Steps[Document]:
    """One action: the schema of its params, its policies, whether it is paused."""
    return (yield from ask(core, get(action_path(name))))


def pause(core: Core, name: str, *, reason: str = "", until: datetime | str | None = None) -> Steps[Document]:
    """Hold an action: what is asked for is kept, and begins when it is resumed, or when it is `until`."""
    body = {"reason": reason, "until": moment(until, "until")}
    return (yield from ask(core, post(core, action_path(name, "pause"), body)))


def change_pause(core: Core, name: str, *, until: datetime | str | None, reason: str = "") -> Steps[Document]:
    """Let the pause of an action end at another time, None for when it is resumed; it stays paused meanwhile."""
    body = {"reason": reason, "until": moment(until, "until")}
    return (yield from ask(core, post(core, action_path(name, "change-pause"), body, nulls=("until",))))


def resume(core: Core, name: str, *, reason: str = "") -> Steps[Document]:
    """Let an action go on."""
    return (yield from ask(core, post(core, action_path(name, "resume"), {"reason": reason})))


class Pages:
    """A list, a page at a time. Not more than `limit` executions; all of them where that is None."""

    def __init__(self, query: tuple[tuple[str, str], ...], limit: int | None) -> None:
        self._query = query
        self._left = limit
        self._cursor = ""
        self.more = limit is None or limit > 0

    def turn(self, core: Core) -> Steps[list[Told]]:
        """The next page. Raises UnreadableAnswer where the platform would have us go round in a circle."""
        size = PAGE if self._left is None else min(PAGE, self._left)
        query = (*self._query, ("limit", str(size)), *((("cursor", self._cursor),) if self._cursor else ()))
        document = yield from ask(core, get("executions", query))
        found = [_told(item) for item in answers.entries(document, "items")][:size]
        cursor = document.get("next")
        if cursor is not None and (not isinstance(cursor, str) or cursor in {"", self._cursor}):
            raise errors.UnreadableAnswer("The answer has no sensible cursor 'next'.", code="unreadable_answer")
        if self._left is not None:
            self._left -= len(found)
        self.more = cursor is not None and self._left != 0
        self._cursor = cursor or ""
        return found


def executions(
    q: str = "",
    *,
    status: str | Sequence[str] = (),
    action: str = "",
    queue: str = "",
    tag: str = "",
    idempotency_key: str = "",
    limit: int | None = None,
) -> Pages:
    """Executions, newest first, page by page as they are read. `q` is the console's search; the rest are plain filters.

    At most `limit` of them. What a list tells of each is short: refresh() a handle for params and result.
    """
    query = filters(q=q, status=status, action=action, queue=queue, tag=tag, idempotency_key=idempotency_key)
    return Pages(query, limit)


def change(core: Core, request: Request, *, until: float | None = None) -> Steps[Told]:
    """Send what changes an execution or makes one; how it stands then."""
    answer = yield from exchange(core, request, until=until)
    document = answers.read(answer, request, core.home)
    return _told(document, answer.headers.get("idempotent-replayed", "").lower() == "true")


def _verb(core: Core, execution_id: str, verb: str, document: Mapping[str, Any], key: str | None) -> Steps[Told]:
    return (yield from change(core, post(core, execution_path(execution_id, verb), document, key)))


def _told(document: Document, replayed: Any = False) -> Told:
    return Told(answers.execution(document), replayed is True)
