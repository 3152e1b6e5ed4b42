"""Why an execution waits: from what is known of it and around it to codes and sentences, for every face.

Each reason is true by itself of what a worker's claim does: while it holds, no claim takes the execution.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Hold:
    """A pause that keeps it from starting. `kind`: queue, action or tag."""

    kind: str
    name: str
    by: str
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an execution that is queued or retrying, and around it."""

    action: str
    queue: str
    available_at: datetime | None = None
    """When it is due, where that is still to come."""
    pauses: tuple[Hold, ...] = ()
    workers: int
    """Live workers that take from its queue."""
    quiet: int = 0
    """Live ones that would, and take nothing new."""
    stopping: int = 0
    limit: int | None = None
    """How many of its action may run at once."""
    running: int = 0
    """How many of them do; looked at where there is a limit."""
    known: bool = True
    """Whether the code still has its action."""
    home: str = ""
    """The queue that the code names for its action now."""
    before: int = 0
    """Due executions that a claim takes first."""
    more_before: bool = False
    """Whether there may be more than were counted."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for which it waits. `name`: of the queue, the action or the tag that it is about."""

    code: str
    says: str
    name: str = ""

    @property
    def foreseen(self) -> str:
        """The same of one that is not asked for yet."""
        if self.code == "not_due":
            return self.says.replace("does", "would", 1)
        return f"It would wait: {self.says[0].lower()}{self.says[1:]}"

    @property
    def as_json(self) -> Mapping[str, Any]:
        """As JSON shows it."""
        return {"code": self.code, "message": self.says}


def reasons(facts: Facts) -> tuple[Reason, ...]:
    """Why no worker takes it now, pauses first; where nothing holds it, how many are taken before it."""
    found = (*_pauses(facts), *_workers(facts), *_limit(facts), *_time(facts))
    return found or tuple(_before(facts))


def waits(*, status: str, event: str | None, until: datetime | None, steps: bool) -> tuple[Reason, ...]:
    """Why a workflow that is waiting goes on later, or a step that is blocked."""
    if status == "blocked":
        return (Reason("steps", "It waits for the steps that come before it."),)
    at = f" until {moment(until)} at the latest" if until else ""
    if event:
        return (Reason("event", f"It waits for the event {event!r}{at}.", event),)
    if steps or until is None:
        return (Reason("steps", f"It waits for its steps{at}."),)
    return (Reason("time", f"It waits until {moment(until)}."),)


def moment(at: datetime) -> str:
    """A time as the sentences have it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _pauses(facts: Facts) -> Iterator[Reason]:
    for hold in facts.pauses:
        until = f" until {moment(hold.until)}" if hold.until else ""
        why = f": {hold.reason}" if hold.reason else "."
        yield Reason(
            f"{hold.kind}_paused", f"The {hold.kind} {hold.name} is paused by {hold.by}{until}{why}", hold.name
        )


def _workers(facts: Facts) -> Iterator[Reason]:
    if facts.workers:
        return
    there = facts.quiet + facts.stopping
    if not there:
        yield Reason("no_worker", f"No worker of the queue {facts.queue} is at work.", facts.queue)
        return
    so = " or ".join(word for word, number in (("quiet", facts.quiet), ("stopping", facts.stopping)) if number)
    one = there == 1
    who = (
        f"The only worker of the queue {facts.queue} is"
        if one
        else f"All {there} workers of the queue {facts.queue} are"
    )
    yield Reason("workers_quiet", f"{who} {so}, and {'takes' if one else 'take'} nothing new.", facts.queue)


def _limit(facts: Facts) -> Iterator[Reason]:
    """Executions of an action with max_concurrency are taken apart from the others, by workers whose code has it."""
    if facts.limit is None:
        return
    if not facts.known:
        yield Reason(
            "not_in_code",
            f"The code has {facts.action} no more. It had a max_concurrency, so that no worker takes it until it is there again.",
            facts.action,
        )
    elif facts.home != facts.queue:
        yield Reason(
            "other_queue",
            f"The code has {facts.action} in the queue {facts.home} now, and as it has a max_concurrency, it is taken from "
            f"there alone; this one stands in {facts.queue}. Cancel it, and replay it.",
            facts.action,
        )
    elif facts.running >= facts.limit:
        yield Reason(
            "at_limit",
            f"{facts.running} of {facts.action} {'runs' if facts.running == 1 else 'run'} now, and at most {facts.limit} may "
            "at once (max_concurrency).",
            facts.action,
        )


def _time(facts: Facts) -> Iterator[Reason]:
    if facts.available_at is not None:
        yield Reason("not_due", f"It does not start before {moment(facts.available_at)}.")


def _before(facts: Facts) -> Iterator[Reason]:
    if not facts.before:
        return
    number = f"{'At least ' * facts.more_before}{facts.before:,}"
    what = f" of {facts.action}" if facts.limit is not None else f" in the queue {facts.queue}"
    due, are = ("due execution", "is") if facts.before == 1 else ("due executions", "are")
    yield Reason("behind", f"{number} {due}{what} {are} taken before it.", facts.queue)
