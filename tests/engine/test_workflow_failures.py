"""Steps that fail in every way, what becomes of their workflow, and what a retry resumes."""

from typing import Any

import pytest

from actions import GiveUp, InDoubt, RetryLater, RetryPolicy, StepFailed
from actions.engine.ledger import make_due
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.errors import NotRetryable
from tests.engine.steps import hold, release
from tests.stage import ALICE, AT_ONCE, column, outcomes, rows, step_of, tree, verbs

pytestmark = pytest.mark.usefixtures("engine", "audited")


@pytest.fixture
def flaky(declare: Any, ran: list[Any]) -> Any:
    """Raises what stands in `flaky.raises`, one after the other, then succeeds."""

    @declare("stage-flaky", retry=AT_ONCE)
    def act(n: int = 0) -> str:
        ran.append(("flaky", n))
        if act.raises:
            raise act.raises.pop(0)
        return "at last"

    act.raises = []
    return act


@pytest.fixture
def calls_flaky(compose: Any, flaky: Any, mark: Any) -> Any:
    @compose("stage-calls-flaky")
    def calls() -> str:
        mark("before")
        found = flaky(1)
        mark("after")
        return found

    return calls


def _notes() -> list[str]:
    return [row[0] for row in rows("SELECT note FROM app_effect ORDER BY id")]


def test_a_step_in_line_that_is_tried_again(calls_flaky: Any, flaky: Any, crew: Any):
    flaky.raises = [RuntimeError("one"), RuntimeError("two")]
    handle = calls_flaky.invoke()
    crew().work()
    step = step_of(handle, "stage-flaky")
    assert handle.result() == "at last" and outcomes(handle) == ["suspended", "succeeded"]
    assert outcomes(step) == ["failed", "failed", "succeeded"] and column(step, "tries") == 2
    assert verbs(step) == ["accepted", "started", "retrying", "started", "retrying", "started", "succeeded"]
    assert _notes() == ["before", "after"]


def test_a_step_in_line_that_uses_up_its_tries(calls_flaky: Any, flaky: Any, crew: Any):
    flaky.raises = [RuntimeError(str(n)) for n in range(3)]
    handle = calls_flaky.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "failed" and handle.error["step"] == "stage-flaky"
    retry(step_of(handle, "stage-flaky"), actor=ALICE, reason="once more")
    assert handle.status == "waiting"
    worker.work()
    assert handle.result() == "at last" and _notes() == ["before", "after"]
    assert outcomes(step_of(handle, "stage-flaky")) == ["failed", "failed", "failed", "succeeded"]


def test_a_step_in_line_that_asks_for_later(calls_flaky: Any, flaky: Any, crew: Any):
    flaky.raises = [RetryLater(3600)]
    handle = calls_flaky.invoke()
    worker = crew()
    worker.settle(worker.claim())
    assert worker.work(waiting=False) == 0
    assert (handle.status, tree(handle)["stage-flaky"]) == ("waiting", "retrying")
    worker.work()
    assert handle.result() == "at last" and outcomes(step_of(handle, "stage-flaky")) == ["postponed", "succeeded"]


@pytest.mark.parametrize("answer", list(Answer))
@pytest.mark.parametrize("effects_", ["database", "external"])
def test_a_step_in_doubt_holds_its_workflow_until_it_is_resolved(
    answer: Answer, effects_: str, compose: Any, declare: Any, crew: Any, add: Any
):
    tries: list[int] = []

    @declare("stage-doubtful", effects=effects_)
    def doubtful() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise InDoubt("no reply")
        return 2

    @compose("stage-doubts")
    def doubts() -> Any:
        done = doubtful()
        return add(done, 1)["sum"]

    handle = doubts.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "waiting" and tree(handle) == {"stage-doubtful": "in_doubt"}
    with pytest.raises(NotRetryable):
        retry(step_of(handle, "stage-doubtful"), actor=ALICE, reason="no")
    resolve(
        step_of(handle, "stage-doubtful"), answer=answer, actor=ALICE, reason="looked",
        result=10 if answer == Answer.HAPPENED else None,
    )  # fmt: skip
    worker.work()
    if answer == Answer.GIVE_UP:
        assert handle.status == "failed" and handle.error["step"] == "stage-doubtful"
        retry(handle.id, actor=ALICE, reason="after all")
        worker.work()
    assert handle.result() == (11 if answer == Answer.HAPPENED else 3)


