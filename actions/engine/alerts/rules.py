"""rules: what is watched for; made, changed, paused, resumed, removed."""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.alerts.channels import checked_name
from actions.engine.alerts.kinds import KINDS, LONGEST_TIME, LONGEST_WINDOW, QUIET, About
from actions.engine.statements import fetch
from actions.errors import AlertRuleNotFound, InvalidInput, storable
from actions.models import Action, Alert, AlertChannel, AlertRule, Queue

Kind = AlertRule.Kind
Scope = AlertRule.Scope
_MOST_LEAST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rule as somebody wants it. What its kind has no use for is left as it is here."""

    name: str
    scope: str = ""
    of: str = ""
    threshold: float | None = None
    least: int = 1
    window: int = 3_600
    quiet: int | None = None
    channels: tuple[int, ...] = ()


def create_rule(kind: str, wanted: Wanted, *, actor: Actor, reason: str = "") -> int:
    """Make a rule, which watches from now on; returns its id. Raises Forbidden, ReasonRequired, InvalidInput at its field."""
    with access.acting():
        access.require(actor, "manage_alerts", subject="a new alert rule")
        reason = access.checked_reason(actor, reason)
        if kind not in KINDS:
            raise InvalidInput("invalid_kind", f"A rule is one of {', '.join(KINDS)}.", path="kind")
        fields = _checked(kind, wanted, AlertRule.objects.all())
        _begin(kind)
        row = AlertRule.objects.create(kind=kind, created_by=actor.label[:255], **fields)
        ledger.record("alert_rule.created", actor=actor, reason=reason, details=told(row))
    return row.pk


def change_rule(rule: int, wanted: Wanted, *, actor: Actor, reason: str = "") -> bool:
    """Let it watch for something else of its kind, or tell others; False when that is what it did. Raises as create_rule, and
    AlertRuleNotFound."""
    with access.acting():
        reason = _permitted(rule, "manage_alerts", actor, reason)
        row = locked(rule)
        before = told(row)
        fields = _checked(row.kind, wanted, AlertRule.objects.exclude(pk=row.pk))
        for name, value in fields.items():
            setattr(row, name, value)
        after = told(row)
        if after == before:
            return False
        if (before["scope"], before["of"]) != (after["scope"], after["of"]):
            row.pending = {}
            _over(row)
        row.save()
        changed = {name: value for name, value in before.items() if value != after[name]}
        ledger.record("alert_rule.changed", actor=actor, reason=reason, details={**after, "before": changed})
    return True


def pause_rule(rule: int, *, actor: Actor, reason: str = "") -> bool:
    """Let it tell nothing; what happens meanwhile is not told later. False when it was paused already."""
    with access.acting():
        reason = _permitted(rule, "pause", actor, reason)
        row = locked(rule)
        if row.paused_at is not None:
            return False
        AlertRule.objects.filter(pk=row.pk).update(
            paused_at=Now(), paused_by=actor.label[:255], paused_reason=reason, pending={}
        )
        _over(row)
        ledger.record("alert_rule.paused", actor=actor, reason=reason, details={"rule": row.name})
    return True


def resume_rule(rule: int, *, actor: Actor, reason: str = "") -> bool:
    """Let it watch again, from now on. False when it was not paused."""
    with access.acting():
        reason = _permitted(rule, "pause", actor, reason)
        row = locked(rule)
        if row.paused_at is None:
            return False
        _begin(row.kind)
        AlertRule.objects.filter(pk=row.pk).update(
            paused_at=None, paused_by="", paused_reason="", pending={}, since=Now()
        )
        ledger.record("alert_rule.resumed", actor=actor, reason=reason, details={"rule": row.name})
    return True


def remove_rule(rule: int, *, actor: Actor, reason: str = "") -> None:
    """Forget it; what it has told stays in the log, and what is on its way arrives. Raises AlertRuleNotFound."""
    with access.acting():
        reason = _permitted(rule, "manage_alerts", actor, reason)
        row = locked(rule)
        details = told(row)
        _over(row)
        row.delete()
        ledger.record("alert_rule.removed", actor=actor, reason=reason, details=details)


def locked(rule: int) -> AlertRule:
    """The row, locked. Raises AlertRuleNotFound."""
    row = AlertRule.objects.select_for_update().filter(pk=rule).first()
    if row is None:
        raise AlertRuleNotFound
    return row


def told(row: AlertRule) -> dict[str, Any]:
    """What the audit keeps of a rule."""
    names = dict(AlertChannel.objects.filter(pk__in=row.channels).values_list("pk", "name"))
    return {
        "rule": row.name,
        "kind": row.kind,
        "scope": row.scope or "everything",
        "of": row.of,
        "threshold": row.threshold,
        "least": row.least,
        "window": row.window,
        "quiet": row.quiet,
        "channels": sorted(names.values()),
    }


def _permitted(rule: int, verb: str, actor: Actor, reason: str) -> str:
    access.require(actor, verb, subject=f"alert rule {rule}")
    return access.checked_reason(actor, reason)


def _begin(kind: str) -> None:
    """The first rule that watches failures begins with what fails from now on."""
    if kind == Kind.FAILURE and not AlertRule.objects.filter(kind=kind, paused_at__isnull=True).exists():
        fetch("alert_begin", {})


def _over(row: AlertRule) -> None:
    """Nobody looks any more whether what it has told lasts."""
    Alert.objects.filter(rule=row, lasting=True, recovered_at__isnull=True).update(recovered_at=Now())


def _checked(kind: str, wanted: Wanted, others: Any) -> dict[str, Any]:
    """The columns of a rule. Raises InvalidInput."""
    about = KINDS[kind]
    fields = asdict(wanted)
    fields["name"] = checked_name(wanted.name, taken=others)
    fields["scope"], fields["of"] = _scope(about, wanted)
    fields["threshold"] = _threshold(about, wanted.threshold)
    if not about.windowed:
        fields |= {"least": 1, "window": 0}
    elif not 60 <= wanted.window <= LONGEST_WINDOW:
        raise InvalidInput("invalid_window", f"A window has 60 to {LONGEST_WINDOW:,} seconds.", path="window")
    elif not 1 <= wanted.least <= _MOST_LEAST:
        raise InvalidInput("invalid_least", f"At least 1, at most {_MOST_LEAST:,}.", path="least")
    fields["quiet"] = about.quiet if wanted.quiet is None else wanted.quiet
    if fields["quiet"] not in QUIET:
        raise InvalidInput("invalid_quiet", f"A quiet time has {QUIET[0]} to {QUIET[-1]:,} seconds.", path="quiet")
    known = set(AlertChannel.objects.filter(pk__in=wanted.channels).values_list("pk", flat=True))
    if known != set(wanted.channels):
        raise InvalidInput("unknown_channel", "One of these channels is gone. Choose again.", path="channels")
    fields["channels"] = sorted(known)
    return fields


def _scope(about: About, wanted: Wanted) -> tuple[str, str]:
    of = storable(wanted.of.strip())
    if wanted.scope not in about.scopes:
        words = ", ".join(scope or "everything" for scope in about.scopes)
        raise InvalidInput("invalid_scope", f"This kind of rule watches {words}.", path="scope")
    if wanted.scope == Scope.ALL:
        return "", ""
    named = {Scope.ACTION: Action.objects, Scope.QUEUE: Queue.objects}.get(Scope(wanted.scope))
    if not 1 <= len(of) <= 100 or (named is not None and not named.filter(pk=of).exists()):
        raise InvalidInput("unknown_subject", f"There is no {wanted.scope} of this name.", path="of")
    return wanted.scope, of


def _threshold(about: About, wanted: float | None) -> float:
    if not about.unit:
        return 0.0
    most = 100 if about.unit == "%" else LONGEST_TIME
    threshold = about.threshold if wanted is None else wanted
    if not (isfinite(threshold) and 0 < threshold <= most) or (about.unit == "%" and threshold == most):
        below = "below 100 per cent" if about.unit == "%" else f"at most {most:,} seconds"
        raise InvalidInput("invalid_threshold", f"Above 0, {below}.", path="threshold")
    return float(threshold)
