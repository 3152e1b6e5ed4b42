"""Break the engine on purpose and see the tests notice: `python -m tests.mutants [name …]`.

Each mutation is made in a temporary copy of the tree, where the few tests that must notice it are run. Prints a table,
and exits 1 when a mutant survives, no longer applies, or a test fails without any.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("actions", "benchmarks", "doplatform", "tests", "templates", "static", "docs", "pyproject.toml", "manage.py")
LONGEST = 300.0


@dataclass(frozen=True, slots=True)
class Change:
    """Replace every match of `pattern` in the files of `glob`; at least one file must match."""

    glob: str
    pattern: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A way to break the engine, and the tests that must fail then."""

    name: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...]


_SETTLE = "actions/engine/settle.py"
_FLOWS = "tests/races/test_workflow_races.py"
_CANCELS = "tests/races/test_workflow_cancels.py"
_RETRIES = "tests/races/test_workflow_retries.py"
_FENCE = r"(execution\.)?attempt = \S+ AND (execution\.)?worker_id \+ 0 = %\(worker\)s(::int)?\s+AND (execution\.)?status \|\| '' = 'running'"
_RECORD = (
    "\\1\n        for e in endings:\n            transaction.on_commit(lambda e=e: ledger.record('execution.' + e.status, "
    "actor=__import__('actions.definitions.actor').definitions.actor.PLATFORM, execution=e.id, attempt=e.attempt))"
)
_LOST_REPLY = (
    "tests/engine/test_lost_connections.py::"
    "test_a_commit_that_was_aborted_without_a_word_is_judged_and_never_called_a_failure"
)
_WITH_DEFAULTS = (
    "params = {**{n: f.default for n, f in action.params._model.model_fields.items() if not f.is_required()}, "
    "**invocation.params}\n    actor = invocation.actor"
)

MUTANTS = (
    Mutant(
        "no fence",
        (Change("actions/engine/sql/settle*.sql", _FENCE, "true"),),
        (
            "tests/engine/test_rescue.py::test_a_frozen_workers_late_settle_is_refused_and_its_writes_are_rolled_back",
            "tests/engine/test_rescue.py::test_a_frozen_worker_cannot_settle_the_attempt_that_another_runs_now",
        ),
    ),
    Mutant(
        "fence without the worker",
        (Change("actions/engine/sql/settle*.sql", r"AND (execution\.)?worker_id \+ 0 = %\(worker\)s(::int)?", ""),),
        ("tests/engine/test_rescue.py::test_the_same_number_given_to_another_worker_is_not_the_first_ones_attempt",),
    ),
    Mutant(
        "rescue by id only",
        (
            Change(
                "actions/engine/sql/rescue_settle.sql",
                r"AND execution\.attempt = lost\.attempt AND .*\s+AND execution\.status \|\| '' = 'running'",
                "",
            ),
        ),
        ("tests/engine/test_rescue.py::test_a_rescue_in_between_is_not_repeated_by_a_slower_one",),
    ),
    Mutant(
        "handler in autocommit",
        (
            Change(_SETTLE, r"elif action\.atomic:", "elif False:"),
            Change(_SETTLE, r"pending = self\._together\(pending\)", "pending = self._each_alone(pending) or []"),
        ),
        (
            "tests/engine/test_settle.py::test_nobody_sees_an_effect_before_its_record",
            "tests/engine/test_settle.py::test_a_failing_members_writes_are_gone_and_its_neighbours_are_committed",
        ),
    ),
    Mutant(
        "wake before commit",
        (
            Change(
                "actions/engine/accept.py",
                r"wrapper\.on_commit\(partial\(_wake, (.+)\), robust=True\)",
                r"_wake(\1)",
            ),
        ),
        ("tests/engine/test_accept_in_transaction.py::test_the_queue_is_woken_after_the_commit_and_not_before",),
    ),
    Mutant(
        "no redispatch",
        (Change("actions/engine/maintain.py", r"dispatch\.wake\(\*queues\)", "pass"),),
        ("tests/engine/test_maintain.py::test_a_queue_whose_wake_up_was_lost_is_woken_again",),
    ),
    Mutant(
        "audit in another transaction",
        (
            Change(
                "actions/engine/sql/settle*.sql",
                r"(?s)(INSERT INTO actions_auditentry .*?FROM settled)\b",
                r"\1 WHERE false",
            ),
            Change(_SETTLE, r"(xid = ledger\.settle\(.*\))", _RECORD),
        ),
        (
            "tests/engine/test_audit.py::test_each_change_of_status_has_one_entry_of_its_own_transaction",
            "tests/engine/test_settle.py::test_one_that_is_alone_is_one_transaction_too",
        ),
    ),
    Mutant(
        "fingerprint after defaults",
        (Change("actions/engine/accept.py", r"params, actor = invocation\.params, invocation\.actor", _WITH_DEFAULTS),),
        ("tests/engine/test_idempotency.py::test_defaults_are_not_part_of_the_request",),
    ),
    Mutant(
        "failed on a lost COMMIT reply",
        (
            Change(
                _SETTLE,
                r"if (xid and )?self\._session_ended\(\)( and not isinstance\(cause, TransactionControl\))?:",
                "if False:",
            ),
        ),
        (_LOST_REPLY,),
    ),
    Mutant(
        "keys are not unique",
        (
            Change("actions/engine/sql/accept*.sql", r"ON CONFLICT .* DO NOTHING", ""),
            Change(
                "actions/migrations/0001_initial.py", r'name="execution_key"', 'name="execution_key", deferrable=None'
            ),
        ),
        ("tests/engine/test_idempotency.py::test_the_same_key_and_params_give_the_same_execution",),
    ),
    Mutant(
        "blind retry of an external action",
        (Change("actions/engine/rescue.py", r"if effects == Effects\.EXTERNAL:", "if False:"),),
        ("tests/engine/test_rescue.py::test_other_attempts_wait_for_the_lease_as_well",),
    ),
    Mutant(
        "workflow's row not locked",
        (Change("actions/engine/advance.py", r"waiting = ledger\.lock\(ids, ended\)", "waiting = ids"),),
        (
            f"{_FLOWS}::test_two_last_prerequisites_end_at_once",
            f"{_FLOWS}::test_a_workflow_suspends_while_its_step_ends",
            f"{_FLOWS}::test_a_workflow_suspends_while_its_event_comes",
            f"{_CANCELS}::test_a_workflow_is_cancelled_while_its_last_prerequisites_end",
        ),
    ),
    Mutant(
        "advance in another transaction",
        (
            Change(
                _SETTLE,
                r"( +)(record\.store\(endings, .*\))",
                r"\1transaction.on_commit(lambda: \2)",
            ),
        ),
        (f"{_FLOWS}::test_an_ending_and_what_it_moves_are_one_transaction",),
    ),
    Mutant(
        "a step's fence",
        (Change("actions/engine/sql/settle*.sql", _FENCE, "true"),),
        (
            f"{_CANCELS}::test_a_workflow_is_cancelled_while_its_last_prerequisites_end",
            f"{_CANCELS}::test_a_sub_workflow_ends_while_its_parent_is_cancelled",
            f"{_RETRIES}::test_a_step_is_retried_while_its_workflow_catches_its_failure",
        ),
    ),
    Mutant(
        "a workflow forgets what ends in its own group",
        (Change("actions/engine/workflows/record.py", r"asked -= .*", "pass"),),
        (f"{_FLOWS}::test_a_workflow_and_the_step_that_it_waits_for_in_one_group",),
    ),
    Mutant(
        "resume runs finished steps again",
        (Change("actions/engine/workflows/recall.py", r"if claim\.attempt == 1 and not claim\.replayed:", "if True:"),),
        (
            "tests/engine/test_workflows.py::test_an_outside_step_suspends_the_workflow_and_is_not_run_again",
            f"{_RETRIES}::test_two_operators_retry_a_failed_step_at_once",
        ),
    ),
    Mutant(
        "a retry leaves the entry at work",
        (Change("actions/engine/operate/tree.py", r"if above\.status == Status\.RUNNING:", "if False:"),),
        (
            f"{_RETRIES}::test_a_step_is_retried_while_its_workflow_goes_on_with_its_failure",
            f"{_RETRIES}::test_a_step_is_retried_while_its_workflow_catches_its_failure",
        ),
    ),
    Mutant(
        "an outside step whose record was refused is a failure",
        (Change(_SETTLE, r"if self\._returned is not None and", "if False and"),),
        (
            f"{_RETRIES}::test_an_outside_step_that_returned_is_not_entered_again_because_its_record_had_to_wait_too_long",
        ),
    ),
)