def test_a_step_that_takes_too_long_fails_alone(compose: Any, declare: Any, crew: Any, mark: Any):
    spent: list[int] = []

    @declare("stage-slow", timeout=0.2, retry=RetryPolicy(max_attempts=1))
    def slow() -> str:
        from threading import Event

        spent.append(1)
        if len(spent) == 1:
            Event().wait(20)
        return "quick"

    @compose("stage-times-out")
    def times_out() -> str:
        mark("before")
        return slow()

    handle = times_out.invoke()
    worker = crew(timed=True)
    worker.work()
    step = step_of(handle, "stage-slow")
    assert (handle.status, outcomes(step)) == ("failed", ["timed_out"])
    assert column(step, "error")["code"] == "timed_out" and _notes() == ["before"]
    retry(handle.id, actor=ALICE, reason="quicker now")
    worker.work()
    assert handle.result() == "quick" and _notes() == ["before"]


def test_the_functions_own_errors_follow_its_own_policy(compose: Any, crew: Any, mark: Any, call_out: Any):
    entered: list[int] = []

    @compose("stage-clumsy", retry=AT_ONCE)
    def clumsy() -> str:
        entered.append(1)
        mark("once")
        call_out.start(n=1)
        if len(entered) < 3:
            raise RuntimeError("clumsy")
        return "done"

    handle = clumsy.invoke()
    crew().work()
    assert handle.result() == "done" and _notes() == ["once"]
    # What an entry that fails had only begun is begun again by the next.
    assert outcomes(handle) == ["failed", "failed", "suspended", "succeeded"]
    assert tree(handle) == {"stage-mark": "succeeded", "stage-call-out": "succeeded"}


def test_a_function_without_a_policy_fails_at_once_and_can_be_retried(compose: Any, crew: Any, mark: Any):
    broken = [True]

    @compose("stage-typo")
    def typo() -> str:
        mark("once")
        if broken:
            raise KeyError("typo")
        return "done"

    handle = typo.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "failed" and handle.error["class"] == "KeyError"
    broken.clear()
    retry(handle.id, actor=ALICE, reason="deployed")
    worker.work()
    assert handle.result() == "done" and _notes() == ["once"]


def test_a_failing_function_waits_for_its_open_steps(compose: Any, crew: Any, moody: Any, call_out: Any):
    @compose("stage-waits")
    def waits() -> None:
        call_out.start(n=1)
        moody.start(n=1).result()

    hold("stage-call-out")
    handle = waits.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "waiting"
    assert tree(handle) == {"stage-call-out": "queued", "stage-moody": "failed"}
    release("stage-call-out")
    worker.work()
    assert handle.status == "failed" and handle.error["step"] == "stage-moody"


def test_a_failed_step_retried_while_others_still_run_is_no_failure(
    compose: Any, crew: Any, moody: Any, call_out: Any, ran: list[Any]
):
    @compose("stage-meanwhile")
    def meanwhile() -> Any:
        return [call_out.start(n=1).step, moody.start(n=1).result()]

    hold("stage-call-out")
    handle = meanwhile.invoke()
    worker = crew()
    worker.work()
    moody.bad = False
    retry(step_of(handle, "stage-moody"), actor=ALICE, reason="in time")
    worker.work()
    release("stage-call-out")
    worker.work()
    assert handle.result() == ["stage-call-out", 1] and ran == [("moody", 1), ("moody", 1), 1]


def test_a_step_begun_behind_a_failed_one_is_skipped_at_once(compose: Any, crew: Any, moody: Any, add: Any):
    @compose("stage-behind")
    def behind() -> str:
        failed = moody.start(n=1)
        try:
            failed.result()
        except StepFailed:
            later = add.start(a=1, after=[failed])
            try:
                later.result()
            except StepFailed as error:
                return f"{error.step} {error.status}"
        return "never"

    handle = behind.invoke()
    crew().work()
    assert handle.status == "succeeded" and handle.result() == "stage-add skipped"


