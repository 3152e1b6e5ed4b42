"""The demo's actions through the engine, on PostgreSQL and against the demo's real servers."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actions.testing import InlineWorker, inline_worker
from doplatform.demo import actions as demo
from doplatform.demo import outside
from doplatform.demo.models import SignUp
from tests.journeys.demo_world import demo_world
from tests.stage import column, engine, rows, verbs

__all__ = ["engine"]

ADA = {"email": "ada@example.com", "name": "Ada"}


@pytest.fixture
def worker(engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InlineWorker]:
    """A worker in this process, and an outside world that is well."""
    monkeypatch.setenv("DO_DATA", str(tmp_path))
    SignUp.objects.all().delete()
    with demo_world(tmp_path), inline_worker() as hired:
        yield hired
    SignUp.objects.all().delete()


def charges() -> list[dict[str, Any]]:
    """The provider's own ledger."""
    found: list[dict[str, Any]] = outside.call("payment", "GET", "/charges")["charges"]
    return found


def test_a_lost_answer_is_settled_by_the_resolver_without_a_second_charge(worker: InlineWorker):
    """I-04"""
    outside.switch("payment", "drop")
    handle = demo.charge_payment.invoke(order_id="A-1", amount=Decimal("12.50"))
    worker.work()
    assert handle.status == "succeeded"
    assert [charge["key"] for charge in charges()] == [handle.id]
    assert handle.result() == {"payment_id": charges()[0]["payment_id"]}
    assert column(handle, "attempt") == 1
    assert verbs(handle)[-2:] == ["in_doubt", "resolved"]


def test_a_resolver_that_cannot_ask_leaves_the_doubt_and_asks_again(worker: InlineWorker):
    outside.switch("payment", "drop")
    handle = demo.charge_payment.invoke(order_id="A-2", amount=Decimal("12.50"))
    worker.settler.work(worker.claim()[:1])
    outside.switch("payment", "down")
    worker.work()
    assert handle.status == "in_doubt"
    outside.switch("payment", "up")
    worker.work(waiting=True)
    assert handle.status == "succeeded"
    assert len(charges()) == 1


def test_who_was_not_welcomed_shows_why_and_the_mail_s_own_writes_are_undone(worker: InlineWorker):
    demo.create_user_record.invoke(**ADA)
    worker.work()
    outside.switch("smtp", "down")
    handle = demo.send_welcome_email.invoke(**ADA)
    worker.work(waiting=True)
    record = SignUp.objects.get(email=ADA["email"])
    assert handle.status == "failed"
    assert record.welcomed_at is None
    assert "it is down" in record.welcome_problem
    assert handle.id in record.welcome_problem
    assert rows("SELECT status FROM actions_execution WHERE action_id = 'send-welcome-email.on-failure'") == [
        ("succeeded",)
    ]
