"""What each event of the log means, as a person would say it. A test holds this table and the code together."""

import os
from collections.abc import Mapping
from typing import Any

SENTENCES = {
    # What becomes of executions; succeeding is not news.
    "execution_retrying": "{action} {execution}, attempt {attempt}, tries again in {delay}: {message}",
    "execution_failed": "{action} {execution} has failed: {message}",
    "execution_in_doubt": "{action} {execution} is in doubt until its resolver or a person settles it: {message}",
    "execution_queued": "{action} {execution} is queued again: {message}",
    "lease_lost": "Attempt {attempt} of {execution} was taken away meanwhile; its writes were rolled back.",
    "group_undone": "{members} executions that shared a transaction are done again one by one ({cause}: {error})",
    "commit_judged": "PostgreSQL did not answer a COMMIT; asked again, did it commit: {committed}.",
    "hook_failed": "An on_commit hook failed; the execution stands: {error}",
    # Processes and what they stand on.
    "worker_registered": "worker {worker} (process {process}) is ready; queues: {queues}",
    "worker_returned": "worker {worker} (process {process}) is back after it had lost PostgreSQL",
    "worker_quiet": "worker {worker} (process {process}) was asked to be quiet: it ends what it has, and takes nothing new",
    "worker_resumed": "worker {worker} (process {process}) takes again",
    "worker_stops": "worker {worker} (process {process}) was asked to stop: it ends after what it is on",
    "worker_replaced": "a worker (process {pid}) has ended in good order; another one takes its place",
    "worker_ended": "a worker (process {pid}) died; another one takes its place, and what it ran is rescued",
    "heartbeat_lost": "process {process} has lost PostgreSQL and takes nothing new meanwhile: {error}",
    "leave_failed": "process {process} could not sign off; it is found missing instead: {error}",
    "database_away": "process {process} waits for PostgreSQL: {error}",
    "redis_away": "process {process} waits for Redis; nothing is lost, work only starts some seconds later",
    "drain_interrupted": "process {process} had to stop taking from {queue}; what is due there is taken up again: {error}",
    "maintain_leads": "on duty: wakes what was not woken, rescues what lost its worker, prunes",
    "pause_lifted": "The {kind} {name} goes on: the time until which it was paused has come.",
    "access_rule_failed": "The access rule (ACCESS) failed at {rule}, so that nothing was allowed: {error}",
    "redaction_failed": "REDACT ({judge}) fails, so that all it is asked about is hidden: {error}. This is said once.",
    "panel_failed": "The panel {panel} of the page of {where} failed, and the page stood: {error}",
    "chore_failed": "{chore} failed, and is tried again at its time; the other chores go on: {error}",
    "schedule_failed": "The schedule {schedule} was due, and started nothing; its next time comes all the same: {error}",
    "maintain_interrupted": "interrupted, and begins again as soon as PostgreSQL answers: {error}",
    "sealing_stopped": "Sealing has stopped: this server counts transactions from {oldest_open}, seal {seal} had come to "
    "{sealed_to}. Was this database loaded from another server? docs/operations.md, Backups, says how to go on.",
    "sealing_disturbed": "Audit entries changed while they were being sealed: {counted} were counted, {found} found between "
    "{first} and {last}. Nothing was sealed; run audit_verify.",
    "tallies_restored": "This database was loaded from another server; its charts go on, {counted} audit entries were counted.",
    "api_failed": "A request to the API failed by a fault of ours, and was told so: {error}",
    "endings_unheard": "Redis was not understood; those who wait for executions are told from the table: {error}",
    "wake_failed": "Redis does not answer; nothing is lost, work only starts some seconds later: {error}",
    "stranger_dropped": "Something in Redis is no wake-up of ours, and was dropped: {job}",
    "api_key_unknown": "Somebody at {address} sent what is no API key of ours ({times} refused since this was said last).",
    "api_key_use_not_written": "The last use of the API key {key} could not be written down; it was let in: {error}",
    "actions_not_imported": "The actions of {module} could not be imported ({place}): {error}",
}


def say(event: str, fields: Mapping[str, Any]) -> str:
    """The sentence of an event; an event that has none, such as a library's line, is said as it is, with its fields."""
    known = {name: _short(value) for name, value in fields.items() if not name.startswith("_")}
    if isinstance(seconds := known.get("delay"), float):
        known["delay"] = _span(seconds)
    sentence = SENTENCES.get(event)
    if sentence is not None:
        try:
            return sentence.format(**{"process": os.getpid(), **known})
        except (KeyError, ValueError):
            pass  # a field is missing: say what there is
    return " ".join([event, *(f"{name}={value}" for name, value in known.items())])


def _span(seconds: float) -> str:
    """A time as somebody says it who waits for it."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _short(value: Any) -> Any:
    """The first line: what follows it in PostgreSQL's messages are hints for somebody who types a command."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value.strip().partition("\n")[0] if isinstance(value, str) else value