def test_a_detached_step_is_on_its_own(compose: Any, crew: Any, moody: Any, call_out: Any):
    @compose("stage-detaches")
    def detaches() -> str:
        moody.start(n=1, detached=True)
        call_out.start(n=1, detached=True)
        return "done"

    hold("stage-call-out")
    handle = detaches.invoke()
    worker = crew()
    worker.work()
    assert handle.result() == "done"
    assert tree(handle) == {"stage-moody": "failed", "stage-call-out": "queued"}
    release("stage-call-out")
    worker.work()
    moody.bad = False
    retry(step_of(handle, "stage-moody"), actor=ALICE, reason="after all")
    worker.work()
    assert set(tree(handle).values()) == {"succeeded"} and outcomes(handle) == ["succeeded"]


def test_what_follows_a_failed_workflow(compose: Any, crew: Any, moody: Any, ran: list[Any]):
    @compose("stage-followed")
    def followed(n: int) -> int:
        return moody(n)

    @followed.on_failure
    def tell(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None:
        ran.append((execution_id, params, error["code"], error["step"]))

    handle = followed.invoke(n=3)
    worker = crew()
    worker.work()
    told = (handle.id, {"n": 3}, "step_failed", "stage-moody")
    assert ran == [("moody", 3), told]
    retry(handle.id, actor=ALICE, reason="again")
    worker.work()
    assert ran == [("moody", 3), told, ("moody", 3), told]


def test_give_up_in_the_function_is_permanent(compose: Any, crew: Any, mark: Any):
    @compose("stage-gives-up", retry=AT_ONCE)
    def gives_up() -> None:
        mark("x")
        raise GiveUp("no use")

    handle = gives_up.invoke()
    crew().work()
    assert outcomes(handle) == ["failed"] and handle.error["message"] == "no use" and _notes() == ["x"]


def test_a_step_that_ends_in_the_group_in_which_its_workflow_suspends_on_it(
    compose: Any, flaky: Any, add: Any, crew: Any
):
    """The settle that ends the step is the one that suspends the workflow: neither may wait for the other."""

    @compose("stage-together")
    def together() -> Any:
        later = flaky.start(n=1)
        add.start(a=1).result()
        return later.result()

    flaky.raises = [RetryLater(3600)]
    handle = together.invoke()
    worker = crew()
    worker.settle(worker.claim())
    worker.settle(worker.claim())
    assert (handle.status, tree(handle)) == ("queued", {"stage-flaky": "retrying", "stage-add": "succeeded"})
    make_due("default")
    held = worker.claim()
    assert {claim.action for claim in held} == {"stage-together", "stage-flaky"}
    worker.settle(held)
    worker.work()
    assert handle.result() == "at last"


def test_a_step_that_fails_as_its_workflow_begins_another_behind_its_neighbour(
    compose: Any, flaky: Any, add: Any, crew: Any, ran: list[Any]
):
    """One transaction fails a step, which dooms a second, and begins a third behind a prerequisite of the second."""

    @compose("stage-crossed")
    def crossed() -> Any:
        first = add.start(a=1, step="first")
        doomed = add.start(a=flaky.start(n=1, optional=True), b=first["sum"], optional=True, step="doomed")
        first.result()
        return add.start(a=2, after=[first, doomed], step="third")

    flaky.raises = [RetryLater(3600), GiveUp("no")]
    handle = crossed.invoke()
    worker = crew()
    worker.settle(worker.claim())
    worker.settle(worker.claim())
    make_due("default")
    held = worker.claim()
    assert {claim.action for claim in held} == {"stage-crossed", "stage-flaky"}
    worker.settle(held)
    assert tree(handle)["doomed"] == "skipped"
    worker.work()
    assert handle.result() == {"sum": 2} and outcomes(step_of(handle, "doomed")) == []
