"""Any history of submits, claims, crashes, expiries, late settles and operators' verbs keeps the invariants (G24 in small)."""

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from actions import Context, GiveUp, IdempotencyConflict, InDoubt, RetryLater, ids, states
from actions.engine.ledger import Claim
from actions.engine.maintain import redispatch
from actions.engine.operate.cancel import cancel
from actions.engine.operate.pause import pause_action, resume_action
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.operate.run_now import run_now
from actions.engine.rescue import rescue
from actions.engine.sync import sync
from actions.errors import Refused
from actions.states import Status
from tests.app import actions as app
from tests.stage import _CLEAN, ALICE, StageWorker, rows

EXAMPLES, STEPS = 50, 30
KINDS = ("database", "repeatable", "external")
PLANS = some.lists(some.sampled_from(["succeed", "fail", "give up", "later", "doubt"]), max_size=4)

# One row per broken invariant.
_BROKEN = """
SELECT 'I-03 two executions for one key', idempotency_key FROM actions_execution
WHERE idempotency_key IS NOT NULL GROUP BY principal, action_id, idempotency_key HAVING count(*) > 1
UNION ALL
SELECT 'I-04 effects are not those of the succeeded attempt', execution.id::text FROM actions_execution AS execution
  LEFT JOIN numbered ON numbered.id = execution.id
WHERE ARRAY(SELECT effect.attempt FROM app_effect AS effect WHERE effect.execution_id = numbered.public ORDER BY 1)
  <> ARRAY(SELECT number FROM actions_attempt WHERE execution_id = execution.id AND outcome = 'succeeded' ORDER BY 1)
UNION ALL
SELECT 'I-04 more than one attempt succeeded', execution_id::text FROM actions_attempt WHERE outcome = 'succeeded'
GROUP BY execution_id HAVING count(*) > 1
UNION ALL
SELECT 'I-05 an effect without its success', effect.execution_id FROM app_effect AS effect
  JOIN numbered ON numbered.public = effect.execution_id JOIN actions_execution AS execution ON execution.id = numbered.id
WHERE execution.status <> 'succeeded' OR effect.attempt <> execution.attempt
UNION ALL
SELECT 'I-06 attempts are not numbered 1 to n', execution.id::text FROM actions_execution AS execution
WHERE ARRAY(SELECT number FROM actions_attempt WHERE execution_id = execution.id ORDER BY 1)
  <> ARRAY(SELECT generate_series(1, execution.attempt))
UNION ALL
SELECT 'I-06 open attempts and running do not agree', execution.id::text FROM actions_execution AS execution
WHERE (status = 'running') <> EXISTS (
  SELECT FROM actions_attempt WHERE execution_id = execution.id AND number = execution.attempt AND outcome IS NULL)
UNION ALL
SELECT 'I-06 an older attempt is open', execution_id::text FROM actions_attempt JOIN actions_execution ON id = execution_id
WHERE number < attempt AND outcome IS NULL
UNION ALL
SELECT 'I-09 changes and audit differ', execution_id::text FROM (
  SELECT execution_id, xid, count(*) AS times FROM witness GROUP BY 1, 2
  EXCEPT ALL SELECT execution_id, xid, count(*) FROM changes GROUP BY 1, 2) AS unaudited
UNION ALL
SELECT 'I-09 audit without a change', execution_id::text FROM (
  SELECT execution_id, xid, count(*) AS times FROM changes GROUP BY 1, 2
  EXCEPT ALL SELECT execution_id, xid, count(*) FROM witness GROUP BY 1, 2) AS unchanged
"""
_WITNESS = """
CREATE TABLE witness (execution_id uuid, xid bigint);
CREATE TABLE numbered (id uuid, public text);
CREATE VIEW changes AS SELECT execution_id, xid FROM actions_auditentry
  WHERE verb LIKE 'execution.%' AND verb <> 'execution.cancel_requested'
    AND (data->>'before' = data->>'after') IS NOT TRUE;
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status THEN
    INSERT INTO witness VALUES (NEW.id, pg_current_xact_id()::text::bigint);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON actions_execution FOR EACH ROW EXECUTE FUNCTION witness();
"""


