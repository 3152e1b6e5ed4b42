"""What became of it: the database, the two ledgers and the client's history, held against each other."""

import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from actions import ids
from benchmarks import invariants
from benchmarks.chaos.nemesis import Strike

_STATUSES = "SELECT id, action_id, status FROM actions_execution"
_EFFECTS = "SELECT execution_id, count(*) FROM app_effect GROUP BY 1 HAVING count(*) > 1"
# Attempts that ended without their handler's word, with the worker's process and when the next attempt began.
_DIED = """
SELECT attempt.execution_id, execution.action_id, worker.pid, extract(epoch FROM worker.started_at)::float8,
  extract(epoch FROM attempt.started_at)::float8, extract(epoch FROM attempt.finished_at)::float8,
  extract(epoch FROM next.started_at)::float8
FROM actions_attempt AS attempt
  JOIN actions_execution AS execution ON execution.id = attempt.execution_id
  JOIN actions_worker AS worker ON worker.id = attempt.worker_id
  LEFT JOIN actions_attempt AS next ON next.execution_id = attempt.execution_id AND next.number = attempt.number + 1
WHERE attempt.outcome IN ('lost', 'in_doubt')
"""
_UNENDED = frozenset({"queued", "running", "retrying", "blocked", "waiting"})


@dataclass(frozen=True, slots=True)
class Death:
    """One attempt that died by a strike, and how long until the platform had an answer, in seconds."""

    strike: Strike
    action: str
    judged: float
    """Until it was recorded as lost or in doubt."""
    again: float | None
    """Until its next attempt began; None where there is none."""

    @property
    def recovery(self) -> float:
        """The takeover: until the next attempt began, or until the judgement where there is none."""
        return self.judged if self.again is None else self.again


@dataclass(frozen=True, slots=True)
class Verdict:
    """The counts."""

    statuses: Counter[tuple[str, str]]
    acknowledged: int
    lost: list[str]
    duplicated: list[str]
    repeated: list[str]
    twins: list[str]
    """Numbers whose acknowledgements name more than one execution."""
    broken: list[str]
    deaths: list[Death]

    def takeovers(self, kinds: tuple[str, ...]) -> int:
        """Strikes of these kinds by which at least one running attempt died and was taken over."""
        return len({(death.strike.at, death.strike.pid) for death in self.deaths if death.strike.kind in kinds})


def judge(session: psycopg.Connection[Any], *, history: Path, outside: Path, strikes: list[Strike]) -> Verdict:
    """Look at everything, once it has come to rest."""
    acknowledged = [line.split() for line in history.read_text().splitlines()]
    known = {ids.public_id(row[0]): (row[1], row[2]) for row in session.execute(_STATUSES)}
    by_number: dict[str, set[str]] = {}
    for number, _, public, _ in acknowledged:
        by_number.setdefault(number, set()).add(public)
    entries = Counter(line.split()[0] for line in outside.read_text().splitlines()) if outside.exists() else Counter()
    lost = [
        f"{public}: {known[public][1] if public in known else 'missing'}"
        for public in sorted({line[2] for line in acknowledged})
        if public not in known or known[public][1] in _UNENDED
    ]
    return Verdict(
        statuses=Counter(known.values()),
        acknowledged=len(by_number),
        lost=lost,
        duplicated=[f"{public}: {count} effects" for public, count in session.execute(_EFFECTS)],
        repeated=[
            f"{public}: {count} entries"
            for public, count in entries.items()
            if count > 1 and known.get(public, ("",))[0] == "chaos-external"
        ],
        twins=[f"{number}: {sorted(found)}" for number, found in by_number.items() if len(found) > 1],
        broken=invariants.broken(session, writers=("chaos-database",)),
        deaths=_deaths(session, strikes),
    )


def _deaths(session: psycopg.Connection[Any], strikes: list[Strike]) -> list[Death]:
    rows = session.execute(_DIED).fetchall()
    found = []
    for strike in strikes:
        for _, action, pid, born, started, finished, again in rows:
            theirs = strike.kind == "backend" or (pid in strike.workers and born <= strike.at)
            if theirs and started <= strike.at <= finished and finished - strike.at < 120:
                found.append(Death(strike, action, finished - strike.at, again - strike.at if again else None))
    return found


def spread(times: list[float]) -> str:
    """p50, p95 and maximum of seconds."""
    if not times:
        return "none"
    return f"{statistics.median(times):.2f} / {quantile(times, 0.95):.2f} / {max(times):.2f} s"


def quantile(times: list[float], share: float) -> float:
    """The smallest of `times` that `share` of them do not exceed; 0 of none."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
