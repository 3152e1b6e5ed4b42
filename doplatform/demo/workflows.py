"""The demo's workflows: a sign-up, an order that goes on where it failed, and in it a payment that is undone when it fails."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F

from actions import GiveUp, gather, wait_for, workflow
from doplatform.demo.actions import (
    Amount,
    Email,
    Name,
    OrderId,
    Quantity,
    Sku,
    charge_payment,
    create_user_record,
    record_order,
    reserve_inventory,
    send_order_confirmation_email,
    send_welcome_email,
    update_crm,
)
from doplatform.demo.models import Reservation, Stock

REVIEW_ABOVE = Decimal(1000)
"""An order of more than this is looked at by a person."""
REVIEW_WITHIN = timedelta(days=2)


@workflow("sign-up", tags=["signup"])
def sign_up(email: Email, name: Name) -> dict[str, Any]:
    """Create the user record, then send the welcome mail and write to the CRM, side by side.

    When the mail or the CRM fails, the sign-up fails; a retry of that step goes on from there.
    """
    user = create_user_record(email=email, name=name)
    mail, contact = gather(
        send_welcome_email.start(email=email, name=name),
        update_crm.start(email=email, name=name),
    )
    return {"user_id": user["user_id"], "message_id": mail["message_id"], "crm_revision": contact["revision"]}


@workflow("pay-order", on_failure="compensate", tags=["order", "payment"])
def pay_order(order_id: OrderId, amount: Amount) -> dict[str, str]:
    """Charge the payment; above 1000, wait up to two days for the event `review` with {"approved": true} or {"approved": false}.

    A payment that is not approved is refunded. What fails here is over: a compensation is not taken back, so a charge whose
    tries are used up is not retried either. No money moved then; replay the order.
    """
    payment = charge_payment.start(order_id=order_id, amount=amount).result()
    if amount > REVIEW_ABOVE:
        _review(order_id)
    return payment


def _review(order_id: str) -> None:
    """Wait for a person's decision. Raises GiveUp unless it is a clear yes, and EventTimeout where there is none."""
    decision = wait_for("review", timeout=REVIEW_WITHIN)
    if not isinstance(decision, dict) or decision.get("approved") is not True:
        raise GiveUp(f"Order {order_id} was not approved.")


@workflow("process-order", tags=["order"])
def process_order(order_id: OrderId, sku: Sku, quantity: Quantity, amount: Amount, email: Email) -> dict[str, Any]:
    """Get the payment and reserve the stock, side by side; then record the order and send a confirmation, which may fail.

    When the stock or the record fails, the order stops there and keeps its payment: a retry of that step goes on from it,
    once the articles have come. When the payment fails, the order is over, and its stock is given back.
    """
    payment = pay_order.start(order_id=order_id, amount=amount)
    stock = reserve_inventory.start(order_id=order_id, sku=sku, quantity=quantity)
    order = record_order.start(order_id=order_id, payment_id=payment["payment_id"], amount=amount, after=[stock])
    send_order_confirmation_email.start(order_id=order_id, email=email, after=[order], optional=True)
    # In this order, so that the error names the step that failed first and not one that was skipped for it.
    paid, _, recorded = gather(payment, stock, order)
    return {"order": recorded["order"], "payment_id": paid["payment_id"]}


@process_order.on_failure
def give_back_stock(params: dict[str, Any], error: dict[str, Any], **_: Any) -> None:
    """Put the articles of an order that is not paid back into stock; one that failed elsewhere may go on, and keeps them.

    Not an `except` in the function: that would be going on past the failure, and a failed refund could not be retried.
    """
    if error.get("step") != pay_order.name:
        return
    with transaction.atomic():
        for reservation in Reservation.objects.select_for_update().filter(order_id=params["order_id"]):
            Stock.objects.filter(pk=reservation.stock_id).update(available=F("available") + reservation.quantity)
            reservation.delete()
