"""What follows an ending: the failure handler after the last try, the resolver of a doubt."""

from typing import Any

import pytest

from actions import Context, GiveUp, InDoubt, Resolution
from actions.engine.operate.resolve import Answer, resolve
from tests.app import actions as app
from tests.stage import ALICE, columns, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


def companions(name: str) -> list[tuple[Any, ...]]:
    return rows(
        "SELECT status, idempotency_key, actor_label FROM actions_execution WHERE action_id = %s ORDER BY id", name
    )


@pytest.fixture
def doubtful(declare: Any) -> Any:
    @declare("stage-charge", effects="external")
    def charge(context: Context, amount: int) -> dict[str, Any]:
        if context.attempt == 1:
            raise InDoubt("no reply")
        return {"paid": amount, "attempt": context.attempt}

    return charge


def test_the_failure_handler_runs_once_after_the_last_try(declare: Any, crew: Any):
    told: list[Any] = []

    @declare("stage-fails")
    def act(n: int) -> None:
        raise RuntimeError("broken")

    @act.on_failure
    def follow(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None:
        told.append((execution_id, params, error))

    handle = act.invoke(n=7)
    crew().work()
    assert told == [(handle.id, {"n": 7}, {"code": "exception", "class": "RuntimeError", "message": "broken"})]
    assert companions("stage-fails.on-failure") == [
        ("succeeded", f"stage-fails.on-failure:{handle.id}:3", "doplatform")
    ]


def test_the_failure_handler_is_accepted_in_the_transaction_that_records_the_failure(declare: Any, crew: Any):
    @declare("stage-fails")
    def act() -> None:
        raise GiveUp

    @act.on_failure
    def follow(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None: ...

    act.invoke()
    worker = crew()
    worker.settle(worker.claim())
    assert value(
        "SELECT count(DISTINCT xid) FROM actions_auditentry "
        "WHERE verb = 'execution.failed' OR action = 'stage-fails.on-failure'"
    ) == 1  # fmt: skip


def test_the_failure_handler_of_a_success_is_not_asked(declare: Any, crew: Any):
    @declare("stage-fine")
    def act() -> None: ...

    @act.on_failure
    def follow(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None:
        raise AssertionError

    act.invoke()
    assert crew().work() == 1


def test_a_resolver_that_says_it_happened_ends_the_doubt_with_the_result(doubtful: Any, crew: Any):
    @doubtful.resolver
    def ask(context: Context, amount: int) -> Resolution:
        return Resolution.happened({"paid": amount, "found": context.attempt})

    handle = doubtful.invoke(amount=5)
    crew().work()
    assert handle.result(timeout=0) == {"paid": 5, "found": 1}
    assert verbs(handle) == ["accepted", "started", "in_doubt", "resolved"]
    assert columns(handle)["attempt"] == 1
    assert (
        value("SELECT actor_label FROM actions_auditentry WHERE verb = 'execution.resolved'")
        == "resolver of stage-charge"
    )


def test_a_resolver_that_says_it_did_not_happen_lets_it_run_again(doubtful: Any, crew: Any):
    @doubtful.resolver
    def ask(context: Context, amount: int) -> Resolution:
        return Resolution.did_not_happen()

    handle = doubtful.invoke(amount=5)
    crew().work()
    assert handle.result(timeout=0) == {"paid": 5, "attempt": 2}
    assert verbs(handle) == ["accepted", "started", "in_doubt", "resolved", "started", "succeeded"]


def test_a_resolver_that_cannot_say_yet_is_asked_again(doubtful: Any, crew: Any):
    asked: list[int] = []

    @doubtful.resolver
    def ask(context: Context, amount: int) -> Resolution:
        asked.append(context.attempt)
        return Resolution.unknown() if len(asked) < 4 else Resolution.happened({})

    handle = doubtful.invoke(amount=5)
    crew().work()
    assert (asked, handle.status) == ([1, 2, 3, 4], "succeeded")
    assert companions("stage-charge.resolver") == [("succeeded", f"stage-charge.resolver:{handle.id}:1", "doplatform")]


def test_a_resolver_that_gives_up_fails_the_execution(doubtful: Any, crew: Any):
    told: list[str] = []

    @doubtful.resolver
    def ask(context: Context, amount: int) -> Resolution:
        raise GiveUp("the provider forgot it")

    @doubtful.on_failure
    def follow(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None:
        told.append(execution_id)

    handle = doubtful.invoke(amount=5)
    crew().work()
    assert (handle.status, told) == ("failed", [handle.id])
    assert value("SELECT reason FROM actions_auditentry WHERE verb = 'execution.resolved'") == "the provider forgot it"


def test_a_resolver_that_breaks_is_tried_again_and_leaves_the_doubt(doubtful: Any, crew: Any):
    asked: list[int] = []

    @doubtful.resolver
    def ask(context: Context, amount: int) -> Resolution:
        asked.append(context.attempt)
        if len(asked) == 1:
            raise ConnectionRefusedError
        return Resolution.happened({"paid": amount})

    handle = doubtful.invoke(amount=5)
    worker = crew()
    worker.work(waiting=False)
    assert handle.status == "in_doubt"
    worker.work()
    assert handle.result(timeout=0) == {"paid": 5}


def test_a_doubt_that_a_person_has_settled_is_moot(doubtful: Any, crew: Any):
    @doubtful.resolver
    def ask(context: Context, amount: int) -> Resolution:
        raise AssertionError("asked")

    handle = doubtful.invoke(amount=5)
    worker = crew()
    worker.settle(worker.claim())
    resolve(handle.id, answer=Answer.HAPPENED, actor=ALICE, reason="the bank says so", result={"by": "hand"})
    worker.work()
    assert handle.result(timeout=0) == {"by": "hand"}
    assert value("SELECT result->>'verdict' FROM actions_execution WHERE action_id = 'stage-charge.resolver'") == "moot"


def test_each_doubt_of_one_execution_is_asked_about_once(declare: Any, crew: Any):
    @declare("stage-charge", effects="external")
    def charge(context: Context) -> str:
        if context.attempt < 3:
            raise InDoubt
        return "paid"

    @charge.resolver
    def ask(context: Context) -> Resolution:
        return Resolution.did_not_happen()

    handle = charge.invoke()
    crew().work()
    assert handle.result(timeout=0) == "paid"
    keys = [row[1] for row in companions("stage-charge.resolver")]
    assert keys == [f"stage-charge.resolver:{handle.id}:{attempt}" for attempt in (1, 2)]


def test_an_answer_that_cannot_be_stored_leaves_the_doubt(doubtful: Any, crew: Any):
    @doubtful.resolver
    def ask(context: Context, amount: int) -> Resolution:
        return Resolution.happened({"nan": float("nan")})

    handle = doubtful.invoke(amount=5)
    crew().work()
    assert handle.status == "in_doubt"
    assert [row[0] for row in companions("stage-charge.resolver")] == ["failed"]


def test_an_action_without_companions_has_none(crew: Any):
    app.give_up.invoke()
    app.doubt.invoke()
    assert crew().work() == 2
    assert value("SELECT count(*) FROM actions_execution") == 2
