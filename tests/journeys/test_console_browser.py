"""The console in a real browser: it fits, keeps its own policy and the accessibility rules, and works by keys and by forms."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Locator, expect

from actions.engine.group import group
from actions.engine.schedules.fire import fire
from actions.models import Schedule
from actions.testing import InlineWorker, inline_worker
from tests.app import actions as app
from tests.journeys.test_admin_browser import chromium, site
from tests.journeys.window import visit
from tests.stage import engine, rows

__all__ = ["chromium", "engine", "site"]

PAGES = {
    "overview": "/",
    "executions": "/executions/?q=",
    "failures": "/failures/",
    "bulk": "/bulk/",
    "actions": "/actions/",
    "action": "/actions/face-form/",
    "trigger": "/actions/face-form/trigger/",
    "pause": "/actions/test-noop/pause/",
    "schedules": "/schedules/",
    "schedule": "/schedules/7/",
    "schedule form": "/schedules/7/edit/",
    "queues": "/queues/",
    "help": "/help/",
}
MOST_BYTES = 150_000


@pytest.fixture
def world(site: str) -> Iterator[InlineWorker]:
    """Something to look at: failures, a doubt, a pause, executions that wait."""
    User.objects.create_superuser("ada", password="ada")
    with inline_worker() as worker:
        app.fail.invoke(message="550 5.1.1 <ada@example.com>: Recipient address rejected " * 3)
        app.doubt.invoke()
        app.noop.invoke_many([{"n": number} for number in range(5)])
        worker.work(waiting=True)
        app.noop.invoke(n=99, tags=["order", "mail"])
        group()
        scheduled()
        yield worker


def scheduled() -> None:
    """One that goes well and is late, one that started nothing, one that is paused."""
    for number, name in ((7, "nightly"), (8, "broken"), (9, "quiet")):
        Schedule.objects.create(
            pk=number, action_id="test-noop", name=name, cron="0 3 * * *", timezone="Europe/Berlin", created_by="ada",
            next_at=timezone.now() - timedelta(minutes=2 * number),
        )  # fmt: skip
    Schedule.objects.filter(pk=8).update(params={"what": 1})
    assert fire()
    assert fire()
    Schedule.objects.filter(pk=7).update(next_at=timezone.now() - timedelta(minutes=5))
    Schedule.objects.filter(pk=9).update(next_at=None, paused_at=timezone.now(), paused_by="ada", paused_reason="quiet")


def _in_sight(place: Locator) -> bool:
    """Whether the navigation, which is wider than a phone, is scrolled to it."""
    return place.evaluate(
        """link => {
          const [place, frame] = [link.getBoundingClientRect(), link.parentElement.getBoundingClientRect()];
          return place.left >= frame.left && place.right <= frame.right;
        }"""
    )


def test_every_page_fits_and_breaks_no_rule(site, world, chromium):
    """D14, D15, CONSOLE.md section 5"""
    seen = visit(chromium, site)
    seen.looks_well("login", "/login/")
    seen.log_in()
    seen.page.goto("/queues/default/pause/")
    seen.page.get_by_label("Reason").fill("the provider is down")
    seen.page.get_by_role("button", name="Pause").click()
    seen.page.goto("/workers/")
    seen.page.get_by_role("link", name=f"Quiet worker {world.worker}").click()
    seen.page.get_by_label("Reason").fill("it leaks")
    seen.page.get_by_role("button", name="Quiet").click()
    expect(seen.page.get_by_text("It hears of that within")).to_be_visible()
    for name, address in (PAGES | {"worker": f"/workers/{world.worker}/stop/"}).items():
        seen.looks_well(name, address)
    seen.page.goto("/actions/face-form/trigger/")
    seen.page.get_by_role("button", name="Trigger").click()
    expect(seen.page.locator(".errorlist").first).to_be_visible()
    seen.looks_well("faults")
    seen.page.locator("details[data-menu] summary").click()
    seen.judged("menu")
    assert seen.complaints == []
    seen.page.context.close()


def test_on_a_phone_the_navigation_shows_where_one_is(site, world, chromium):
    seen = visit(chromium, site, size="phone").log_in()
    for address in ("/", "/actions/", "/queues/", "/help/"):
        seen.page.goto(address)
        here = seen.page.locator("nav.nav [aria-current]")
        assert not here.count() or _in_sight(here), f"{address}: the navigation does not show where one is"
    seen.page.context.close()


def test_the_policy_stops_what_would_be_injected(site, world, chromium):
    """D07: the browser keeps the policy, whatever slips into a page."""
    seen = visit(chromium, site).log_in()
    ran = seen.page.evaluate(
        """() => new Promise(done => {
          document.addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'window.hacked = true';
          document.body.append(script);
        })"""
    )
    assert ran.startswith("script-src")
    assert seen.page.evaluate("window.hacked") is None
    seen.page.context.close()


def test_the_first_load_is_small(site, world, chromium):
    seen = visit(chromium, site)
    sizes: list[int] = []
    seen.page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    seen.log_in()
    seen.page.wait_for_load_state("networkidle")
    assert 20_000 < sum(sizes) < MOST_BYTES
    seen.page.context.close()


def test_keys_lead_everywhere_and_can_be_turned_off(site, world, chromium):
    seen = visit(chromium, site).log_in()
    page = seen.page
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("j?g")
    expect(page.get_by_role("searchbox")).to_have_value("j?g")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/actions/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator("[data-row]").first
    expect(first.locator("[data-open]")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/actions/*/")
    page.locator("details[data-menu] summary").click()
    with page.expect_response("**/look/"):
        page.get_by_role("group", name="Single keys").get_by_role("button", name="Off").click()
    page.reload()
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert "/actions/" in page.url
    assert seen.complaints == []
    page.context.close()


def test_the_theme_is_remembered(site, world, chromium):
    seen = visit(chromium, site, color_scheme="light").log_in()
    before = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    seen.page.locator("details[data-menu] summary").click()
    with seen.page.expect_response("**/look/"):
        seen.page.get_by_role("button", name="Dark").click()
    after = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert after != before
    seen.page.goto("/queues/")
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == after
    seen.page.context.close()


def test_a_list_keeps_its_rows_and_offers_what_is_new(site, world, chromium):
    """Nothing moves under the reader: what is there is renewed, what is new waits behind a button."""
    seen = visit(chromium, site).log_in()
    page = seen.page
    rows("UPDATE actions_action SET name = 'zz-' || name WHERE name = 'test-doubt'")
    page.goto("/actions/")
    row = page.locator('[data-key="test-noop"]')
    expect(row).to_contain_text("queued")
    world.work(waiting=True)
    rows("UPDATE actions_action SET name = 'aa-new' WHERE name = 'zz-test-doubt'")
    expect(row).not_to_contain_text("queued", timeout=15_000)
    expect(page.locator('[data-key="aa-new"]')).to_have_count(0)
    page.get_by_role("button", name="1 new").click()
    expect(page.locator('[data-key="aa-new"]')).to_have_count(1)
    assert seen.complaints == []
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_trigger_pause_and_log_out(site, world, chromium, scripts):
    """D03, D15"""
    seen = visit(chromium, site, java_script_enabled=scripts, timezone_id="America/New_York").log_in()
    page = seen.page
    page.get_by_role("link", name="Actions", exact=True).click()
    page.get_by_role("link", name="Trigger test-noop").click()
    page.get_by_label("n", exact=True).fill("many")
    page.get_by_role("button", name="Trigger").click()
    expect(page.locator(".errorlist")).to_contain_text("Write a whole number")
    expect(page.get_by_label("n", exact=True)).to_have_value("many")
    before = rows("SELECT count(*) FROM actions_execution")[0][0]
    page.get_by_label("n", exact=True).fill("8")
    page.get_by_role("button", name="Trigger").dblclick()
    page.wait_for_url("**/exec_*/**")
    assert rows("SELECT count(*) FROM actions_execution")[0][0] == before + 1
    page.goto("/actions/test-noop/")
    page.get_by_role("link", name="Pause").click()
    page.get_by_label("Until (UTC)").fill("2031-01-01T12:00")
    expect(page.get_by_text("Here that is 2031-01-01 07:00:00, in ")).to_have_count(int(scripts))
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".errorlist")).to_contain_text("Say why")
    page.get_by_label("Reason").fill("too many of them")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("main")).to_contain_text("too many of them")
    told = page.locator("main .banner .when").first.inner_text()
    assert told.endswith("UTC") != scripts
    page.locator("details[data-menu] summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.context.close()
