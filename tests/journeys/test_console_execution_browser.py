"""An execution's page in a real browser: found, understood and acted on without JavaScript; the graph by keyboard; kept live; axe."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from actions.testing import inline_worker
from tests.app import actions as app
from tests.journeys.test_admin_browser import SIZES, chromium, site
from tests.journeys.test_workflow_browser import order
from tests.journeys.window import visit
from tests.stage import column, compose, declare, engine, key_of, rows, step_of

__all__ = ["chromium", "compose", "declare", "engine", "order", "site"]


@pytest.fixture
def world(site, order):
    """A failure, a doubt, a workflow that waits for an event, and its worker."""
    User.objects.create_superuser("ada", password="ada")
    with inline_worker() as worker:
        yield worker


def test_from_failure_to_success_without_javascript(site, world, chromium):
    """D15"""
    broken = app.fail.invoke(message="no such user", times=3)
    doubtful = app.doubt.invoke()
    world.work(waiting=True)
    page = visit(chromium, site, java_script_enabled=False).log_in().page
    page.goto(f"/executions/{broken.id}/")
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("no such user")
    page.get_by_role("link", name="Retry", exact=True).click()
    page.get_by_label("Reason").fill("the user is there now")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("status").first).to_contain_text("Queued again")
    world.work()
    page.reload()
    expect(page.locator("h1")).to_contain_text("succeeded")
    expect(page.get_by_role("region", name="Result")).to_contain_text("at last")
    page.get_by_role("link", name="Replay").click()
    page.get_by_label("message").fill("another")
    page.get_by_label("times").fill("none")
    page.get_by_label("Reason").fill("once more")
    page.get_by_role("button", name="Replay").click()
    expect(page.locator(".errorlist")).to_contain_text("Write a whole number")
    page.get_by_label("times").fill("0")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("region", name="What was asked")).to_contain_text(broken.id)
    page.goto(f"/executions/{doubtful.id}/")
    page.get_by_role("link", name="Resolve doubt").click()
    page.get_by_label("It happened").check()
    page.get_by_role("textbox", name="Result").fill('{"sent": true}')
    page.get_by_label("Reason").fill("it is in their log")
    page.get_by_role("button", name="Resolve doubt").click()
    expect(page.locator("h1")).to_contain_text("succeeded")
    page.context.close()


def test_a_workflow_is_followed_by_keyboard_and_kept_live(site, world, order, chromium):
    run = order.invoke(order_id="A-17")
    world.work()
    seen = visit(chromium, site).log_in()
    page = seen.page
    page.goto(f"/executions/{run.id}/")
    expect(page.get_by_text("Waits for the event review")).to_be_visible()
    graph = page.get_by_role("group", name=re.compile("Graph of the steps"))
    graph.focus()
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.querySelector('title').textContent")
    assert focused.startswith("charge-payment: succeeded")
    page.get_by_role("link", name="Emit event").click()
    page.get_by_label("Payload").fill('{"approved": true}')
    page.get_by_label("Reason").fill("looked at")
    page.get_by_role("button", name="Emit").dblclick()
    expect(page.locator("h1")).to_contain_text("queued")
    # Nobody reloads: the page follows, and its graph too, until it is scrolled by hand.
    page.set_viewport_size({"width": 600, "height": 900})
    follow = page.get_by_role("button", name="Follow")
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    graph.hover()
    page.mouse.wheel(80, 0)
    expect(follow).to_have_attribute("aria-pressed", "false")
    follow.click()
    world.work()
    expect(page.locator("h1")).to_contain_text("failed", timeout=15_000)
    graph.scroll_into_view_if_needed()
    expect(page.locator("a.node.s-failed", has_text="ship-parcel-0")).to_be_in_viewport(ratio=0.95)
    page.set_viewport_size(SIZES["desk"])
    assert rows("SELECT count(*) FROM actions_externalevent") == [(1,)]
    order.ship.closed = False
    page.get_by_role("link", name="Retry this step").first.click()
    page.get_by_label("Reason").fill("they opened")
    page.get_by_role("button", name="Retry").dblclick()
    expect(page.locator("h1")).to_contain_text("ship-order")
    world.work()
    assert column(run, "status") == "succeeded"
    assert rows(
        "SELECT count(*) FROM actions_auditentry WHERE verb = 'execution.retried' AND execution_id = %s",
        key_of(step_of(run, "ship-parcel-0")),
    ) == [(1,)]
    assert seen.complaints == []
    page.context.close()


def test_its_pages_fit_and_break_no_rule(site, world, order, chromium):
    """D07, D14, CONSOLE.md section 5"""
    broken = app.fail.invoke(message="<script>window.hacked = true</script> javascript:alert(1) \u202e\x1b[31m" * 3)
    doubtful, waiting = app.doubt.invoke(), order.invoke(order_id="A-17")
    world.work(waiting=True)
    due = app.noop.invoke()
    seen = visit(chromium, site).log_in()
    addresses = {
        "failed": f"{broken.id}/",
        "retry": f"{broken.id}/retry/",
        "replay": f"{broken.id}/replay/",
        "raw": f"{broken.id}/raw/",
        "doubt": f"{doubtful.id}/",
        "resolve": f"{doubtful.id}/resolve/",
        "graph": f"{waiting.id}/",
        "emit": f"{waiting.id}/emit/",
        "step": f"{step_of(waiting, 'charge-payment')}/",
        "cancel": f"{due.id}/cancel/",
    }

    def unfold() -> None:
        seen.page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")

    for name, end in addresses.items():
        seen.looks_well(f"execution-{name}", f"/executions/{end}", before=unfold, whole=True)
        assert seen.page.evaluate("window.hacked") is None
    seen.looks_well("runs", "/workflows/", whole=True)
    assert seen.complaints == []
    seen.page.context.close()
