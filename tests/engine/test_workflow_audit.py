"""Every change of a workflow and its steps has one entry; secrets show in none of them."""

from typing import Annotated, Any

import pytest
from pydantic import SecretStr

from actions import Context, InDoubt, Redacted, StepFailed, emit, gather, sleep, wait_for
from actions.engine.operate.cancel import cancel
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.rescue import rescue
from tests.engine.steps import broken_lives, findings, hold, late, release
from tests.stage import ALICE, column, rows, step_of, tree, verbs

_TABLES = (
    "actions_execution", "actions_attempt", "actions_auditentry", "actions_memory", "actions_externalevent",
    "actions_edge", "actions_action",
)  # fmt: skip


def _dump() -> str:
    """Everything the tables hold, as text, the encrypted column aside."""
    return "".join(str(rows("SELECT to_jsonb(t)::text FROM " + table + " AS t")) for table in _TABLES)


@pytest.fixture
def doubtful(declare: Any) -> Any:
    @declare("stage-doubtful", effects="external")
    def act() -> int:
        raise InDoubt("no reply")

    return act


@pytest.mark.usefixtures("engine", "short_lease")
def test_a_run_of_every_construct_is_told_in_full(
    compose: Any, crew: Any, add: Any, call_out: Any, moody: Any, doubtful: Any, book: Any
):
    @compose("stage-child")
    def child(n: int) -> Any:
        return [add(n)["sum"], call_out(n)]

    @compose("stage-all", timeout=3600)
    def everything(context: Context) -> Any:
        context.now()
        first = add.start(a=1, step="first")
        chain = add.start(a=first["sum"], after=[call_out.start(n=1)], step="chain")
        moody.start(n=1, optional=True, step="optional")
        call_out.start(n=9, detached=True, step="detached")
        add.start(a=moody.start(n=2, optional=True, step="doomed"), optional=True, step="skipped")
        try:
            moody(3)
        except StepFailed:
            sleep(3600)
        doubt = doubtful.start()
        return [gather(chain, doubt), wait_for("go"), child.start(n=5), child(6)]

    @compose("stage-undone", on_failure="compensate")
    def undone() -> None:
        book("flight")
        book("hotel")
        moody(4)

    handle, failing = everything.invoke(), undone.invoke()
    lost = crew()
    lost.settle(lost.claim())
    lost.claim()
    lost.crash()
    lost.freeze()
    rescue()
    worker = crew()
    worker.work()
    rows("UPDATE actions_memory SET value = to_jsonb(now()::text) WHERE key LIKE 'sleep%%'")
    late(worker)
    for step, status in tree(handle).items():
        if status == "in_doubt":
            resolve(step_of(handle, step), answer=Answer.HAPPENED, actor=ALICE, reason="looked", result=1)
    worker.work()
    for step, status in tree(failing).items():
        if status == "in_doubt":
            resolve(step_of(failing, step), answer=Answer.RUN_AGAIN, actor=ALICE, reason="looked")
    emit(handle.id, "go", {"x": 1}, actor=ALICE)
    worker.work()
    assert (handle.status, failing.status) == ("succeeded", "failed")
    assert findings() == [] and broken_lives() == []
    assert {"accepted", "started", "suspended", "resumed", "emitted", "succeeded"} <= set(verbs(handle))


@pytest.mark.usefixtures("engine")
def test_operators_verbs_in_a_tree_are_told_in_full(compose: Any, crew: Any, add: Any, call_out: Any, moody: Any):
    @compose("stage-leaf")
    def leaf() -> Any:
        failed = moody.start(n=1)
        return add.start(a=failed, step="behind")

    @compose("stage-root")
    def root() -> Any:
        return [leaf(), call_out(1)]

    handle = root.invoke()
    worker = crew()
    worker.work()
    below = step_of(handle, "stage-leaf")
    moody.bad = False
    retry(handle.id, actor=ALICE, reason="repaired")
    hold("stage-call-out")
    worker.work()
    assert verbs(step_of(below, "behind")) == [
        "accepted", "skipped", "revived", "unblocked", "started", "succeeded",
    ]  # fmt: skip
    cancel(handle.id, actor=ALICE, reason="not needed")
    release("stage-call-out")
    told = rows(
        "SELECT DISTINCT verb, actor_label, reason FROM actions_auditentry WHERE actor_id = 'alice' ORDER BY 1, 2, 3"
    )
    assert told == [
        ("execution.cancelled", "Alice", "not needed"), ("execution.retried", "Alice", "repaired"),
        ("execution.revived", "Alice", "repaired"),
    ]  # fmt: skip
    assert findings() == [] and broken_lives() == []


@pytest.mark.usefixtures("engine", "audited")
@pytest.mark.parametrize("how", ["called", "started", "from a result"])
def test_secrets_of_steps_show_nowhere(how: str, compose: Any, declare: Any, crew: Any, add: Any):
    seen: list[Any] = []

    @declare("stage-pay", effects="database" if how == "called" else "external")
    def pay(card: Annotated[str, Redacted], pin: SecretStr, amount: int) -> int:
        seen.append((card, pin.get_secret_value(), amount))
        return amount

    @compose("stage-pays")
    def pays(card: Annotated[str, Redacted]) -> Any:
        if how == "called":
            return pay(card, SecretStr("canary-pin"), 3)
        if how == "started":
            return pay.start(card=card, pin="canary-pin", amount=3)
        return pay.start(card=card, pin="canary-pin", amount=add.start(a=3)["sum"])

    handle = pays.invoke(card="canary-4242")
    crew().work()
    assert handle.result() == 3 and seen == [("canary-4242", "canary-pin", 3)]
    assert column(step_of(handle, "stage-pay"), "params")["card"] == "••••"
    assert "canary" not in _dump()


@pytest.mark.usefixtures("engine", "audited")
def test_a_changed_secret_is_told_without_showing_it(compose: Any, declare: Any, crew: Any):
    @declare("stage-pay", effects="external")
    def pay(card: Annotated[str, Redacted]) -> None: ...

    cards = ["canary-1111", "canary-2222"]

    @compose("stage-changes")
    def changes() -> None:
        pay(cards.pop(0))

    handle = changes.invoke()
    crew().work()
    assert handle.error["code"] == "workflow_changed" and "••••" in handle.error["message"]
    assert "canary" not in _dump()


@pytest.mark.usefixtures("engine", "audited")
def test_the_error_of_a_function_shows_no_secret_of_its_own(compose: Any, crew: Any, add: Any):
    @compose("stage-blabs")
    def blabs(card: Annotated[str, Redacted]) -> None:
        add(1)
        raise RuntimeError(f"no such card: {card}")

    handle = blabs.invoke(card="canary-4242")
    crew().work()
    assert handle.error["message"] == "no such card: ••••" and "canary" not in _dump()
