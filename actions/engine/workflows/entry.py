"""entry: one entry of a workflow function, as the function's calls see it.

A call that meets a finished step returns its result; one that meets a new step records it here, to be stored when the entry
is settled; one that has to wait raises Suspended, and the entry says what it waits for. Nothing here writes.
"""

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actions import ids, values
from actions.definitions.action import Action
from actions.definitions.flow import Future, Reference
from actions.definitions.references import Input, lift, pick
from actions.definitions.registry import registry
from actions.engine import accept, secrets
from actions.engine.guard import Guard
from actions.engine.ledger import Claim, NewStep
from actions.engine.secrets import DOTS
from actions.engine.statements import fetch
from actions.engine.workflows.recall import UNDO, Recalled, Step
from actions.engine.workflows.told import Told
from actions.errors import (
    InvalidInput,
    NotInWorkflow,
    StepFailed,
    TooManySteps,
    WorkflowChanged,
)
from actions.states import FINISHED, Status

if TYPE_CHECKING:
    from actions.engine.workflows.enter import Performs

MOST_STEPS = 10_000
_LONGEST_KEY = 255 - len(UNDO)
OVERRIDE = "override:"
"""Begins the keys under which a replay remembers edited params of its steps."""


class Entry(Told):
    """What the function has met, begun and still waits for. Implements definitions.flow.Run."""

    def __init__(
        self, *, performer: "Performs", workflow: Action[Any, Any], claim: Claim, guard: Guard, recalled: Recalled
    ) -> None:
        super().__init__(claim=claim, guard=guard, recalled=recalled)
        self.steps = recalled.steps
        self.new: list[NewStep] = []
        """Steps to be stored: begun, or done in line."""
        self.performer = performer
        self._workflow = workflow
        self._asked: set[str] = set()

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
        self.go_on()
        key = self._key(action, step)
        marked, inputs = self._edited(key, action, *lift(params))
        known = self._known(key, action, marked)
        if known is None:
            new = self._prepare(key, action, marked, inputs, after)
            new.optional, new.detached = optional, detached
            self._add(new)
        return Future(key, self, optional=optional)

    def call(self, action: Action[Any, Any], params: dict[str, Any]) -> Any:
        """See definitions.flow.Run."""
        self.go_on()
        key = self._key(action, None)
        marked, inputs = self._edited(key, action, *lift(params))
        known = self._known(key, action, marked)
        if known is None:
            new = self._prepare(key, action, marked, inputs, ())
            if self._runs_in_line(action, new):
                self._run(action, new, inputs)
            known = self._add(new)
        return self._outcome(known, action)

    def result(self, future: Future[Any]) -> Any:
        """See definitions.flow.Run."""
        self.go_on()
        step = self._step(future)
        return self._outcome(step, None)

    def gather(self, futures: Sequence[Future[Any]]) -> list[Any]:
        """See definitions.flow.Run."""
        self.go_on()
        steps = [self._step(future) for future in futures]
        self.await_steps([step for step in steps if not step.ended])
        # What it raises for the first, it tells of all: a function that catches it has gone on past each of them.
        self.met |= {step.key for step in steps if step.status != Status.SUCCEEDED}
        self._blame([step for step in steps if step.status == Status.SKIPPED and not step.optional])
        return [self._outcome(step, None) for step in steps]

    # What enter and undo need

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

    # How

    def _key(self, action: Action[Any, Any], step: str | None) -> str:
        key = self.numbered(action.name) if step is None else step
        if not 0 < len(key) <= _LONGEST_KEY or "\x00" in key or key.startswith(UNDO):
            raise InvalidInput(
                "invalid_step", f"A step's key has 1 to {_LONGEST_KEY} characters and does not begin with {UNDO!r}."
            )
        if key in self._asked:
            raise InvalidInput("step_twice", f"There are two steps called {key!r}; give one of them another step=.")
        self._asked.add(key)
        return key

    def _edited(
        self, key: str, action: Action[Any, Any], marked: dict[str, Any], inputs: list[Input]
    ) -> tuple[dict[str, Any], list[Input]]:
        """The params that an operator chose for this step of a replay, in the place of those that the function gives."""
        if OVERRIDE + key not in self.memory:
            return marked, inputs
        edited = secrets.opened(self.memory[OVERRIDE + key])
        kept = {
            name
            for name, value in edited.items()
            if name in marked and (value == marked[name] or (value == DOTS and name in action.params.secret))
        }
        chosen = {name: marked[name] if name in kept else value for name, value in edited.items()}
        return chosen, [wanted for wanted in inputs if wanted.at[0] in kept]

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
        if len(self.steps) >= MOST_STEPS and not key.startswith(UNDO):
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
        raise self._skipped(step) if step.status == Status.SKIPPED else step.failure()

    def _skipped(self, step: Step) -> StepFailed:
        """Who is told that a step was skipped is told of the failures that made it so."""
        failures = self._blame([step])
        return step.failure(failures[0] if failures else None)

    def _blame(self, skipped: Sequence[Step]) -> list[StepFailed]:
        """The failures because of which these were skipped; the function is told of them all."""
        if not skipped:
            return []
        with self._guard.aside():
            blamed = [row[0] for row in fetch("blame", {"ids": [step.id for step in skipped]})]
        failures = [self.steps[key].failure() for key in blamed if key in self.steps]
        self.met.update(failure.step for failure in failures)
        return failures

    def _plain(self, step: Step) -> Any:
        """Its result as JSON, as references see it."""
        self._outcome(step, None)
        return None if step.result is None else json.loads(step.result)
