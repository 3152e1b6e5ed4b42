"""entry: one entry of a workflow function, as the function's calls see it.

A call that meets a finished step returns its result; one that meets a new step records it here, to be stored when the entry
is settled; one that has to wait raises Suspended, and the entry says what it waits for. Nothing here writes.
"""

import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from actions import ids, values
from actions.definitions.action import Action
from actions.definitions.flow import Future, Reference
from actions.definitions.references import Input, lift, pick
from actions.definitions.registry import registry
from actions.engine import accept
from actions.engine.guard import Guard
from actions.engine.ledger import Claim, NewStep
from actions.engine.secrets import DOTS
from actions.engine.statements import fetch
from actions.engine.workflows.recall import Recalled, Step
from actions.errors import (
    EventTimeout,
    InvalidInput,
    NotInWorkflow,
    Suspended,
    TooManySteps,
    WorkflowChanged,
)
from actions.states import FINISHED, Status

if TYPE_CHECKING:
    from actions.engine.workflows.enter import Performs

MOST_STEPS = 10_000
UNDO = "undo:"
"""Begins the keys of steps that undo others."""
_LONGEST_KEY = 255
_LONGEST_EVENT = 100


class Entry:
    """What the function has met, begun and still waits for. Implements definitions.flow.Run."""

    def __init__(
        self, *, performer: "Performs", workflow: Action[Any, Any], claim: Claim, guard: Guard, recalled: Recalled
    ) -> None:
        self.claim = claim
        self.steps = recalled.steps
        self.memory = recalled.memory
        self.new: list[NewStep] = []
        """Steps to be stored: begun, or done in line."""
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
        self.performer = performer
        self._workflow = workflow
        self._guard = guard
        self._counters: Counter[str] = Counter()
        self._asked: set[str] = set()
        self._clock: tuple[datetime, float] | None = None

    # What the function calls

    def start(
        self,
        action: Action[Any, Any],
        params: dict[str, Any],
        *,
        step: str | None,
        after: Sequence[Future[Any]],
        optional: bool,
        detached: bool,
    ) -> Future[Any]:
        """See definitions.flow.Run."""
        self._go_on()
        key = self._key(action, step)
        marked, inputs = lift(params)
        known = self._known(key, action, marked)
        if known is None:
            new = self._prepare(key, action, marked, inputs, after)
            new.optional, new.detached = optional, detached
            self._add(new)
        return Future(key, self, optional=optional)

    def call(self, action: Action[Any, Any], params: dict[str, Any]) -> Any:
        """See definitions.flow.Run."""
        self._go_on()
        key = self._key(action, None)
        marked, inputs = lift(params)
        known = self._known(key, action, marked)
        if known is None:
            new = self._prepare(key, action, marked, inputs, ())
            if self._runs_in_line(action, new):
                self._run(action, new, inputs)
            known = self._add(new)
        return self._outcome(known, action)

    def result(self, future: Future[Any]) -> Any:
        """See definitions.flow.Run."""
        self._go_on()
        step = self._step(future)
        return self._outcome(step, None)

    def gather(self, futures: Sequence[Future[Any]]) -> list[Any]:
        """See definitions.flow.Run."""
        self._go_on()
        steps = [self._step(future) for future in futures]
        self.await_steps([step for step in steps if not step.ended])
        # What it raises for the first, it tells of all: a function that catches it has gone on past each of them.
        self.met |= {step.key for step in steps if step.status != Status.SUCCEEDED}
        return [self._outcome(step, None) for step in steps]

    def sleep(self, seconds: float) -> None:
        """See definitions.flow.Run."""
        self._go_on()
        key = self._numbered("sleep")
        until = self._remembered(key, lambda: _text(self.clock() + timedelta(seconds=seconds)))
        if self.clock() < _moment(until):
            self.suspend(wake_at=_moment(until))

    def wait_for(self, name: str, timeout: float | None) -> Any:
        """See definitions.flow.Run."""
        self._go_on()
        if not 0 < len(name) <= _LONGEST_EVENT or "\x00" in name:
            raise InvalidInput("invalid_event", f"An event's name has 1 to {_LONGEST_EVENT} characters.")
        # The number stands before the name, which may end in one.
        key = self._numbered("wait", of=f":{name}")
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
        self._go_on()
        return _moment(self._remembered(self._numbered("now"), lambda: _text(self.clock())))

    # What enter and undo need

    def suspend(
        self, *, awaits: Sequence[UUID] = (), event: str | None = None, wake_at: datetime | None = None
    ) -> NoReturn:
        """Leave the function until all these steps have ended, the event has come, or the time has."""
        # The newest first: it is nearly always the one that has not ended, so that looking at one is enough.
        self.awaits, self.event, self.wake_at = sorted(awaits, reverse=True), event, wake_at
        self.suspended = True
        raise Suspended

    def await_steps(self, steps: Sequence[Step]) -> None:
        """Suspend unless there are none."""
        if steps:
            self.suspend(awaits=[step.id for step in steps])

    def open_steps(self) -> list[Step]:
        """Steps that the workflow waits for before it is done."""
        return [step for step in self.steps.values() if not step.ended and not step.detached]

    def resolved(self, value: Any) -> Any:
        """What the function returned, with results in the places of futures. Suspends while one has not ended."""
        if isinstance(value, Future):
            return self._plain(self._step(value))
        if isinstance(value, Reference):
            return pick(self._plain(self._step(value.future)), value.path)
        if isinstance(value, dict):
            return {name: self.resolved(part) for name, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.resolved(part) for part in value]
        return value

    def begin(self, action: Action[Any, Any], key: str, params: dict[str, Any], after: Step | None) -> Step:
        """A step that the platform adds by itself."""
        edges: tuple[Future[Any], ...] = () if after is None else (Future(after.key, self),)
        return self._add(self._prepare(key, action, params, [], edges))

    def drop_starts(self) -> None:
        """Forget steps that were begun in this entry and have not run: nothing is begun by an entry that fails."""
        for new in [each for each in self.new if each.ending is None]:
            del self.steps[new.step]
            self.new.remove(new)

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

    # How

    def _go_on(self) -> None:
        """The function has gone on, past every failure that it was told of."""
        if self.fault is not None:
            raise self.fault
        if self.suspended:
            raise Suspended
        self.passed |= self.met

    def _key(self, action: Action[Any, Any], step: str | None) -> str:
        key = self._numbered(action.name) if step is None else step
        if not 0 < len(key) <= _LONGEST_KEY or "\x00" in key or key.startswith(UNDO):
            raise InvalidInput(
                "invalid_step", f"A step's key has 1 to {_LONGEST_KEY} characters and does not begin with {UNDO!r}."
            )
        if key in self._asked:
            raise InvalidInput("step_twice", f"There are two steps called {key!r}; give one of them another step=.")
        self._asked.add(key)
        return key

    def _numbered(self, name: str, *, of: str = "") -> str:
        """The name alone for the first, name#2 for the second; `of` says behind that what is counted."""
        self._counters[name + of] += 1
        number = self._counters[name + of]
        return (name if number == 1 else f"{name}#{number}") + of

    def _known(self, key: str, action: Action[Any, Any], marked: dict[str, Any]) -> Step | None:
        """The step that an earlier entry began under this key. Raises WorkflowChanged when that was another one."""
        known = self.steps.get(key)
        if known is None:
            return None
        params = action.params.encode(marked)
        if known.action != action.name or known.fingerprint.strip() != accept.fingerprint_of(action, params):
            self.fault = self._changed(known, action, params)
            raise self.fault
        return known

    def _changed(self, known: Step, action: Action[Any, Any], params: dict[str, Any]) -> WorkflowChanged:
        with self._guard.aside():
            recorded = fetch("params", {"id": known.id})[0][0]
        text = values.dumps({name: DOTS if name in action.params.secret else part for name, part in params.items()})
        return WorkflowChanged(
            known.key, ids.public_id(known.id), f"{known.action} {recorded[:2_000]}", f"{action.name} {text[:2_000]}"
        )

    def _prepare(
        self,
        key: str,
        action: Action[Any, Any],
        marked: dict[str, Any],
        inputs: list[Input],
        after: Sequence[Future[Any]],
    ) -> NewStep:
        if len(self.steps) >= MOST_STEPS:
            raise TooManySteps
        needs = {wanted.future.step: True for wanted in inputs}
        needs |= {future.step: False for future in after if self._step(future).key not in needs}
        edges = [(self.steps[name], needed) for name, needed in needs.items()]
        text, fingerprint, secret = accept.stored(
            action, action.params.encode(marked), unknown={str(wanted.at[0]) for wanted in inputs}
        )
        return NewStep(
            id=ids.new_id(),
            parent=self.claim.id,
            owner=ids.public_id(self.claim.id),
            label=self._workflow.name,
            step=key,
            action=action.name,
            queue=action.queue,
            priority=action.priority,
            params=text,
            fingerprint=fingerprint,
            secret=secret,
            tags=action.tags,
            inputs=values.dumps([self._input(wanted) for wanted in inputs]) if inputs else None,
            edges=[(step.id, needed) for step, needed in edges],
            blocked=any(step.status != Status.SUCCEEDED for step, _ in edges),
        )

    def _input(self, wanted: Input) -> dict[str, Any]:
        source = self._step(wanted.future)
        return {"at": list(wanted.at), "from": str(source.id), "path": list(wanted.path)}

    def _add(self, new: NewStep) -> Step:
        """A new step among those that the function meets."""
        self.new.append(new)
        ending = new.ending
        status = ending.status if ending else Status.BLOCKED if new.blocked else Status.QUEUED
        step = Step(
            new.id, new.step, new.action, status, ending.result if ending else None, ending.error if ending else None,
            new.fingerprint, new.optional, new.detached, consumed=False,
        )  # fmt: skip
        self.steps[new.step] = step
        return step

    def _step(self, future: Future[Any]) -> Step:
        if not isinstance(future, Future) or future.run is not self:
            raise NotInWorkflow(
                "That future belongs to another execution; only this workflow's own steps can be waited for."
            )
        return self.steps[future.step]

    def _runs_in_line(self, action: Action[Any, Any], new: NewStep) -> bool:
        """Whether the step may share this entry's transaction, here and now."""
        if (
            action.kind == "workflow"
            or not action.groupable
            or action.queue != self._workflow.queue
            or new.blocked
            or self.claim.losses
        ):
            return False
        guard = self._guard
        if not guard.has_room():
            return False
        if guard.paused is None:
            with guard.aside():
                guard.paused = frozenset((name, is_queue) for name, is_queue in fetch("paused", {}, prepare=True))
        return (action.name, False) not in guard.paused and (action.queue, True) not in guard.paused

    def _run(self, action: Action[Any, Any], new: NewStep, inputs: list[Input]) -> None:
        """Perform a step in line. Its own savepoint keeps its writes, whatever becomes of the function."""
        if inputs:
            given = {str(step.id): step.result for step in (self._step(wanted.future) for wanted in inputs)}
            self.performer.given.update(given)
        claim = Claim(new.id, action.name, 1, 0, 0, new.params, new.secret, parent=self.claim.id, inputs=new.inputs)
        new.began = time.monotonic()
        try:
            with self._guard.aside():
                new.ending = self.performer.perform(action, claim, self._guard)
        except Exception as error:
            # The transaction has to go: nothing that the function does with this may be kept.
            self.fault = error
            raise

    def _outcome(self, step: Step, action: Action[Any, Any] | None) -> Any:
        """What the step returned; suspends while it has not ended. Raises StepFailed."""
        if step.status not in FINISHED:
            self.suspend(awaits=[step.id])
        if step.status == Status.SUCCEEDED:
            declared = action or registry.get(step.action)
            if declared is not None:
                return declared.result.load(step.result)
            return None if step.result is None else json.loads(step.result)
        self.met.add(step.key)
        if step.optional:
            return None
        raise step.failure()

    def _plain(self, step: Step) -> Any:
        """Its result as JSON, as references see it."""
        self._outcome(step, None)
        return None if step.result is None else json.loads(step.result)

    def _remembered(self, key: str, make: Any) -> Any:
        if key not in self.memory:
            self.learn(key, make())
        return self.memory[key]

    def _look_for_event(self, name: str, key: str, until: str | None) -> dict[str, Any]:
        with self._guard.aside():
            waiting = fetch("events", {"id": self.claim.id})
        taken = {event for event, _ in self.taken}
        for event, called, payload in waiting:
            if called == name and event not in taken:
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
