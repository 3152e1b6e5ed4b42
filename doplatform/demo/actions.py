"""The demo's actions: a sign-up (three of them) and an order (five), with what undoes a payment. The workflows that compose
them stand in workflows.py.

Each says in its docstring what its effects are and why, because the promise follows from that: `database` is
exactly once, `repeatable` is at least once, and `external` is never repeated without a decision.
"""

import smtplib
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from pydantic import Field

from actions import Context, GiveUp, InDoubt, Resolution, RetryPolicy, Schedule, action
from doplatform.demo import outside
from doplatform.demo.models import Order, Reservation, SignUp, Stock

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254, examples=["ada@example.com"])]
Name = Annotated[str, Field(pattern=r"^[^\r\n]+$", max_length=100, examples=["Ada"])]
OrderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$", max_length=40, examples=["A-1001"])]
Sku = Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=50, examples=["mug"])]
Quantity = Annotated[int, Field(ge=1, le=1_000)]
Amount = Annotated[Decimal, Field(gt=0, max_digits=10, decimal_places=2)]

QUICK = RetryPolicy(max_attempts=3, delay=1, factor=2)
"""For what a person waits for: three tries within a few seconds."""
PATIENT = RetryPolicy(max_attempts=6, delay=3600, factor=2, max_delay=6 * 3600)
"""For systems that may be away for a day, and that nobody waits for."""


# The sign-up


@action(
    "create-user-record",
    effects="database",
    retry=RetryPolicy(max_attempts=5, delay=1),
    timeout=10,
    tags=["signup"],
)
def create_user_record(email: Email, name: Name) -> dict[str, int]:
    """Create the user record of somebody who signs up.

    Writes only to this database, so the record exists exactly once if this succeeded.
    """
    record, created = SignUp.objects.get_or_create(email=email, defaults={"name": name})
    if not created:
        raise GiveUp(f"{email} has signed up already.")
    return {"user_id": record.pk}


@action("send-welcome-email", effects="external", retry=QUICK, timeout=10, tags=["signup", "email"])
def send_welcome_email(email: Email, name: Name, context: Context) -> dict[str, str]:
    """Send the welcome mail.

    External: SMTP knows no idempotency key, and a second welcome is seen by a person. A mail server that is
    down or says no has not taken the mail, so that is tried again; a connection that is cut is in doubt.
    """
    # The mail goes last: what fails before it is undone, and nothing fails after it but the commit.
    SignUp.objects.filter(email=email).update(welcomed_at=timezone.now(), welcome_problem="")
    body = f"Hello {name},\n\nit is good to have you with us.\n"
    return {"message_id": _mail(context, email, f"Welcome, {name}", body)}


