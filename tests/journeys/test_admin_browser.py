"""One click-through in a real browser: trigger, see it fail, retry, see it succeed; light and dark, wide and narrow."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, Page, expect, sync_playwright

from actions.engine.schedules.make import make
from actions.engine.schedules.wanted import Wanted
from actions.testing import inline_worker
from tests import browser
from tests.app import actions as app
from tests.stage import ALICE, engine, rows

__all__ = ["engine"]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
SIZES = {"desk": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def site(engine: None, settings: Any) -> Iterator[str]:
    """The address of a live server."""
    settings.WHITENOISE_AUTOREFRESH = True
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    server = LiveServerThread("localhost", StaticFilesHandler, connections_override={})
    server.daemon = True
    server.start()
    server.is_ready.wait()
    assert server.error is None
    yield f"http://localhost:{server.port}"
    server.terminate()
    rows("DELETE FROM django_admin_log")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    # Playwright's loop would make Django refuse its synchronous database calls in this thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as player:
        started = player.chromium.launch(executable_path=browser.executable(), args=FLAGS)
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def opened(chromium: Browser, site: str, *, size: str = "desk", scripts: bool = True) -> Page:
    """A new window, logged in."""
    context = chromium.new_context(viewport=SIZES[size], java_script_enabled=scripts, base_url=site)
    page = context.new_page()
    page.goto("/admin/")
    page.fill("input[name=username]", "ada")
    page.fill("input[name=password]", "ada")
    page.click("button[type=submit]")
    return page


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_trigger_fail_retry(site, chromium, scripts):
    """D15: the same by forms and links alone."""
    User.objects.create_superuser("ada", password="ada")
    with inline_worker() as worker:
        page = opened(chromium, site, scripts=scripts)
        page.goto("/admin/actions/action/")
        page.get_by_role("row", name="test-fail").get_by_role("link", name="Trigger").click()
        page.get_by_label("message").fill("the mail server is down")
        page.get_by_label("times").fill("many")
        page.get_by_role("button", name="Trigger").click()
        expect(page.locator(".errorlist")).to_contain_text("Write a whole number")
        expect(page.get_by_label("message")).to_have_value("the mail server is down")
        page.get_by_label("times").fill("3")
        page.get_by_role("button", name="Trigger").dblclick()
        expect(page.locator("h1")).to_contain_text("queued")
        worker.work(waiting=True)
        page.goto("/admin/")
        expect(page.locator(".do-overview")).to_contain_text("the mail server is down")
        shoot(page, "overview")
        page.locator(".do-overview .do-table a").first.click()
        expect(page.locator("h1")).to_contain_text("failed")
        shoot(page, "failed")
        page.get_by_role("link", name="Retry", exact=True).click()
        page.get_by_label("Reason").fill("it was started again")
        page.get_by_role("button", name="Retry").click()
        expect(page.locator(".messagelist")).to_contain_text("Queued again")
        worker.work(waiting=True)
        page.reload()
        expect(page.locator("h1")).to_contain_text("succeeded")
        expect(page.get_by_role("region", name="What came of it")).to_contain_text("at last")
        expect(page.locator(".do-execution")).to_contain_text("it was started again")
        shoot(page, "succeeded")
    assert rows("SELECT count(*) FROM actions_execution") == [(1,)]


@pytest.mark.parametrize("size", SIZES)
def test_pages_fit_and_load_what_they_ask_for(site, chromium, size):
    """No page scrolls sideways, light or dark, no file is missing, nothing is complained about in the console."""
    User.objects.create_superuser("ada", password="ada")
    with inline_worker() as worker:
        failed = app.fail.invoke(message="550 5.1.1 <ada@example.com>: Recipient address rejected " * 3)
        app.face_form.invoke(text="hello", items=[1, 2], pin="hunter2")
        app.noop.invoke_many([{"n": number} for number in range(30)])
        app.doubt.invoke()
        nightly = make("test-noop", Wanted(name="nightly", cron="0 3 * * *", timezone="Europe/Berlin"), actor=ALICE)
        worker.work(waiting=True)
        page = opened(chromium, site, size=size)
        complaints = complaints_of(page)
        addresses = {
            "overview": "/admin/",
            "executions": "/admin/actions/execution/",
            "execution": f"/admin/actions/execution/{failed.id}/change/",
            "retry": f"/admin/actions/execution/{failed.id}/retry/",
            "replay": f"/admin/actions/execution/{failed.id}/replay/",
            "actions": "/admin/actions/action/",
            "action": "/admin/actions/action/face-form/change/",
            "trigger": "/admin/actions/action/face-form/trigger/",
            "schedules": "/admin/actions/schedule/",
            "schedule": f"/admin/actions/schedule/{nightly}/change/",
            "schedule form": f"/admin/actions/schedule/{nightly}/edit/",
            "audit": "/admin/actions/auditentry/",
            "workers": "/admin/actions/worker/",
            "queues": "/admin/actions/queue/",
        }
        for name, address in addresses.items():
            fits(page, address, size, f"{name}-{size}")
    assert complaints == []


def complaints_of(page: Page) -> list[str]:
    """What this window will have to complain about: errors in its console, answers of 400 and more."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    return complaints


def fits(page: Page, address: str, size: str, name: str, *, whole: bool = False) -> None:
    """The page there does not scroll sideways, in light and in dark. Opened in the one at a desk, in the other on a phone."""
    schemes = ("light", "dark") if size == "desk" else ("dark", "light")
    page.emulate_media(color_scheme=schemes[0])
    page.goto(address)
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        shoot(page, f"{name}-{scheme}", whole=whole)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name}-{scheme} is {wide} px too wide"


def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    """A picture, where somebody wants to look at it: in the folder of DO_TEST_SCREENSHOTS."""
    if folder := os.environ.get("DO_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)
