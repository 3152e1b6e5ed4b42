"""What happened to one execution and around it: one statement, whatever there is to show."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions.ids import public_id
from actions.queries.workflows import MOST_EVENTS, Event, Told

ATTEMPTS = 25
"""Attempts on one page."""
ENTRIES = 50
MOST_STEPS = 150
"""Steps of a workflow whose edges and attempts are looked at."""
MOST_BARS = 1_000
_REPLAYS = 10
_LONGEST_PAYLOAD = 20_000
_LONGEST_ERROR = 20_000
"""Characters of the traceback of an attempt."""

# Of the newest attempt of a page the last 100 lines of its log, of the others the last 20.
# Replays are younger and of the same action: said so that the index on (action, id) bounds the search.
_HISTORY = """
SELECT
  (SELECT json_agg(attempt ORDER BY number DESC)::text FROM (
    SELECT number, coalesce(worker.name, attempt.worker_id::text) AS worker, attempt.started_at, finished_at, duration,
      outcome, error - 'traceback' AS error, left(error->>'traceback', %(longest_error)s) AS traceback, progress,
      CASE WHEN row_number() OVER (ORDER BY number DESC) = 1
        THEN jsonb_path_query_array(lines, '$[last - 99 to last]')
        ELSE jsonb_path_query_array(lines, '$[last - 19 to last]') END AS lines,
      CASE WHEN jsonb_typeof(lines) = 'array' THEN jsonb_array_length(lines) ELSE 0 END AS number_of_lines
    FROM actions_attempt AS attempt LEFT JOIN actions_worker AS worker ON worker.id = attempt.worker_id
    WHERE execution_id = %(id)s AND (%(before)s::int IS NULL OR number < %(before)s::int)
    ORDER BY number DESC LIMIT %(attempts)s) AS attempt),
  (SELECT json_agg(json_build_array(id, at, verb, actor_kind, actor_label, attempt, reason) ORDER BY id DESC)::text FROM (
    SELECT * FROM actions_auditentry WHERE %(with_audit)s AND execution_id = %(id)s ORDER BY id DESC LIMIT %(entries)s
  ) AS entry),
  (SELECT json_agg(json_build_array(id, status, created_at, actor_label) ORDER BY id DESC)::text FROM (
    SELECT id, status, created_at, actor_label FROM actions_execution
    WHERE action_id = %(action)s AND id > %(id)s AND replay_of_id = %(id)s ORDER BY id DESC LIMIT %(replays)s) AS replay),
  (SELECT json_build_array(known.fingerprint, known.count, known.first_seen_at, known.last_seen_at, CASE
      WHEN execution.status <> 'failed' THEN ''
      WHEN known.state = 'resolved' AND execution.finished_at <= known.state_at THEN 'resolved'
      WHEN known.state = 'ignored' AND (known.ignored_until IS NULL OR known.ignored_until > now()) THEN 'ignored'
      ELSE '' END, known.state_by, known.state_at, known.ignored_until, known.note)::text
    FROM actions_execution AS execution
    JOIN actions_errorgroup AS known ON known.fingerprint = actions_error_group(execution.action_id, execution.error)
    WHERE execution.id = %(id)s AND execution.error IS NOT NULL),
  (SELECT (value#>>'{}')::float8 FROM actions_memory WHERE %(is_workflow)s AND execution_id = %(id)s AND key = 'deadline'),
  (SELECT json_agg(json_build_array(id, name, at, actor_kind, actor_label, taken_by, size, text) ORDER BY at DESC, id DESC)
      ::text FROM (
    SELECT *, octet_length(event.payload::text) AS size,
      CASE WHEN octet_length(event.payload::text) <= %(longest)s THEN event.payload::text END AS text
    FROM actions_externalevent AS event WHERE %(is_workflow)s AND execution_id = %(id)s
    ORDER BY at DESC, id DESC LIMIT %(events)s) AS event),
  (SELECT json_agg(json_build_array(id, prerequisites) ORDER BY id)::text FROM (
    SELECT id, prerequisites FROM actions_execution WHERE %(is_workflow)s AND parent_id = %(id)s
    ORDER BY id LIMIT %(steps)s) AS step WHERE prerequisites IS NOT NULL),
  (SELECT json_agg(json_build_array(execution_id, number, started_at, finished_at, outcome) ORDER BY execution_id, number)
      ::text FROM (
    SELECT attempt.* FROM (
      SELECT id FROM actions_execution WHERE %(is_workflow)s AND parent_id = %(id)s ORDER BY id LIMIT %(steps)s) AS step
    JOIN actions_attempt AS attempt ON attempt.execution_id = step.id
    ORDER BY execution_id, number LIMIT %(bars)s) AS attempt)
"""


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt."""

    number: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    duration: float | None
    """Seconds that the handler took."""
    outcome: str | None
    error: dict[str, Any] | None
    progress: dict[str, Any] | None
    lines: Sequence[dict[str, Any]]
    """The newest of its log."""
    number_of_lines: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An audit entry in a line."""

    id: int
    at: datetime
    verb: str
    actor_kind: str
    actor_label: str
    attempt: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Replay:
    """An execution that replays this one."""

    public_id: str
    status: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Group:
    """The group of failures that its error belongs to."""

    fingerprint: str
    count: int
    first_seen_at: datetime
    last_seen_at: datetime
    handled: str = ""
    """How it handles this failure: resolved or ignored; empty where it does not."""
    by: str = ""
    at: datetime | None = None
    until: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One attempt of a step, as a timeline shows it."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Everything that happened, a page of attempts of it."""

    attempts: Sequence[Try]
    """The newest first."""
    before: int | None
    """The number to ask for the attempts before these; None: there are none."""
    entries: Sequence[Entry]
    replays: Sequence[Replay]
    group: Group | None
    told: Told
    prerequisites: Mapping[UUID, Sequence[UUID]]
    """Of the workflow's own steps, as far as they have any."""
    bars: Mapping[UUID, Sequence[Bar]]
    """The attempts of the workflow's own steps."""


def history(execution_id: UUID, action: str, *, before: int | None, audit: bool, is_workflow: bool) -> History:
    """What happened to an execution. `before`: the attempts numbered lower; `audit`: with its entries; `is_workflow`: with
    what it was told, and how its steps hang together."""
    params: dict[str, Any] = {
        "id": execution_id,
        "action": action,
        "before": before,
        "with_audit": audit,
        "is_workflow": is_workflow,
        "attempts": ATTEMPTS + 1,
        "entries": ENTRIES + 1,
        "replays": _REPLAYS,
        "events": MOST_EVENTS + 1,
        "longest": _LONGEST_PAYLOAD,
        "longest_error": _LONGEST_ERROR,
        "steps": MOST_STEPS + 1,
        "bars": MOST_BARS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, params)
        tries, entries, replays, group, deadline, events, edges, bars = cursor.fetchone()
    found = [_try(row) for row in _read(tries)]
    return History(
        attempts=found[:ATTEMPTS],
        before=found[ATTEMPTS - 1].number if len(found) > ATTEMPTS else None,
        entries=[Entry(row[0], _at(row[1]), *row[2:]) for row in _read(entries)],
        replays=[Replay(public_id(UUID(row[0])), row[1], _at(row[2]), row[3]) for row in _read(replays)],
        group=_group(group),
        told=_told(deadline, _read(events)),
        prerequisites={UUID(row[0]): [UUID(other) for other in row[1]] for row in _read(edges)},
        bars=_bars(_read(bars)),
    )


def _read(text: str | None) -> list[Any]:
    return json.loads(text) if text else []


def _at(text: Any) -> datetime:
    return datetime.fromisoformat(text)


def _when(text: str | None) -> datetime | None:
    return None if text is None else _at(text)


def _try(row: dict[str, Any]) -> Try:
    error = row["error"]
    if error is not None and row["traceback"]:
        error = {**error, "traceback": row["traceback"]}
    return Try(
        number=row["number"],
        worker=row["worker"],
        started_at=_at(row["started_at"]),
        finished_at=_when(row["finished_at"]),
        duration=row["duration"],
        outcome=row["outcome"],
        error=error,
        progress=row["progress"],
        lines=[line for line in row["lines"] or [] if isinstance(line, dict)],
        number_of_lines=row["number_of_lines"],
    )


def _group(text: str | None) -> Group | None:
    if text is None:
        return None
    fingerprint, count, first, last, handled, by, at, until, note = json.loads(text)
    return Group(fingerprint, count, _at(first), _at(last), handled, by, _when(at), _when(until), note)


def _told(deadline: float | None, rows: list[Any]) -> Told:
    events = [Event(UUID(row[0]), row[1], _at(row[2]), *row[3:]) for row in rows]
    until = None if deadline is None else datetime.fromtimestamp(deadline, UTC)
    return Told(until, events[:MOST_EVENTS], len(events) > MOST_EVENTS)


def _bars(rows: list[Any]) -> dict[UUID, list[Bar]]:
    found: dict[UUID, list[Bar]] = {}
    for execution_id, number, started_at, finished_at, outcome in rows:
        found.setdefault(UUID(execution_id), []).append(Bar(number, _at(started_at), _when(finished_at), outcome))
    return found
