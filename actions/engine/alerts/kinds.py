"""The kinds of rules: what each looks at, and which fields it has."""

from dataclasses import dataclass

from actions.models import AlertRule

Kind = AlertRule.Kind
Scope = AlertRule.Scope
_ANY = (Scope.ALL, Scope.ACTION, Scope.QUEUE, Scope.TAG)
_QUEUES = (Scope.ALL, Scope.QUEUE)
LONGEST_WINDOW = 86_400
LONGEST_TIME = 30 * 86_400
QUIET = range(60, 7 * 86_400 + 1)


@dataclass(frozen=True, slots=True)
class About:
    """One kind: its word, what it tells, and what must be said for it."""

    label: str
    explain: str
    scopes: tuple[str, ...] = _ANY
    unit: str = ""
    """What its threshold is in: %, s, or empty where it has none."""
    threshold: float = 0.0
    """Where nobody says otherwise."""
    windowed: bool = False
    """Whether it looks back over a window, at a number of executions at least."""
    lasting: bool = False
    """Whether it is about something that lasts, and can be over."""
    quiet: int = 3_600


KINDS: dict[str, About] = {
    Kind.FAILURE: About(
        "Executions failed or in doubt",
        "Told when an execution failed for good or came in doubt; counted for each action, so that many failures are one alert.",
        quiet=900,
    ),
    Kind.NEW_GROUP: About(
        "A new kind of failure", "Told once when something fails in a way that no group of failures has yet."
    ),
    Kind.REGRESSED: About(
        "A failure that came back",
        "Told when a group of failures fails again that was resolved, or ignored until a time that has passed.",
    ),
    Kind.RATE: About(
        "Failure rate",
        "Told when more than so many per cent of an action's executions that ended in the window failed for good.",
        unit="%",
        threshold=10.0,
        windowed=True,
        lasting=True,
    ),
    Kind.QUEUE_AGE: About(
        "Waiting time in a queue",
        "Told when what could start waits for longer, whatever the cause: no worker, too few, or slow ones. "
        "Paused queues and actions do not count.",
        scopes=_QUEUES,
        unit="s",
        threshold=600.0,
        lasting=True,
    ),
    Kind.RUN_TIME: About(
        "Run time",
        "Told when the slowest twentieth of an action's executions that ended in the window ran for longer (95th percentile).",
        scopes=(Scope.ACTION,),
        unit="s",
        threshold=60.0,
        windowed=True,
        lasting=True,
    ),
    Kind.DEAD_WORKER: About(
        "A worker that died",
        "Told when workers' heartbeats stop without their saying goodbye; those of one host are one alert.",
        scopes=_QUEUES,
    ),
    Kind.NO_WORKER: About(
        "No worker at work",
        "Told when no live worker has been there for so long.",
        scopes=_QUEUES,
        unit="s",
        threshold=60.0,
        lasting=True,
    ),
    Kind.SCHEDULE_FAILED: About(
        "A schedule that started nothing",
        "Told when a due time of a schedule started nothing: its params fit no more, or its action is gone or switched off. "
        "Once for each such time at most.",
    ),
    Kind.SCHEDULE_LATE: About(
        "A schedule that is late",
        "Told when schedules are due for longer and nothing has been started; those of a rule are one alert.",
        unit="s",
        threshold=300.0,
        lasting=True,
    ),
}
