"""The demo's workflows through the engine, on PostgreSQL and against the demo's real servers."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actions import Handle, emit
from actions.engine.maintain import redispatch
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.errors import FailureConsumed
from actions.testing import InlineWorker, inline_worker
from doplatform.demo import outside
from doplatform.demo.models import Order, Reservation, SignUp, Stock
from doplatform.demo.workflows import process_order, sign_up
from tests.journeys.demo_world import demo_world
from tests.stage import ALICE, engine, outcomes, rows, step_of, tree

__all__ = ["engine"]

ADA = {"email": "ada@example.com", "name": "Ada"}
CHARGE, RESERVE, RECORD, MAIL = (
    "charge-payment", "reserve-inventory", "record-order", "send-order-confirmation-email",
)  # fmt: skip


@pytest.fixture
def worker(engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InlineWorker]:
    """A worker in this process, ten mugs in stock, and an outside world that is well."""
    monkeypatch.setenv("DO_DATA", str(tmp_path))
    empty()
    Stock.objects.create(sku="mug", available=10)
    with demo_world(tmp_path), inline_worker() as hired:
        yield hired
    empty()


def empty() -> None:
    for model in (Reservation, Stock, Order, SignUp):
        model.objects.all().delete()


def order(amount: str = "25.80", **changes: Any) -> Handle:
    wanted = {"order_id": "A-1", "sku": "mug", "quantity": 2, "email": ADA["email"], "amount": Decimal(amount)}
    return process_order.invoke(**{**wanted, **changes})


def money() -> tuple[list[str], list[str]]:
    """What the provider has charged and refunded, by its own ledger."""
    charges = outside.call("payment", "GET", "/charges")["charges"]
    refunds = outside.call("payment", "GET", "/refunds")["refunds"]
    return [row["amount"] for row in charges], [row["amount"] for row in refunds]


def mails(folder: Path) -> list[str]:
    """The subjects of the mails that the mail server has taken."""
    file = folder / "demo" / "mails.jsonl"
    return [json.loads(line)["subject"] for line in file.read_text().splitlines()] if file.exists() else []


def mugs() -> int:
    return Stock.objects.get(sku="mug").available


def test_an_order_is_charged_reserved_recorded_and_confirmed(worker: InlineWorker, tmp_path: Path):
    handle = order()
    worker.work()
    recorded = Order.objects.get()
    assert handle.result() == {"order": recorded.pk, "payment_id": recorded.payment_id}
    assert tree(handle) == dict.fromkeys((CHARGE, RESERVE, RECORD, MAIL), "succeeded")
    assert (money(), mugs(), mails(tmp_path)) == ((["25.80"], []), 8, ["Your order A-1"])


def test_an_order_whose_confirmation_fails_succeeds_and_the_mail_can_be_retried(worker: InlineWorker, tmp_path: Path):
    outside.switch("smtp", "down")
    handle = order()
    worker.work(waiting=True)
    assert (handle.status, tree(handle)[MAIL]) == ("succeeded", "failed")
    outside.switch("smtp", "up")
    retry(step_of(handle, MAIL), actor=ALICE, reason="the mail server is back")
    worker.work()
    assert (tree(handle)[MAIL], mails(tmp_path)) == ("succeeded", ["Your order A-1"])
    assert (money(), mugs()) == ((["25.80"], []), 8)


def test_a_large_order_waits_for_its_review_and_goes_on_when_it_is_approved(worker: InlineWorker):
    handle = order("1000.01")
    worker.work()
    assert (handle.status, tree(handle)) == ("waiting", dict.fromkeys((CHARGE, RESERVE), "succeeded"))
    assert not Order.objects.exists()
    emit(handle.id, "review", {"approved": True})
    worker.work()
    assert handle.result()["order"] == Order.objects.get().pk
    assert (money(), mugs()) == ((["1000.01"], []), 8)


def test_an_order_of_exactly_the_limit_is_not_reviewed(worker: InlineWorker):
    handle = order("1000.00")
    worker.work()
    assert handle.status == "succeeded"


@pytest.mark.parametrize("answer", [{"approved": False}, {}, None, "yes", {"approved": "true"}])
def test_an_order_that_is_not_clearly_approved_is_undone(worker: InlineWorker, answer: Any):
    handle = order("1200.00")
    emit(handle.id, "review", answer)
    worker.work()
    assert handle.status == "failed"
    assert (handle.error["code"], sorted(handle.error["undone"])) == ("gave_up", [CHARGE, RESERVE])
    assert (money(), mugs()) == ((["1200.00"], ["1200.00"]), 10)
    assert not Order.objects.exists() and not Reservation.objects.exists()


def test_a_review_that_nobody_gives_undoes_the_order(worker: InlineWorker):
    handle = order("1200.00")
    worker.work()
    rows("UPDATE actions_execution SET wake_at = now() WHERE status = 'waiting'")
    rows("UPDATE actions_memory SET value = jsonb_build_object('until', now()::text) WHERE key = 'wait:review'")
    redispatch()
    worker.work()
    assert (handle.status, handle.error["code"]) == ("failed", "event_timeout")
    assert (money(), mugs()) == ((["1200.00"], ["1200.00"]), 10)


def test_an_order_that_is_out_of_stock_is_refunded(worker: InlineWorker):
    handle = order(quantity=11)
    worker.work()
    assert (handle.status, handle.error["undone"], handle.error["step"]) == ("failed", [CHARGE], RECORD)
    assert "There are not 11 of mug in stock" in handle.error["message"]
    assert tree(handle)[RESERVE] == "failed" and tree(handle)[RECORD] == tree(handle)[MAIL] == "skipped"
    assert (money(), mugs()) == ((["25.80"], ["25.80"]), 10)
    with pytest.raises(FailureConsumed):
        retry(step_of(handle, RESERVE), actor=ALICE, reason="mugs have come")


def test_an_order_that_cannot_be_paid_gives_its_stock_back(worker: InlineWorker):
    handle = order("5000.01")
    worker.work()
    assert (handle.status, handle.error["step"], handle.error["undone"]) == ("failed", CHARGE, [RESERVE])
    assert (money(), mugs()) == (([], []), 10)


def test_a_refund_that_fails_is_named_and_its_retry_finishes_the_undoing(worker: InlineWorker):
    handle = order("1200.00")
    worker.work()
    outside.switch("payment", "down")
    emit(handle.id, "review", {"approved": False})
    worker.work(waiting=True)
    assert handle.status == "failed" and CHARGE in handle.error["not_undone"]
    outside.switch("payment", "up")
    retry(step_of(handle, f"undo:{CHARGE}"), actor=ALICE, reason="the provider is back")
    assert handle.status == "waiting"
    worker.work()
    assert handle.status == "failed"
    assert (sorted(handle.error["undone"]), handle.error["not_undone"]) == ([CHARGE, RESERVE], [])
    assert (money(), mugs()) == ((["1200.00"], ["1200.00"]), 10)
    assert outcomes(step_of(handle, f"undo:{RESERVE}")) == ["succeeded"]


def test_a_payment_whose_answer_was_lost_is_asked_for_and_the_order_goes_on(worker: InlineWorker):
    outside.switch("payment", "drop")
    handle = order()
    worker.work()
    assert handle.status == "succeeded"
    assert money() == (["25.80"], [])


def test_a_confirmation_in_doubt_is_for_a_person_to_settle(worker: InlineWorker, tmp_path: Path):
    outside.switch("smtp", "drop")
    handle = order()
    worker.work()
    assert (handle.status, tree(handle)[MAIL]) == ("waiting", "in_doubt")
    resolve(step_of(handle, MAIL), answer=Answer.HAPPENED, actor=ALICE, reason="it is in the log")
    worker.work()
    assert (handle.status, mails(tmp_path)) == ("succeeded", ["Your order A-1"])


def test_a_sign_up_welcomes_and_tells_the_crm(worker: InlineWorker, tmp_path: Path):
    handle = sign_up.invoke(**ADA)
    worker.work()
    user = SignUp.objects.get()
    assert handle.result() == {
        "user_id": user.pk, "message_id": step_of(handle, "send-welcome-email"), "crm_revision": 1,
    }  # fmt: skip
    assert mails(tmp_path) == ["Welcome, Ada"]


def test_a_sign_up_goes_on_after_a_retry_of_its_mail_and_nothing_is_done_twice(worker: InlineWorker, tmp_path: Path):
    outside.switch("smtp", "down")
    handle = sign_up.invoke(**ADA)
    worker.work(waiting=True)
    assert (handle.status, handle.error["step"]) == ("failed", "send-welcome-email")
    outside.switch("smtp", "up")
    retry(step_of(handle, "send-welcome-email"), actor=ALICE, reason="the mail server is back")
    worker.work()
    assert handle.result()["crm_revision"] == 1
    assert SignUp.objects.count() == 1 and mails(tmp_path) == ["Welcome, Ada"]
    assert [outcomes(step_of(handle, key)) for key in ("create-user-record", "update-crm")] == [["succeeded"]] * 2


def test_a_second_sign_up_of_the_same_address_fails_and_welcomes_nobody(worker: InlineWorker, tmp_path: Path):
    sign_up.invoke(**ADA)
    worker.work()
    again = sign_up.invoke(**ADA)
    worker.work()
    assert (again.status, tree(again)) == ("failed", {"create-user-record": "failed"})
    assert mails(tmp_path) == ["Welcome, Ada"]
