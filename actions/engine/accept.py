"""accept: check an invocation, fingerprint it, store the execution with its audit entry; after the commit, wake its queue."""

import json
import re
from collections.abc import Collection, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, transaction
from psycopg.errors import LockNotAvailable

from actions import conf, correlation, ids, values
from actions.crashpoints import crash_point
from actions.definitions.engine import Accepted, Invocation
from actions.engine import dispatch, secrets
from actions.engine.callbacks import keep
from actions.engine.statements import fetch
from actions.errors import (
    ActionDisabled,
    IdempotencyConflict,
    IdempotencyInProgress,
    IdempotencyKeyInvalid,
    IdempotencyKeyRequired,
    InvalidInput,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actions.definitions.action import Action

log = structlog.get_logger(__name__)

DERIVED = "*"
"""Principal of derived keys: whoever asks, it is the same request."""
_KEY = re.compile(r"[A-Za-z0-9._:/@+=-]{1,255}")
_FAREST = timedelta(days=366)
_LONGEST_WAIT = "2s"


def accept(action: "Action[Any, Any]", invocation: Invocation, *, reason: str = "") -> Accepted:
    """Store one execution, inside the caller's transaction when there is one.

    Raises InvalidInput (InvalidParams with all faults), IdempotencyKeyRequired, IdempotencyKeyInvalid,
    IdempotencyConflict and IdempotencyInProgress; nothing is stored then.
    """
    row = _prepare(action, invocation)
    row["reason"] = reason
    row["data"] = _details(row)
    if row["key"] is None:
        _, created_at, available_at, _ = _store(row)[0]
        crash_point("accept.stored")
    else:
        stored_at = _store_keyed(row)
        if isinstance(stored_at, Accepted):
            return stored_at
        created_at, available_at = stored_at
    public = ids.public_id(row["id"])
    row["created_at"], row["available_at"] = created_at, available_at
    _wake_after_commit(row["queue"], public)
    return Accepted(public, False, row)


def _details(row: dict[str, Any]) -> str:
    """What the audit keeps of it, as JSON."""
    marks = correlation.marks(row["actor_kind"])
    if row["available_at"] is None and row["replay_of"] is None:
        # Marks are an object that is not empty: its own brace ends what is put before them.
        more = f",{marks[1:]}" if marks else "}"
        return f'{{"params":"{row["fingerprint"]}"{more}'
    details: dict[str, Any] = {"params": row["fingerprint"]}
    if row["available_at"] is not None:
        # The fingerprint covers it as it was sent; the row's own moves with every retry.
        details["available_at"] = row["available_at"].isoformat()
    if row["replay_of"] is not None:
        details["replay_of"] = str(row["replay_of"])
    if marks:
        details.update(json.loads(marks))
    return values.dumps(details)


def accept_many(action: "Action[Any, Any]", invocations: Sequence[Invocation]) -> list[Accepted]:
    """Store many executions of one action in one statement: all, or none when one is refused.

    The options (actor, available_at, priority, tags, callback) are those of the first invocation.
    """
    if not invocations:
        return []
    rows = [_prepare(action, invocation) for invocation in invocations]
    _refuse_twins(rows)
    first = rows[0]
    columns = {
        **{name: first[name] for name in _SHARED},
        "marks": correlation.marks(first["actor_kind"]),
        "sent": first["available_at"].isoformat() if first["available_at"] is not None else None,
        "ids": [row["id"] for row in rows],
        "params": [row["params"] for row in rows],
        "fingerprints": [row["fingerprint"] for row in rows],
        "principals": [row["principal"] for row in rows],
        "keys": [row["key"] for row in rows],
        "secrets": [row["secret"] for row in rows],
    }
    keyed = any(row["key"] is not None for row in rows)
    with transaction.atomic(), impatient(keyed):
        stored = {row[0] for row in fetch("accept_many", columns, prepare=True)}
        if first["callback"] is not None and stored:
            keep.store(first["callback"], list(stored))
        answers = _answers(rows, stored) if keyed else [Accepted(ids.public_id(row["id"]), False) for row in rows]
        _wake_after_commit(first["queue"], *(answer.id for answer in answers))
    return answers


def accepted_in_open_transaction(public_id: str) -> bool:
    """Whether the execution waits for the commit of this thread's own transaction."""
    return any(
        isinstance(hook, partial) and hook.func is _wake and public_id in hook.args
        for _, hook, *_ in connection.run_on_commit
    )


_SHARED = (
    "action", "queue", "priority", "actor_kind", "actor_id", "actor_label", "tags", "available_at",
    "has_callback",
)  # fmt: skip


def _prepare(action: "Action[Any, Any]", invocation: Invocation) -> dict[str, Any]:
    """Check everything that can be checked without the database; the row as accept.sql takes it."""
    params, actor = invocation.params, invocation.actor
    available_at = _available_at(invocation.available_at)
    text, fingerprint, secret = stored(action, params, available_at=available_at)
    key, principal = _key(action, invocation, fingerprint)
    return {
        "id": ids.new_id(),
        "action": action.name,
        "queue": action.queue,
        "priority": action.priority if invocation.priority is None else invocation.priority,
        "params": text,
        "fingerprint": fingerprint,
        "principal": principal,
        "key": key,
        "replay_of": invocation.replay_of,
        "actor_kind": actor.kind,
        "actor_id": actor.id[:200],
        "actor_label": actor.label[:255],
        "tags": list(dict.fromkeys((*action.tags, *invocation.tags))),
        "available_at": available_at,
        "secret": secret,
        "patience": None,
        "callback": keep.checked(invocation.callback),
        "has_callback": invocation.callback is not None,
    }


def stored(
    action: "Action[Any, Any]",
    params: dict[str, Any],
    *,
    available_at: datetime | None = None,
    unknown: Collection[str] = (),
) -> tuple[str, str, bytes | None]:
    """Params as they are kept: JSON text with dots for secrets, fingerprint, ciphertext of the secrets.

    Raises ActionDisabled, InvalidInput, InvalidParams; what is wrong with the params in `unknown`, whose values are still
    to come, is said when they have come.
    """
    if action.name in conf.get().ACTIONS_DISABLED:
        raise ActionDisabled(
            f"{action.name} is switched off in this installation (ACTIONS_DISABLED); nothing was stored."
        )
    text, fingerprint = values.check_and_fingerprint(
        params,
        available_at.isoformat() if available_at else None,
        key=secrets.fingerprint_key() if action.params.secret else None,
    )
    if unknown:
        action.params.check(text, unknown)
    else:
        action.params.load(text)
    hidden = action.params.secret & params.keys()
    if not hidden:
        return text, fingerprint, None
    secret = secrets.encrypt({name: params[name] for name in hidden})
    text = values.dumps({name: secrets.DOTS if name in hidden else value for name, value in params.items()})
    return text, fingerprint, secret


def fingerprint_of(action: "Action[Any, Any]", params: dict[str, Any]) -> str:
    """The fingerprint that `stored` gives these params."""
    return values.check_and_fingerprint(
        params, None, key=secrets.fingerprint_key() if action.params.secret else None
    ).fingerprint


def checked_key(key: str) -> str:
    """The key, when it can be one. Raises IdempotencyKeyInvalid."""
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid
    return key


def _key(action: "Action[Any, Any]", invocation: Invocation, fingerprint: str) -> tuple[str | None, str]:
    key = invocation.idempotency_key
    if key is not None:
        return checked_key(key), invocation.actor.principal
    if action.derive_key == "params":
        return f"params:{fingerprint}", DERIVED
    if callable(action.derive_key):
        key = str(action.derive_key(invocation.params))
        if not _KEY.fullmatch(key):
            raise IdempotencyKeyInvalid(
                f"derive_key of {action.name} gave {key[:300]!r}: {IdempotencyKeyInvalid.__doc__}"
            )
        return key, DERIVED
    if action.idempotency == "required":
        raise IdempotencyKeyRequired
    return None, invocation.actor.principal


def _available_at(wanted: datetime | None) -> datetime | None:
    if wanted is None:
        return None
    if wanted.tzinfo is None:
        raise InvalidInput("invalid_available_at", "available_at needs a time zone.", path="available_at")
    try:
        wanted = wanted.astimezone(UTC)
    except OverflowError:
        raise InvalidInput("invalid_available_at", "available_at is out of range.", path="available_at") from None
    if wanted > datetime.now(UTC) + _FAREST:
        raise InvalidInput("invalid_available_at", "available_at is more than a year ahead.", path="available_at")
    return wanted


def _store(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The row, its audit entry and its callback, as accept.sql answers."""
    kept = row["callback"]
    name = "accept_new" if row["key"] is None and row["secret"] is None else "accept"
    if kept is None:
        return fetch(name, row, prepare=True)
    with transaction.atomic():
        found = fetch(name, row, prepare=True)
        if found and found[0][0] == row["id"]:
            keep.store(kept, [row["id"]])
    return found


def _store_keyed(row: dict[str, Any]) -> Accepted | tuple[datetime, datetime]:
    """Store under a key (when it was created, and when it is available), or the answer of whoever holds the key. A
    savepoint of its own keeps the caller's transaction usable."""
    if row["callback"] is None and not connection.in_atomic_block and connection.get_autocommit():
        # The statement is its own transaction, patience and all: one round trip in place of five.
        crash_point("accept.stored")
        with _in_progress():
            return _stored_or_taken(row, _store({**row, "patience": _LONGEST_WAIT}))
    with transaction.atomic(), impatient(True):
        found = _store(row)
        crash_point("accept.stored")
        return _stored_or_taken(row, found)


def _stored_or_taken(row: dict[str, Any], found: list[tuple[Any, ...]]) -> Accepted | tuple[datetime, datetime]:
    """What accept.sql found: the moments of the new row, or what the holder of the key answers."""
    if found:
        id_, created_at, available_at, fingerprint = found[0]
        return (created_at, available_at) if fingerprint is None else _replayed(row, (id_, fingerprint, created_at))
    return _answer_of(row, _winners([row]))


@contextmanager
def _in_progress() -> "Iterator[None]":
    """Raise IdempotencyInProgress where a lock was waited for in vain."""
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise IdempotencyInProgress from None
        raise


@contextmanager
def impatient(keyed: bool) -> "Iterator[None]":
    """Wait at most two seconds for another holder of the key, and leave the transaction's lock_timeout as it was."""
    if not keyed:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)", [_LONGEST_WAIT])
        before = cursor.fetchone()[0]
    with _in_progress():
        yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])


