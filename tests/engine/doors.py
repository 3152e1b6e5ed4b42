"""The doors of the engine: the permission of each verb, what it is about, and the act."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from actions import Actor
from actions.definitions.callback import Callback
from actions.engine.alerts.rules import create as alert_rules
from actions.engine.alerts.rules.wanted import Wanted as WantedRule
from actions.engine.keys import scopes
from actions.engine.keys.accounts import create_account, disable_account, enable_account
from actions.engine.keys.callback import set_callback
from actions.engine.keys.create import create
from actions.engine.keys.revoke import revoke
from actions.engine.keys.rotate import rotate
from actions.engine.operate import emit, pause, trigger
from actions.engine.operate.cancel import cancel
from actions.engine.operate.export import export_audit
from actions.engine.operate.quiet_worker import quiet_worker, resume_worker
from actions.engine.operate.replay import replay
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.operate.run_now import run_now
from actions.engine.operate.stop_worker import stop_worker
from actions.engine.operate.triage import resolve_group
from actions.engine.operate.view_payload import view_payload
from actions.engine.schedules.change import change as change_schedule
from actions.engine.schedules.make import make as make_schedule
from actions.engine.schedules.remove import remove as remove_schedule
from actions.engine.schedules.wanted import Wanted
from actions.models import ErrorGroup, Worker
from actions.states import Status
from tests.app import workflows as flows
from tests.engine.test_operate_matrix import put
from tests.keyring import WHY, new_key
from tests.stage import ALICE

pytestmark = pytest.mark.usefixtures("engine")
DONE = {"actor": ALICE, "reason": WHY}


def execution(status: Status) -> str:
    return put(status).id


def paused(model: Any) -> str:
    (pause.pause_action if model == "action" else pause.pause_queue)(
        "test-noop" if model == "action" else "default", **DONE
    )
    return "test-noop" if model == "action" else "default"


def paused_tag() -> str:
    pause.pause_tag("nightly", **DONE)
    return "nightly"


def account(name: str = "crm") -> str:
    create_account(name, **DONE)
    return name


def disabled() -> str:
    disable_account(account(), **DONE)
    return "crm"


def failures() -> str:
    """The fingerprint of a group of failures."""
    now = datetime.now(UTC)
    group = ErrorGroup(fingerprint="a" * 32, action="test-fail", code="x", error_class="X", message="broken", count=1)
    group.first_seen_at = group.last_seen_at = now
    group.save(force_insert=True)
    return group.pk


def crewman(*, quiet: bool = False) -> str:
    """A worker's number."""
    now = datetime.now(UTC)
    row = Worker(pk=7, name="w", host="h", pid=1, queues=["default"], started_at=now, heartbeat_at=now)
    row.save(force_insert=True)
    if quiet:
        quiet_worker("7", **DONE)
    return "7"


NIGHTLY = Wanted(name="nightly", cron="0 3 * * *")


def scheduled() -> str:
    """The id of a schedule."""
    return str(make_schedule("test-noop", NIGHTLY, **DONE))


