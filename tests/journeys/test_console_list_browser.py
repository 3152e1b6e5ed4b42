"""The list in a real browser: suggestions by keys, rows that are chosen and retried together, the same without scripts, and
no page that breaks an accessibility rule."""

from playwright.sync_api import expect

from actions.engine.group import group
from actions.engine.operate.retry import retry
from actions.models import BulkOperation, ErrorGroup
from tests.app import actions as app
from tests.journeys.test_admin_browser import chromium, site
from tests.journeys.test_console_browser import world
from tests.journeys.window import visit
from tests.stage import ALICE, engine, rows

__all__ = ["chromium", "engine", "site", "world"]

WHY = "the mail server is back"


def address_of(page):
    """Path and query of the page."""
    return page.evaluate("decodeURIComponent(location.pathname + location.search).replaceAll('+', ' ')")


def test_the_search_box_suggests_and_keys_take(site, world, chromium):
    seen = visit(chromium, site).log_in()
    page = seen.page
    page.goto("/executions/?q=")
    box, options = page.get_by_role("combobox", name="Search executions"), page.get_by_role("option")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("sta")
    expect(options).to_have_count(1)
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-1")
    seen.judged("suggestions")
    page.keyboard.press("Enter")
    expect(box).to_have_value("state:")
    page.keyboard.type("fai")
    expect(options).to_have_count(1)
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(options).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(box).to_have_value("state:failed ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/executions/?q=state*")
    assert address_of(page).strip() == "/executions/?q=state:failed"
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator(".tabs [aria-current] .count")).to_have_text("1")
    page.keyboard.press("/")
    page.keyboard.type("queue:mail")
    expect(box).to_have_value("state:failed queue:mail")
    assert seen.complaints == []
    page.context.close()


def test_rows_are_chosen_by_keys_and_retried_together(site, world, chromium):
    for number in range(3):
        app.fail.invoke(message=f"broken {number}")
    world.work(waiting=True)
    seen = visit(chromium, site).log_in()
    page = seen.page
    page.goto("/executions/?q=state:failed")
    page.wait_for_load_state("load")
    # Nine of them on a screen of 768.
    assert all(row.bounding_box()["height"] < 50 for row in page.locator("[data-row]").all())
    for key in ("j", "x", "j", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-chosen]")).to_have_text("2 chosen, or")
    # What is chosen keeps its place: the page does not change under the reader.
    app.fail.invoke(message="meanwhile")
    world.work(waiting=True)
    page.keyboard.press("r")
    page.wait_for_url("**/bulk/selected/**")
    expect(page.get_by_text("of 2 would get it")).to_be_visible()
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Retry 2").dblclick()
    page.wait_for_url("**/bulk/*-*/")
    expect(page.get_by_text("0 of 2")).to_be_visible()
    world.work(waiting=True)
    # The page finds out by itself.
    expect(page.get_by_text("2 of 2")).to_be_visible(timeout=15_000)
    assert BulkOperation.objects.count() == 1
    assert rows("SELECT count(*) FROM actions_bulkitem WHERE outcome = 'done'") == [(2,)]
    assert seen.complaints == []
    page.context.close()


def test_new_rows_wait_behind_a_chip_and_those_that_leave_stay_marked(site, world, chromium):
    mended = app.fail.invoke(message="soon well", times=3)
    world.work(waiting=True)
    seen = visit(chromium, site).log_in()
    page = seen.page
    page.goto("/executions/?q=state:failed")
    page.wait_for_load_state("load")
    page.keyboard.press("j")
    row, chip = page.locator(f"[data-key={mended.id}]"), page.locator(".chip")
    expect(row.get_by_role("link", name="test-fail").first).to_be_focused()
    app.fail.invoke(message="new one")
    retry(mended.id, actor=ALICE, reason=WHY)
    world.work(waiting=True)
    expect(chip).to_have_text("1 new, 1 moved on", timeout=15_000)
    expect(row).to_contain_text("succeeded")
    expect(row).to_contain_text("moved on")
    expect(row.get_by_role("link", name="test-fail").first).to_be_focused()
    expect(row.locator("input, [data-act]")).to_have_count(0)
    expect(page.locator("[data-row]")).to_have_count(2)
    ((done,),) = rows("SELECT count(*) FROM actions_execution WHERE status = 'succeeded'")
    expect(page.locator(".tabs a", has_text="succeeded").locator(".count")).to_have_text(str(done))
    seen.judged("moved on")
    chip.click()
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(row).to_have_count(0)
    assert seen.complaints == []
    page.context.close()


def test_without_scripts_find_count_choose_and_retry(site, world, chromium):
    """D15"""
    seen = visit(chromium, site, java_script_enabled=False).log_in()
    page = seen.page
    page.goto("/executions/")
    page.get_by_label("Search executions").fill("state:faild")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name="Use failed instead").click()
    page.get_by_role("link", name="Count", exact=True).click()
    expect(page.locator(".tabs [aria-current] .count")).to_have_text("1")
    page.get_by_role("checkbox", name="Choose test-fail").check()
    page.get_by_role("button", name="Retry…").click()
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Retry 1").click()
    expect(page.get_by_text("0 of 1")).to_be_visible()
    world.work()
    page.reload()
    expect(page.get_by_text("1 of 1")).to_be_visible()
    page.goto("/views/?q=queue:default")
    page.get_by_label("Name").fill("Default queue")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Default queue")).to_have_attribute("aria-current", "page")
    assert seen.complaints == []
    page.context.close()


def test_pages_fit_and_break_no_rule(site, world, chromium):
    """CONSOLE.md section 5"""
    group()
    fingerprint = ErrorGroup.objects.get(action="test-fail").fingerprint
    seen = visit(chromium, site).log_in()
    page = seen.page
    page.goto("/executions/?q=state:failed")
    page.get_by_label("all that match").check()
    page.get_by_role("button", name="Retry…").click()
    page.wait_for_url("**/bulk/selected/**")
    preview = page.url
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Retry 1").click()
    page.wait_for_url("**/bulk/*-*/")
    pages = {
        "faults": "/executions/?q=state:faild+quue:x",
        "nothing": "/executions/?q=queue:none",
        "views": "/views/?q=state:failed",
        "bulk": "/bulk/",
        "preview": preview,
        "operation": page.url,
        "failures": "/failures/",
        "failure": f"/failures/{fingerprint}/",
        "ignore": f"/failures/{fingerprint}/ignore/",
    }

    def counted() -> None:
        expect(page.locator(".tabs .count").first).to_be_visible()
        page.locator("details.words summary").click()

    seen.looks_well("list", "/executions/?q=", before=counted)
    for name, address in pages.items():
        seen.looks_well(name, address)
    assert seen.complaints == []
    page.context.close()
