"""A workflow in a real browser: it waits for an event, which is emitted; a step fails, is retried, and all goes on."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from actions import GiveUp, gather, wait_for
from actions.engine.operate.emit import emit
from actions.testing import inline_worker
from tests.app import actions as app
from tests.journeys.test_admin_browser import SIZES, chromium, complaints_of, fits, opened, shoot, site
from tests.stage import ALICE, compose, declare, engine, rows, step_of

__all__ = ["chromium", "compose", "declare", "engine", "site"]


@pytest.fixture
def order(declare: Any, compose: Any) -> Any:
    """Reserves and charges, is looked at by somebody, ships; a mail that may fail, a sub-workflow at the end."""

    @declare("ship-order")
    def ship(order_id: str, payment: str) -> dict[str, str]:
        if ship.closed:
            raise GiveUp("The carrier is closed until Monday: no parcel can be picked up at this address")
        return {"tracking": f"{order_id}-1"}

    ship.closed = True

    @compose("tell-customer")
    def tell(order_id: str) -> None:
        app.noop(text=order_id)
        app.noop(text="again")

    @compose("handle-order", timeout=86_400)
    def handle(order_id: str, parcels: int = 1) -> Any:
        payment = app.echo.start(value={"payment_id": f"pay-{order_id}"}, step="charge-payment")
        stock = app.echo.start(value="reserved", step="reserve-stock", after=[payment])
        app.give_up.start(step="send-confirmation", after=[stock], optional=True)
        decision = wait_for("review", timeout=7200)
        shipped = [
            ship.start(order_id=order_id, payment=payment["payment_id"], step=f"ship-parcel-{number}", after=[stock])
            for number in range(parcels)
        ]
        told = tell.start(order_id=order_id, after=[shipped[0]])
        gather(shipped)
        told.result()
        return {"decision": decision, "tracking": shipped[0].result()["tracking"]}

    handle.ship = ship
    return handle


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_emit_then_retry_then_done(site, chromium, order, scripts):
    User.objects.create_superuser("ada", password="ada")
    with inline_worker() as worker:
        run = order.invoke(order_id="A-17")
        worker.work()
        page = opened(chromium, site, scripts=scripts)
        page.goto("/admin/actions/execution/?kind=top&status=waiting")
        page.get_by_role("link", name=run.id).click()
        expect(page.locator("h1")).to_contain_text("waiting")
        expect(page.locator(".do-waits")).to_contain_text("review")
        page.get_by_role("link", name="Emit event").click()
        expect(page.get_by_label("Event")).to_have_value("review")
        page.get_by_label("Payload").fill("{approved: yes}")
        page.get_by_label("Reason").fill("looked at by Ada")
        page.get_by_role("button", name="Emit").click()
        expect(page.locator(".errorlist")).to_be_visible()
        expect(page.get_by_label("Payload")).to_have_value("{approved: yes}")
        shoot(page, "wf-fault")
        page.get_by_label("Payload").fill('{"approved": true}')
        page.get_by_role("button", name="Emit").dblclick()
        expect(page.locator("h1")).to_contain_text("queued")
        worker.work()
        page.reload()
        expect(page.locator("h1")).to_contain_text("failed")
        expect(page.locator(".do-error")).to_contain_text("ship-parcel-0")
        expect(page.locator(".do-error")).to_contain_text("The carrier is closed until Monday")
        shoot(page, "wf-failed")
        order.ship.closed = False
        page.get_by_role("row", name="ship-parcel-0").get_by_role("link", name="Retry").click()
        page.get_by_label("Reason").fill("they opened")
        page.get_by_role("button", name="Retry").click()
        expect(page.locator(".messagelist")).to_contain_text("its workflow waits for it again")
        expect(page.get_by_role("region", name="What was asked")).to_contain_text("ship-parcel-0")
        page.get_by_role("region", name="What was asked").get_by_role("link", name=run.id).click()
        expect(page.locator("h1")).to_contain_text("waiting")
        worker.work()
        page.reload()
        expect(page.locator("h1")).to_contain_text("succeeded")
        expect(page.get_by_role("region", name="What came of it")).to_contain_text("A-17-1")
        shoot(page, "wf-succeeded")
    assert rows("SELECT count(*) FROM actions_externalevent") == [(1,)]
    assert rows("SELECT attempt FROM actions_execution WHERE step = 'charge-payment'") == [(1,)]
    assert rows("SELECT count(*) FROM actions_auditentry WHERE verb = 'execution.emitted'") == [(1,)]


@pytest.mark.parametrize("size", SIZES)
def test_workflow_pages_fit(site, chromium, order, declare, compose, size):
    """No page of a workflow scrolls sideways, light or dark, no file is missing, nothing is complained about in the console."""

    @declare("book-seat")
    def book(seat: str) -> str:
        return seat

    @book.compensation
    def give_back(seat: str) -> None:
        if seat == "12A":
            raise GiveUp("the counter is closed")

    @compose("plan-travel", on_failure="compensate")
    def travel() -> None:
        book("12A")
        book("12B")
        app.give_up()

    User.objects.create_superuser("ada", password="ada")
    with inline_worker() as worker:
        waiting, failed, long = (order.invoke(order_id=name, parcels=n) for name, n in (("A", 1), ("B", 2), ("C", 40)))
        undone = travel.invoke()
        for run in (failed, long):
            emit(run.id, "review", {"approved": True, "by": "Ada", "note": "x" * 300}, actor=ALICE)
        worker.work()
        page = opened(chromium, site, size=size)
        complaints = complaints_of(page)
        runs = "/admin/actions/execution"
        addresses = {
            "waiting": f"{runs}/{waiting.id}/change/",
            "failed": f"{runs}/{failed.id}/change/",
            "long": f"{runs}/{long.id}/change/",
            "undone": f"{runs}/{undone.id}/change/",
            "step": f"{runs}/{step_of(failed, 'ship-parcel-0')}/change/",
            "emit": f"{runs}/{waiting.id}/emit/",
            "replay-from": f"{runs}/{step_of(failed, 'ship-parcel-0')}/replay-from/",
            "cancel": f"{runs}/{waiting.id}/cancel/",
            "retry": f"{runs}/{failed.id}/retry/",
            "list": f"{runs}/",
            "steps": f"{runs}/?workflow={failed.id}",
            "workflow": "/admin/actions/action/handle-order/change/",
            "catalogue": "/admin/actions/action/",
        }
        for name, address in addresses.items():
            fits(page, address, size, f"wf-{name}-{size}", whole=name in {"failed", "step"})
    assert complaints == []
