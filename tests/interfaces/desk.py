"""What the admin's tests stand on: a standing cast with its groups, a browser without JavaScript for each, a worker."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from actions import Handle
from actions.testing import InlineWorker, inline_worker
from tests.app import actions as app
from tests.stage import column, key_of, rows

WHY = "the mail server is back"
LIST = "/admin/actions/execution/"
ACTIONS = "/admin/actions/action/"
MOST_QUERIES = 10


@dataclass
class Desk:
    """Vera may look, Otto operates, Ada administrates, Nora may log in and nothing more. Who is asked for logs in."""

    worker: InlineWorker

    @cached_property
    def vera(self) -> Client:
        """A Viewer's browser."""
        return browser("vera")

    @cached_property
    def otto(self) -> Client:
        """An Operator's."""
        return browser("otto")

    @cached_property
    def ada(self) -> Client:
        """An Administrator's."""
        return browser("ada")

    @cached_property
    def nora(self) -> Client:
        """Of somebody without any permission."""
        return browser("nora")

    def failed(self, message: str = "broken") -> Handle:
        """An execution that has failed for good."""
        handle = app.fail.invoke(message=message)
        self.worker.work(waiting=True)
        assert column(handle, "status") == "failed"
        return handle

    def in_doubt(self) -> Handle:
        """An execution in doubt."""
        handle = app.doubt.invoke()
        self.worker.work()
        assert column(handle, "status") == "in_doubt"
        return handle


@pytest.fixture
def desk(engine: None, settings: Any) -> Iterator[Desk]:
    """Everybody at their desks."""
    # Static files from where they stand: nothing is collected for tests.
    settings.WHITENOISE_AUTOREFRESH = True
    with inline_worker() as worker:
        for name, *groups in (("vera", "Viewer"), ("otto", "Operator"), ("ada", "Administrator"), ("nora",)):
            person(name, *groups)
        yield Desk(worker)
    rows("DELETE FROM django_admin_log")


def client(name: str, *groups: str) -> Client:
    """A logged-in browser of somebody new who is in these groups."""
    person(name, *groups)
    return browser(name)


def person(name: str, *groups: str) -> None:
    """Somebody who may enter the admin, in these groups."""
    user = User.objects.create_user(name, password=name, is_staff=True)
    if groups:
        user.groups.set(Group.objects.filter(name__in=groups))


def browser(name: str) -> Client:
    """One in which somebody has logged in."""
    opened = Client(raise_request_exception=True)
    opened.force_login(User.objects.get(username=name))
    return opened


def page_of(execution: Handle | str, verb: str = "change") -> str:
    """The address of an execution's page, or of one of its verbs."""
    return f"{LIST}{execution if isinstance(execution, str) else execution.id}/{verb}/"


def trigger_of(action: str) -> str:
    """The address of an action's form."""
    return f"{ACTIONS}{action.replace('_', '_5F')}/trigger/"


def text_of(response: Any) -> str:
    """What a reader sees: without tags, entities resolved."""
    # Where a word may be broken it is still one.
    bare = re.sub(r"<[^>]+>", " ", response.content.decode().replace("<wbr>", ""))
    return re.sub(r"\s+", " ", html.unescape(bare))


def hidden_in(response: Any) -> dict[str, str]:
    """The hidden fields of a page's form, as a browser sends them."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', response.content.decode())
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def filled_in(response: Any) -> dict[str, str]:
    """Every field of the forms of a page with the value that it shows, as a browser sends them back."""
    sent = hidden_in(response)
    for form in ("params", "options"):
        for field in response.context[form]:
            value = field.value()
            sent[field.html_name] = "" if value is None else str(value)
            widget = field.field.widget
            if getattr(widget, "dots", False):
                sent[field.html_name] = "••••"
    return sent


def confirm(browser: Client, execution: Handle, verb: str, **said: str) -> Any:
    """Open the page of a verb, give a reason, and send it."""
    opened = browser.get(page_of(execution, verb))
    assert opened.status_code == 200, opened.status_code
    return browser.post(page_of(execution, verb), {**hidden_in(opened), "reason": WHY, **said})


def count_queries(browser: Client, address: str, *said: Any, **more: Any) -> int:
    """How many queries a page makes."""
    with CaptureQueriesContext(connection) as caught:
        assert browser.get(address, *said, **more).status_code == 200
    return len(caught)


def audit_of(execution: Handle) -> list[tuple[str, str, str]]:
    """verb, actor and reason of what people did to an execution."""
    return [
        (verb, actor, reason)
        for verb, actor, reason in rows(
            "SELECT verb, actor_label, reason FROM actions_auditentry WHERE execution_id = %s AND actor_kind = 'user' "
            "ORDER BY id",
            key_of(execution),
        )
    ]


def number_of_executions() -> int:
    """How many there are."""
    return int(rows("SELECT count(*) FROM actions_execution")[0][0])