_Winner = tuple[UUID, str, datetime]


def _winners(rows: list[dict[str, Any]]) -> dict[tuple[str, str], _Winner]:
    """Who holds the keys of these rows, by (principal, key): in one action, a caller's and a derived one may be alike."""
    found = fetch(
        "winners",
        {
            "action": rows[0]["action"],
            "principals": [row["principal"] for row in rows],
            "keys": [row["key"] for row in rows],
        },
        prepare=True,
    )
    return {(principal, key): (id_, fingerprint, created_at) for id_, principal, key, fingerprint, created_at in found}


def _answers(rows: list[dict[str, Any]], stored: set[UUID]) -> list[Accepted]:
    lost = [row for row in rows if row["id"] not in stored]
    winners = _winners(lost) if lost else {}
    return [
        Accepted(ids.public_id(row["id"]), False) if row["id"] in stored else _answer_of(row, winners) for row in rows
    ]


def _answer_of(row: dict[str, Any], winners: dict[tuple[str, str], _Winner]) -> Accepted:
    """What the holder of the row's key answers. A pruned one may have vanished meanwhile; then the key is free again."""
    winner = winners.get((row["principal"], row["key"]))
    if winner is None:
        raise IdempotencyInProgress
    return _replayed(row, winner)


def _replayed(row: dict[str, Any], winner: _Winner) -> Accepted:
    original, fingerprint, created_at = winner
    if fingerprint.strip() != row["fingerprint"]:
        raise IdempotencyConflict(row["key"], ids.public_id(original), created_at.isoformat())
    return Accepted(ids.public_id(original), replayed=True)


def _refuse_twins(rows: list[dict[str, Any]]) -> None:
    """One statement cannot store a key twice and answer for the second; the caller sees which one is doubled."""
    seen: dict[tuple[str, str], str] = {}
    for row in rows:
        key = row["key"]
        if key is not None and seen.setdefault((row["principal"], key), row["fingerprint"]) is not row["fingerprint"]:
            raise InvalidInput("duplicate_key", f"The idempotency key {key!r} stands twice among the items.")


def _wake_after_commit(queue: str, *public: str) -> None:
    """At once where the statement was a transaction of its own, else when the caller's commits."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    wrapper.on_commit(partial(_wake, queue, *public), robust=True)


def _wake(queue: str, *_: str) -> None:
    crash_point("accept.committed")
    try:
        dispatch.wake_soon(queue)
    except Exception as error:  # noqa: BLE001  (it is stored: a fault here must not read as a refusal; maintain wakes)
        # Django's robust hooks cannot say this: they ask the hook for a __qualname__, which a partial has not.
        log.warning("wake_failed", queues=[queue], error=f"{type(error).__name__}: {error}"[:500])
