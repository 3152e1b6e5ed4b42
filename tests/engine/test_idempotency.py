"""One key, one execution: scope, replay, conflict, derived keys (RELIABILITY.md section 3)."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actions import Actor, IdempotencyConflict
from actions.definitions.engine import Accepted, Invocation
from actions.definitions.registry import registry
from actions.engine.accept import accept_many
from actions.errors import IdempotencyInProgress, IdempotencyKeyInvalid, IdempotencyKeyRequired, InvalidParams
from tests.app import actions as app
from tests.stage import ALICE, AT_ONCE, BOB, StageWorker, column, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


def count() -> int:
    return int(value("SELECT count(*) FROM actions_execution"))


def test_the_same_key_and_params_give_the_same_execution():
    """I-03, B21"""
    first = app.noop.invoke(n=1, idempotency_key="k")
    second = app.noop.invoke(n=1, idempotency_key="k")
    assert (first.replayed, second.replayed) == (False, True)
    assert second.id == first.id
    assert (count(), verbs(first)) == (1, ["accepted"])


def test_the_same_key_with_other_params_is_refused_with_the_original():
    """B22"""
    first = app.noop.invoke(n=1, idempotency_key="k")
    with pytest.raises(IdempotencyConflict) as caught:
        app.noop.invoke(n=2, idempotency_key="k")
    assert (caught.value.code, caught.value.original) == ("idempotency_key_reused", first.id)
    assert first.id in caught.value.message
    assert count() == 1


@pytest.mark.parametrize("same", [{"value": {"b": 1, "a": [1.0]}}, {"value": {"a": [1], "b": 1.0}}])
def test_key_order_and_the_point_of_a_whole_number_make_no_other_request(same: dict[str, Any]):
    """B22"""
    first = app.echo.invoke(value={"a": [1], "b": 1}, idempotency_key="k")
    assert app.echo.invoke(**same, idempotency_key="k").id == first.id


@pytest.mark.parametrize("other", [True, "1", None, [1]])
def test_values_that_only_look_alike_are_another_request(other: Any):
    app.echo.invoke(value=1, idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        app.echo.invoke(value=other, idempotency_key="k")


def test_available_at_belongs_to_the_request():
    when = datetime.now(UTC) + timedelta(days=1)
    first = app.noop.invoke(available_at=when, idempotency_key="k")
    elsewhere_in_the_world = when.astimezone(tz=None)
    assert app.noop.invoke(available_at=elsewhere_in_the_world, idempotency_key="k").id == first.id
    with pytest.raises(IdempotencyConflict):
        app.noop.invoke(idempotency_key="k")


def test_priority_and_tags_do_not():
    first = app.noop.invoke(idempotency_key="k")
    assert app.noop.invoke(idempotency_key="k", priority=5, tags=["x"]).id == first.id


def test_defaults_are_not_part_of_the_request(declare: Any):
    """Mutant 9: a deploy that changes a default does not break retries of requests that never named it."""

    @declare("stage-defaults")
    def before(a: int, b: int = 1) -> None: ...

    first = before.invoke(a=1, idempotency_key="k")
    registry.remove("stage-defaults")

    @declare("stage-defaults")
    def after(a: int, b: int = 2) -> None: ...

    assert after.invoke(a=1, idempotency_key="k").id == first.id
    with pytest.raises(IdempotencyConflict):
        after.invoke(a=1, b=2, idempotency_key="k")


def test_a_key_belongs_to_one_principal_and_one_action():
    """B23"""
    handles = [
        app.noop.invoke(idempotency_key="k", actor=ALICE),
        app.noop.invoke(idempotency_key="k", actor=BOB),
        app.noop.invoke(idempotency_key="k", actor=Actor("user", "alice", "Alice")),
        app.noop.invoke(idempotency_key="k"),
        app.echo.invoke(value=1, idempotency_key="k", actor=ALICE),
    ]
    assert len({handle.id for handle in handles}) == 5
    assert not any(handle.replayed for handle in handles)


def test_a_renamed_account_keeps_its_keys():
    first = app.noop.invoke(idempotency_key="k", actor=ALICE)
    assert app.noop.invoke(idempotency_key="k", actor=Actor("system", "alice", "Alice Smith")).id == first.id


@pytest.mark.parametrize("key", ["a", "x" * 255, "A-Z_a.z:0/9@+=-"])
def test_keys_of_plain_characters_are_taken(key: str):
    assert column(app.noop.invoke(idempotency_key=key), "idempotency_key") == key


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é", "a\n", "\x00", '"quoted"', "a,b", "🙂"])
def test_other_keys_are_refused(key: str):
    """B20"""
    with pytest.raises(IdempotencyKeyInvalid) as caught:
        app.noop.invoke(idempotency_key=key)
    assert caught.value.code == "idempotency_key_invalid"
    assert count() == 0


def test_a_refused_request_does_not_use_up_its_key():
    with pytest.raises(InvalidParams):
        app.noop.invoke(n="1", idempotency_key="k")
    assert not app.noop.invoke(n=1, idempotency_key="k").replayed


def test_an_action_may_require_a_key(declare: Any):
    """B19"""

    @declare("stage-required", idempotency="required")
    def required() -> None: ...

    with pytest.raises(IdempotencyKeyRequired) as caught:
        required.invoke()
    assert caught.value.code == "idempotency_key_required"
    assert required.invoke(idempotency_key="k").status == "queued"


def test_a_derived_key_is_one_for_whoever_asks(declare: Any):
    @declare("stage-derived", derive_key=lambda params: f"order:{params['order']}")
    def derived(order: int, note: str = "") -> None: ...

    first = derived.invoke(order=1, actor=ALICE)
    assert derived.invoke(order=1, actor=BOB).id == first.id
    assert derived.invoke(order=2, actor=BOB).id != first.id
    assert (column(first, "principal"), column(first, "idempotency_key")) == ("*", "order:1")
    with pytest.raises(IdempotencyConflict):
        derived.invoke(order=1, note="other", actor=BOB)


def test_a_key_derived_from_the_params_is_one_per_params(declare: Any):
    @declare("stage-derived", derive_key="params", idempotency="required")
    def derived(order: int) -> None: ...

    first = derived.invoke(order=1, actor=ALICE)
    assert derived.invoke(order=1, actor=BOB).id == first.id
    assert derived.invoke(order=2).id != first.id


def test_a_callers_key_goes_before_the_derived_one(declare: Any):
    @declare("stage-derived", derive_key="params")
    def derived(order: int) -> None: ...

    first = derived.invoke(order=1, idempotency_key="mine", actor=ALICE)
    assert column(first, "principal") == "system:alice"
    assert derived.invoke(order=1).id != first.id


def test_a_derived_key_of_other_characters_is_refused_naming_the_action(declare: Any):
    @declare("stage-derived", derive_key=lambda params: "a b")
    def derived() -> None: ...

    with pytest.raises(IdempotencyKeyInvalid, match="derive_key of stage-derived"):
        derived.invoke()


def test_after_a_failure_the_same_key_gives_the_failed_execution(worker: StageWorker):
    """No automatic new run: running it again is an explicit retry."""
    first = app.give_up.invoke(idempotency_key="k")
    worker.work()
    again = app.give_up.invoke(idempotency_key="k")
    assert (again.id, again.replayed, again.status) == (first.id, True, "failed")
    assert worker.work() == 0


def test_after_a_success_the_same_key_gives_the_result(worker: StageWorker):
    app.echo.invoke(value=[1], idempotency_key="k")
    worker.work()
    assert app.echo.invoke(value=[1], idempotency_key="k").result(timeout=0) == [1]


def test_a_pruned_key_is_new_again(worker: StageWorker):
    from actions.engine.maintain import prune

    first = app.noop.invoke(idempotency_key="k")
    worker.work()
    rows(
        "UPDATE actions_execution SET finished_at = now() - interval '31 days', id = '00000000-0000-7000-8000-000000000001'"
    )
    assert prune() == 1
    second = app.noop.invoke(idempotency_key="k")
    assert not second.replayed
    assert second.id != first.id


def test_the_database_itself_refuses_a_key_twice():
    """Mutant 10"""
    from django.db import IntegrityError

    app.noop.invoke(idempotency_key="k")
    app.noop.invoke(idempotency_key="l")
    with pytest.raises(IntegrityError):
        rows("UPDATE actions_execution SET idempotency_key = 'k'")


def test_retries_of_a_failing_execution_never_make_a_second_one(declare: Any, crew: Any):
    """I-11"""

    @declare("stage-fails", retry=AT_ONCE)
    def fails() -> None:
        raise RuntimeError

    fails.invoke(idempotency_key="k")
    assert crew().work() == 3
    assert count() == 1


def test_among_many_callers_keys_and_derived_ones_keep_their_owners(declare: Any):
    """I-03: a derived key is everybody's, whatever stands beside it in the same call"""

    @declare("stage-derived", derive_key=lambda params: f"order:{params['order']}")
    def derived(order: int) -> None: ...

    def many(actor: Actor, *items: tuple[int, str | None]) -> list[Accepted]:
        return accept_many(
            derived, [Invocation(params={"order": order}, idempotency_key=key, actor=actor) for order, key in items]
        )

    first = many(ALICE, (1, "mine"), (2, None))
    assert derived.invoke(order=2, actor=BOB).id == first[1].id
    assert derived.invoke(order=1, idempotency_key="mine", actor=BOB).id != first[0].id
    again = many(BOB, (3, "other"), (2, None))
    assert [(one.id == first[1].id, one.replayed) for one in again] == [(False, False), (True, True)]


def test_a_holder_that_is_pruned_between_the_two_looks_is_told_apart(monkeypatch: pytest.MonkeyPatch):
    """Neither an answer nor a crash: the caller asks again, and the key is free"""
    accepting = sys.modules["actions.engine.accept"]
    wish = Invocation(params={}, idempotency_key="k", actor=ALICE)
    accept_many(app.noop, [wish])
    monkeypatch.setattr(accepting, "_winners", lambda rows: {})
    with pytest.raises(IdempotencyInProgress):
        accept_many(app.noop, [wish])
