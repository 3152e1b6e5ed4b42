"""What alerts say. Fields of fixed places: nothing that anybody wrote is ever read as a template."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from actions.values import visible

LONGEST_CAUSE = 300
_MENTION = re.compile(r"@(?=\w)|<(?=[!@#&])|(?<=\[)(?=[^\]]*\]\()")
"""What chat services read as a call to somebody, or as a link: @everyone, <!channel>, [text](address)."""


@dataclass(slots=True)
class Said:
    """One alert, before it is written down."""

    rule: int
    subject: str
    title: str
    lines: list[str]
    link: str
    """Where to look, from the console's root on."""
    lasting: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(line for line in self.lines if line)


def failures(rule: int, action: str, pending: dict[str, Any]) -> Said:
    """Executions of an action that failed or came in doubt."""
    failed, doubtful = pending["failed"], pending["in_doubt"]
    counted = [f"{number:,} {word}" for number, word in ((failed, "failed"), (doubtful, "in doubt")) if number]
    first, last = (datetime.fromisoformat(pending[name]) for name in ("first", "last"))
    span = f"At {_clock(first)}." if failed + doubtful == 1 else f"Between {_clock(first)} and {_clock(last)}."
    states = ",".join(word for number, word in ((failed, "failed"), (doubtful, "in_doubt")) if number)
    return Said(
        rule,
        action,
        f"{action}: {', '.join(counted)}",
        [span, cause(pending["error"], pending["message"], before="The newest: "),
         "Those in doubt may have had their effect; somebody must say." if doubtful else ""],
        executions(f"action:{action} state:{states}"),
        details={"failed": failed, "in_doubt": doubtful},
    )  # fmt: skip


def new_group(rule: int, group: dict[str, Any]) -> Said:
    """A group of failures that there was not before."""
    return Said(
        rule,
        group["fingerprint"],
        f"{group['action']}: new failure {short(group['error'])}",
        [
            f"First seen at {_clock(group['at'])}; {_tries(group['count'])} so far.",
            cause(group["error"], group["message"]),
        ],
        f"failures/{group['fingerprint']}/",
        details={"action": group["action"]},
    )


def regressed(rule: int, group: dict[str, Any], *, state: str, by: str, since: datetime) -> Said:
    """A group of failures that people had done with, and that fails again."""
    was = f"{by} had resolved it" if state == "resolved" else f"{by} had ignored it for a while"
    return Said(
        rule,
        group["fingerprint"],
        f"{group['action']}: {short(group['error'])} is back",
        [f"{was} at {_clock(since)}; it failed again, last at {_clock(group['at'])}.",
         cause(group["error"], group["message"])],
        f"failures/{group['fingerprint']}/",
        details={"action": group["action"]},
    )  # fmt: skip


def rate(rule: int, action: str, *, failed: int, ended: int, window: int, threshold: float) -> Said:
    """An action that fails too often."""
    return Said(
        rule,
        action,
        f"{action}: {failed / ended:.0%} fail",
        [
            f"{failed:,} of {ended:,} that ended in the last {span(window)} failed for good; the limit is {threshold:g} %."
        ],
        executions(f"action:{action} state:failed finished-after:-{max(window // 60, 1)}m"),
        lasting=True,
        details={"failed": failed, "ended": ended},
    )


def queue_age(rule: int, queue: str, *, oldest: datetime, waits: float, threshold: float) -> Said:
    """A queue in which something waits for too long."""
    return Said(
        rule,
        queue,
        f"Queue {queue}: something waits for {span(waits)}",
        [f"The oldest execution that could start has waited since {_clock(oldest)}; the limit is {span(threshold)}.",
         "Nothing is lost. Look whether workers are there, and what they are on."],
        "queues/",
        lasting=True,
        details={"seconds": round(waits)},
    )  # fmt: skip


def run_time(rule: int, action: str, *, p95: float, number: int, window: int, threshold: float) -> Said:
    """An action that takes too long."""
    return Said(
        rule,
        action,
        f"{action}: runs for {span(p95)}",
        [f"One in twenty of {number:,} that ended in the last {span(window)} ran for {span(p95)} or longer.",
         f"The limit is {span(threshold)}."],
        f"actions/{action}/",
        lasting=True,
        details={"seconds": round(p95, 3), "number": number},
    )  # fmt: skip