@send_welcome_email.on_failure
def note_missing_welcome(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None:
    """Let the user record show that nobody was welcomed, and why."""
    problem = f"{error['message']} ({execution_id})"
    SignUp.objects.filter(email=params["email"]).update(welcome_problem=problem)


@action("update-crm", effects="repeatable", retry=PATIENT, timeout=10, tags=["signup", "crm"])
def update_crm(email: Email, name: Name, context: Context, segment: str = "new") -> dict[str, int]:
    """Write the contact to the CRM.

    Repeatable: the same PUT twice leaves the same contact, and the CRM is told the idempotency key.
    """
    contact = outside.call(
        "crm",
        "PUT",
        f"/contacts/{quote(email, safe='@')}",
        json_body={"name": name, "segment": segment},
        key=context.idempotency_key,
    )
    context.log("The CRM kept the contact", revision=contact["revision"])
    return {"revision": contact["revision"]}


# The order


@action("receive-stock", effects="database", timeout=10, tags=["order"])
def receive_stock(sku: Sku, quantity: Quantity) -> dict[str, int]:
    """Put newly delivered articles into stock."""
    stock, _ = Stock.objects.get_or_create(sku=sku)
    Stock.objects.filter(pk=stock.pk).update(available=F("available") + quantity)
    stock.refresh_from_db()
    return {"available": stock.available}


@action("reserve-inventory", effects="database", timeout=10, tags=["order"])
def reserve_inventory(order_id: OrderId, sku: Sku, quantity: Quantity) -> dict[str, int]:
    """Set articles aside for an order; out of stock is final, until new articles come and a person retries."""
    in_stock = Stock.objects.filter(sku=sku, available__gte=quantity)
    if not in_stock.update(available=F("available") - quantity):
        raise GiveUp(f"There are not {quantity} of {sku} in stock.")
    stock = Stock.objects.get(sku=sku)
    reservation = Reservation.objects.create(order_id=order_id, stock=stock, quantity=quantity)
    return {"reservation_id": reservation.pk, "left": stock.available}


@action(
    "charge-payment",
    effects="external",
    retry=RetryPolicy(max_attempts=4, delay=2),
    timeout=10,
    tags=["order", "payment"],
)
def charge_payment(order_id: OrderId, amount: Amount, context: Context) -> dict[str, str]:
    """Charge the customer's card.

    External: money moves. The provider takes the idempotency key, and the resolver asks it by that key where
    the answer was lost. A declined card is final.
    """
    try:
        charge = outside.call(
            "payment",
            "POST",
            "/charges",
            json_body={"order_id": order_id, "amount": str(amount)},
            key=context.idempotency_key,
        )
    except outside.Rejected as error:
        if error.code == "declined":
            raise GiveUp(error.message) from error
        raise
    return {"payment_id": charge["payment_id"]}


@charge_payment.resolver
def ask_provider(context: Context, order_id: OrderId, amount: Amount) -> Resolution:
    """Whether the charge happened, from the only one who knows."""
    charges = outside.call("payment", "GET", f"/charges?key={context.idempotency_key}")["charges"]
    if not charges:
        return Resolution.did_not_happen()
    return Resolution.happened({"payment_id": charges[0]["payment_id"]})


@charge_payment.compensation(effects="repeatable", retry=QUICK)
def refund_payment(result: dict[str, str], context: Context) -> dict[str, str]:
    """Give the customer the money back.

    Repeatable, unlike the charge: the provider refunds a payment once, whoever asks how often. When it is away for longer
    than three tries, the refund fails, and a person sees that money is owed.
    """
    refund = outside.call(
        "payment",
        "POST",
        "/refunds",
        json_body={"payment_id": result["payment_id"]},
        key=context.idempotency_key,
    )
    return {"refund_id": refund["refund_id"]}


@action("record-order", effects="database", timeout=10, tags=["order"])
def record_order(order_id: OrderId, payment_id: str, amount: Amount) -> dict[str, int]:
    """Record an order that has been paid."""
    order, created = Order.objects.get_or_create(
        order_id=order_id, defaults={"payment_id": payment_id, "amount": amount}
    )
    if not created:
        raise GiveUp(f"Order {order_id} is recorded already, with payment {order.payment_id}.")
    return {"order": order.pk}


@action(
    "count-stock",
    effects="database",
    timeout=10,
    tags=["stock"],
    schedules=[Schedule("0 6 * * MON-SAT", timezone="Europe/Berlin", name="before-opening")],
)
def count_stock() -> dict[str, int]:
    """Say how many articles and pieces are in stock, on working days before the shop opens. It changes nothing."""
    return Stock.objects.aggregate(articles=Count("pk"), pieces=Coalesce(Sum("available"), 0))


@action("send-order-confirmation-email", effects="external", retry=QUICK, timeout=10, tags=["order", "email"])
def send_order_confirmation_email(order_id: OrderId, email: Email, context: Context) -> dict[str, str]:
    """Send the confirmation of an order. External, for the reasons of the welcome mail."""
    body = f"Thank you for your order {order_id}.\n\nWe are packing it now.\n"
    return {"message_id": _mail(context, email, f"Your order {order_id}", body)}


def _mail(context: Context, to: str, subject: str, body: str) -> str:
    """Send one mail under the execution's id, by which a person can look for it on the mail server."""
    try:
        outside.send_mail(to=to, subject=subject, body=body, message_id=context.execution_id)
    except smtplib.SMTPServerDisconnected as error:
        raise InDoubt(f"The mail server cut the connection; it may have taken the mail to {to}.") from error
    return context.execution_id


# Discovery imports this module alone.
from doplatform.demo import workflows  # noqa: E402, F401
