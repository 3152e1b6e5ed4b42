"""An incident from alert to resolved, by three people in a browser, on an instance that is up: who sees what, and does what.

Otto operates, Vera may only look, Ada asks the next morning what was done. Nothing is typed that the pages do not ask for.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from doplatform import paths
from tests.journeys.instance import Instance
from tests.journeys.story import control, instance, lines, press
from tests.plugin import OWN

__all__ = ["control", "instance"]

WHY = "the mail server is back"
FIXED = "the order said muk, and meant mug"
VERBS = re.compile("Retry|Replay|Cancel|Run now|Trigger|Pause|Resolve|Force")
_PEOPLE = """
from django.contrib.auth.models import Group, User
from doplatform.demo.models import Stock
for name, group in (("otto", "Operator"), ("vera", "Viewer"), ("ada", "Administrator")):
    User.objects.create_user(name, password="only-for-this-story").groups.add(Group.objects.get(name=group))
Stock.objects.create(sku="mug", available=5)
"""


def let_in(instance: Instance) -> None:
    """Accounts in the three groups, and five mugs in stock."""
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", _PEOPLE],
        cwd=paths.BASE,
        env={**environment, "DO_DATA": str(instance.data), "HTTPS": "False"},
        check=True,
        timeout=60,
    )


@contextmanager
def window_of(chrome: Browser, instance: Instance, name: str) -> Iterator[Page]:
    """A browser in which somebody has logged in."""
    context = chrome.new_context(base_url=instance.url, viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("only-for-this-story")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    yield page
    context.close()


def ask(page: Page, action: str, **params: str) -> str:
    """Trigger an action by its form; the address of the execution that opens."""
    page.goto(f"/actions/{action}/trigger/")
    for name, value in params.items():
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_role("button", name="Trigger").click()
    page.wait_for_url("**/executions/exec_*/**")
    return re.sub(r"[?#].*", "", page.url)


def becomes(page: Page, status: str) -> None:
    """The page says so by itself: nobody reloads it."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(status, timeout=20_000)


def mended(page: Page, control: Page) -> None:
    """From the overview to the group of failures, the newest of them, its reason; then the cause is ended, and it is retried."""
    page.goto("/")
    failed = (
        page.get_by_role("region", name="Failed last").get_by_role("listitem").filter(has_text="send-welcome-email")
    )
    expect(failed).to_contain_text("it is down")
    # The companion that groups failures looks every few seconds; the page renews itself.
    alike = page.get_by_role("region", name="What fails alike").get_by_role("link", name="send-welcome-email")
    alike.click(timeout=20_000)
    page.get_by_role("region", name="Newest that stand by it").get_by_role("link", name="exec_").click()
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("The mail server")
    press(control, "mail server", "Start")
    page.get_by_role("link", name="Retry", exact=True).click()
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".errorlist")).to_be_visible()  # without a reason nothing happens
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Retry").click()
    becomes(page, "succeeded")


def replayed(page: Page, address: str) -> str:
    """Three clicks from what failed to what succeeds: replay, the param, replay. The address of the new execution."""
    page.goto(address)
    becomes(page, "failed")
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("There are not 2 of muk in stock")
    page.get_by_role("link", name="Replay", exact=True).click()
    expect(page.get_by_label("quantity", exact=True)).to_have_value("2")
    page.get_by_label("sku", exact=True).fill("mug")
    page.get_by_label("Reason").fill(FIXED)
    page.get_by_role("button", name="Replay").click()
    page.wait_for_url(lambda url: "/executions/exec_" in url and address not in url and "/replay/" not in url)
    becomes(page, "succeeded")
    return re.sub(r"[?#].*", "", page.url)


def test_an_incident_from_alert_to_resolved(instance: Instance, chrome: Browser, control: Page):
    let_in(instance)
    press(control, "mail server", "Stop")
    with window_of(chrome, instance, "otto") as otto:
        mail = ask(otto, "send-welcome-email", email="ada@example.com", name="Ada")
        order = ask(otto, "reserve-inventory", order_id="D-1", sku="muk", quantity="2")
        new = replayed(otto, order)
        otto.goto(mail)
        becomes(otto, "failed")
        with window_of(chrome, instance, "vera") as vera:
            for address in ("/", mail, order, "/actions/reserve-inventory/"):
                vera.goto(address)
                expect(vera.get_by_role("heading", level=1)).to_be_visible()
                main = vera.get_by_role("main")
                assert main.get_by_role("link", name=VERBS).count() == 0, address
                assert main.get_by_role("button", name=VERBS).count() == 0, address
            answer = vera.goto(f"{mail}retry/")
            assert answer is not None
            assert answer.status == 403
        mended(otto, control)
        assert otto.url.startswith(mail)

    assert [one["to"] for one in lines(instance, "mails.jsonl")] == ["ada@example.com"]
    with window_of(chrome, instance, "ada") as ada:
        for address, verb, reason in ((mail, "execution.retried", WHY), (new, "execution.accepted", FIXED)):
            ada.goto(address)
            said = ada.get_by_role("region", name="Audit").get_by_role("row").filter(has_text=verb)
            expect(said).to_contain_text("otto")
            expect(said).to_contain_text(reason)
