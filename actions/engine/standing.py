"""What pauses of every kind have in common: until when one may be, and how one that stands is changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from actions.definitions.actor import Actor
from actions.engine.statements import fetch
from actions.errors import InvalidInput, NotPaused, PauseChanged
from actions.models import Schedule
from actions.models.action import Pausable

_FAREST = timedelta(days=366)


def checked(until: datetime | None) -> datetime | None:
    """The time in UTC, when it is one to wait for, by the clock that it will be compared with.

    Raises InvalidInput for one that has passed, is more than a year ahead, or lacks its zone.
    """
    if until is None:
        return None
    if until.tzinfo is None:
        raise InvalidInput("invalid_until", "The time needs a time zone.", path="until")
    try:
        until = until.astimezone(UTC)
    except OverflowError:
        raise InvalidInput("invalid_until", "The time is out of range.", path="until") from None
    now = fetch("clock", {})[0][0]
    if until <= now:
        raise InvalidInput("invalid_until", f"That time has passed: it is {now:%Y-%m-%d %H:%M:%S} UTC.", path="until")
    if until > now + _FAREST:
        raise InvalidInput("invalid_until", "The time is more than a year ahead.", path="until")
    return until


def mark(row: Pausable | Schedule) -> str:
    """What somebody sees of a pause, as a text that is another one when it was changed; empty where it is not paused."""
    return "" if row.paused_at is None else f"{row.paused_at.isoformat()} {_text(row.paused_until) or ''}"


def renew(
    row: Pausable | Schedule, *, actor: Actor, reason: str, until: datetime | None, seen: str | None
) -> dict[str, Any] | None:
    """Let the pause of a locked row stand until another time, or for another reason, without a moment in which it does not
    stand; an empty reason leaves the one that there is. Returns what the audit keeps; None where it was so before.

    Raises NotPaused, which says who resumed it, and PauseChanged where `seen` is not its mark any more.
    """
    if row.paused_at is None:
        raise NotPaused(_gone(row))
    if seen not in {None, mark(row)}:
        stands = f"until {_moment(row.paused_until)}" if row.paused_until else "until somebody resumes it"
        raise PauseChanged(
            f"{_called(row)} is paused otherwise than you saw it: by {row.paused_by} since {_moment(row.paused_at)}, {stands}. "
            "Nothing was changed."
        )
    before = {"until": _text(row.paused_until), "reason": row.paused_reason}
    after = {"until": _text(until), "reason": reason or row.paused_reason}
    if after == before:
        return None
    before["by"] = row.paused_by
    row.paused_by, row.paused_reason, row.paused_until = actor.label[:255], after["reason"] or "", until
    row.save(update_fields=["paused_by", "paused_reason", "paused_until"])
    return {"until": after["until"], "before": before, "after": after}


def _gone(row: Pausable | Schedule) -> str:
    kind = row._meta.model_name
    found = fetch("resumed_by", {"verb": f"{kind}.resumed", "what": kind, "key": str(row.pk)})
    if not found:
        return f"{_called(row)} is not paused. Nothing was changed."
    by, at = found[0]
    return f"{_called(row)} is not paused any more: {by} resumed it at {_moment(at)}. Nothing was changed."


def _called(row: Pausable | Schedule) -> str:
    return f"The {row._meta.verbose_name} {str(row)[:200]}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