class EngineMachine(RuleBasedStateMachine):
    """The engine, two workers, and whatever may happen to them."""

    actions: ClassVar[dict[str, Any]] = {}

    @initialize()
    def begin(self) -> None:
        rows(_CLEAN + "; DELETE FROM witness; DELETE FROM numbered")
        sync()
        self.accepted: dict[str, str] = {}
        self.keys: dict[tuple[str, str], tuple[list[str], str]] = {}
        self.seen: dict[UUID, str] = {}
        self.held: list[tuple[StageWorker, list[Claim]]] = []
        self.workers = [StageWorker(), StageWorker()]
        self.gone: list[StageWorker] = []

    # What callers do

    @rule(kind=some.sampled_from(KINDS), plan=PLANS, key=some.sampled_from([None, None, "a", "b"]))
    def submit(self, kind: str, plan: list[str], key: str | None) -> None:
        known = self.keys.get((kind, key)) if key else None
        try:
            handle = self.actions[kind].invoke(plan=plan, idempotency_key=key)
        except IdempotencyConflict as conflict:
            assert known is not None
            assert known[0] != plan
            assert conflict.original == known[1]
            return
        assert handle.replayed == (known is not None)
        if known is not None:
            assert known == (plan, handle.id)
            return
        if key:
            self.keys[kind, key] = (plan, handle.id)
        self.accepted[handle.id] = kind
        rows("INSERT INTO numbered VALUES (%s, %s)", ids.parse_id(handle.id), handle.id)

    # What workers do, and what becomes of them

    @rule(number=some.integers(0, 1))
    def claim(self, number: int) -> None:
        """Also a duplicate wake-up; not calling it is a lost one."""
        claims = self.workers[number].claim()
        if claims:
            self.held.append((self.workers[number], claims))

    @precondition(lambda self: self.held)
    @rule(which=some.integers(0, 99))
    def settle(self, which: int) -> None:
        """In any order, also long after a rescue, a cancel or the worker's own crash."""
        worker, claims = self.held.pop(which % len(self.held))
        worker.settle(claims)

    @rule(number=some.integers(0, 1), keeps_claims=some.booleans())
    def crash(self, number: int, keeps_claims: bool) -> None:
        """kill -9; or, where the claims are kept, only the lock's session is lost and a late settle will come."""
        worker = self.workers[number]
        worker.crash()
        if not keeps_claims:
            self.held = [(other, claims) for other, claims in self.held if other is not worker]
        self.workers[number] = StageWorker()
        self.gone.append(worker)

    @rule(number=some.integers(0, 1))
    def expire(self, number: int) -> None:
        self.workers[number].freeze()
        self.gone.append(self.workers[number])
        self.workers[number] = StageWorker()

    @rule()
    def expire_the_gone(self) -> None:
        for worker in self.gone:
            worker.freeze()

    @rule()
    def rescue(self) -> None:
        rescue()

    @rule()
    def maintain(self) -> None:
        redispatch()

    @rule()
    def pass_time(self) -> None:
        rows("UPDATE actions_execution SET available_at = now() WHERE available_at > now()")

    # What operators do

    @rule(which=some.integers(0, 99), force=some.booleans())
    def cancel(self, which: int, force: bool) -> None:
        self.operate(which, lambda id_: cancel(id_, actor=ALICE, force=force))

    @rule(which=some.integers(0, 99))
    def retry(self, which: int) -> None:
        self.operate(which, lambda id_: retry(id_, actor=ALICE))

    @rule(which=some.integers(0, 99), answer=some.sampled_from(list(Answer)))
    def resolve(self, which: int, answer: Answer) -> None:
        self.operate(which, lambda id_: resolve(id_, answer=answer, actor=ALICE))

    @rule(which=some.integers(0, 99))
    def run_now(self, which: int) -> None:
        self.operate(which, lambda id_: run_now(id_, actor=ALICE))

    @rule(kind=some.sampled_from(KINDS), paused=some.booleans())
    def pause(self, kind: str, paused: bool) -> None:
        (pause_action if paused else resume_action)(self.actions[kind].name, actor=ALICE)

    def operate(self, which: int, act: Any) -> None:
        assume(self.accepted)
        chosen = list(self.accepted)[which % len(self.accepted)]
        with contextlib.suppress(Refused):
            act(chosen)

    # What must hold

    @invariant()
    def nothing_is_broken(self) -> None:
        if not hasattr(self, "accepted"):
            return
        assert rows(_BROKEN) == []
        now: dict[UUID, str] = dict(rows("SELECT id, status FROM actions_execution"))
        assert set(now) == {ids.parse_id(public) for public in self.accepted}, "I-01, I-11"
        for row_id, status in now.items():
            before = self.seen.get(row_id, Status.QUEUED)
            assert before == status or states.allows(before, status), f"I-07 {before} → {status}"
        self.seen = now

    def teardown(self) -> None:
        """I-02: let everything go on, and each execution comes to an end."""
        if not hasattr(self, "accepted"):
            return
        for action in self.actions.values():
            resume_action(action.name, actor=ALICE)
        for worker in (*self.workers, *self.gone):
            worker.crash()
        rows("UPDATE actions_worker SET heartbeat_at = now() - interval '1 day'")
        last = StageWorker()
        for _ in range(4):
            rescue()
            last.work()
        last.crash()
        left = rows(
            "SELECT id, status FROM actions_execution WHERE status NOT IN ('succeeded', 'failed', 'cancelled', 'in_doubt')"
        )
        assert left == []
        assert rows(_BROKEN) == []


@pytest.fixture
def machine(declare: Any, short_lease: float) -> Iterator[type[EngineMachine]]:
    """The machine, with one action of each kind of effects and a witness of every change of status."""

    def follow(context: Context, plan: list[str]) -> int:
        step = plan[context.attempt - 1] if context.attempt <= len(plan) else "succeed"
        app.write(context)
        if step == "fail":
            raise RuntimeError
        if step == "give up":
            raise GiveUp
        if step == "later":
            raise RetryLater(30)
        if step == "doubt":
            raise InDoubt
        return context.attempt

    EngineMachine.actions = {kind: declare(f"stage-{kind}", effects=kind)(follow) for kind in KINDS}
    rows(_WITNESS.replace("%", "%%"))
    yield EngineMachine
    rows("DROP VIEW changes; DROP TABLE witness, numbered; DROP FUNCTION witness() CASCADE")


def test_any_history_keeps_the_invariants(machine: type[EngineMachine]):
    """I-01 to I-07, I-09, I-11"""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
