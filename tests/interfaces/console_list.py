"""What the tests of the list, of views, of failures and of bulk operations share."""

import html
import re
from typing import Any
from urllib.parse import urlencode

from actions.engine.group import group
from tests.interfaces.desk import Desk

LIST = "/executions/"


def list_of(query: str, **more: str) -> str:
    """The address of a search."""
    return f"{LIST}?{urlencode({'q': query, **more})}"


def shown(response: Any) -> list[str]:
    """The public ids of the rows of a page, in order."""
    return re.findall(r'<tr data-key="(exec_\w+)"', response.content.decode())


def chosen(response: Any) -> list[str]:
    """The values of the checkboxes of a page's rows: id and attempt."""
    return re.findall(r'name="row" value="([^"]+)"', response.content.decode())


def links(response: Any) -> list[str]:
    """Where a page leads."""
    return [html.unescape(url) for url in re.findall(r'href="([^"]*)"', response.content.decode())]


def failed_group(desk: Desk, number: int = 3) -> str:
    """The fingerprint of a group in which so many executions stand failed."""
    for place in range(number):
        desk.failed(f"broken {place}")
    group()
    from actions.models import ErrorGroup

    return str(ErrorGroup.objects.get().fingerprint)
