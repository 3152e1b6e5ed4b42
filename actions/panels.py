"""Panels that an installation adds to pages of the console: the order behind an execution, the weather over the data centre.

An app registers them in its `panels.py`, which is imported at start beside its `actions.py`:

    from actions import panels

    panels.register("Order", where="execution", content=order_of, template="shop/order_panel.html", permission="shop.view_order")

`content(request, subject)` gives the template's context, or None for no panel here. The subject of `execution` is the Execution,
that of `action` the Action, and that of `overview` None.
"""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import connection, transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from actions.desk.payloads import sight
from actions.models import Execution

log = structlog.get_logger(__name__)

PLACES = ("overview", "execution", "action")
"""Pages that show panels."""
Content = Callable[[HttpRequest, Any], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of a page, as an app has registered it."""

    title: str
    where: str
    content: Content
    template: str
    permission: str = ""
    """A permission of Django's, `app.codename`, without which it is not shown; empty: whoever sees the page sees it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel of this page: what its template made, or the class of the error that it raised."""

    title: str
    html: SafeString | None = None
    """Made by Django's template engine, which escapes; nothing here marks anything safe."""
    failed: str = ""


_registered: list[Panel] = []


def register(title: str, *, where: str, content: Content, template: str, permission: str = "") -> Panel:
    """Show a panel on every page of that place. One of the same title and place takes the place of the first.

    Raises ValueError for a place that shows none, and a title or a template that is empty.
    """
    if where not in PLACES:
        raise ValueError(f"{where!r} shows no panels; {', '.join(PLACES)} do.")
    if not title.strip() or not template:
        raise ValueError("A panel has a title and a template.")
    panel = Panel(title, where, content, template, permission)
    for place, known in enumerate(_registered):
        if (known.title, known.where) == (title, where):
            _registered[place] = panel
            return panel
    _registered.append(panel)
    return panel


def remove(panel: Panel) -> None:
    """Show it no more."""
    if panel in _registered:
        _registered.remove(panel)


def sees_payload(request: HttpRequest, execution: Execution) -> bool:
    """Whether who asks sees the params and the result of an execution now; a panel that shows some of them asks."""
    return sight(request, execution).shown


def shown(request: HttpRequest, where: str, subject: Any = None) -> list[Shown]:
    """The panels of a page for who asks for it, in the order in which they were registered. Raises nothing of theirs."""
    return list(_shown(request, where, subject))


def _shown(request: HttpRequest, where: str, subject: Any) -> Iterable[Shown]:
    for panel in tuple(_registered):
        if panel.where != where or not (not panel.permission or request.user.has_perm(panel.permission)):
            continue
        try:
            html = _rendered(panel, request, subject)
        except Exception as error:
            log.error("panel_failed", panel=panel.title, where=where, error=f"{type(error).__name__}: {error}"[:500],
                      exc_info=error)  # fmt: skip
            yield Shown(panel.title, failed=type(error).__name__)
        else:
            if html is not None:
                yield Shown(panel.title, html)


def _rendered(panel: Panel, request: HttpRequest, subject: Any) -> SafeString | None:
    # In a transaction, a statement of the panel's that fails must not cost the page its own.
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        context = panel.content(request, subject)
        if context is None:
            return None
        if not isinstance(context, dict):
            raise TypeError(f"the content of a panel is a dict or None, not {type(context).__name__}")
        return render_to_string(panel.template, {**context, "subject": subject}, request)
