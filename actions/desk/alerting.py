"""What alert rules watch for, in words."""

from typing import Any

from actions.engine.alerts.kinds import KINDS
from actions.engine.alerts.texts import span
from actions.models import AlertRule

_WORDS = {"action": "the action", "queue": "the queue", "tag": "actions with the tag"}


def watches(rule: AlertRule) -> str:
    """What of: everything, or a name, which stands by itself behind it."""
    return _WORDS.get(rule.scope, "everything")


def limit(rule: AlertRule) -> str:
    """From where on it tells; empty for kinds that tell of each."""
    about = KINDS[rule.kind]
    if not about.unit:
        return ""
    bound = f"above {rule.threshold:g} %" if about.unit == "%" else f"longer than {span(rule.threshold)}"
    return f"{bound} in {span(rule.window)}, of {rule.least:,} or more" if about.windowed else bound


def label(kind: str) -> str:
    """A kind's name; an alert that was a test has none."""
    return KINDS[kind].label if kind in KINDS else kind.capitalize()


def facts(rule: AlertRule, channels: dict[int, str]) -> dict[str, Any]:
    """A rule as pages show it."""
    return {
        "label": label(rule.kind),
        "watches": watches(rule),
        "limit": limit(rule),
        "quiet": span(rule.quiet),
        "tells": [channels[key] for key in rule.channels if key in channels],
    }
