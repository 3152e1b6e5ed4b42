"""watch: look what every rule is for; what is found is written as alerts in the same transaction."""

from django.db import transaction

from actions import conf
from actions.crashpoints import crash_point
from actions.engine.alerts.fire import fire
from actions.engine.alerts.hand_over import hand_over
from actions.engine.alerts.kinds import KINDS
from actions.engine.alerts.look import LOOKS, View
from actions.engine.alerts.recover import recover
from actions.engine.alerts.texts import Said
from actions.engine.statements import fetch
from actions.models import AlertRule

EVERY = 15.0
"""Seconds between two looks."""
_FORGET = 5_000


def watch() -> int:
    """Tell what is to be told now; returns how many alerts that made. Without a rule it is one statement."""
    if not fetch("alert_wanted", {})[0][0]:
        return 0
    with transaction.atomic():
        # Whoever has the mark looks; another maintain that still thinks that it leads waits here, and finds nothing new.
        marked = fetch("alert_mark", {})
        if not marked or marked[0][2]:
            fetch("alert_begin", {})
            marked = fetch("alert_mark", {})
        before, now, _ = marked[0]
        rules = list(AlertRule.objects.select_for_update(no_key=True).filter(paused_at__isnull=True).order_by("pk"))
        found = _look(rules, View(now=now, before=before))
        fired = fire(found, rules, now)
        _settle(rules, fired)
        lasting = [rule for rule in rules if KINDS[rule.kind].lasting]
        if lasting:
            recover(lasting, found)
        hand_over()
        fetch("alert_looked", {})
        crash_point("alerts.decided")
    return len(fired)


def forget() -> int:
    """Delete alerts that are older than the retention; returns how many."""
    total = 0
    while gone := int(fetch("alert_forget", {"days": conf.get().RETENTION_DAYS, "size": _FORGET})[0][0]):
        total += gone
    return total


def _look(rules: list[AlertRule], view: View) -> list[Said]:
    found: list[Said] = []
    for kind, look in LOOKS.items():
        mine = [rule for rule in rules if rule.kind == kind]
        if mine:
            found += look(mine, view)
    return found


def _settle(rules: list[AlertRule], fired: list[Said]) -> None:
    """What was told is pending no more; what came in since is kept."""
    told = {(said.rule, said.subject) for said in fired}
    for rule in rules:
        if rule.kind != AlertRule.Kind.FAILURE or not rule.pending:
            continue
        rule.pending = {name: one for name, one in rule.pending.items() if (rule.pk, name) not in told}
        rule.save(update_fields=["pending"])
