"""A first look that has something to show: executions of every kind, all of which really happened.

Nothing is written past the actions: the outside world is told to fail, the actions meet the failure, and the
world is healed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actions import Action, DoplatformError, Handle, Status, emit, ids
from actions.models import Execution
from doplatform.demo import outside
from doplatform.demo.actions import (
    charge_payment,
    create_user_record,
    receive_stock,
    record_order,
    reserve_inventory,
    send_order_confirmation_email,
    send_welcome_email,
    update_crm,
)
from doplatform.demo.models import SignUp
from doplatform.demo.workflows import pay_order, process_order, sign_up

_PATIENCE = 30.0
_CUSTOMERS = {"ada@example.com": "Ada", "grace@example.com": "Grace", "alan@example.com": "Alan"}
_UNLUCKY = {"email": "edsger@example.com", "name": "Edsger"}
_UNWELCOMED = {"email": "katherine@example.com", "name": "Katherine"}
_LAST = {"email": "barbara@example.com", "name": "Barbara"}


class Command(BaseCommand):
    help = "Makes executions and workflows of every kind really happen, once."

    def handle(self, *_args: Any, **_options: Any) -> None:
        # The last thing that a seed does: an interrupted one is finished by the next.
        if SignUp.objects.filter(email=_LAST["email"]).exists():
            self.stdout.write("The demo is seeded already.")
            return
        try:
            outside.state()
        except OSError as error:
            raise CommandError(str(error)) from None
        self.stdout.write("Making executions happen for a first look: the failures that follow are meant.")
        self.stdout.flush()
        _what_succeeds()
        _workflows()
        _what_fails()
        _what_stays_in_doubt()
        _what_is_scheduled()
        _until(_ask(create_user_record, "last", **_LAST), Status.SUCCEEDED)
        self.stdout.write(
            "The demo is seeded: some executions succeeded, some failed, retry, are in doubt or scheduled. Of the workflows, "
            "one waits for its review, some failed at a step and go on when that is retried, and one was undone."
        )


def _what_succeeds() -> None:
    stock = [_ask(receive_stock, f"stock:{sku}", sku=sku, quantity=count) for sku, count in (("mug", 40), ("lamp", 3))]
    everything = list(stock)
    for email, name in _CUSTOMERS.items():
        _until(_ask(create_user_record, f"user:{email}", email=email, name=name), Status.SUCCEEDED)
        everything += [
            _ask(send_welcome_email, f"welcome:{email}", email=email, name=name),
            _ask(update_crm, f"crm:{email}", email=email, name=name),
        ]
    for handle in stock:
        _until(handle, Status.SUCCEEDED)
    order = {"order_id": "A-1001", "amount": Decimal("25.80")}
    everything.append(_ask(reserve_inventory, "reserve:A-1001", order_id="A-1001", sku="mug", quantity=2))
    payment = _ask(charge_payment, "charge:A-1001", **order)
    _until(payment, Status.SUCCEEDED)
    everything += [
        _ask(record_order, "record:A-1001", payment_id=payment.result()["payment_id"], **order),
        _ask(send_order_confirmation_email, "confirm:A-1001", order_id="A-1001", email="ada@example.com"),
    ]
    for handle in everything:
        _until(handle, Status.SUCCEEDED)


def _workflows() -> None:
    """One that succeeded, one that waits for its review, one that was not approved, one that goes on when articles come."""
    done = [
        _ask(sign_up, "sign-up:hedy", email="hedy@example.com", name="Hedy"),
        _order("A-1005", "48.00", "hedy@example.com"),
    ]
    waits = _order("A-1006", "1250.00", "grace@example.com")
    rejected = _order("A-1007", "1900.00", "alan@example.com")
    out_of_stock = _order("A-1008", "150.00", "ada@example.com", sku="lamp", quantity=5)
    with suppress(DoplatformError):  # an earlier, interrupted seed has come to its end already
        emit(_payment_of(rejected), "review", {"approved": False}, idempotency_key="demo-seed:A-1007")
    for handle in done:
        _until(handle, Status.SUCCEEDED)
    _until(waits, Status.WAITING)
    for handle in (rejected, out_of_stock):
        _until(handle, Status.FAILED)


def _order(order_id: str, amount: str, email: str, *, sku: str = "mug", quantity: int = 1) -> Handle:
    order = {"order_id": order_id, "amount": Decimal(amount), "sku": sku, "quantity": quantity, "email": email}
    return _ask(process_order, f"order:{order_id}", **order)


def _what_fails() -> None:
    """For a known reason: some at once, some after their last try, some to be tried again later."""
    _until(_ask(create_user_record, "user:unlucky", **_UNLUCKY), Status.SUCCEEDED)
    declined = _ask(charge_payment, "charge:A-1003", order_id="A-1003", amount=Decimal("5400.00"))
    _until(declined, Status.FAILED)
    with _outside(smtp="down"):
        # The second is a workflow that fails at this step, and goes on when that is retried.
        for handle in (
            _ask(send_welcome_email, "welcome:unlucky", **_UNLUCKY),
            _ask(sign_up, "sign-up:unwelcomed", **_UNWELCOMED),
        ):
            _until(handle, Status.FAILED)
    with _outside(crm="error", payment="drop"):
        met = {
            _ask(reserve_inventory, "reserve:A-1002", order_id="A-1002", sku="lamp", quantity=12): {Status.FAILED},
            _ask(update_crm, "crm:unlucky", **_UNLUCKY): {Status.RETRYING},
            # Charged, but the answer was lost: in doubt until the resolver has asked the provider.
            _ask(charge_payment, "charge:A-1004", order_id="A-1004", amount=Decimal("64.00")): {
                Status.IN_DOUBT,
                Status.SUCCEEDED,
            },
        }
        for handle, statuses in met.items():
            _until(handle, *statuses)


def _what_stays_in_doubt() -> None:
    """A mail whose fate only a person can find out."""
    with _outside(smtp="drop"):
        mail = _ask(send_order_confirmation_email, "confirm:A-1004", order_id="A-1004", email="grace@example.com")
        _until(mail, Status.IN_DOUBT)


def _what_is_scheduled() -> None:
    # The same date whenever this is called again within the year: a key belongs to one set of params.
    new_year = datetime(datetime.now(UTC).year + 1, 1, 1, 9, tzinfo=UTC)
    _ask(update_crm, "crm:loyal", email="ada@example.com", name="Ada", segment="loyal", available_at=new_year)


def _ask(action: Action[..., Any], key: str, **params: Any) -> Handle:
    """Invoke once, however often the seed is called."""
    return action.invoke(idempotency_key=f"demo-seed:{key}", **params)


def _payment_of(order: Handle) -> str:
    """The workflow inside an order that waits for the review."""
    deadline = time.monotonic() + _PATIENCE
    steps = Execution.objects.filter(parent_id=ids.parse_id(order.id), action_id=pay_order.name)
    while not (found := steps.values_list("pk", flat=True).first()):
        if time.monotonic() > deadline:
            raise CommandError(f"{order.id} has not begun after {_PATIENCE:g} s. Is a worker running? manage.py work")
        time.sleep(0.05)
    return ids.public_id(found)


def _until(handle: Handle, *statuses: Status) -> None:
    """Wait for one of `statuses`, but not for what an earlier, interrupted seed asked for: it moved on."""
    deadline = time.monotonic() + _PATIENCE
    while not handle.replayed and (status := handle.status) not in statuses:
        if time.monotonic() > deadline:
            raise CommandError(
                f"{handle.id} is still {status} after {_PATIENCE:g} s. Is a worker running? manage.py work"
            )
        time.sleep(0.05)


@contextmanager
def _outside(**modes: str) -> Iterator[None]:
    """The servers in these modes, healed afterwards."""
    try:
        for server, mode in modes.items():
            outside.switch(server, mode)
        yield
    finally:
        for server in modes:
            outside.switch(server, "up")