# Door: the permission, what it is about (made before, by code), and the act.
DOORS: dict[str, tuple[str, Callable[[], str], Callable[[str, Actor], Any]]] = {
    "trigger": ("trigger", lambda: "test-noop", lambda name, who: trigger.trigger(name, {}, actor=who, reason=WHY)),
    "retry": ("retry", lambda: execution(Status.FAILED), lambda id_, who: retry(id_, actor=who, reason=WHY)),
    "run now": ("run_now", lambda: execution(Status.QUEUED), lambda id_, who: run_now(id_, actor=who, reason=WHY)),
    "replay": ("replay", lambda: execution(Status.SUCCEEDED), lambda id_, who: replay(id_, actor=who, reason=WHY)),
    "cancel": ("cancel", lambda: execution(Status.QUEUED), lambda id_, who: cancel(id_, actor=who, reason=WHY)),
    "force stop": (
        "force_stop", lambda: execution(Status.RUNNING), lambda id_, who: cancel(id_, actor=who, reason=WHY, force=True),
    ),
    "resolve": (
        "resolve", lambda: execution(Status.IN_DOUBT), lambda id_, who: resolve(id_, answer=Answer.GIVE_UP, actor=who, reason=WHY),
    ),
    "emit": (
        "emit", lambda: flows.reviewed.invoke().id, lambda id_, who: emit.emit(id_, "review", actor=who, reason=WHY),
    ),
    "pause action": ("pause", lambda: "test-noop", lambda name, who: pause.pause_action(name, actor=who, reason=WHY)),
    "resume action": ("pause", lambda: paused("action"), lambda name, who: pause.resume_action(name, actor=who, reason=WHY)),
    "pause queue": ("pause", lambda: "default", lambda name, who: pause.pause_queue(name, actor=who, reason=WHY)),
    "pause tag": ("pause", lambda: "nightly", lambda name, who: pause.pause_tag(name, actor=who, reason=WHY)),
    "resume tag": ("pause", paused_tag, lambda name, who: pause.resume_tag(name, actor=who, reason=WHY)),
    "resume queue": ("pause", lambda: paused("queue"), lambda name, who: pause.resume_queue(name, actor=who, reason=WHY)),
    "make a key": (
        "manage_keys", account, lambda name, who: create(account=name, scopes=["action:*:read"], actor=who, reason=WHY),
    ),
    "rotate a key": ("manage_keys", lambda: new_key().id, lambda key, who: rotate(key, actor=who, reason=WHY)),
    "say whom a key tells": (
        "manage_keys", lambda: new_key().id,
        lambda key, who: set_callback(key, Callback("https://receiver.example/"), actor=who, reason=WHY),
    ),
    "revoke a key": ("manage_keys", lambda: new_key().id, lambda key, who: revoke(key, actor=who, reason=WHY)),
    "make an account": ("manage_keys", lambda: "crm", lambda name, who: create_account(name, actor=who, reason=WHY)),
    "disable an account": ("manage_keys", account, lambda name, who: disable_account(name, actor=who, reason=WHY)),
    "export the audit": ("export_audit", lambda: "csv", lambda form, who: export_audit({}, form, actor=who)),
    "triage failures": ("triage", failures, lambda known, who: resolve_group(known, actor=who, reason=WHY)),
    "make an alert rule": (
        "manage_alerts", lambda: "failure", lambda kind, who: alert_rules.create(kind, WantedRule(name="r"), actor=who, reason=WHY),
    ),
    "quiet a worker": ("manage_workers", crewman, lambda number, who: quiet_worker(number, actor=who, reason=WHY)),
    "resume a worker": (
        "manage_workers", lambda: crewman(quiet=True), lambda number, who: resume_worker(number, actor=who, reason=WHY),
    ),
    "stop a worker": ("manage_workers", crewman, lambda number, who: stop_worker(number, actor=who, reason=WHY)),
    "make a schedule": (
        "manage_schedules", lambda: "test-noop", lambda name, who: make_schedule(name, NIGHTLY, actor=who, reason=WHY),
    ),
    "change a schedule": (
        "manage_schedules", scheduled,
        lambda id_, who: change_schedule(int(id_), replace(NIGHTLY, cron="0 4 * * *"), actor=who, reason=WHY),
    ),
    "remove a schedule": (
        "manage_schedules", scheduled, lambda id_, who: remove_schedule(int(id_), actor=who, reason=WHY),
    ),
    "view payloads": ("view_payload", lambda: execution(Status.FAILED), lambda id_, who: view_payload(id_, actor=who)),
    "enable an account": ("manage_keys", disabled, lambda name, who: enable_account(name, actor=who, reason=WHY)),
}  # fmt: skip
SEEN_ONLY = {"view_audit", "share_views"}
"""Permissions of pages, and of what pages keep for their readers; tests of the console ask for them by role."""
OF_ACTIONS = [
    door for door, (verb, *_) in DOORS.items() if verb in scopes.ACTION_VERBS and not door.endswith(("queue", "tag"))
]
OF_EXECUTIONS = [door for door in OF_ACTIONS if door not in {"trigger", "pause action", "resume action"}]
