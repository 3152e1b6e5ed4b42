"""The audit, API keys and deliveries in a real browser: they fit and break no rule, and a key is made and revoked without scripts."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from actions.engine.access import actor_of
from actions.engine.keys.revoke import revoke
from actions.engine.operate.pause import pause_queue
from actions.models import ApiKey, AuditEntry
from tests.app import actions as app
from tests.journeys.test_admin_browser import chromium, site
from tests.journeys.test_console_browser import world
from tests.journeys.window import visit
from tests.keyring import enter, new_key
from tests.stage import engine

__all__ = ["chromium", "engine", "site", "world"]

WHY = "the text was seen on a screen"


@pytest.fixture
def trail(world):
    """A person's act, a refusal, keys of every kind, and a callback that is to be told."""
    ada = actor_of(User.objects.get(username="ada"))
    pause_queue("default", actor=ada, reason="<b>the provider is down</b>")
    key = new_key("action:*:read", "action:send-*:trigger", "queue:*:pause", "audit:read").id
    revoke(new_key("action:test-noop:trigger", account="crm").id, actor=ada, reason=WHY)
    app.noop.invoke(callback={"url": "https://receiver.example/ends"})
    world.work()
    return {
        "audit": "/audit/",
        "people": "/audit/?trigger=user",
        "faults": "/audit/?after=soon",
        "no delivery": "/deliveries/?execution=nonsense",
        "entry": f"/audit/{AuditEntry.objects.get(verb='queue.paused').pk}/",
        "keys": "/keys/?state=all",
        "key": f"/keys/{key}/",
        "new key": "/keys/new/",
        "rotate": f"/keys/{key}/rotate/",
        "account": "/keys/accounts/new/",
        "deliveries": "/deliveries/",
    }


def test_every_page_fits_and_breaks_no_rule(site, trail, chromium):
    """D14, D15"""
    seen = visit(chromium, site).log_in()
    for name, address in trail.items():
        seen.looks_well(name, address)
    seen.page.goto("/keys/new/")
    seen.page.get_by_role("button", name="Make the key").click()
    expect(seen.page.locator(".errorlist").first).to_be_visible()
    seen.looks_well("new key with faults")
    assert seen.complaints == []
    seen.page.context.close()


def test_a_key_is_made_shown_once_and_revoked_without_scripts(site, trail, chromium):
    seen = visit(chromium, site, java_script_enabled=False).log_in()
    page = seen.page
    page.goto("/keys/")
    page.get_by_role("link", name="New API key").first.click()
    page.get_by_label("Label").fill("nightly")
    page.get_by_label("On actions").first.fill("test-*")
    page.get_by_role("group", name="Grant 1").get_by_label("trigger").check()
    page.get_by_label("Reason").fill("for the nightly run")
    page.get_by_role("button", name="Make the key").click()
    text = page.locator("#key-text").inner_text().strip()
    assert re.fullmatch(r"do_live_\w{8}_\w{43}_\w{6}", text)
    assert enter(text).scopes == ("action:test-*:trigger",)
    page.get_by_role("link", name="I have copied it").click()
    assert text not in page.content()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Revoke").click()
    assert "Revoked by ada" in page.locator("main").inner_text()
    assert ApiKey.objects.get(label="nightly").revoked_reason == WHY
    page.get_by_role("link", name="What was done with it").click()
    page.goto("/audit/?verb=api_key.revoked")
    assert WHY in page.locator("main").inner_text()
    assert seen.complaints == []
    page.context.close()
