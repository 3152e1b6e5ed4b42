"""look: what each kind of rule finds now, by one statement for all rules of the kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from actions import conf
from actions.engine.alerts import DELIVER, texts
from actions.engine.alerts.texts import Said
from actions.engine.statements import fetch
from actions.models import Action, Alert, AlertRule

Kind = AlertRule.Kind
Scope = AlertRule.Scope
_BATCH = 5_000
_ROUNDS = 10
_GRACE = timedelta(days=1)
"""A failure is seen when every transaction that is older than its own has ended: by then it may be so old."""


@dataclass(frozen=True, slots=True)
class View:
    """From where it is looked: this moment, and the one before, as PostgreSQL's clock has them."""

    now: datetime
    before: datetime

    @property
    def bound(self) -> datetime:
        """What is older was seen before."""
        return self.before - _GRACE


def failures(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Adds what has failed to what each rule has pending."""
    for _ in range(_ROUNDS):
        rows = fetch("alert_failures", {"size": _BATCH, "carrier": DELIVER, "bound": view.bound})
        for _, action, queue, tags, failed, in_doubt, first, last, *error in rows:
            if action is None:
                continue
            for rule in rules:
                if last >= rule.since and _holds(rule, action, queue, tags or []):
                    _add(rule, action, failed, in_doubt, first, last, error)
        if rows[0][0] < _BATCH:
            break
    return [texts.failures(rule.pk, action, pending) for rule in rules for action, pending in rule.pending.items()]


def _add(rule: AlertRule, action: str, failed: int, in_doubt: int, first: datetime, last: datetime, error: Any) -> None:
    known = rule.pending.get(action, {"failed": 0, "in_doubt": 0, "first": first.isoformat()})
    rule.pending[action] = {
        "failed": known["failed"] + failed,
        "in_doubt": known["in_doubt"] + in_doubt,
        "first": min(known["first"], first.isoformat()),
        "last": max(known.get("last", ""), last.isoformat()),
        "error": (error[0] or error[1] or known.get("error", ""))[:255],
        "message": (error[2] or known.get("message", ""))[:1_000],
    }


def new_groups(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Groups of failures that no rule of these has told of."""
    within = _within(rules)
    return [
        texts.new_group(rule, group)
        for rule, *row in fetch("alert_new_groups", _since(rules, view))
        if within(rule, (group := _group(*row))["action"])
    ]


def regressed(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Groups of failures that came back."""
    within = _within(rules)
    return [
        texts.regressed(rule, group, state=row[-3], by=row[-2], since=row[-1])
        for rule, *row in fetch("alert_regressed", _since(rules, view))
        if within(rule, (group := _group(*row[:7]))["action"])
    ]


def rates(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Actions that fail too often."""
    within, by_id = _within(rules), {rule.pk: rule for rule in rules}
    params = {
        "rules": list(by_id),
        "actions": [rule.of if rule.scope == Scope.ACTION else "" for rule in rules],
        "windows": [rule.window for rule in rules],
        "carrier": DELIVER,
    }
    found = []
    for pk, action, failed, ended in fetch("alert_rates", params):
        rule = by_id[pk]
        if ended >= rule.least and failed * 100 > rule.threshold * ended and within(pk, action):
            found.append(
                texts.rate(pk, action, failed=failed, ended=ended, window=rule.window, threshold=rule.threshold)
            )
    return found


def queue_ages(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Queues in which something waits for too long."""
    return [
        texts.queue_age(rule.pk, queue, oldest=oldest, waits=waits, threshold=rule.threshold)
        for queue, oldest in fetch("alert_queues", {})
        for rule in rules
        if (waits := (view.now - oldest).total_seconds()) > rule.threshold and rule.of in {"", queue}
    ]


def run_times(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Actions that take too long."""
    by_id = {rule.pk: rule for rule in rules}
    params = {
        "rules": list(by_id),
        "actions": [rule.of for rule in rules],
        "windows": [rule.window for rule in rules],
        # Ids are times: what was accepted long before the window is not looked at.
        "lows": [_id_at(view.now - 2 * timedelta(seconds=rule.window) - timedelta(hours=1)) for rule in rules],
    }
    found = []
    for pk, action, number, p95 in fetch("alert_run_times", params):
        rule = by_id[pk]
        if number >= rule.least and p95 > rule.threshold:
            found.append(
                texts.run_time(pk, action, p95=p95, number=number, window=rule.window, threshold=rule.threshold)
            )
    return found


def dead_workers(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Workers that died, those of a host together. Which ones a rule has told of stands in its alerts."""
    lease = timedelta(seconds=conf.get().LEASE)
    bound = min(view.before, view.now - timedelta(seconds=max(rule.quiet for rule in rules))) - timedelta(hours=1)
    dead = fetch("alert_dead_workers", {"lease": conf.get().LEASE, "bound": bound})
    if not dead:
        return []
    names = ("id", "name", "host", "pid", "queues", "heartbeat_at")
    workers = [dict(zip(names, row, strict=True)) for row in dead]
    told: dict[int | None, set[int]] = {rule.pk: set() for rule in rules}
    # What tells of a worker is younger than its last heartbeat.
    oldest = min(worker["heartbeat_at"] for worker in workers)
    for pk, details in Alert.objects.filter(rule__in=list(told), at__gte=oldest).values_list("rule_id", "details"):
        told[pk] |= set(details.get("workers", []))
    found = []
    for rule in rules:
        fresh = [
            worker
            for worker in workers
            if worker["id"] not in told[rule.pk]
            and worker["heartbeat_at"] + lease >= rule.since
            and (not rule.of or rule.of in worker["queues"])
        ]
        found += [
            texts.dead_workers(rule.pk, host, [worker for worker in fresh if worker["host"] == host])
            for host in dict.fromkeys(worker["host"] for worker in fresh)
        ]
    return found


def no_workers(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Queues, or a whole installation, without a worker."""
    by_id = {rule.pk: rule for rule in rules}
    params = {"rules": list(by_id), "queues": [rule.of for rule in rules], "lease": conf.get().LEASE}
    return [
        texts.no_worker(pk, by_id[pk].of, last=last)
        for pk, live, last in fetch("alert_crews", params)
        if not live
        and (view.now - max(last or by_id[pk].since, by_id[pk].since)).total_seconds() >= by_id[pk].threshold
    ]


def schedules_failed(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Due times that started nothing, each told once by a rule. Which ones it has told of stands in its alerts."""
    params = {"rules": [rule.pk for rule in rules], "sinces": [rule.since for rule in rules]}
    rows = fetch("alert_schedules_failed", params)
    within = _within(rules) if rows else None
    return [
        texts.schedule_failed(rule, action, name, schedule=schedule, error=error, due_at=due_at)
        for rule, schedule, action, name, error, due_at in rows
        if within is not None and within(rule, action)
    ]


def schedules_late(rules: Sequence[AlertRule], view: View) -> list[Said]:
    """Schedules that are due for too long, those of a rule together."""
    rows = fetch("alert_schedules_late", {"seconds": min(rule.threshold for rule in rules)})
    if not rows:
        return []
    within, found = _within(rules), []
    for rule in rules:
        late = [
            (action, name, due_at)
            for action, name, due_at in rows
            if (view.now - due_at).total_seconds() > rule.threshold and within(rule.pk, action)
        ]
        if late:
            found.append(texts.schedules_late(rule.pk, rule.scope, rule.of, late, threshold=rule.threshold))
    return found


LOOKS: dict[str, Callable[[Sequence[AlertRule], View], list[Said]]] = {
    Kind.FAILURE: failures,
    Kind.NEW_GROUP: new_groups,
    Kind.REGRESSED: regressed,
    Kind.RATE: rates,
    Kind.QUEUE_AGE: queue_ages,
    Kind.RUN_TIME: run_times,
    Kind.DEAD_WORKER: dead_workers,
    Kind.NO_WORKER: no_workers,
    Kind.SCHEDULE_FAILED: schedules_failed,
    Kind.SCHEDULE_LATE: schedules_late,
}


def _holds(rule: AlertRule, action: str, queue: str | None, tags: Sequence[str]) -> bool:
    """Whether an execution is within what the rule watches."""
    return {
        Scope.ALL: True,
        Scope.ACTION: rule.of == action,
        Scope.QUEUE: rule.of == queue,
        Scope.TAG: rule.of in tags,
    }[Scope(rule.scope)]


def _within(rules: Sequence[AlertRule]) -> Callable[[int, str], bool]:
    """Whether an action is within what a rule watches, by the queue and the tags that it declares."""
    declared: dict[str, tuple[str, list[str]]] = {}
    if any(rule.scope in {Scope.QUEUE, Scope.TAG} for rule in rules):
        declared = {name: (queue, tags) for name, queue, tags in Action.objects.values_list("name", "queue", "tags")}
    by_id = {rule.pk: rule for rule in rules}
    return lambda pk, action: _holds(by_id[pk], action, *declared.get(action, (None, [])))


def _since(rules: Sequence[AlertRule], view: View) -> dict[str, Any]:
    return {
        "rules": [rule.pk for rule in rules],
        "sinces": [rule.since for rule in rules],
        "bound": view.bound,
        "carrier": DELIVER,
    }


def _group(
    fingerprint: str, action: str, error: str, code: str, message: str, at: datetime, count: int
) -> dict[str, Any]:
    named = {"fingerprint": fingerprint, "action": action, "error": error or code, "message": message}
    return {**named, "at": at, "count": count}


def _id_at(moment: datetime) -> UUID:
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
