"""Any graph of steps, with any failures, retries and lost workers: each step after what it needs, once, with the right inputs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions import Context, Future, GiveUp, Handle
from actions.engine.operate.retry import retry
from actions.engine.rescue import rescue
from tests.app.actions import write
from tests.engine.steps import broken_lives, findings
from tests.stage import ALICE, StageWorker, clean, key_of, rows, step_of, tree, value

pytestmark = pytest.mark.usefixtures("engine", "short_lease")

_LIVES = """
SELECT step.step, array_agg(entry.verb ORDER BY entry.id)::text[], array_agg(entry.id ORDER BY entry.id)
FROM actions_execution AS step JOIN actions_auditentry AS entry ON entry.execution_id = step.id
WHERE step.parent_id = %s GROUP BY step.step
"""
_EFFECTS = """
SELECT note, count(*) FROM app_effect WHERE execution_id = ANY(%s) GROUP BY note
"""
_ENDS = {"execution.succeeded", "execution.failed", "execution.skipped"}


@dataclass
class Node:
    """A step: `needs` are the results it takes, `behind` what it merely comes after; both are numbers of earlier ones."""

    needs: list[int]
    behind: list[int]
    optional: bool
    fails: bool
    asked: bool
    """Whether the function waits for it before it starts the next."""


@dataclass
class Plan:
    """A graph and its fate. `crashes` says at which claims a worker vanishes."""

    nodes: list[Node]
    crashes: set[int]
    by_step: bool
    """Whether steps are retried one by one, or the workflow is."""
    values: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, node in enumerate(self.nodes):
            self.values.append(number + 1 + sum(2 * self.values[other] for other in node.needs))

    def expected(self) -> list[str]:
        """How each ends when what fails fails."""
        ends: list[str] = []
        for node in self.nodes:
            needed = all(ends[other] == "succeeded" for other in node.needs)
            behind = all(ends[other] == "succeeded" or self.nodes[other].optional for other in node.behind)
            ends.append("skipped" if not (needed and behind) else "failed" if node.fails else "succeeded")
        return ends


@st.composite
def plans(draw: Callable[..., Any]) -> Plan:
    """Graphs of up to 25 steps."""
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 25))):
        earlier = st.lists(st.integers(0, number - 1), max_size=3, unique=True) if number else st.just([])
        nodes.append(
            Node(
                needs=draw(earlier),
                behind=draw(earlier),
                optional=draw(st.integers(0, 3)) == 0,
                fails=draw(st.integers(0, 5)) == 0,
                asked=draw(st.integers(0, 6)) == 0,
            )
        )
    crashes = set(draw(st.lists(st.integers(0, 12), max_size=2, unique=True)))
    return Plan(nodes, crashes, by_step=draw(st.booleans()))


@pytest.fixture
def stage(compose: Any, declare: Any) -> Any:
    """The workflow that does what `stage.plan` says, and the step that all of it is made of."""

    @declare("stage-node")
    def node(number: int, inputs: list[int], context: Context) -> dict[str, Any]:
        write(context, str(number))
        if stage.failing and stage.plan.nodes[number].fails:
            raise GiveUp("as planned")
        return {"deep": [{"value": number + 1 + sum(2 * value for value in inputs)}]}

    @compose("stage-plan")
    def stage() -> None:
        futures: list[Future[Any]] = []
        ends = stage.plan.expected()
        for number, planned in enumerate(stage.plan.nodes):
            futures.append(
                node.start(
                    number=number,
                    inputs=[futures[other]["deep"][0]["value"] for other in planned.needs],
                    after=[futures[other] for other in planned.behind],
                    optional=planned.optional,
                    step=str(number),
                )
            )
            if planned.asked and ends[number] == "succeeded":
                assert futures[number].result() == {"deep": [{"value": stage.plan.values[number]}]}

    stage.failing = True
    return stage


class Turns:
    """Two workers that take turns at claims and at settling them; some vanish in between."""

    def __init__(self, hire: Callable[..., StageWorker], crashes: set[int]) -> None:
        self._hire = hire
        self._workers = [hire(), hire()]
        self._crashes = crashes
        self._claims = 0

    def leave(self) -> None:
        """Close their sessions: there is one more for each worker that vanished."""
        for worker in self._workers:
            worker.session.close()

    def work(self) -> None:
        """Until nothing is due."""
        while True:
            held = [(place, worker.claim()) for place, worker in enumerate(self._workers)]
            if not any(claims for _, claims in held):
                return
            for place, claims in reversed(held):
                if claims:
                    self._settle(place, claims)

    def _settle(self, place: int, claims: list[Any]) -> None:
        self._claims += 1
        worker = self._workers[place]
        if self._claims - 1 in self._crashes:
            worker.crash()
            assert rescue() >= len(claims)
            assert value("SELECT count(*) FROM actions_execution WHERE worker_id = %s", worker.worker) == 0
            self._workers[place] = self._hire()
        # One that vanished comes back, and finds that its attempts are no longer its own.
        worker.settle(claims)


def _check(handle: Handle, plan: Plan) -> None:
    """What holds at every rest."""
    lives = {
        step: dict(zip(reversed(ids), reversed(told), strict=True)) for step, told, ids in rows(_LIVES, key_of(handle))
    }
    for number, node in enumerate(plan.nodes):
        if str(number) not in lives:
            continue
        starts = [id_ for id_, verb in lives[str(number)].items() if verb == "execution.started"]
        for other in [*node.needs, *node.behind] if starts else []:
            needed = other in node.needs or not plan.nodes[other].optional
            wanted = {"execution.succeeded"} if needed else _ENDS
            assert any(verb in wanted and id_ < min(starts) for id_, verb in lives[str(other)].items()), (number, other)
        assert [*lives[str(number)].values()].count("execution.succeeded") <= 1
    succeeded = [step for step, status in tree(handle).items() if status == "succeeded"]
    publics = [step_of(handle, step) for step in tree(handle)]
    assert dict(rows(_EFFECTS, publics)) == dict.fromkeys(succeeded, 1)


def _retry_all(handle: Handle, plan: Plan, turns: Turns) -> None:
    """Retry until nothing is failed any more."""
    for _ in range(len(plan.nodes) + 1):
        failed = [step for step, status in tree(handle).items() if status == "failed"]
        if not failed and handle.status == "succeeded":
            return
        if handle.status == "failed" and not plan.by_step:
            retry(handle.id, actor=ALICE, reason="repaired")
        else:
            assert failed, handle.status
            retry(step_of(handle, failed[0]), actor=ALICE, reason="repaired")
        turns.work()
        _check(handle, plan)
    raise AssertionError("retries come to no end")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(plan=plans())
def test_any_graph_runs_as_it_says(plan: Plan, stage: Any, crew: Any) -> None:
    clean()
    stage.plan, stage.failing = plan, True
    turns = Turns(crew, plan.crashes)
    handle = stage.invoke()
    try:
        _live(handle, plan, stage, turns)
    finally:
        turns.leave()


def _live(handle: Handle, plan: Plan, stage: Any, turns: Turns) -> None:
    turns.work()
    ends = plan.expected()
    assert tree(handle) == {str(number): end for number, end in enumerate(ends)}
    fatal = any(end == "failed" and not node.optional for node, end in zip(plan.nodes, ends, strict=True))
    assert handle.status == ("failed" if fatal else "succeeded")
    _check(handle, plan)

    stage.failing = False
    _retry_all(handle, plan, turns)
    assert set(tree(handle).values()) == {"succeeded"}
    results = dict(
        rows("SELECT step, result->'deep'->0->>'value' FROM actions_execution WHERE parent_id = %s", key_of(handle))
    )
    assert results == {str(number): str(value) for number, value in enumerate(plan.values)}
    assert findings() == [] and broken_lives() == []
