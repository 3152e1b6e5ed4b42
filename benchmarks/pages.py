"""The console's pages, each as a call that opens it by the test client as an operator who is logged in and may read the audit."""

import re
from collections.abc import Callable, Iterator
from typing import Any

PAGES = {
    "overview": "/",
    "overview, 7 days": "/?window=7d",
    "executions": "/executions/",
    "executions, failed": "/executions/?q=state:failed",
    "executions, open failures": "/executions/?q=is:open",
    "executions, an action": "/executions/?q=action:send-email",
    "executions, search": "/executions/?q=server",
    "one execution": "/executions/{failed}/",
    "retry": "/executions/{failed}/retry/",
    "replay": "/executions/{failed}/replay/",
    "failures": "/failures/",
    "one group of failures": "/failures/{group}/",
    "actions": "/actions/",
    "one action": "/actions/send-email/",
    "one action, 7 days": "/actions/send-email/?window=7d",
    "workflows": "/workflows/",
    "one workflow": "/executions/{workflow}/",
    "queues": "/queues/",
    "views": "/views/",
    "bulk": "/bulk/",
    "bulk, a selection": "{selection}",
    "late": "/executions/?q=is:late",
    "schedules": "/schedules/",
    "alerts": "/alerts/",
    "audit": "/audit/",
    "audit, apart": "/audit/?apart=1",
}
"""By name: their addresses. What is not installed is left out."""
GROWING = ("executions", "failures", "one group of failures")
"""Names, or their beginnings: pages that may not cost much more where there is much more."""


def pages() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every page, as `page: name` and a call that asserts that it was answered."""
    from django.urls import Resolver404, resolve

    browser = _operator()
    for name, address in PAGES.items():
        where = address.format(**_places(browser))
        try:
            resolve(where.partition("?")[0])
        except Resolver404:
            continue
        yield f"page: {name}", lambda where=where: _opened(browser, where)


def grows(name: str) -> bool:
    """Whether the page called `page: name` has the bar of a ratio."""
    return name.removeprefix("page: ").startswith(GROWING)


def fetched(address: str) -> dict[str, int]:
    """By address, the bytes of a page and of all that its head asks for, heads of the answers included."""
    browser = _operator()
    sizes = {address: _bytes(page := _opened(browser, address), page.content)}
    for part in sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.content.decode()))):
        answer = browser.get(part, headers={"accept-encoding": "gzip, deflate, br"})
        assert answer.status_code == 200, (part, answer.status_code)
        sizes[part] = _bytes(answer, answer.getvalue())
    return sizes


def _bytes(answer: Any, body: bytes) -> int:
    return len(body) + len(f"HTTP/1.1 200 OK\r\n{answer.serialize_headers().decode('latin-1')}\r\n\r\n")


def _operator() -> Any:
    from django.contrib.auth.models import Group, Permission, User
    from django.test import Client

    user, _ = User.objects.get_or_create(username="bench")
    user.groups.set(Group.objects.filter(name="Operator"))
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="actions", codename="view_audit"))
    browser = Client(headers={"host": "localhost"})
    browser.force_login(user)
    return browser


def _places(browser: Any) -> dict[str, str]:
    """One of each of what has a page of its own; a selection of the failed executions that a page of the list shows."""
    from actions.queries import failures, search

    if not _KNOWN:
        (failed,) = search.page(search.parse("state:failed"), limit=1).rows
        (workflow,) = search.page(search.parse("kind:workflow"), limit=1).rows
        listed = _opened(browser, "/executions/?q=state:failed").content.decode()
        rows = re.findall(r'name="row" value="([^"]+)"', listed)
        chosen = browser.post("/bulk/choose/", {"q": "state:failed", "verb": "retry", "row": rows})
        assert chosen.status_code == 302, chosen.status_code
        _KNOWN.update(
            failed=failed.public_id,
            workflow=workflow.public_id,
            group=failures.groups(size=1).groups[0].fingerprint,
            selection=chosen["Location"],
        )
    return _KNOWN


def _opened(browser: Any, address: str) -> Any:
    answer = browser.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer


_KNOWN: dict[str, str] = {}
