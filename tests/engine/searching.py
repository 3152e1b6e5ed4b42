"""Executions of every kind, written as rows, for tests of what finds them."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from actions.states import FINISHED, Status
from tests.stage import rows

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ACTIONS = ("send-mail", "send-letter", "charge", "nightly-report")
_INSERT = """
INSERT INTO actions_execution (id, action_id, queue, priority, status, params, error, fingerprint, principal, idempotency_key,
  actor_kind, actor_id, actor_label, tags, attempt, tries, losses, worker_id, created_at, available_at, started_at, finished_at,
  parent_id, step, prerequisites, awaited_event, replay_of_id)
VALUES (%s, %s, %s, 0, %s, %s::jsonb, %s::jsonb, '', %s, %s, %s, %s, %s, %s::text[], 1, 0, 0, %s, %s, %s, %s, %s, %s, %s,
  %s::uuid[], %s, %s)
"""
_ACTION = """
INSERT INTO actions_action (name, kind, description, effects, queue, policies, params_schema, result_schema, tags,
  secret_params, declared, synced_at, paused_by, paused_reason, notes)
VALUES (%s, %s, '', 'database', 'default', '{}', '{}', '{}', '[]', '[]', true, now(), '', '', '')
ON CONFLICT DO NOTHING
"""


def id_at(minute, number=0):
    """An id of an execution accepted that many minutes after BEGIN."""
    moment = int((BEGIN + timedelta(minutes=minute)).timestamp() * 1000)
    return UUID(int=moment << 80 | 7 << 76 | 2 << 62 | number)


def catalogue(*names):
    """Rows of actions; nightly-report is a workflow."""
    for name in names or ACTIONS:
        rows(_ACTION, name, "workflow" if name == "nightly-report" else "action")


def execution(minute, **given):
    """One execution accepted at a minute; `given` are columns. Returns its id."""
    wanted = {
        "number": 0, "action": "send-mail", "queue": "default", "status": "succeeded", "params": {}, "message": "broken",
        "code": "exception", "principal": "user:7", "key": None, "actor": ("user", "7", "ada"), "tags": [], "parent": None,
        "replay_of": None, "lasted": 1.0, **given,
    }  # fmt: skip
    status = Status(wanted["status"])
    at = BEGIN + timedelta(minutes=minute)
    failed = status in {Status.FAILED, Status.RETRYING, Status.IN_DOUBT}
    error = {"message": wanted["message"], "code": wanted["code"], "class": "ValueError"} if failed else None
    id_ = id_at(minute, wanted["number"])
    rows(
        _INSERT, id_, wanted["action"], wanted["queue"], status.value, json.dumps(wanted["params"]),
        None if error is None else json.dumps(error), wanted["principal"], wanted["key"], *wanted["actor"],
        wanted["tags"], 1 if status == Status.RUNNING else None, at, at, at,
        at + timedelta(minutes=wanted["lasted"]) if status in FINISHED else None, wanted["parent"],
        None if wanted["parent"] is None else f"step-{minute}-{wanted['number']}",
        [] if status in {Status.BLOCKED, Status.SKIPPED} else None,
        "paid" if status == Status.WAITING else None, wanted["replay_of"],
    )  # fmt: skip
    return id_


def crowd(number=90):
    """Many executions, no two alike; as dicts, newest first."""
    catalogue()
    made = []
    statuses = list(Status)
    for minute in range(number):
        status = statuses[minute % 10] if minute % 3 == 0 else Status.SUCCEEDED
        one = {
            "status": status.value,
            "action": ACTIONS[minute % 4],
            "queue": "mail" if minute % 5 == 0 else "default",
            "tags": ["nightly"] if minute % 7 == 0 else [],
            "key": f"order-{minute}" if minute % 4 == 0 else None,
            "message": f"mail server {minute % 6} is away at 100%",
            "params": {"customer": {"id": minute % 9, "name": "a_b"}},
            "actor": ("api_key", "shop", "shop · do_live_x") if minute % 2 else ("user", "7", "ada"),
            "parent": id_at(0) if minute % 11 == 10 else None,
            "lasted": (minute * 37) % 50,
        }
        one["id"] = execution(minute, **one)
        one["minute"] = minute
        one["finished"] = BEGIN + timedelta(minutes=minute + one["lasted"]) if status in FINISHED else None
        made.append(one)
    return made[::-1]
