"""What surrounds every page: where one can go, what everybody should know first, and how it looks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property

from actions import conf
from actions.desk.permit import may, narrowed
from actions.engine import dispatch
from actions.engine.ledger import MAINTAIN_LOCK
from actions.errors import ReadOnly
from actions.queries.alarms import Alarms, Pause, alarms

COOKIE = "look"
_MOST_NAMED = 3
"""Pauses that the banner names."""


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody wants the console to look, as the cookie keeps it: `dark.dense.on`."""

    theme: str = "system"
    density: str = "calm"
    keys: str = "on"

    themes: ClassVar = (("system", "System"), ("light", "Light"), ("dark", "Dark"))
    densities: ClassVar = (("calm", "Calm"), ("dense", "Dense"))
    key_choices: ClassVar = (("on", "On"), ("off", "Off"))

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """As the browser says; what it should not know is the default."""
        words = request.COOKIES.get(COOKIE, "").split(".")
        return cls().but(**dict(zip(("theme", "density", "keys"), words, strict=False)))

    def but(self, **wanted: str) -> Self:
        """With these instead, where they are choices at all."""
        choices = {"theme": self.themes, "density": self.densities, "keys": self.key_choices}
        known = {name: word for name, word in wanted.items() if word in dict(choices[name])}
        return replace(self, **known)

    def __str__(self) -> str:
        return f"{self.theme}.{self.density}.{self.keys}"


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go."""

    label: str
    url: str
    letter: str
    """`g` and this key lead there."""
    current: bool


@dataclass(frozen=True, slots=True)
class Banner:
    """What everybody should know first. `tone`: warn, bad, or empty for a plain one."""

    tone: str
    icon: str
    title: str
    text: str
    url: str = ""
    link: str = ""
    pauses: tuple["Paused", ...] = ()


@dataclass(frozen=True, slots=True)
class Paused:
    """One pause in a banner. `url` leads to where it is resumed, for those who may not, to where it stands."""

    name: str
    text: str
    url: str
    resumes: bool


_PLACES = (
    ("overview", "Overview", "o", "view_execution"),
    ("executions", "Executions", "e", "view_execution"),
    ("workflows", "Workflows", "w", "view_execution"),
    ("failures", "Failures", "f", "view_execution"),
    ("bulk", "Bulk", "b", "view_execution"),
    ("actions", "Actions", "a", "view_action"),
    ("schedules", "Schedules", "s", "view_schedule"),
    ("queues", "Queues", "q", "view_queue"),
    ("alerts", "Alerts", "l", "view_execution"),
    ("audit", "Audit", "u", "view_audit"),
    ("keys", "Keys", "k", "manage_keys"),
)
"""Name of the route, label, letter, and the permission without which it is not shown."""
_WHOLE = frozenset({"alerts"})
"""Of these, what is about the whole installation: not for those who see only some actions."""


class Frame:
    """The frame of one page; everything in it is looked up when the template asks."""

    def __init__(self, request: HttpRequest, section: str = "") -> None:
        self.request = request
        self.section = section
        self.user = request.user
        self.look = Look.of(request)

    @cached_property
    def nav(self) -> list[Place]:
        """Where this user may go; what is not installed is left out."""
        return [
            Place(label, url, letter, name == self.section)
            for name, label, letter, verb in _PLACES
            if may(self.request, verb) and not (name in _WHOLE and narrowed(self.request)) and (url := _url(name))
        ]

    @cached_property
    def search(self) -> str:
        """Where the search box leads; empty without the permission to see executions."""
        return _url("executions") if may(self.request, "view_execution") else ""

    @property
    def query(self) -> str:
        """What was searched for."""
        return self.request.GET.get("q", "") if self.section == "executions" else ""

    @property
    def admin(self) -> str:
        """Django's admin, for those who may enter it."""
        try:
            return reverse("admin:index") if getattr(self.user, "is_staff", False) else ""
        except NoReverseMatch:
            return ""

    @cached_property
    def alarms(self) -> Alarms:
        """How things stand: one query."""
        return alarms(maintain_lock=MAINTAIN_LOCK)

    @cached_property
    def banners(self) -> list[Banner]:
        """What everybody should know first; nothing for those who may see nothing."""
        return list(self._banners()) if may(self.request, "view_execution") else []

    def _banners(self) -> Iterator[Banner]:
        if conf.get().READ_ONLY:
            yield Banner("", "lock", "Read-only.", str(ReadOnly.__doc__))
        if not self.alarms.workers and self.alarms.quiet:
            yield _all_quiet(self.alarms.quiet)
        elif not self.alarms.workers:
            yield Banner(
                "bad",
                "worker",
                "No worker is at work.",
                "What is asked for is kept, and nothing starts until one does.",
                _url("workers"),
                "Workers",
            )
        if not self.alarms.maintained:
            yield Banner(
                "bad",
                "bell",
                "Maintain is silent.",
                "Nobody fires schedules, wakes scheduled and retrying executions, nor finds the attempts of dead workers. "
                "Start one: manage.py maintain",
            )
        if not dispatch.answers():
            yield Banner(
                "warn",
                "queue",
                "Queue degraded: Redis does not answer.",
                "Nothing is lost. What is asked for is kept, and starts once Redis is back, or when maintain finds it.",
            )
        if self.alarms.pauses:
            yield self._paused(self.alarms.pauses)

    def _paused(self, pauses: tuple[Pause, ...]) -> Banner:
        """The first few by name, and where the others stand."""
        named, more = pauses[:_MOST_NAMED], pauses[_MOST_NAMED:]
        shown = tuple(self._one(pause) for pause in named)
        if not more:
            return Banner("warn", "pause", "Paused:", "", pauses=shown)
        queues = all(pause.kind == "queue" for pause in more)
        url = _url("queues") if queues else f"{_url('actions')}?state=paused"
        return Banner("warn", "pause", "Paused:", "", url, f"and {len(more)} more", shown)

    def _one(self, pause: Pause) -> Paused:
        until = f" until {pause.until:%Y-%m-%d %H:%M:%S} UTC" if pause.until else ""
        text = f"by {pause.by} since {pause.at:%Y-%m-%d %H:%M:%S} UTC{until}: {pause.reason}"
        resumes, sees = may(self.request, "pause"), "view_queue" if pause.kind == "queue" else "view_action"
        if not may(self.request, sees):
            url = ""
        elif resumes:
            url = _url(f"{pause.kind}-resume", pause.name)
        else:
            there = {"queue": _url("queues"), "action": _url("action", pause.name)}
            url = there.get(pause.kind) or f"{_url('actions')}?{urlencode({'tag': pause.name})}"
        return Paused(f"{pause.kind} {pause.name}", text, url, resumes)


def _all_quiet(number: int) -> Banner:
    who = "The only worker was" if number == 1 else f"All {number} workers were"
    text = f"{who} asked to take nothing new. What is asked for is kept, and nothing starts until one is resumed."
    return Banner("bad", "worker", "All workers are quiet.", text, _url("workers"), "Workers")


def _url(name: str, *args: str) -> str:
    try:
        return reverse(f"console:{name}", args=args)
    except NoReverseMatch:
        return ""
