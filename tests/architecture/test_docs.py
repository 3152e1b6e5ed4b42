"""docs/ and README.md say what the code does: settings, commands and states are all there, and every snippet runs."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actions import conf, states
from actions.definitions.registry import registry
from doplatform import paths, settings

ROOT = paths.BASE
DOCS = ROOT / "docs"
_ENV = re.compile(r"""env\.(?:text|flag|number|words|folders)\(\s*"([A-Z_]+)\"""")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def env_names() -> list[str]:
    return sorted(set(_ENV.findall(Path(settings.__file__).read_text(encoding="utf-8"))))


def table(title: str) -> list[str]:
    """The names in the first column of the table below a heading of operations.md."""
    section = read("docs/operations.md").partition(f"## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)


def commands() -> list[str]:
    return sorted(
        file.stem
        for folder in ("actions", "doplatform", "doplatform/demo")
        for file in (ROOT / folder / "management" / "commands").glob("*.py")
        if file.stem != "__init__"
    )


@pytest.mark.parametrize("name", sorted(conf.known()))
def test_every_knob_is_in_operations_with_its_default(name: str):
    default = getattr(conf.Settings(), name)
    shown = f"{default:g}" if isinstance(default, float) else "empty" if default in {"", ()} else str(default)
    assert f"| `{name}` | {shown} |" in read("docs/operations.md")


@pytest.mark.parametrize("name", env_names())
def test_every_variable_of_the_environment_is_in_operations(name: str):
    assert f"| `{name}` |" in read("docs/operations.md")


def test_variables_are_found():
    assert {"SECRET_KEY", "DATABASE_URL", "TEMPLATE_DIRS", "HSTS_SECONDS"} <= set(env_names())


def test_the_table_of_knobs_has_each_once_and_nothing_else():
    assert sorted(table("Settings in `DOPLATFORM`")) == sorted(conf.known())


def test_the_table_of_variables_has_none_that_nobody_reads():
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "doplatform").rglob("*.py"))
    named = table("Settings from the environment")
    assert len(named) == len(set(named)) >= len(env_names())
    assert [name for name in named if name != "WEB_CONCURRENCY" and f'"{name}"' not in code] == []
    assert conf.known().isdisjoint(named)


@pytest.mark.parametrize("name", commands())
def test_every_command_is_in_operations(name: str):
    assert f"`{name}" in read("docs/operations.md")


def test_the_drawing_of_the_states_has_the_arrows_of_the_code_and_no_other():
    page = read("docs/states.md")
    for state in states.CHART.values():
        for arrow in state.arrows:
            assert f"{state.status} --> {arrow.to}" in page, f"the drawing lacks {state.status} --> {arrow.to}"
    drawn = re.findall(r"^ +(\w+) --> (\w+)", page, re.MULTILINE)
    assert [f"{before} --> {after}" for before, after in drawn if not states.allows(before, after)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    links = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if not link.startswith("docs/images/")]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.fixture
def forgetful(engine: None) -> Iterator[None]:
    """Actions that snippets declare are forgotten."""
    before = {action.name for action in registry}
    yield
    for action in list(registry):
        if action.name not in before:
            registry.remove(action.name)


@pytest.mark.usefixtures("forgetful")
def test_the_first_action_of_the_readme_runs():
    from actions.testing import inline_worker

    declares, invokes = snippets("README.md")[:2]
    space = execute({}, declares)
    with inline_worker() as worker:
        execute(space, re.sub(r"^from .*actions import .*\n", "", invokes, flags=re.MULTILINE).split("print(")[0])
        worker.work()
        assert space["handle"].result(timeout=0) == {"text": "Hello, Ada!"}


@pytest.mark.usefixtures("forgetful")
def test_the_snippets_of_writing_actions_run():
    from actions.queries import listing
    from actions.testing import inline_worker

    space: dict[str, Any] = {}
    for snippet in snippets("docs/writing-actions.md"):
        execute(space, snippet)
    with inline_worker() as worker:
        worker.work(waiting=True)
    ended = {(execution["action"], execution["status"]) for execution in listing.executions(limit=200)}
    assert {one for one in ended if one[1] != "succeeded"} == {("import-file", "failed")}
    assert {("book-seat.resolver", "succeeded"), ("import-file.on-failure", "succeeded")} <= ended
    tests: list[Callable[[], None]] = [value for name, value in space.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test()


@pytest.mark.usefixtures("forgetful")
def test_the_snippets_of_remote_actions_run():
    """Nothing is sent: the secret that signs the request is set nowhere here."""
    from actions.queries import listing
    from actions.testing import inline_worker

    space: dict[str, Any] = {}
    for snippet in snippets("docs/remote-actions.md"):
        execute(space, snippet)
    with inline_worker() as worker:
        worker.work()
    ended = {(execution["action"], execution["status"]) for execution in listing.executions(limit=200)}
    assert {("price-order", "succeeded"), ("price-abroad", "succeeded"), ("print-label", "succeeded")} <= ended
    assert ("create-invoice", "failed") in ended


def snippets(name: str) -> list[str]:
    found = _BLOCK.findall(read(name))
    assert found, f"{name} has no snippet"
    return found


def execute(space: dict[str, Any], snippet: str) -> dict[str, Any]:
    space.setdefault("__name__", __name__)
    exec(compile(snippet, "<docs>", "exec"), space)  # our own pages
    return space


def test_every_search_of_the_docs_is_read():
    from actions.queries.search import fields, parse

    page = read("docs/search.md")
    (block,) = re.findall(r"^```search\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for line in block.splitlines():
        assert str(parse(str(parse(line)))) == str(parse(line)), line
    written = re.findall(r"`(-?(?:[a-z_-]+)(?:\.[a-z.]+)?:[^`\s][^`]*)`", page)
    for text in written:
        assert parse(text), text
    assert len(written) >= 8
    for field in fields.FIELDS.values():
        name = f"{field.name}.path" if field.name == fields.INPUT else field.name
        assert f"`{name}:`" in page, field.name
        aliases = [f"{alias}.path" if field.name == fields.INPUT else alias for alias in field.aliases]
        assert all(f"`{alias}:`" in page for alias in aliases), field.name


def test_decisions_are_numbered_once_and_upwards():
    numbers = [int(found) for found in re.findall(r"^(\d+)\. ", read("docs/decisions.md"), re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_is_struck_out_of_the_acceptance_lists_has_no_test():
    table = read("docs/decisions.md").partition("that are struck out\n")[2]
    struck = re.findall(r"\b(?:I-\d\d|[BDF]\d\d|CP\d\d)\b", " ".join(re.findall(r"^\| ([^|]*)", table, re.MULTILINE)))
    tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("*.py"))
    assert struck
    # Of F16 only its timers are struck out.
    assert [row for row in struck if row != "F16" and re.search(rf"\b{row}\b", tests)] == []
