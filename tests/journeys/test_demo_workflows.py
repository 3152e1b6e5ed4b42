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
from doplatform.demo.actions import receive_stock
from doplatform.demo.models import Order, Reservation, SignUp, Stock
from doplatform.demo.workflows import process_order, sign_up
from tests.journeys.demo_world import demo_world
from tests.stage import ALICE, engine, key_of, outcomes, rows, step_of, tree, value

__all__ = ["engine"]

ADA = {"email": "ada@example.com", "name": "Ada"}
CHARGE, PAY, RESERVE, RECORD, MAIL = (
    "charge-payment", "pay-order", "reserve-inventory", "record-order", "send-order-confirmation-email",
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


def error_of(execution: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        value("SELECT error::text FROM actions_execution WHERE id = %s", key_of(execution))
    )
    return found


def mugs() -> int:
    return Stock.objects.get(sku="mug").available


def payment_of(handle: Handle, worker: InlineWorker) -> str:
    """The workflow inside an order that waits for the review, as far as it comes without one."""
    worker.work()
    return step_of(handle, PAY)


def test_an_order_is_charged_reserved_recorded_and_confirmed(worker: InlineWorker, tmp_path: Path):
    handle = order()
    worker.work()
    recorded = Order.objects.get()
    assert handle.result() == {"order": recorded.pk, "payment_id": recorded.payment_id}
    assert tree(handle) == dict.fromkeys((PAY, RESERVE, RECORD, MAIL), "succeeded")
    assert tree(step_of(handle, PAY)) == {CHARGE: "succeeded"}
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
    payment = payment_of(handle, worker)
    assert (handle.status, tree(payment)) == ("waiting", {CHARGE: "succeeded"})
    assert tree(handle) == {PAY: "waiting", RESERVE: "succeeded", RECORD: "blocked", MAIL: "blocked"}
    emit(payment, "review", {"approved": True})
    worker.work()
    assert handle.result()["order"] == Order.objects.get().pk
    assert (money(), mugs()) == ((["1000.01"], []), 8)


def test_an_order_of_exactly_the_limit_is_not_reviewed(worker: InlineWorker):
    handle = order("1000.00")
    worker.work()
    assert handle.status == "succeeded"


@pytest.mark.parametrize("answer", [{"approved": False}, {}, None, "yes", {"approved": "true"}])
def test_an_order_that_is_not_clearly_approved_is_refunded_and_gives_its_stock_back(worker: InlineWorker, answer: Any):
    handle = order("1200.00")
    payment = payment_of(handle, worker)
    emit(payment, "review", answer)
    worker.work()
    assert (handle.status, handle.error["step"]) == ("failed", PAY)
    assert "A-1 was not approved" in handle.error["message"]
    error = error_of(payment)
    assert (error["code"], error["undone"], error["not_undone"]) == ("gave_up", [CHARGE], [])
    assert (money(), mugs()) == ((["1200.00"], ["1200.00"]), 10)
    assert not Order.objects.exists() and not Reservation.objects.exists()


def test_a_review_that_nobody_gives_undoes_the_order(worker: InlineWorker):
    handle = order("1200.00")
    payment = payment_of(handle, worker)
    rows("UPDATE actions_execution SET wake_at = now() WHERE awaited_event = 'review'")
    rows("UPDATE actions_memory SET value = jsonb_build_object('until', now()::text) WHERE key = 'wait:review'")
    redispatch()
    worker.work()
    assert (handle.status, handle.error["step"], error_of(payment)["code"]) == ("failed", PAY, "event_timeout")
    assert (money(), mugs()) == ((["1200.00"], ["1200.00"]), 10)


def test_an_order_that_is_out_of_stock_goes_on_after_a_retry_when_articles_have_come(worker: InlineWorker):
    handle = order(quantity=11)
    worker.work()
    assert (handle.status, handle.error["step"]) == ("failed", RESERVE)
    assert "There are not 11 of mug in stock" in handle.error["message"]
    assert tree(handle) == {PAY: "succeeded", RESERVE: "failed", RECORD: "skipped", MAIL: "skipped"}
    assert (money(), mugs()) == ((["25.80"], []), 10)
    receive_stock.invoke(sku="mug", quantity=5)
    worker.work()
    payment = step_of(handle, PAY)
    before = outcomes(payment)
    retry(step_of(handle, RESERVE), actor=ALICE, reason="mugs have come")
    worker.work()
    assert handle.result()["order"] == Order.objects.get().pk
    assert (outcomes(payment), outcomes(step_of(payment, CHARGE))) == (before, ["succeeded"])
    assert (money(), mugs(), Reservation.objects.count()) == ((["25.80"], []), 4, 1)


def test_an_order_whose_record_fails_goes_on_after_a_retry_with_payment_and_stock_untouched(worker: InlineWorker):
    Order.objects.create(order_id="A-1", payment_id="pay_other", amount=1)
    handle = order()
    worker.work()
    assert (handle.status, handle.error["step"]) == ("failed", RECORD)
    assert (money(), mugs()) == ((["25.80"], []), 8)
    Order.objects.all().delete()
    retry(step_of(handle, RECORD), actor=ALICE, reason="it was recorded by hand, wrongly")
    worker.work()
    assert handle.result()["order"] == Order.objects.get().pk
    assert outcomes(step_of(handle, RESERVE)) == ["succeeded"]
    assert (money(), mugs(), Reservation.objects.count()) == ((["25.80"], []), 8, 1)


def test_an_order_that_cannot_be_paid_gives_its_stock_back_and_is_over(worker: InlineWorker):
    handle = order("5000.01")
    worker.work()
    assert (handle.status, handle.error["step"]) == ("failed", PAY)
    assert (money(), mugs(), Reservation.objects.count()) == (([], []), 10, 0)
    with pytest.raises(FailureConsumed):
        retry(step_of(step_of(handle, PAY), CHARGE), actor=ALICE, reason="a better card")


def test_stock_that_is_reserved_for_an_unpaid_order_by_a_retry_is_given_back_again(worker: InlineWorker):
    handle = order("5000.01", quantity=11)
    worker.work()
    assert (handle.error["step"], tree(handle)[RESERVE]) == (PAY, "failed")
    Stock.objects.update(available=20)
    retry(step_of(handle, RESERVE), actor=ALICE, reason="mugs have come")
    worker.work()
    assert (handle.status, tree(handle)[RESERVE]) == ("failed", "succeeded")
    assert (mugs(), Reservation.objects.count()) == (20, 0)


def test_a_refund_that_fails_is_named_and_its_retry_finishes_the_undoing(worker: InlineWorker):
    handle = order("1200.00")
    payment = payment_of(handle, worker)
    outside.switch("payment", "down")
    emit(payment, "review", {"approved": False})
    worker.work(waiting=True)
    assert handle.status == "failed" and error_of(payment)["not_undone"] == [CHARGE]
    outside.switch("payment", "up")
    retry(step_of(payment, f"undo:{CHARGE}"), actor=ALICE, reason="the provider is back")
    assert handle.status == "waiting"
    worker.work()
    assert handle.status == "failed"
    assert (error_of(payment)["undone"], error_of(payment)["not_undone"]) == ([CHARGE], [])
    assert (money(), mugs()) == ((["1200.00"], ["1200.00"]), 10)


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
