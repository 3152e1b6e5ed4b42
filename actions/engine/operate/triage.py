"""triage: what people say about a group of failures: it is resolved, it may be ignored for a while, it is open after all."""

from datetime import datetime

from django.db.models.functions import Now

from actions import narrowing
from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.errors import ErrorGroupNotFound, InvalidInput
from actions.models import ErrorGroup

_State = ErrorGroup.State


def resolve_group(fingerprint: str, *, actor: Actor, reason: str = "") -> bool:
    """The cause is gone: out of the list, until it fails again. False when somebody had said so before."""
    return _say(fingerprint, _State.RESOLVED, None, actor, reason)


def ignore_group(fingerprint: str, *, until: datetime | None, actor: Actor, reason: str = "") -> bool:
    """Out of the list until that time, or for good, however often it fails. Raises InvalidInput for a time without zone."""
    if until is not None and until.tzinfo is None:
        raise InvalidInput("invalid_until", "The time needs a time zone.", path="until")
    return _say(fingerprint, _State.IGNORED, until, actor, reason)


def reopen_group(fingerprint: str, *, actor: Actor, reason: str = "") -> bool:
    """It needs somebody after all. False when it was open."""
    return _say(fingerprint, _State.OPEN, None, actor, reason)


def _say(fingerprint: str, state: "ErrorGroup.State", until: datetime | None, actor: Actor, reason: str) -> bool:
    with access.acting():
        access.require(actor, "triage", subject=fingerprint)
        reason = access.checked_reason(actor, reason)
        group = ErrorGroup.objects.select_for_update().filter(pk=fingerprint[:64].replace("\0", "")).first()
        if group is None:
            raise ErrorGroupNotFound
        if access.unseen(actor, group.action):
            access.refuse(actor, "triage", fingerprint)
            raise ErrorGroupNotFound
        access.narrow(actor, "triage", fingerprint, narrowing.Subject("action", group.action))
        regressed = group.state_at is not None and group.last_seen_at > group.state_at
        known = (group.state, group.ignored_until) == (state, until)
        if known and not (state == _State.RESOLVED and regressed):
            return False
        ErrorGroup.objects.filter(pk=group.pk).update(
            state=state, state_by=actor.label[:255], state_at=Now(), ignored_until=until, note=reason
        )
        details = {"group": group.pk, "before": group.state, "after": state.value}
        if until is not None:
            details["until"] = until.isoformat()
        ledger.record(f"failures.{_VERBS[state]}", actor=actor, reason=reason, action=group.action, details=details)
    return True


_VERBS = {_State.OPEN: "reopened", _State.RESOLVED: "resolved", _State.IGNORED: "ignored"}
