"""What the preview of a bulk operation says of each execution is what the verb then does: for every status, kind and place in a
tree, alone and together with others of its tree."""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions import ids
from actions.engine.operate.cancel import cancel
from actions.engine.operate.replay import replay
from actions.engine.operate.retry import retry
from actions.engine.operate.run_now import run_now
from actions.engine.sync import sync
from actions.errors import DoplatformError
from actions.models import Action, Attempt, Edge, Execution, Memory
from actions.queries.verdicts import CAUSES, FITS, judge
from actions.states import FINISHED, WITH_ERROR, Status
from tests.stage import ALICE

pytestmark = pytest.mark.usefixtures("engine")

VERBS: dict[str, Any] = {"retry": retry, "run_now": run_now, "cancel": cancel, "replay": replay}
AT = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("test-external", "test-write-row", "stage-flow", "stage-gone")
MARKS = ("optional", "detached", "consumed")


@pytest.fixture(autouse=True)
def _flow(compose: Any) -> None:
    @compose("stage-flow")
    def flow() -> None: ...

    Action.objects.create(name="stage-gone", effects="external", queue="default", declared=False)
    sync()


def put(status: str, action: str = "test-external", *, above: UUID | None = None, **more: Any) -> UUID:
    """An execution in a status, as the database allows it."""
    made = Execution.objects.create(
        id=ids.new_id(), action_id=action, queue="default", status=status, params={}, fingerprint="", principal="*",
        actor_kind="system", actor_id="x", actor_label="x", attempt=1, worker_id=1 if status == "running" else None,
        finished_at=AT if status in FINISHED else None, error={"code": "x", "message": "y"} if status in WITH_ERROR else None,
        parent_id=above, step=more.pop("step", None) or (None if above is None else str(random.random())),
        **{"prerequisites": [], **more},
    )  # fmt: skip
    Attempt.objects.create(
        execution_id=made.pk, number=1, worker_id=1, started_at=AT, outcome=None if status == "running" else "failed"
    )
    for prerequisite in made.prerequisites or ():
        Edge.objects.create(prerequisite_id=prerequisite, dependent_id=made.pk, needs_result=False)
    return made.pk


def done(verb: str, id_: UUID, attempt: int = 1) -> bool:
    """Whether the verb did it, asked as a bulk operation asks."""
    try:
        VERBS[verb](ids.public_id(id_), actor=ALICE, reason="because", seen_attempt=attempt)
    except DoplatformError:
        return False
    return True


def compare(verb: str, chosen: list[UUID]) -> list[str]:
    """The causes, when each was compared with what the verb did."""
    judged = judge(verb, [(id_, 1) for id_ in chosen])
    assert [one.id for one in judged] == chosen
    assert {one.cause for one in judged} <= {"", *CAUSES}
    foreseen = [not one.cause for one in judged]
    assert foreseen == [done(verb, id_) for id_ in chosen], [(one.status, one.cause) for one in judged]
    return [one.cause for one in judged]


@pytest.mark.parametrize("verb", VERBS)
def test_every_status_and_kind(verb: str):
    chosen = [put(status, action) for status in Status for action in KINDS]
    chosen += [put(status, above=put("failed", "stage-flow")) for status in Status]
    for above in ("running", "waiting", "failed", "cancelled") if verb in {"retry", "cancel"} else ():
        for status in sorted(FITS[verb]):
            chosen += [put(status, action, above=put(above, "stage-flow")) for action in KINDS[:3]]
            chosen += [put(status, above=put(above, "stage-flow"), **{mark: True}) for mark in MARKS]
    chosen += [ids.new_id()]
    for one in chosen:
        compare(verb, [one])


@pytest.mark.parametrize("verb", ["retry", "cancel"])
@pytest.mark.parametrize("seed", range(6))
def test_together_with_others_of_its_tree(verb: str, seed: int):
    chance = random.Random(f"{verb}{seed}")
    usual = ["failed"] * 8 if verb == "retry" else ["blocked", "blocked", "queued", "running", "waiting"]
    made: list[UUID] = []
    flows: list[UUID] = []
    beside: dict[UUID | None, list[UUID]] = {}
    for _ in range(14):
        above = chance.choice([None, *flows, *flows, *flows]) if flows else None
        is_flow = above is None or chance.random() < 0.4
        status = chance.choice([*usual, chance.choice(list(Status))])
        marks = {mark: chance.random() < 0.12 for mark in MARKS} if above else {}
        before = (
            [id_ for id_ in beside.get(above, ()) if chance.random() < 0.5] if above and status == "blocked" else []
        )
        key = f"undo:{len(made)}" if above and chance.random() < 0.1 else None
        kind = "stage-flow" if is_flow else chance.choice(KINDS[:2])
        id_ = put(status, kind, above=above, prerequisites=before, step=key, **marks)
        if is_flow:
            flows.append(id_)
            if chance.random() < 0.15:
                code = chance.choice(["step_failed", "workflow_timed_out"])
                Memory.objects.create(execution_id=id_, key="failure", value={"code": code, "message": "x"})
        made.append(id_)
        beside.setdefault(above, []).append(id_)
    chance.shuffle(made)
    compare(verb, made[: chance.randint(6, 14)])


def test_each_cause_is_said():
    """The causes that the others' forests may happen not to meet."""
    undoing, lacking = put("failed", "stage-flow"), put("failed", "stage-flow")
    Memory.objects.create(execution_id=undoing, key="failure", value={"code": "step_failed", "message": "x"})
    put("cancelled", above=lacking)
    lost = put("failed", above=ids.new_id())
    flow = put("failed", "stage-flow")
    step, other = put("failed", above=flow), put("failed", above=flow)
    assert compare("retry", [undoing, lacking, lost, step, flow, other]) == [
        "compensated", "step_cancelled", "above_gone", "", "together", "",
    ]  # fmt: skip
    second = put("failed", "stage-flow")
    assert compare("retry", [second, put("failed", above=put("failed", "stage-flow", above=second))]) == [
        "",
        "together",
    ]
    root = put("waiting", "stage-flow")
    first = put("queued", above=root)
    behind = put("blocked", above=root, prerequisites=[put("blocked", above=root, prerequisites=[first])])
    asked, own = put("running", above=root), put("queued", above=root, detached=True)
    assert compare("cancel", [first, behind, root, asked, own]) == ["", "cancelled_with", "", "", ""]
    assert compare("replay", [put("failed", "stage-gone"), flow]) == ["no_code", ""]
    moved = put("failed")
    assert [one.cause for one in judge("retry", [(moved, 7)])] == ["moved"]
    assert not done("retry", moved, 7)


def test_it_takes_two_statements_however_many_there_are():
    flow = put("failed", "stage-flow")
    chosen = [(put("failed", above=flow), 1) for _ in range(30)] + [(put("failed"), 1), (flow, 1)]
    with CaptureQueriesContext(connection) as caught:
        assert sum(not one.cause for one in judge("retry", chosen)) == 31
    assert len(caught) == 2
