"""Entries of the audit as sentences, whose parts lead to what they name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Formatter
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from actions.definitions.actor import PLATFORM
from actions.queries.trail import Entry
from actions.values import keytext

SAYS = {
    "execution.accepted": "{who} asked for {what}",
    "execution.started": "Attempt {attempt} of {what} started",
    "execution.suspended": "{what} waits for what it asked for",
    "execution.emitted": "{who} told {what} the event {event}",
    "execution.resumed": "{what} goes on because of {because}",
    "execution.unblocked": "{what} may start: what it needed has ended",
    "execution.skipped": "{what} was skipped: what it needed did not succeed",
    "execution.revived": "{what} waits again, for what is tried again",
    "execution.succeeded": "{what} succeeded",
    "execution.failed": "{what} failed with {class}",
    "execution.retrying": "{what} failed with {class}, and is tried again",
    "execution.in_doubt": "{what} is in doubt after {class}",
    "execution.rescued": "{what} was taken from a worker that is gone",
    "execution.postponed": "{what} asked to be tried later",
    "execution.given_back": "{what} was given back by a worker that stopped",
    "execution.retried": "{who} retried {what}",
    "execution.run_now": "{who} made {what} due now",
    "execution.resolved": "{who} resolved the doubt about {what}: {answer}",
    "execution.handled": "{who} called the failure of {what} handled",
    "execution.reopened": "{who} reopened the failure of {what}",
    "execution.cancel_requested": "{who} asked {what} to stop",
    "execution.cancelled": "{who} cancelled {what}",
    "execution.force_stopped": "{who} stopped {what} by force",
    "action.paused": "{who} paused the action {action} until {until}",
    "action.pause_changed": "{who} changed the pause of the action {action}: until {until}",
    "action.resumed": "{who} resumed the action {action}",
    "queue.paused": "{who} paused the queue {queue} until {until}",
    "queue.pause_changed": "{who} changed the pause of the queue {queue}: until {until}",
    "queue.resumed": "{who} resumed the queue {queue}",
    "tag.paused": "{who} paused the tag {tag} until {until}",
    "tag.pause_changed": "{who} changed the pause of the tag {tag}: until {until}",
    "tag.resumed": "{who} resumed the tag {tag}",
    "worker.quieted": "{who} asked the worker {worker} on {host} to be quiet",
    "worker.resumed": "{who} let the worker {worker} on {host} take again",
    "worker.stopped": "{who} asked the worker {worker} on {host} to stop",
    "schedule.created": "{who} made the schedule {schedule} of {action}",
    "schedule.changed": "{who} changed the schedule {schedule} of {action}",
    "schedule.withdrawn": "The code declares the schedule {schedule} of {action} no more",
    "schedule.removed": "{who} removed the schedule {name} of {action}",
    "schedule.paused": "{who} paused the schedule {schedule} of {action} until {until}",
    "schedule.pause_changed": "{who} changed the pause of the schedule {schedule} of {action}: until {until}",
    "schedule.resumed": "{who} resumed the schedule {schedule} of {action}",
    "schedule.run_now": "{who} ran the schedule {schedule} of {action} beside its times",
    "schedule.skipped": "The schedule {schedule} of {action} left out {left_out} that it missed",
    "schedule.failed": "The schedule {schedule} of {action} was due and started nothing: {error}",
    "failures.resolved": "{who} called {group} of {action} resolved",
    "failures.ignored": "{who} ignores {group} of {action} until {until}",
    "failures.reopened": "{who} reopened {group} of {action}",
    "bulk.begun": "{who} began {operation}: {verb} of {total} executions",
    "bulk.aborted": "{who} aborted {operation}",
    "bulk.finished": "{operation} of {who} ended: {done} done, {skipped} skipped, {failed} failed",
    "bulk.exported": "{who} exported {operation} as {format}",
    "executions.exported": "{who} exported the executions of the search {query} as {format}",
    "view.shared": "{who} shared the view {name}",
    "view.unshared": "{who} stopped sharing the view {name}",
    "view.removed": "{who} removed the view {name}",
    "api_key.created": "{who} made the API key {key} of {owner}",
    "api_key.rotated": "{who} rotated the API key {replaces} into {key}",
    "api_key.callback_changed": "{who} changed whom the API key {key} of {owner} tells",
    "api_key.revoked": "{who} revoked the API key {key} of {owner}",
    "service_account.created": "{who} made the service account {service_account}",
    "service_account.disabled": "{who} disabled the service account {service_account}",
    "service_account.enabled": "{who} enabled the service account {service_account}",
    "alert_rule.created": "{who} made the alert rule {rule}",
    "alert_rule.changed": "{who} changed the alert rule {rule}",
    "alert_rule.paused": "{who} paused the alert rule {rule}",
    "alert_rule.resumed": "{who} resumed the alert rule {rule}",
    "alert_rule.removed": "{who} removed the alert rule {rule}",
    "alert_channel.created": "{who} made the alert channel {channel}",
    "alert_channel.changed": "{who} gave the alert channel {channel} another address",
    "alert_channel.tested": "{who} tested the alert channel {channel}",
    "alert_channel.disabled": "{who} disabled the alert channel {channel}",
    "alert_channel.enabled": "{who} enabled the alert channel {channel}",
    "alert_channel.removed": "{who} removed the alert channel {channel}",
    "access.denied": "{who} was refused: {verb} {subject}",
    "access.locked_out": "{username} has to wait after too many wrong passwords from {address}",
    "audit.exported": "{who} exported the audit as {format}",
    "payload.viewed": "{who} looked at the params and results of {what}",
}
"""What each verb says; its slots are filled by the entry and its data."""
_OTHERWISE = "{who}: {entry_verb} {what}"
_EMPTY = {"until": "further notice", "query": "for everything", "class": "an error", "because": "what it waited for"}
"""What is said where the data has nothing."""
_WORDS = {
    "answer": {"happened": "it happened", "run_again": "it did not happen, do it again", "give_up": "given up"},
    "because": {"steps": "its steps", "event": "an event", "time": "the time that has come"},
}
_NAMED = ("user", "api_key")
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Part:
    """Some words of a sentence; with `url` they lead somewhere, and `named` ones are somebody else's text."""

    text: str
    url: str = ""
    named: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """An entry with its sentence."""

    entry: Entry
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The sentence without its links."""
        return "".join(part.text for part in self.parts)

    @property
    def family(self) -> str:
        """What kind of thing happened, for its colour: bad, act, or empty for what goes by itself."""
        verb = self.entry.verb
        if verb in {"access.denied", "access.locked_out", "execution.failed", "execution.in_doubt", "schedule.failed"}:
            return "bad"
        return "act" if self.entry.actor_kind in {"user", "api_key"} else ""


def say(entry: Entry) -> Said:
    """The entry as a sentence."""
    parts = tuple(_parts(entry))
    if _by_somebody_else(entry):
        parts += (Part(", by "), _who(entry))
    return Said(entry, parts)


def _parts(entry: Entry) -> Iterator[Part]:
    data: Mapping[str, Any] = entry.data if isinstance(entry.data, dict) else {}
    for words, slot, _, _ in Formatter().parse(SAYS.get(entry.verb, _OTHERWISE)):
        if words:
            yield Part(words)
        if slot:
            yield _slot(entry, slot, data)


def _slot(entry: Entry, slot: str, data: Mapping[str, Any]) -> Part:
    if slot == "who":
        return _who(entry)
    if slot == "what":
        return _what(entry)
    if slot == "action":
        name = entry.action or str(data.get("action", ""))
        return Part(name, url("action", name), named=True)
    if slot == "attempt":
        return Part(str(entry.attempt or ""))
    if slot == "owner":
        return Part(_owner(entry, str(data.get("owner", ""))), named=True)
    if slot == "entry_verb":
        return Part(entry.verb)
    return _of_data(slot, data)


def _of_data(slot: str, data: Mapping[str, Any]) -> Part:
    value = data.get(slot)
    text = _WORDS.get(slot, {}).get(str(value), "" if value is None else str(value))
    if slot == "class":
        text = text.rpartition(".")[2]
    if slot == "left_out":
        text = f"{text or 'a'} {'times' if text not in {'', '1'} else 'time'}"
    if slot == "until":
        text = _moment(text)
    text = _short(text or _EMPTY.get(slot, ""))
    if slot == "operation":
        return Part("a bulk operation", url("bulk-operation", value) if is_uuid(value) else "")
    if slot == "group":
        return Part("a group of failures", url("failure", value) if value else "")
    if slot in {"key", "replaces"}:
        return Part(keytext.shown(text), url("key", text) if text else "", named=True)
    if slot in {"queue", "worker"}:
        return Part(text, url(f"{slot}s"), named=True)
    if slot == "schedule":
        return Part(
            _short(str(data.get("name", value))), url("schedule", value) if isinstance(value, int) else "", named=True
        )
    return Part(text.replace("_", " ") if slot == "verb" else text, named=True)


def _who(entry: Entry) -> Part:
    label = entry.actor_label or f"{entry.actor_kind} {entry.actor_id}".strip()
    # A name is what people know; the kind beside it leads to the index of what people did.
    asked = (
        {"actor": entry.actor_label, "trigger": entry.actor_kind}
        if entry.actor_kind in _NAMED and entry.actor_label
        else {"actor": f"{entry.actor_kind}:{entry.actor_id}"}
    )
    return Part(label, f"{url('audit')}?{urlencode(asked)}", named=True)


def _owner(entry: Entry, principal: str) -> str:
    kind, _, name = principal.partition(":")
    if principal == f"{entry.actor_kind}:{entry.actor_id}":
        return "their own"
    return name if kind == "service" else principal.replace(":", " ")


def _what(entry: Entry) -> Part:
    if entry.execution_id is not None:
        return Part(entry.action or entry.execution, url("execution", entry.execution), named=True)
    return Part(entry.action, url("action", entry.action) if entry.action else "", named=True)


def _by_somebody_else(entry: Entry) -> bool:
    """Whether the sentence does not name an actor who is not the platform itself."""
    said = SAYS.get(entry.verb, _OTHERWISE)
    return (
        "{who}" not in said
        and (entry.actor_kind, entry.actor_id) != (PLATFORM.kind, PLATFORM.id)
        and (entry.verb != "access.locked_out")
        # What a schedule does by itself names it already.
        and entry.actor_kind != "schedule"
    )


def url(name: str, *args: Any) -> str:
    """A page of the console; empty where there is none."""
    try:
        return reverse(f"console:{name}", args=args)
    except NoReverseMatch:
        return ""


def is_uuid(value: Any) -> bool:
    """Whether it reads as one."""
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False


def _moment(text: str) -> str:
    """A time of the data as pages read it; what is none, as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
