"""Where workflows meet the rest of the engine at its edges."""

from typing import Annotated, Any

import pytest
from django.db import connection

from actions import Context, GiveUp, Handle, InDoubt, Redacted, StepFailed, gather
from actions.engine.operate.cancel import cancel
from actions.engine.operate.replay import replay
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.workflows import entry
from actions.errors import NotRetryable
from tests.stage import ALICE, column, rows, step_of, tree, value

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def give(declare: Any) -> Any:
    @declare("stage-give")
    def act(n: int = 1) -> dict[str, int]:
        return {"n": n}

    return act


@pytest.fixture
def moody(declare: Any) -> Any:
    @declare("stage-moody")
    def act(n: int = 0) -> int:
        if act.bad:
            raise GiveUp("bad mood")
        return n

    act.bad = True
    return act


def test_a_step_outside_of_transactions_takes_results_too(compose: Any, declare: Any, crew: Any, give: Any):
    @declare("stage-loose", effects="repeatable", atomic=False)
    def loose(n: int) -> int:
        return n + 1

    @compose("stage-flow")
    def flow() -> int:
        return loose.start(n=give.start(n=4)["n"])

    handle = flow.invoke()
    crew().work()
    assert handle.result() == 5


def test_a_compensation_begins_at_the_limit_of_steps_too(
    compose: Any, declare: Any, crew: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(entry, "MOST_STEPS", 3)
    undone: list[int] = []

    @declare("stage-do")
    def do(n: int) -> int:
        return n

    @do.compensation
    def undo(n: int) -> None:
        undone.append(n)

    @compose("stage-flow", on_failure="compensate")
    def flow() -> None:
        for number in range(5):
            do(number)

    handle = flow.invoke()
    crew().work()
    assert (handle.status, handle.error["code"]) == ("failed", "too_many_steps")
    assert undone == [2, 1, 0]


def test_a_compensation_that_is_switched_off_is_told_with_the_failure(
    compose: Any, declare: Any, crew: Any, moody: Any, settings: Any
):
    @declare("stage-do")
    def do() -> None:
        """Done."""

    @do.compensation
    def undo() -> None:
        """Undone."""

    @compose("stage-flow", on_failure="compensate")
    def flow() -> None:
        do()
        moody()

    settings.DOPLATFORM = {**settings.DOPLATFORM, "ACTIONS_DISABLED": ("stage-do.compensation",)}
    handle = flow.invoke()
    crew().work()
    assert handle.status == "failed"
    assert "switched off" in handle.error["undo"]


def test_edited_secrets_of_a_replay_are_kept_encrypted(compose: Any, declare: Any, crew: Any):
    seen: list[str] = []

    @declare("stage-card")
    def card(card: Annotated[str, Redacted]) -> None:
        seen.append(card)
        if card == "1111222233334444":
            raise GiveUp("declined")

    @compose("stage-flow")
    def flow() -> None:
        card(card="1111222233334444")

    handle = flow.invoke()
    worker = crew()
    worker.work()
    again = replay(handle.id, actor=ALICE, reason="x", from_step="stage-card", params={"card": "4242424242424242"})
    worker.work()
    assert Handle(again.id).status == "succeeded" and seen[-1] == "4242424242424242"
    assert "4242424242424242" not in str(rows("SELECT * FROM actions_memory"))
    assert "4242424242424242" not in str(rows("SELECT to_jsonb(e) FROM actions_execution e"))


def test_a_replay_does_not_build_on_what_was_undone(compose: Any, declare: Any, crew: Any, moody: Any):
    done: list[str] = []

    @declare("stage-charge", effects="external")
    def charge() -> str:
        done.append("charge")
        return "paid"

    @charge.compensation
    def refund() -> None:
        done.append("refund")

    @compose("stage-flow", on_failure="compensate")
    def flow() -> None:
        charge()
        moody()

    handle = flow.invoke()
    worker = crew()
    worker.work()
    moody.bad = False
    again = replay(handle.id, actor=ALICE, reason="x", from_step="stage-moody")
    worker.work()
    assert Handle(again.id).status == "succeeded"
    assert done == ["charge", "refund", "charge"]


def test_a_replay_remembers_what_the_function_was_told_and_what_was_edited(
    compose: Any, declare: Any, crew: Any, moody: Any
):
    ran: list[Any] = []

    @declare("stage-note")
    def note(at: str, n: int = 1) -> int:
        ran.append((at, n))
        return n

    @compose("stage-flow")
    def flow(context: Context) -> int:
        first = note(at=context.now().isoformat())
        second = note(at="later", n=2)
        moody()
        return first + second

    handle = flow.invoke()
    worker = crew()
    worker.work()
    again = replay(handle.id, actor=ALICE, reason="x", from_step="stage-note#2", params={"at": "edited", "n": 5})
    worker.work()
    assert Handle(again.id).error["code"] == "step_failed", Handle(again.id).error
    moody.bad = False
    last = replay(again.id, actor=ALICE, reason="x", from_step="stage-moody")
    worker.work()
    assert Handle(last.id).result() == 6
    assert [n for _, n in ran] == [1, 2, 5]


def test_what_was_in_doubt_when_its_workflow_was_cancelled_is_not_run_again(compose: Any, declare: Any, crew: Any):
    @declare("stage-charge", effects="external")
    def charge() -> None:
        raise InDoubt("no reply")

    @compose("stage-flow")
    def flow() -> None:
        charge()

    handle = flow.invoke()
    worker = crew()
    worker.work()
    step = step_of(handle, "stage-charge")
    cancel(handle.id, actor=ALICE, reason="enough")
    assert column(step, "status") == "in_doubt"
    resolve(step, answer=Answer.RUN_AGAIN, actor=ALICE, reason="it did not happen")
    assert column(step, "status") == "cancelled"


def test_retry_of_a_detached_step_leaves_its_failed_workflow_alone(compose: Any, crew: Any, moody: Any, give: Any):
    @compose("stage-flow")
    def flow() -> None:
        moody.start(n=1, detached=True, step="aside")
        give.start().result()
        moody(n=2)

    handle = flow.invoke()
    worker = crew()
    worker.work()
    assert (handle.status, tree(handle)["aside"]) == ("failed", "failed")
    moody.bad = False
    retry(step_of(handle, "aside"), actor=ALICE, reason="x")
    assert handle.status == "failed"


def test_a_caught_gather_tells_of_the_failures_behind_skipped_steps(compose: Any, crew: Any, moody: Any, give: Any):
    @compose("stage-flow")
    def flow() -> str:
        first = moody.start(n=1, step="first")
        second = moody.start(n=2, step="second")
        behind = give.start(n=second, step="behind")
        try:
            gather(first, behind)
        except StepFailed:
            return "caught"
        return "not"

    handle = flow.invoke()
    crew().work()
    assert handle.result() == "caught"


def test_a_function_that_closes_the_connection_and_fails_is_told_so(compose: Any, crew: Any):
    @compose("stage-flow")
    def flow() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.close()
        raise ValueError("and then this")

    handle = flow.invoke()
    crew().work()
    assert (handle.status, handle.error["code"]) == ("failed", "transaction_control")


def test_hooks_of_a_workflow_function_are_refused(compose: Any, crew: Any):
    @compose("stage-flow")
    def flow(context: Context) -> None:
        context.on_commit(lambda: None)

    handle = flow.invoke()
    crew().work()
    assert (handle.status, handle.error["code"]) == ("failed", "workflow_writes")


def test_there_is_no_retry_past_a_cancelled_step(compose: Any, declare: Any, crew: Any):
    @declare("stage-outside", effects="external")
    def outside() -> None:
        """Does nothing."""

    @compose("stage-flow")
    def flow() -> None:
        outside()

    handle = flow.invoke()
    worker = crew()
    worker.settle(worker.claim())
    cancel(step_of(handle, "stage-outside"), actor=ALICE, reason="enough")
    worker.work()
    assert handle.status == "failed"
    with pytest.raises(NotRetryable, match="was cancelled"):
        retry(handle.id, actor=ALICE, reason="x")


def test_a_failed_undo_is_retried_though_the_failure_was_caught_above(
    compose: Any, declare: Any, crew: Any, moody: Any
):
    mood = {"bad": True}

    @declare("stage-charge")
    def charge() -> None:
        """Done."""

    @charge.compensation
    def refund() -> None:
        if mood["bad"]:
            raise GiveUp("no money")

    @compose("stage-pay", on_failure="compensate")
    def pay() -> None:
        charge()
        moody()

    @compose("stage-order")
    def order() -> str:
        try:
            pay()
        except StepFailed:
            return "unpaid"
        return "paid"

    handle = order.invoke()
    worker = crew()
    worker.work()
    paid = step_of(handle, "stage-pay")
    assert handle.result() == "unpaid" and tree(paid)["undo:stage-charge"] == "failed"
    mood["bad"] = False
    retry(step_of(paid, "undo:stage-charge"), actor=ALICE, reason="x")
    worker.work()
    assert tree(paid)["undo:stage-charge"] == "succeeded"
    assert value("SELECT error->'undone' FROM actions_execution WHERE action_id = 'stage-pay'") == '["stage-charge"]'
    assert handle.result() == "unpaid"
