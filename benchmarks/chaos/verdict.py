"""What became of it: the database, the two ledgers and the client's history, held against each other."""

import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from actions import ids
from benchmarks import invariants
from benchmarks.chaos.nemesis import Strike

WRITERS = ("chaos-database", "chaos-quick", "chaos-reserve", "chaos-reserve.compensation", "chaos-node")
"""The actions with `database` effects that write one."""
AT_ONCE = (*WRITERS, "chaos-flow", "chaos-refuse")
"""Those whose attempts are taken over without waiting for the lease."""
_OUTSIDE = ("chaos-external", "chaos-outside")
_RESOLVED = "chaos-outside"
"""Has a resolver, which is asked after the hard deadline: what counts is when the doubt was recorded."""
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
# Workflows beside what their steps became. One that fails on purpose has done the same, and undone what can be undone.
_FLOWS = """
SELECT flow.id, flow.status, (flow.params->>'doomed')::bool, flow.error->>'code', flow.attempt,
  count(step.id) FILTER (WHERE step.status = 'succeeded' AND step.step NOT LIKE 'undo:%%'),
  count(step.id) FILTER (WHERE step.status = 'succeeded' AND step.step LIKE 'undo:%%'),
  count(step.id) FILTER (WHERE step.status = 'failed'), count(step.id)
FROM actions_execution AS flow LEFT JOIN actions_execution AS step ON step.parent_id = flow.id
WHERE flow.action_id = 'chaos-flow'
GROUP BY flow.id
"""
IN_LINE, WIDTH = 3, 5
"""Steps in line, and of the fan, of each workflow: as benchmarks.app.chaos has them, which needs Django."""
_LONGEST = 120.0
_RECONNECT = 1.0
"""Seconds that clients need to come back after PostgreSQL did: the longest pause between their tries."""
_FLOW_ACTIONS = frozenset(
    {"chaos-flow", "chaos-reserve", "chaos-reserve.compensation", "chaos-outside", "chaos-node", "chaos-refuse"}
)
_UNENDED = frozenset({"queued", "running", "retrying", "blocked", "waiting"})


@dataclass(frozen=True, slots=True)
class Death:
    """One attempt that died by a strike, and how long until the platform had an answer, in seconds."""

    strike: Strike
    execution: str
    action: str
    judged: float
    """Until it was recorded as lost or in doubt."""
    again: float | None
    """Until its next attempt began; None where there is none."""
    outage: bool
    """Whether PostgreSQL itself was away meanwhile, after a strike at one of its backends."""

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
    flows: int
    """Workflows,"""
    wrong_flows: list[str]
    """those of them that did not end as they should,"""
    flow_deaths: str
    """and what died in the middle of them."""

    def takeovers(self, kinds: tuple[str, ...]) -> int:
        """Strikes of these kinds by which at least one running attempt died and was taken over."""
        return len({(death.strike.at, death.strike.pid) for death in self.deaths if death.strike.kind in kinds})


def judge(
    session: psycopg.Connection[Any],
    *,
    history: Path,
    outside: Path,
    strikes: list[Strike],
    outages: list[tuple[float, float]],
) -> Verdict:
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
    flows = session.execute(_FLOWS).fetchall()
    deaths = _deaths(session, strikes, outages)
    return Verdict(
        statuses=Counter(known.values()),
        acknowledged=len(by_number),
        lost=lost,
        duplicated=[f"{public}: {count} effects" for public, count in session.execute(_EFFECTS)],
        repeated=[
            f"{public}: {count} entries"
            for public, count in entries.items()
            if count > 1 and known.get(public, ("",))[0] in _OUTSIDE
        ],
        twins=[f"{number}: {sorted(found)}" for number, found in by_number.items() if len(found) > 1],
        broken=invariants.broken(session, writers=WRITERS),
        deaths=deaths,
        flows=len(flows),
        wrong_flows=[wrong for row in flows if (wrong := _wrong_flow(*row))],
        flow_deaths=_flow_deaths(deaths),
    )


def _wrong_flow(
    row_id: UUID,
    status: str,
    doomed: bool,
    code: str | None,
    attempt: int,
    done: int,
    undone: int,
    failed: int,
    steps: int,
) -> str:
    """What is wrong with a workflow that has come to rest; empty where nothing is."""
    whole = IN_LINE + 1 + WIDTH
    found = (status, code, done, undone, failed, steps)
    expected = (
        ("failed", "step_failed", whole, IN_LINE, 1, whole + 1 + IN_LINE)
        if doomed
        else ("succeeded", None, whole, 0, 0, whole)
    )
    return "" if found == expected else f"{ids.public_id(row_id)} (attempt {attempt}): {found} where {expected} was due"


def _flow_deaths(deaths: list[Death]) -> str:
    """How many attempts of workflows and of their steps the strikes ended, by action."""
    theirs = Counter(death.action for death in deaths if death.action in _FLOW_ACTIONS)
    return "attempts that died: " + (", ".join(f"{name} {count}" for name, count in sorted(theirs.items())) or "none")


def _deaths(session: psycopg.Connection[Any], strikes: list[Strike], outages: list[tuple[float, float]]) -> list[Death]:
    rows = session.execute(_DIED).fetchall()
    found = []
    for strike in strikes:
        for execution, action, pid, born, started, finished, next_began in rows:
            again = None if action == _RESOLVED else next_began
            theirs = strike.kind == "backend" or (pid in strike.workers and born <= strike.at)
            if theirs and started <= strike.at <= finished and finished - strike.at < _LONGEST:
                until = again or finished
                away = any(begin < until and strike.at < end + _RECONNECT for begin, end in outages)
                found.append(
                    Death(
                        strike, str(execution), action, finished - strike.at, again - strike.at if again else None, away
                    )
                )
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


_STORY = """
SELECT to_char(entry.at, 'HH24:MI:SS.MS'), entry.verb, entry.attempt, worker.pid, entry.data
FROM actions_auditentry AS entry
  LEFT JOIN actions_attempt AS attempt ON attempt.execution_id = entry.execution_id AND attempt.number = entry.attempt
  LEFT JOIN actions_worker AS worker ON worker.id = attempt.worker_id
WHERE entry.execution_id = %s ORDER BY entry.id
"""


def slowest(session: psycopg.Connection[Any], deaths: list[Death], most: int = 10) -> str:
    """The audit of those that took longest, to find out why."""
    lines = []
    for death in sorted(deaths, key=lambda death: -death.recovery)[:most]:
        lines.append(f"{death.recovery:.2f} s {death}")
        lines += [" ".join(map(str, row)) for row in session.execute(_STORY, [death.execution])]
    return "\n".join(lines) + "\n"