def plant(mutant: Mutant, tree: Path) -> bool:
    """Make the mutant's changes in `tree`; False when one of them finds nothing to change."""
    for change in mutant.changes:
        found = 0
        for path in tree.glob(change.glob):
            text, times = re.subn(change.pattern, change.replacement, path.read_text(encoding="utf-8"))
            if times:
                path.write_text(text, encoding="utf-8")
                found += times
        if not found:
            return False
    return True


def failing(tree: Path, tests: tuple[str, ...]) -> list[str]:
    """Those of `tests` that fail in `tree`, each run to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=no", "-rfE", *tests],
        cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, timeout=LONGEST, check=False,
    )  # fmt: skip
    if done.returncode not in {0, 1}:
        return [f"pytest ended with {done.returncode}: {done.stdout[-300:]}"]
    failed = set(re.findall(r"^(?:FAILED|ERROR) ([^\[\s]+)", done.stdout, re.MULTILINE))
    return [test for test in tests if test in failed]


def copy(folder: Path) -> Path:
    """A copy of the tree."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


def verdict(mutant: Mutant) -> str:
    """killed, or what went wrong."""
    with tempfile.TemporaryDirectory(prefix="doplatform-mutant-") as folder:
        tree = copy(Path(folder))
        if not plant(mutant, tree):
            return "no longer applies"
        unnoticed = set(mutant.tests) - set(failing(tree, mutant.tests))
    return f"SURVIVED {len(unnoticed)} of its tests" if unnoticed else "killed"


def main(names: list[str]) -> int:
    """Run the mutants called `names`, or all; 0 when every one is killed."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    sound = failing(ROOT, tuple(dict.fromkeys(test for mutant in chosen for test in mutant.tests)))
    if sound:
        sys.stdout.write("These fail without any mutation:\n  " + "\n  ".join(sound) + "\n")
        return 1
    width = max(len(mutant.name) for mutant in chosen)
    verdicts = []
    for mutant in chosen:
        verdicts.append(verdict(mutant))
        sys.stdout.write(f"{mutant.name:<{width}}  {verdicts[-1]}\n")
        sys.stdout.flush()
    killed = verdicts.count("killed")
    sys.stdout.write(f"{killed} of {len(chosen)} killed\n")
    return 0 if killed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
