"""emit: one key is one event, whatever became of the workflow; bad input has a stable code and leaves nothing behind."""

from typing import Any

import pytest

from actions import wait_for
from actions.definitions.actor import Actor
from actions.engine.operate.emit import emit
from actions.engine.operate.retry import retry
from actions.errors import DoplatformError, IdempotencyKeyInvalid, InvalidInput, ReasonRequired
from tests.app import actions as app
from tests.stage import ALICE, rows, step_of, verbs

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def review(compose: Any) -> Any:
    @compose("stage-emitted")
    def waits() -> Any:
        return wait_for("review")

    return waits


def kept() -> list[Any]:
    return [payload for (payload,) in rows("SELECT payload::text FROM actions_externalevent ORDER BY id")]


def test_it_says_whether_the_workflow_goes_on(review: Any, crew: Any):
    handle = review.invoke()
    crew().work()
    other = emit(handle.id, "other", actor=ALICE)
    assert (other.new, other.goes_on, other.subject.status) == (True, False, "waiting")
    assert emit(handle.id, "review", actor=ALICE).goes_on
    assert verbs(handle)[-2:] == ["emitted", "emitted"]


def test_the_same_event_under_one_key_is_kept_once_even_after_the_end(review: Any, crew: Any):
    handle = review.invoke()
    worker = crew()
    worker.work()
    told = {"ok": True, "by": ["Ada", 1.5]}
    assert emit(handle.id, "review", told, actor=ALICE, idempotency_key="k-1").new
    assert not emit(handle.id, "review", told, actor=ALICE, idempotency_key="k-1").new
    worker.work()
    assert handle.result() == told
    assert not emit(handle.id, "review", told, actor=ALICE, idempotency_key="k-1").new
    assert len(kept()) == 1


@pytest.mark.parametrize(("name", "payload"), [("review", {"ok": 2}), ("other", {"ok": 1}), ("review", None)])
def test_a_key_is_of_one_event(review: Any, crew: Any, name: str, payload: Any):
    handle = review.invoke()
    crew().work()
    emit(handle.id, "review", {"ok": 1}, actor=ALICE, idempotency_key="k-1")
    with pytest.raises(InvalidInput) as caught:
        emit(handle.id, name, payload, actor=ALICE, idempotency_key="k-1")
    assert caught.value.code == "idempotency_key_reused"
    assert kept() == ['{"ok": 1}']


@pytest.mark.parametrize("key", ["", "x" * 300, "a b", "\x00", "é"])
def test_a_key_that_cannot_be_is_refused(review: Any, crew: Any, key: str):
    handle = review.invoke()
    with pytest.raises(IdempotencyKeyInvalid):
        emit(handle.id, "review", actor=ALICE, idempotency_key=key)
    assert kept() == []


@pytest.mark.parametrize("name", ["", "x" * 101, "\x00", "\ud800"])
def test_a_name_that_cannot_be_is_refused(review: Any, name: str):
    with pytest.raises(InvalidInput) as caught:
        emit(review.invoke().id, name, actor=ALICE)
    assert (caught.value.code, caught.value.path, kept()) == ("invalid_event", "name", [])


def test_an_action_waits_for_no_events():
    with pytest.raises(DoplatformError) as caught:
        emit(app.noop.invoke().id, "review", actor=ALICE)
    assert caught.value.code == "not_a_workflow"


def test_people_say_why(review: Any, django_user_model: Any):
    user = django_user_model.objects.create_superuser("ada")
    with pytest.raises(ReasonRequired):
        emit(review.invoke().id, "review", actor=Actor("user", str(user.pk), "ada"), reason=" ")
    assert kept() == []


def test_retry_says_what_is_so_now(compose: Any, crew: Any):
    @compose("stage-gives-up")
    def doomed() -> None:
        app.give_up()

    handle = doomed.invoke()
    worker = crew()
    worker.work()
    assert retry(handle.id, actor=ALICE).status == "waiting"
    worker.work()
    assert retry(step_of(handle, "test-give-up"), actor=ALICE).status == "queued"
    alone = app.give_up.invoke()
    worker.work()
    assert retry(alone.id, actor=ALICE).status == "queued"
