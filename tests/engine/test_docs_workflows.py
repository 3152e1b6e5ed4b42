"""docs/workflows.md: every example is run, each by itself on the actions of the first one, and what the page states holds."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from actions import Handle
from actions.definitions.registry import registry
from actions.engine.maintain import redispatch
from actions.engine.operate.replay import replay
from actions.engine.operate.retry import retry
from actions.testing import inline_worker
from doplatform.demo.models import Stock
from doplatform.paths import BASE
from tests.stage import ALICE, forget, key_of, rows, step_of, tree

PAGE = (BASE / "docs/workflows.md").read_text(encoding="utf-8")
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = {title: _BLOCK.findall(text) for title, text in _SECTION.findall(PAGE) if "```python" in text}
ACTIONS = EXAMPLES.pop("How it works")
BUILDS_ON = {
    "Retry": ["Call an action", "Try and except"],
    "Replay": ["Call an action"],
    "Testing": ["wait_for and emit"],
}
"""Sections that use a workflow of an earlier one."""


class Worker:
    """The page's `worker`: what is due is performed, also by actions declared since."""

    def work(self) -> int:
        with inline_worker() as worker:
            return worker.work()


def pass_time(handle: Handle, duration: timedelta) -> None:
    """Let the whole workflow have begun that much earlier."""
    key = key_of(handle)
    rows(
        "UPDATE actions_memory SET value = to_jsonb(value::text::numeric - %s) WHERE execution_id = %s AND key = 'deadline'",
        duration.total_seconds(), key,
    )  # fmt: skip
    rows("UPDATE actions_execution SET wake_at = wake_at - %s WHERE id = %s", duration, key)
    redispatch()


def replayed(execution_id: str, **options: Any) -> Handle:
    return Handle(replay(execution_id, actor=ALICE, reason="docs", **options).id)


@pytest.fixture
def page(engine: None) -> Iterator[dict[str, Any]]:
    """The names that examples use, with the page's actions declared."""
    before = {action.name for action in registry}
    Stock.objects.all().delete()
    space: dict[str, Any] = {
        "__name__": "docs", "worker": Worker(), "steps": tree, "step_id": step_of, "pass_time": pass_time, "replay": replayed,
        "retry": lambda execution_id: retry(execution_id, actor=ALICE, reason="docs"),
        "remove": lambda workflow: forget([workflow.name]),
    }  # fmt: skip
    for snippet in ACTIONS:
        run(space, snippet)
    yield space
    for action in list(registry):
        if action.name not in before:
            registry.remove(action.name)


def run(space: dict[str, Any], snippet: str) -> None:
    """One example on a clean list of what happened."""
    if "done" in space:
        space["done"].clear()
        space["shop"]["open"] = True
    exec(compile(snippet, "docs/workflows.md", "exec"), space)  # our own page


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_examples_do_what_the_page_says(page: dict[str, Any], title: str):
    for earlier in BUILDS_ON.get(title, []):
        run(page, EXAMPLES[earlier][0])
    for snippet in EXAMPLES[title]:
        run(page, snippet)
    for name, value in list(page.items()):
        if name.startswith("test_"):
            value()


def test_the_page_lists_every_construct():
    wanted = {
        "start(", ".result()", "after=[", "step=", "gather(", "sleep(", "wait_for(", "emit(", "optional=True",
        "detached=True", ".compensation", "timeout=", "StepFailed", "EventTimeout", "context.now()", "context.random()",
        "context.uuid()", "on_failure=", ".on_failure", "from_step=",
    }  # fmt: skip
    code = "".join(snippet for snippets in [ACTIONS, *EXAMPLES.values()] for snippet in snippets)
    assert {one for one in wanted if one not in code} == set()


def test_links_within_the_page_lead_somewhere():
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title, _ in _SECTION.findall(PAGE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) - anchors == set()
