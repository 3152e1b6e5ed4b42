"""Alerts in a real browser: every page fits and breaks no rule, and a rule and a channel are made and tested without scripts."""

import pytest
from playwright.sync_api import expect

from actions.engine.alerts.rules.pause import pause
from actions.engine.alerts.watch import watch
from actions.engine.tally import tally
from actions.models import Alert, AlertChannel, AlertRule
from tests.alerting import WHY, channel, rule
from tests.app import actions as app
from tests.journeys.test_admin_browser import chromium, site
from tests.journeys.test_console_browser import world
from tests.journeys.window import visit
from tests.provider import provider
from tests.stage import ALICE, engine, rows

__all__ = ["chromium", "engine", "site", "world"]


@pytest.fixture
def told(world):
    """Rules of every state, channels of every kind, alerts that arrived, are on their way, last, are over, and did not arrive."""
    hook = channel("https://receiver.example/hook", name="on call")
    mail = channel("mailtos://user:password@mail.example.com?to=team@example.com", name="team mail", kind="apprise")
    rule("failure", hook, mail, name="Anything fails")
    rule("queue_age", hook, name="Work waits", threshold=600.0)
    rule("rate", hook, name="Payments fail too often", scope="action", of="test-fail", threshold=12.5)
    pause(rule("dead_worker", name="Workers die"), actor=ALICE, reason="the machines move this week")
    app.fail.invoke(message="550 5.1.1 <ada@example.com>: Recipient address rejected " * 3)
    world.work(waiting=True)
    tally()
    app.noop.invoke()
    rows("UPDATE actions_execution SET available_at = now() - interval '1 hour' WHERE status = 'queued'")
    watch()
    carried = "(SELECT carrier_id FROM actions_alertdelivery WHERE channel_name = 'team mail')"
    rows("UPDATE actions_alertdelivery SET delivered_at = now() WHERE channel_name = 'on call'")
    rows(
        f"UPDATE actions_execution SET status = 'failed', finished_at = now(), attempt = 12, error = %s WHERE id IN {carried}",
        '{"class": "X", "code": "remote_refused", "message": "The service behind mailtos:// did not take it: it answered 535."}',
    )
    rows("UPDATE actions_execution SET available_at = now() WHERE status = 'queued'")
    watch()
    alert = Alert.objects.filter(kind="failure").latest("at").public_id
    over = Alert.objects.get(kind="queue_age").public_id
    made = AlertRule.objects.get(kind="rate").pk
    lasts = Alert.objects.get(kind="rate").public_id
    return {
        "alerts": "/alerts/",
        "log": "/alerts/log/",
        "open": "/alerts/log/?state=open",
        "alert": f"/alerts/log/{alert}/",
        "lasts": f"/alerts/log/{lasts}/",
        "over": f"/alerts/log/{over}/",
        "kinds": "/alerts/rules/new/",
        "new rule": "/alerts/rules/new/failure/",
        "rule": f"/alerts/rules/{made}/",
        "pause": f"/alerts/rules/{made}/pause/",
        "channel": "/alerts/channels/new/",
        "test": f"/alerts/channels/{hook}/test/",
        "address": f"/alerts/channels/{hook}/address/",
    }


def test_every_page_fits_and_breaks_no_rule(site, told, chromium):
    """D14, D15"""
    seen = visit(chromium, site).log_in()
    for name, address in told.items():
        seen.looks_well(f"alerts-{name}", address, whole=True)
    seen.page.goto("/alerts/rules/new/rate/")
    seen.page.get_by_role("button", name="Make the rule").click()
    expect(seen.page.locator(".errorlist").first).to_be_visible()
    expect(seen.page.locator("#id_of")).to_be_hidden()
    seen.page.get_by_label("Watches", exact=True).select_option("queue")
    expect(seen.page.get_by_role("combobox", name="Which queue", exact=True)).to_be_visible()
    seen.looks_well("a rule with faults")
    assert seen.complaints == []
    seen.page.context.close()


def test_a_channel_and_a_rule_are_made_and_tested_without_scripts(site, world, chromium, settings):
    with provider() as one:
        settings.DOPLATFORM = {
            **settings.DOPLATFORM, "OUTSIDE_ALLOWED_HOSTS": [one.place], "OUTSIDE_ALLOW_HTTP": True,
        }  # fmt: skip
        seen = visit(chromium, site, java_script_enabled=False).log_in()
        page = seen.page
        page.goto("/alerts/")
        page.get_by_role("link", name="New channel").first.click()
        page.get_by_label("Name").fill("on call")
        page.get_by_label("A webhook").check()
        page.get_by_role("textbox", name="Address").fill(one.url)
        page.get_by_label("Reason").fill(WHY)
        page.get_by_role("button", name="Make the channel").click()
        page.get_by_role("link", name="Test on call").click()
        page.get_by_role("button", name="Send a test").click()
        assert "on its way" in page.locator("main").inner_text()
        world.work()
        page.reload()
        assert "delivered" in page.locator("main").inner_text()
        page.goto("/alerts/")
        page.get_by_role("link", name="New rule").first.click()
        page.get_by_role("link", name="Executions failed or in doubt").click()
        page.get_by_label("Name", exact=True).fill("Anything fails")
        page.get_by_label("on call").check()
        page.get_by_label("Reason").fill(WHY)
        page.get_by_role("button", name="Make the rule").click()
        assert "Anything fails watches from now on." in page.locator("main").inner_text()
    assert len(one.asked) == 1
    assert AlertRule.objects.get().channels == [AlertChannel.objects.get().pk]
    assert seen.complaints == []
    page.context.close()
