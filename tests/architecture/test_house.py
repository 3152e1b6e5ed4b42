"""The house of DESIGN.md section 9: sizes, words, layers, and who writes a status."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import actions
from actions import states

ROOT = Path(__file__).resolve().parents[2]
CODE = [
    path
    for folder in ("actions", "doplatform", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
PRODUCT = [path for path in CODE if path.relative_to(ROOT).parts[0] in {"actions", "doplatform"}]
FACADE = {name for name, home in actions._HOMES.items() if name != home}
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
FORBIDDEN = {"task", "tasks", "job", "jobs", "utils", "util", "helper", "helpers", "common", "misc"}
STANDS_ON_RQ = {"actions/engine/dispatch.py"}
"""Files where RQ is spoken to, beside the processes of doplatform/services."""


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(module: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def identifiers(module: ast.AST) -> Iterator[str]:
    """Names that the code itself gives: of modules, classes, functions, params, variables and attributes."""
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def words(identifier: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)}


@pytest.mark.parametrize("path", [pytest.param(path, id=name_of(path)) for path in CODE])
def test_files_and_functions_are_short(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    long = {
        function.name: function.end_lineno - function.lineno + 1
        for function in functions(tree(path))
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}


def test_the_words_of_the_glossary_are_used():
    """DESIGN.md section 3"""
    found = {
        f"{name_of(path)}: {identifier}"
        for path in PRODUCT
        if name_of(path) not in STANDS_ON_RQ and "services" not in path.parts
        for identifier in {*identifiers(tree(path)), path.stem}
        if words(identifier) & FORBIDDEN or identifier.startswith(("do_", "handle_"))
    }
    # The names by which http.server and aiosmtpd call what answers them.
    assert {line for line in found if not re.search(r": (do|handle)_[A-Z]+$", line)} == set()


def test_no_statement_is_put_together_by_formatting():
    """SQL stands in named constants or .sql files."""
    looks_like_sql = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\b")
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in PRODUCT
        for node in ast.walk(tree(path))
        if isinstance(node, ast.JoinedStr)
        and any(isinstance(part, ast.Constant) and looks_like_sql.search(str(part.value)) for part in node.values)
    ]
    assert found == []


def test_only_the_ledgers_sql_writes_a_status():
    """Principle 3"""
    statements = {path.name for path in (ROOT / "actions/engine/sql").glob("*.sql") if writes_status(path.read_text())}
    ledger = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "actions/engine/ledger").glob("*.py"))
    assert all(
        f'"{name.removesuffix(".sql")}"' in ledger
        for name in statements - {"accept.sql", "accept_new.sql", "accept_many.sql"}
    )
    elsewhere = [
        name_of(path)
        for path in PRODUCT
        if not name_of(path).startswith("actions/engine/ledger/")
        and (writes_status(strings(path)) or any(sets_status(node) for node in ast.walk(tree(path))))
    ]
    assert elsewhere == []


def strings(path: Path) -> str:
    return "\n".join(
        node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def writes_status(text: str) -> bool:
    return bool(
        re.search(r"UPDATE\s+actions_execution\b[^;]*?\bSET\b[^;]*?\bstatus\s*=", text.partition("WHERE status")[0])
        or re.search(r"INSERT INTO actions_execution \(", text)
    )


def sets_status(node: ast.AST) -> bool:
    """.update(status=…), Execution(status=…), .create(status=…), execution.status = …"""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in {"update", "create", "bulk_create"} and any(
            keyword.arg == "status" for keyword in node.keywords
        )
    return False


def test_each_statement_of_the_folder_is_used_and_says_what_it_is_for():
    engine = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "actions/engine").rglob("*.py"))
    for path in (ROOT / "actions/engine/sql").glob("*.sql"):
        assert f'"{path.stem}"' in engine, path.name
        assert path.read_text(encoding="utf-8").startswith("-- "), path.name


def test_the_chart_in_the_docs_is_the_one_in_the_code():
    assert states.as_markdown() in (ROOT / "docs/states.md").read_text(encoding="utf-8")


def test_every_module_keeps_to_its_floor():
    """lint-imports, with the exhaustive contract"""
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(script)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-3_000:]


def test_nobody_inside_imports_the_facade():
    found = [
        name_of(path)
        for path in PRODUCT
        if path.relative_to(ROOT).parts[0] == "actions" and path != ROOT / "actions/__init__.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        and node.module == "actions"
        and {alias.name for alias in node.names} & FACADE
    ]
    assert found == []


def test_the_definitions_can_be_imported_without_django():
    code = (
        "import sys, actions.definitions.registry, actions.retry, actions.states, actions.errors, actions.ids;"
        "sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0


def test_the_sdk_stands_on_httpx_alone():
    """What it imports is its own, of the standard library, or httpx; also where nothing else is installed."""
    allowed = {*sys.stdlib_module_names, "httpx"}
    found = [
        f"{name_of(path)}: {name}"
        for path in PRODUCT
        if "actions/client/" in name_of(path)
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name.partition(".")[0] not in allowed and not f"{name}.".startswith("actions.client.")
    ]
    assert found == []
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('django', 'pydantic', 'redis', 'rq', 'psycopg', 'structlog')));"
        "from doplatform import Do, AsyncDo; from actions import Do as same; import actions.client.console;"
        "Do('do_live_x', 'http://127.0.0.1:1'); sys.exit(same is not Do)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0


def test_what_is_measured_alone_stands_where_make_test_looks_for_it():
    """Makefile: everything that is not marked, then tests/faults for what is."""
    mark = "mark." + "alone"
    marked = {path.parent for path in (ROOT / "tests").rglob("*.py") if mark in path.read_text(encoding="utf-8")}
    assert marked == {ROOT / "tests/faults"}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "actions" / "migrations").glob("0*.py"))[5:], ids=lambda path: path.stem
)
def test_indexes_on_tables_that_there_are_lock_nobody_out(path: Path):
    """A table of millions of rows is written to while it is migrated."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)", text)
    assert not re.search(r"AddIndex\(\s*model_name=\"(execution|attempt|auditentry)\"", text)
