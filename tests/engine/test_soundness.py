"""What PostgreSQL itself refuses of an execution's row, whoever writes it."""

from itertools import product

import pytest

from actions.states import FINISHED, WITH_ERROR, Status
from tests.stage import rows, value

pytestmark = pytest.mark.usefixtures("engine")

_STATUSES = [*Status, "unknown", "queued1", ""]
_SAYS = """
SELECT row.*, ({check}) IS TRUE
FROM unnest(%s::text[], %s::timestamptz[], %s::int[], %s::jsonb[], %s::int[], %s::text[], %s::timestamptz[], %s::int[], %s::uuid[],
  %s::text[], %s::int[]) AS row (status, finished_at, worker_id, error, awaits, awaited_event, wake_at, prerequisites, parent_id,
  step, attempt), (SELECT 0 AS tries, 0 AS losses) AS counters
"""


def test_a_status_has_the_columns_that_belong_to_it_and_no_others():
    """Every status with every combination of what is there and what is not."""
    check = str(value("SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = 'execution_is_sound'"))
    there = ("2026-01-01Z", 1, "{}", 1, "paid", "2026-01-01Z", 1, "00000000-0000-0000-0000-000000000001", "step")
    cases = [
        (status, *(value if has else None for value, has in zip(there, present, strict=True)), attempt)
        for status in _STATUSES
        for present in product((False, True), repeat=len(there))
        for attempt in (-1, 0, 7)
    ]
    # The constraint's text holds no parameters; ours do.
    statement = _SAYS.replace("{check}", check.replace("%", "%%"))
    judged = rows(statement, *(list(column) for column in zip(*cases, strict=True)))
    assert len(judged) == len(cases)
    wrong = [case for *case, allowed in judged if allowed != _expected(*case)]
    assert wrong == []


def _expected(status, finished, worker, error, awaits, event, wake, prerequisites, parent, step, attempt) -> bool:
    waits = any(one is not None for one in (awaits, event, wake))
    return (
        status in set(Status)
        and attempt >= 0
        and (parent is None) == (step is None)
        and (finished is not None) == (status in FINISHED)
        and (worker is not None) == (status == Status.RUNNING)
        and (error is None or status in WITH_ERROR)
        and (not waits or status == Status.WAITING)
        and (prerequisites is not None or status not in {Status.BLOCKED, Status.SKIPPED})
    )
