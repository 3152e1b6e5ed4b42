"""told: what a workflow function is told once and then again at every entry, and what it waits for."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

from actions.engine.guard import Guard
from actions.engine.ledger import Claim
from actions.engine.statements import fetch
from actions.engine.workflows.recall import Recalled
from actions.errors import EventTimeout, InvalidInput, Suspended

_LONGEST_EVENT = 100


class Told:
    """The part of an entry that has to do with time, events and waiting; Entry adds the steps."""

    def __init__(self, *, claim: Claim, guard: Guard, recalled: Recalled) -> None:
        self.claim = claim
        self.memory = recalled.memory
        self.learned: dict[str, Any] = {}
        """What is to be remembered."""
        self.taken: list[tuple[UUID, str]] = []
        """Events that were given to waits: id and key."""
        self.met: set[str] = set()
        """Failures that the function was told of in this entry, by key."""
        self.passed: set[str] = set()
        """Those that it has gone on past."""
        self.awaits: list[UUID] = []
        self.event: str | None = None
        self.wake_at: datetime | None = None
        self.suspended = False
        self.cancels = False
        """Whether steps that have not ended are to be cancelled."""
        self.fault: BaseException | None = None
        """What ends the entry whatever the function makes of it."""
        self._guard = guard
        self._counters: Counter[str] = Counter()
        self._clock: tuple[datetime, float] | None = None

    def sleep(self, seconds: float) -> None:
        """See definitions.flow.Run."""
        self.go_on()
        key = self.numbered("sleep")
        until = self._remembered(key, lambda: _text(self.clock() + timedelta(seconds=seconds)))
        if self.clock() < _moment(until):
            self.suspend(wake_at=_moment(until))

    def wait_for(self, name: str, timeout: float | None) -> Any:
        """See definitions.flow.Run."""
        self.go_on()
        if not 0 < len(name) <= _LONGEST_EVENT or "\x00" in name:
            raise InvalidInput("invalid_event", f"An event's name has 1 to {_LONGEST_EVENT} characters.")
        self._counters[f"wait:{name}"] += 1
        number = self._counters[f"wait:{name}"]
        # The number comes first, because a name may end in one.
        key = f"wait:{name}" if number == 1 else f"wait#{number}:{name}"
        known = self._remembered(
            key, lambda: {"until": None if timeout is None else _text(self.clock() + timedelta(seconds=timeout))}
        )
        if "until" in known:
            known = self._look_for_event(name, key, known["until"])
        if known.get("timed_out"):
            raise EventTimeout(f"No event {name!r} came in time. One that comes now is kept for another wait.")
        return known["payload"]

    def now(self) -> datetime:
        """See definitions.flow.Run."""
        self.go_on()
        return _moment(self._remembered(self.numbered("now"), lambda: _text(self.clock())))

    def suspend(
        self, *, awaits: Sequence[UUID] = (), event: str | None = None, wake_at: datetime | None = None
    ) -> NoReturn:
        """Leave the function until all these steps have ended, the event has come, or the time has."""
        # The newest first: it is nearly always the one that has not ended, so that looking at one is enough.
        self.awaits, self.event, self.wake_at = sorted(awaits, reverse=True), event, wake_at
        self.suspended = True
        raise Suspended

    def learn(self, key: str, value: Any) -> None:
        """Remember for all later entries."""
        self.memory[key] = self.learned[key] = value

    def clock(self) -> datetime:
        """The database's time."""
        if self._clock is None:
            with self._guard.aside():
                self._clock = (fetch("clock", {})[0][0], time.monotonic())
        moment, at = self._clock
        return moment + timedelta(seconds=time.monotonic() - at)

    def go_on(self) -> None:
        """The function has gone on, past every failure that it was told of."""
        if self.fault is not None:
            raise self.fault
        if self.suspended:
            raise Suspended
        self.passed |= self.met

    def numbered(self, name: str) -> str:
        """The name alone for the first, name#2 for the second."""
        self._counters[name] += 1
        number = self._counters[name]
        return name if number == 1 else f"{name}#{number}"

    def _remembered(self, key: str, make: Any) -> Any:
        if key not in self.memory:
            self.learn(key, make())
        return self.memory[key]

    def untaken(self, name: str) -> list[tuple[UUID, str | None]]:
        """Events of that name that no wait has taken, id and payload as JSON text: the next of them, if there is one."""
        taken = {event for event, _ in self.taken}
        with self._guard.aside():
            come = fetch("events", {"id": self.claim.id, "name": name, "most": len(taken) + 1})
        return [(event, payload) for event, payload in come if event not in taken][:1]

    def _look_for_event(self, name: str, key: str, until: str | None) -> dict[str, Any]:
        for event, payload in self.untaken(name):
            self.taken.append((event, key))
            self.learn(key, {"payload": None if payload is None else json.loads(payload)})
            break
        else:
            moment = None if until is None else _moment(until)
            if moment is None or self.clock() < moment:
                self.suspend(event=name, wake_at=moment)
            self.learn(key, {"timed_out": True})
        known: dict[str, Any] = self.memory[key]
        return known


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
