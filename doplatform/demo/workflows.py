"""The demo's workflows: a sign-up, and an order that is undone when it fails."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

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


@workflow("process-order", on_failure="compensate", tags=["order"])
def process_order(order_id: OrderId, sku: Sku, quantity: Quantity, amount: Amount, email: Email) -> dict[str, Any]:
    """Charge the payment and reserve the stock, side by side; then record the order and send a confirmation.

    An order above 1000 waits up to two days for the event `review` with {"approved": true} or {"approved": false}. An order
    that fails, or is not approved, is undone: the payment is refunded, the stock given back. The mail may fail.
    """
    payment = charge_payment.start(order_id=order_id, amount=amount)
    stock = reserve_inventory.start(order_id=order_id, sku=sku, quantity=quantity)
    if amount > REVIEW_ABOVE:
        gather(payment, stock)  # nobody is asked about an order that cannot be paid or delivered
        _review(order_id)
    order = record_order.start(order_id=order_id, payment_id=payment["payment_id"], amount=amount, after=[stock])
    send_order_confirmation_email.start(order_id=order_id, email=email, after=[order], optional=True)
    return {"order": order["order"], "payment_id": payment["payment_id"]}


def _review(order_id: str) -> None:
    """Wait for a person's decision. Raises GiveUp unless it is a clear yes, and EventTimeout where there is none."""
    decision = wait_for("review", timeout=REVIEW_WITHIN)
    if not isinstance(decision, dict) or decision.get("approved") is not True:
        raise GiveUp(f"Order {order_id} was not approved.")
