"""The main job as a new user does it: one command, a browser, a mail server that is down, and a second chance.

Everything is real: `manage.py up` in an empty folder, its workers, the demo's servers, and a Chromium.
"""

import re

from playwright.sync_api import Page, expect

from tests.journeys.instance import Instance
from tests.journeys.story import audit, becomes, control, instance, lines, page, press, terminal, trigger
from tests.journeys.terminal import Terminal

__all__ = ["control", "instance", "page", "terminal"]

WHY = "the mail server is back"


def test_a_mail_fails_the_server_is_started_and_a_retry_succeeds(
    instance: Instance, terminal: Terminal, page: Page, control: Page
):
    """The story at the top of the README."""
    press(control, "mail server", "Stop")
    execution = trigger(page, "send-welcome-email", email="ada@example.com", name="Ada", reason="Ada signed up")
    becomes(page, "failed")
    expect(page.locator(".do-error")).to_contain_text("The mail server")
    expect(page.locator(".do-error")).to_contain_text("it is down")
    assert lines(instance, "mails.jsonl") == []

    press(control, "mail server", "Start")
    page.get_by_role("link", name="Retry", exact=True).click()
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".errorlist")).to_be_visible()  # without a reason nothing happens
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Retry").click()
    becomes(page, "succeeded")

    assert [(mail["to"], mail["message_id"]) for mail in lines(instance, "mails.jsonl")] == [
        ("ada@example.com", f"<{execution}@example.com>")
    ]
    assert audit(terminal, execution) == [
        ("execution.accepted", "admin", "Ada signed up"),
        *[("execution.started", "doplatform", ""), ("execution.retrying", "doplatform", "")] * 2,
        ("execution.started", "doplatform", ""),
        ("execution.failed", "doplatform", ""),
        ("execution.retried", "admin", WHY),
        ("execution.started", "doplatform", ""),
        ("execution.succeeded", "doplatform", ""),
    ]
    table = page.locator("table").last
    expect(table).to_contain_text(WHY)


def test_a_payment_without_an_answer_is_settled_by_its_resolver_and_charged_once(
    instance: Instance, terminal: Terminal, page: Page, control: Page
):
    """I-04"""
    press(control, "payment provider", "Cut the connection")
    execution = trigger(page, "charge-payment", order_id="B-1", amount="25.80")
    becomes(page, "succeeded")
    shown = terminal.manage("executions", "show", execution)
    charges = [charge for charge in lines(instance, "charges.jsonl") if charge["order_id"] == "B-1"]
    assert [charge["key"] for charge in charges] == [execution]
    assert shown["result"] == {"payment_id": charges[0]["payment_id"]}
    assert [(entry["verb"], entry["actor"]["label"]) for entry in shown["audit"]] == [
        ("execution.accepted", "admin"),
        ("execution.started", "doplatform"),
        ("execution.in_doubt", "doplatform"),
        ("execution.resolved", "resolver of charge-payment"),
    ]
    # The provider was asked to charge once, not asked twice and clever.
    assert len(re.findall("order B-1: charged", instance.text)) == 1