def dead_workers(rule: int, host: str, workers: list[dict[str, Any]]) -> Said:
    """Workers of one host that died."""
    number = len(workers)
    named = [
        f"{worker['name'][:60]} (process {worker['pid']}), last heard at {_clock(worker['heartbeat_at'])}"
        for worker in workers[:10]
    ]
    return Said(
        rule,
        host,
        f"{host[:100]}: {'a worker' if number == 1 else f'{number:,} workers'} died",
        [*map(visible, named), f"… and {number - 10:,} more." if number > 10 else "",
         "What they ran is rescued: tried again where that is safe, in doubt where it is not."],
        "workers/",
        details={"workers": [worker["id"] for worker in workers]},
    )  # fmt: skip


def no_worker(rule: int, queue: str, *, last: datetime | None) -> Said:
    """Nobody is there to do it."""
    place = f"queue {queue}" if queue else "any queue"
    return Said(
        rule,
        queue or "every queue",
        f"No worker serves {place}",
        [f"The last one was there at {_clock(last)}." if last else "None has ever been there.",
         "What is asked for is kept, and starts when one is. Start one: manage.py work"],
        "queues/",
        lasting=True,
    )  # fmt: skip


def schedule_failed(rule: int, action: str, name: str, *, schedule: int, error: str, due_at: datetime) -> Said:
    """A due time of a schedule that started nothing."""
    return Said(
        rule,
        f"{action}/{name}",
        f"{action}: the schedule {visible(name)} started nothing",
        [f"It was due at {_clock(due_at)}. {_brief(error)}",
         "Correct its params or put its action back. That time is not made up for: run it now where it is missed."],
        f"schedules/{schedule}/",
        details={"schedule": schedule, "due_at": due_at.astimezone(UTC).isoformat()},
    )  # fmt: skip


def schedules_late(rule: int, scope: str, of: str, late: list[tuple[str, str, datetime]], *, threshold: float) -> Said:
    """Schedules whose time has come and gone."""
    number = len(late)
    action, name, first = late[0]
    named = [f"{action}/{visible(name)}, due since {_clock(due_at)}" for action, name, due_at in late[:10]]
    narrowed = {"action": of} if scope == "action" else {}
    return Said(
        rule,
        of or "every schedule",
        f"{action}: the schedule {visible(name)} is late" if number == 1 else f"{number:,} schedules are late",
        [*named, f"… and {number - 10:,} more." if number > 10 else "", f"The limit is {span(threshold)}.",
         "Look whether maintain is running and what its log says. What catch-up allows is started when it goes on."],
        f"schedules/?{urlencode({'state': 'late', **narrowed})}",
        lasting=True,
        details={"schedules": number, "first": first.astimezone(UTC).isoformat()},
    )  # fmt: skip


def recovered(title: str, *, since: datetime, until: datetime) -> tuple[str, str]:
    """The title and the text of the message that what an alert has told is over."""
    lasted = span((until - since).total_seconds())
    return f"Recovered: {title}", f"It lasted for {lasted}: found at {_clock(since)}, and no more at {_clock(until)}."


def executions(query: str) -> str:
    """The list of what a search finds."""
    return f"executions/?{urlencode({'q': query})}"


def cause(error: str, message: str, *, before: str = "") -> str:
    """An error in one line. Its message is redacted where it is stored."""
    said = _brief(message or "")
    return f"{before}{short(error)}: {said}" if said else f"{before}{short(error)}" if error else ""


def short(error: str) -> str:
    """A class of errors without its module."""
    return visible(error).rpartition(".")[2][:100] or "an error"


def tame(text: str) -> str:
    """For chat services: what would call somebody, or hide a link, is split by a character without width."""
    return _MENTION.sub(lambda found: f"{found[0]}\u200b", text)


def span(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 10:
        return f"{seconds:.3g} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def _brief(message: str) -> str:
    said = " ".join(visible(message).split())
    return f"{said[:LONGEST_CAUSE]}…" if len(said) > LONGEST_CAUSE else said


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _tries(number: int) -> str:
    return f"{number:,} failed {'try' if number == 1 else 'tries'}"
