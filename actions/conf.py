"""The app's settings: one dict DOPLATFORM in Django's settings, read at each use so that override_settings works."""

from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

SCHEMES = (
    "discord", "gchat", "gotifys", "gotify", "mailtos", "mailto", "matrixs", "matrix", "mmosts", "mmost", "ntfys", "ntfy",
    "opsgenie", "pagerduty", "pover", "rockets", "rocket", "slack", "tgram", "twilio", "wxteams", "workflows", "zulip",
)  # fmt: skip
"""The notification services that can be allowed. Those that call any address whatever (json, xml, form, apprise), read files or
speak to this machine (file, exec, dbus, syslog, windows …) are not among them, and no setting brings them in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Every knob with its default. Times are in seconds."""

    LEASE: float = 15.0
    """How long a worker may be silent before what it runs is taken from it."""
    HEARTBEAT: float = 5.0
    """How often a worker says that it lives."""
    MAINTAIN_TICK: float = 1.0
    """How often maintain looks for work."""
    DRAIN: float = 10.0
    """How long a drain works before other queues and RQ's own commands get their turn."""
    GROUP_SIZE: int = 32
    """How many `database` executions one transaction may settle; above 64 savepoints PostgreSQL's cache overflows."""
    GROUP_TIME: float = 0.02
    """How long a group stays open."""
    REDIS_TIMEOUT: float = 0.25
    """The most that one wake-up, and the request that sends it, waits for Redis."""
    REDIS_SILENCE: float = 15.0
    """How long a worker waits for a Redis that says nothing before it connects anew."""
    DEFAULT_TIMEOUT: float = 60.0
    """The soft timeout of an action that names none."""
    LONGEST_TIMEOUT: float = 900.0
    """The most that a transactional action may ask for; longer work belongs into steps or atomic=False."""
    KILL_GRACE: float = 1.0
    """From the soft timeout to the kill, where an action names no hard timeout."""
    SHUTDOWN_GRACE: float = 30.0
    """How long a stopping worker lets its handler finish before it gives the attempt back."""
    MAX_LOSSES: int = 3
    """How many workers one execution may cost before it is failed."""
    RETENTION_DAYS: int = 30
    """How long ended executions, and with them their idempotency keys, are kept."""
    SEAL_EVERY: float = 2.0
    """How often maintain seals new audit entries."""
    PREPARED_STATEMENTS: bool = True
    """Whether the hot statements are prepared on the server; say False behind a pooler in transaction mode."""
    SECRET_KEYS: tuple[str, ...] = field(default=())
    """Fernet keys for secret fields, newest first; derived from SECRET_KEY when empty."""
    SEAL_KEY: str = ""
    """Key that signs the audit's seals; derived from SECRET_KEY when empty. Keep it outside the database."""
    SEAL_OLD_KEYS: tuple[str, ...] = field(default=())
    """Keys that signed earlier seals: after a rotation they are still needed to verify those."""
    KEY_DAYS: int = 90
    """How long an API key lives where nobody says otherwise."""
    KEY_RATE: float = 100.0
    """How many requests a second an API key may send where nobody says otherwise; over all web processes."""
    ACTIONS_DISABLED: tuple[str, ...] = field(default=())
    """Names of actions that this installation does not offer."""
    OUTSIDE_ALLOWED_HOSTS: tuple[str, ...] = field(default=())
    """Whom remote actions and callbacks may call beside public addresses: `host`, `host:port`, or a network (CIDR)."""
    OUTSIDE_ALLOW_HTTP: bool = False
    """Whether they may speak plain http."""
    CALLBACK_QUEUE: str = "default"
    """The queue that delivers callbacks."""
    CALLBACK_SECRETS: tuple[str, ...] = field(default=())
    """Secrets (whsec_…) that sign callbacks without one of their own, newest first; made from SECRET_KEY when empty."""
    ALERT_QUEUE: str = "default"
    """The queue that delivers alerts."""
    ALERT_SCHEMES: tuple[str, ...] = field(default=())
    """The notification services that channels may name, by the schemes of their addresses; all of SCHEMES when empty."""
    PUBLIC_URL: str = ""
    """Where people find the console, such as https://actions.example.com/: alerts link to it."""
    READ_ONLY: bool = False
    """Whether people and API keys may only look: every verb of theirs is hidden and refused."""
    HIDE_PAYLOADS: bool = False
    """Whether people see params, results, logs and tracebacks only when they ask for them, each time audited."""
    REDACT_KEYS: tuple[str, ...] = field(default=())
    """Keys, and paths such as cards.*.number, that are dotted wherever payloads are shown, beside password and the like."""
    REDACT: str = ""
    """Dotted path of a function (path, value) that says for a value in a payload whether it is dotted."""
    ACCESS: str = ""
    """Dotted path of what narrows, after the permissions, what people may do and see: visible_actions(user), may(user, verb,
    subject)."""
    EXTRA_LINKS: str = ""
    """Dotted path of a function that takes an execution and returns (label, http address) pairs for its page."""


def known() -> frozenset[str]:
    """The names that DOPLATFORM may hold."""
    return frozenset(knob.name for knob in fields(Settings))


def unknown() -> list[str]:
    """Names in DOPLATFORM that mean nothing (a system check reports them)."""
    return sorted(set(getattr(django_settings, "DOPLATFORM", {})) - known())


_cached: Settings | None = None


def get() -> Settings:
    """The settings in force."""
    global _cached  # noqa: PLW0603  (a cache that setting_changed empties)
    if _cached is None:
        given: dict[str, Any] = dict(getattr(django_settings, "DOPLATFORM", {}))
        chosen: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if name in known()
        }
        _cached = Settings(**chosen)
    return _cached


def _forget(*, setting: str, **_: object) -> None:
    global _cached  # noqa: PLW0603
    if setting in {"DOPLATFORM", "SECRET_KEY"}:
        _cached = None


setting_changed.connect(_forget)
