"""What a retry resumes in a tree of workflows, and what it refuses because the function has gone on."""

from typing import Any

import pytest

from actions import StepFailed, gather
from actions.engine.operate.cancel import cancel
from actions.engine.operate.retry import retry
from actions.errors import FailureConsumed, NotRetryable, Refused
from tests.stage import ALICE, column, columns, effects, key_of, outcomes, rows, step_of, tree

pytestmark = pytest.mark.usefixtures("engine", "audited")


def test_one_of_two_failed_prerequisites_is_not_enough(compose: Any, crew: Any, moody: Any, add: Any):
    @compose("stage-two-needs")
    def two_needs() -> Any:
        left, right = moody.start(n=1, step="left"), moody.start(n=2, step="right")
        both = add.start(a=left, b=right, step="both")
        return add.start(a=5, after=[both], step="end")

    handle = two_needs.invoke()
    worker = crew()
    worker.work()
    moody.bad = False
    retry(step_of(handle, "left"), actor=ALICE, reason="one")
    assert tree(handle) == {"left": "queued", "right": "failed", "both": "skipped", "end": "skipped"}
    worker.work()
    assert handle.status == "failed" and handle.error["step"] == "end"
    assert tree(handle) == {"left": "succeeded", "right": "failed", "both": "skipped", "end": "skipped"}
    retry(step_of(handle, "right"), actor=ALICE, reason="two")
    worker.work()
    assert handle.result() == {"sum": 5} and outcomes(step_of(handle, "both")) == ["succeeded"]


@pytest.mark.parametrize("retried", ["root", "branch", "leaf", "step"])
def test_a_retry_anywhere_in_a_tree_resumes_all_of_it(retried: str, compose: Any, crew: Any, moody: Any, mark: Any):
    @compose("stage-leaf")
    def leaf() -> int:
        mark("leaf")
        return moody(3)

    @compose("stage-branch")
    def branch() -> int:
        mark("branch")
        return leaf() + 1

    @compose("stage-root")
    def root() -> int:
        mark("root")
        return branch.start().result() + 1

    handle = root.invoke()
    worker = crew()
    worker.work()
    line = {"root": handle.id, "branch": step_of(handle, "stage-branch")}
    line["leaf"] = step_of(line["branch"], "stage-leaf")
    line["step"] = step_of(line["leaf"], "stage-moody")
    assert {column(one, "status") for one in line.values()} == {"failed"}
    moody.bad = False
    retry(line[retried], actor=ALICE, reason="repaired")
    assert [column(one, "status") for one in line.values()] == ["waiting", "waiting", "waiting", "queued"]
    worker.work()
    assert handle.result() == 5 and [row[0] for row in rows("SELECT note FROM app_effect ORDER BY id")] == [
        "root",
        "branch",
        "leaf",
    ]
    assert [outcomes(one)[-1] for one in line.values()] == ["succeeded"] * 4


def test_a_failure_caught_in_the_middle_of_a_tree_stays_there(compose: Any, crew: Any, moody: Any, add: Any):
    @compose("stage-leaf")
    def leaf() -> int:
        return moody(3)

    @compose("stage-branch")
    def branch() -> Any:
        try:
            return leaf()
        except StepFailed:
            return add(1)["sum"]

    handle = branch.invoke()
    worker = crew()
    worker.work()
    assert handle.result() == 1
    inner = step_of(handle, "stage-leaf")
    for one in (inner, step_of(inner, "stage-moody")):
        with pytest.raises(FailureConsumed):
            retry(one, actor=ALICE, reason="too late")
    assert columns(inner)["status"] == "failed" and outcomes(step_of(inner, "stage-moody")) == ["failed"]


def _caught(moody: Any, add: Any) -> Any:
    try:
        moody(1)
    except StepFailed:
        return add(1)["sum"]


def _finally(moody: Any, add: Any) -> Any:
    try:
        moody(1)
    finally:
        add(1)


def _optional(moody: Any, add: Any) -> Any:
    return add(moody.start(n=1, optional=True).result() or 7)["sum"]


def _gathered(moody: Any, add: Any) -> Any:
    try:
        gather(moody.start(n=1, step="stage-moody"))
    except StepFailed:
        return add(1)["sum"]


@pytest.mark.parametrize("way", [_caught, _finally, _optional, _gathered])
def test_a_failure_that_the_function_has_gone_on_past_is_consumed(
    way: Any, compose: Any, crew: Any, moody: Any, add: Any
):
    @compose("stage-consumes")
    def consumes() -> Any:
        return way(moody, add)

    handle = consumes.invoke()
    crew().work()
    step = step_of(handle, "stage-moody")
    with pytest.raises(FailureConsumed) as refused:
        retry(step, actor=ALICE, reason="too late")
    assert refused.value.code == "failure_consumed" and outcomes(step) == ["failed"]
    assert handle.status == ("failed" if way is _finally else "succeeded")


def test_an_optional_failure_that_nobody_saw_is_not_consumed(compose: Any, crew: Any, moody: Any):
    @compose("stage-unseen-optional")
    def unseen() -> None:
        moody.start(n=1, optional=True)

    handle = unseen.invoke()
    worker = crew()
    worker.work()
    moody.bad = False
    retry(step_of(handle, "stage-moody"), actor=ALICE, reason="after all")
    assert handle.status == "succeeded"
    worker.work()
    assert set(tree(handle).values()) == {"succeeded"} and handle.status == "succeeded"


def test_a_retry_of_what_is_not_failed_changes_nothing(compose: Any, crew: Any, moody: Any, add: Any):
    @compose("stage-unretried")
    def unretried() -> None:
        add(1)
        add.start(a=1, after=[moody.start(n=1)], step="behind")

    handle = unretried.invoke()
    crew().work()
    for key in ("stage-add", "behind"):
        with pytest.raises(NotRetryable):
            retry(step_of(handle, key), actor=ALICE, reason="no")
    assert tree(handle) == {"stage-add": "succeeded", "stage-moody": "failed", "behind": "skipped"}
    with pytest.raises(Refused):
        cancel(handle.id, actor=ALICE, reason="too late")
    assert effects(handle) == 0 and key_of(handle)
