"""Workflows as an operator meets them: a step fails, the outside is healed, a retry in the browser lets the whole go on.

What had been done before is not done again: the ledgers of the demo's servers and the attempts of each step say so.
"""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.instance import Instance
from tests.journeys.story import audit, becomes, control, instance, lines, page, press, retry, terminal, trigger
from tests.journeys.terminal import Terminal

__all__ = ["control", "instance", "page", "terminal"]

WHY = "the server is back"
PATIENCE = 30.0


def step(terminal: Terminal, workflow: str, action: str) -> dict[str, Any] | None:
    """The execution of an action that this workflow asked for, with all that is known of it."""
    found = terminal.manage("executions", "list", "--action", action)["executions"]
    for one in found:
        if one["actor"]["id"] == workflow:
            shown: dict[str, Any] = terminal.manage("executions", "show", one["id"])
            return shown
    return None


def comes(look: Callable[[], Any]) -> Any:
    """What `look` finds, as soon as it finds something."""
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def ended(terminal: Terminal, workflow: str, action: str, status: str) -> dict[str, Any]:
    """A step, once it has come to this status."""

    def look() -> dict[str, Any] | None:
        found = step(terminal, workflow, action)
        return found if found is not None and found["status"] == status else None

    found: dict[str, Any] = comes(look)
    return found


def untouched(terminal: Terminal, workflow: str, *actions: str) -> None:
    """These steps were performed once, and by nobody's wish again."""
    for action in actions:
        found = step(terminal, workflow, action)
        assert found is not None
        assert [attempt["outcome"] for attempt in found["attempts"]] == ["succeeded"], action
        assert "execution.retried" not in [entry["verb"] for entry in found["audit"]]


def test_a_sign_up_goes_on_where_its_mail_failed(instance: Instance, terminal: Terminal, page: Page, control: Page):
    press(control, "mail server", "Stop")
    workflow = trigger(page, "sign-up", email="ada@example.com", name="Ada", reason="Ada asked by phone")
    becomes(page, "failed")
    expect(page.locator(".do-error")).to_contain_text("send-welcome-email")
    mail = ended(terminal, workflow, "send-welcome-email", "failed")
    assert (len(lines(instance, "mails.jsonl")), len(lines(instance, "contacts.jsonl"))) == (0, 1)

    press(control, "mail server", "Start")
    retry(page, mail["id"], WHY)
    page.goto(f"/admin/actions/execution/{workflow}/change/")
    becomes(page, "succeeded")

    assert [one["to"] for one in lines(instance, "mails.jsonl")] == ["ada@example.com"]
    assert len(lines(instance, "contacts.jsonl")) == 1
    untouched(terminal, workflow, "create-user-record", "update-crm")
    verbs = [(verb, who, why) for verb, who, why in audit(terminal, workflow) if who == "admin"]
    assert verbs == [("execution.accepted", "admin", "Ada asked by phone"), ("execution.retried", "admin", WHY)]


def test_an_order_that_is_out_of_stock_goes_on_when_articles_have_come(
    instance: Instance, terminal: Terminal, page: Page
):
    order = {"order_id": "C-2", "sku": "lamp", "quantity": "3", "amount": "90.00", "email": "ada@example.com"}
    workflow = trigger(page, "process-order", **order)
    becomes(page, "failed")
    expect(page.locator(".do-error")).to_contain_text("There are not 3 of lamp in stock")
    payment, reserve = (
        ended(terminal, workflow, "pay-order", "succeeded"),
        step(terminal, workflow, "reserve-inventory"),
    )
    charge = step(terminal, payment["id"], "charge-payment")
    assert reserve is not None and charge is not None

    trigger(page, "receive-stock", sku="lamp", quantity="5")
    becomes(page, "succeeded")
    retry(page, reserve["id"], "five lamps have come")
    page.goto(f"/admin/actions/execution/{workflow}/change/")
    becomes(page, "succeeded")

    for before, parent in ((payment, workflow), (charge, payment["id"])):
        after = step(terminal, parent, before["action"])
        assert after is not None and after["attempts"] == before["attempts"]
    untouched(terminal, payment["id"], "charge-payment")
    untouched(terminal, workflow, "record-order")
    assert [one["amount"] for one in lines(instance, "charges.jsonl") if one["order_id"] == "C-2"] == ["90.00"]
    assert [
        one for one in lines(instance, "refunds.jsonl") if one["payment_id"] == payment["result"]["payment_id"]
    ] == []
    page.goto("/admin/demo/stock/")
    expect(page.get_by_role("row", name="lamp")).to_contain_text("2")
    page.goto("/admin/demo/order/?q=C-2")
    expect(page.get_by_text("C-2", exact=True)).to_have_count(1)


def test_an_order_that_cannot_refund_goes_on_with_its_undoing(
    instance: Instance, terminal: Terminal, page: Page, control: Page
):
    """The review says no while the provider is away: the mark says that money is owed until a retry has paid it back."""
    trigger(page, "receive-stock", sku="mug", quantity="5")
    becomes(page, "succeeded")
    order = {"order_id": "C-1", "sku": "mug", "quantity": "2", "amount": "1200.00", "email": "ada@example.com"}
    workflow = trigger(page, "process-order", **order)
    ended(terminal, workflow, "reserve-inventory", "succeeded")
    payment = comes(lambda: step(terminal, workflow, "pay-order"))["id"]
    ended(terminal, payment, "charge-payment", "succeeded")

    press(control, "payment provider", "Stop")
    told = terminal.manage("emit", payment, "review", "--payload", '{"approved": false}', "--reason", "too much")
    assert told["new"]
    becomes(page, "failed")
    expect(page.locator(".do-error")).to_contain_text("C-1 was not approved")
    refund = ended(terminal, payment, "charge-payment.compensation", "failed")
    error = terminal.manage("executions", "show", payment)["error"]
    assert error["not_undone"] == ["charge-payment"]
    assert lines(instance, "refunds.jsonl") == []

    press(control, "payment provider", "Start")
    retry(page, refund["id"], WHY)
    ended(terminal, payment, "charge-payment.compensation", "succeeded")

    def all_undone() -> bool:
        shown = terminal.manage("executions", "show", payment)
        return shown["status"] == "failed" and shown["error"]["not_undone"] == []

    comes(all_undone)
    for file in ("charges.jsonl", "refunds.jsonl"):
        assert [one["amount"] for one in lines(instance, file) if one["order_id"] == "C-1"] == ["1200.00"]
    untouched(terminal, payment, "charge-payment")
    untouched(terminal, workflow, "reserve-inventory")
    page.goto("/admin/demo/stock/")
    expect(page.get_by_role("row", name="mug")).to_contain_text("5")
    assert "execution.retried" in [verb for verb, _, _ in audit(terminal, workflow)]
