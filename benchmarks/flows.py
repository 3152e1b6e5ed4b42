"""W3, W4 and the graphs: workflows of ours, and the same made of RQ's jobs, turn and turn about."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from django.db import connection

from actions import ids
from benchmarks.app import actions, workflows
from benchmarks.ours import Ours
from benchmarks.report import Line, Report, millis, rate
from benchmarks.rival import NOOP, Rival
from benchmarks.speed import Rounds

STEPS = 5
FAN = 100
LARGE, SMALL, WIDTH = 2_000, 200, 100
_TAKEN = "SELECT extract(epoch FROM finished_at - created_at) FROM actions_execution WHERE id = %s"


class Flows:
    """The comparisons over warm workers of both sides."""

    def __init__(self, ours: Ours, rival: Rival, *, our_count: int, rival_count: int) -> None:
        self.ours = ours
        self.rival = rival
        self.our_count = our_count
        self.rival_count = rival_count
        self.rounds = {name: Rounds() for name in ("W3", "W4", "large", "small")}
        self.commits: list[float] = []

    def warm(self) -> None:
        """Let every process have done everything once."""
        self.rival.hold()
        self.rival.enqueue_many(NOOP, 200)
        self.rival.drain()
        self._sequences(200)
        for _ in range(3):
            _wall(workflows.graph.invoke(nodes=SMALL, width=WIDTH))

    def measure(self, only: set[str], count: int) -> Iterator[str]:
        """All wanted measures in `count` rounds; yields what it has done."""
        measures = {"W3": self._w3, "W4": self._w4, "graph": self._graphs}
        for number in range(1, count + 1):
            for name, measure in measures.items():
                if name in only:
                    measure()
                    yield f"round {number}/{count} {name}"

    def fill(self, report: Report) -> None:
        """Add the rows of what was measured."""
        if self.rounds["W3"].ours:
            report.add(self.rounds["W3"].line(f"W3 sequence of {STEPS} steps", rate, least=6.0))
            report.add(Line("   commits per workflow", f"{statistics.median(self.commits):.2f}"))
        if self.rounds["W4"].ours:
            report.add(self.rounds["W4"].line(f"W4 1 → {FAN} → 1, wall time", millis, most=0.35))
        large, small = self.rounds["large"], self.rounds["small"]
        if large.ours:
            # The RQ column holds W1's time per execution here.
            report.add(large.line(f"graph of {LARGE:,} nodes, per node / W1", _micros, most=3.0))
            report.add(small.line(f"   of {SMALL} nodes", _micros))
            ratio = statistics.median(a / b for a, b in zip(large.ours, small.ours, strict=True))
            report.add(Line(f"   {LARGE:,} / {SMALL}, per node", "", "", f"{ratio:.2f} ×", "≤ 1.5 ×", ratio <= 1.5))
        report.facts["rounds"] = {name: {"ours": r.ours, "rival": r.rival} for name, r in self.rounds.items()}

    def _w3(self) -> None:
        self.rival.hold()
        self.rival.enqueue_chains(self.rival_count, STEPS)
        self.rounds["W3"].rival.append(self.rival_count / self.rival.drain())
        speed, commits = self._sequences(self.our_count)
        self.rounds["W3"].ours.append(speed)
        self.commits.append(commits)

    def _sequences(self, count: int) -> tuple[float, float]:
        """Workflows per second, and commits for each."""
        self.ours.pause()
        self.ours.load(workflows.sequence, count)
        before = self.ours.commits()
        speed = count / self.ours.drain()
        return speed, (self.ours.commits() - before) / count

    def _w4(self) -> None:
        self.rounds["W4"].rival.append(statistics.median(self.rival.fan(FAN) for _ in range(5)))
        self.rounds["W4"].ours.append(statistics.median(_wall(workflows.fan.invoke(width=FAN)) for _ in range(5)))

    def _graphs(self) -> None:
        """Seconds per node of a large and of a small graph, beside W1's seconds per execution."""
        self.ours.pause()
        self.ours.load(actions.noop, 10_000)
        alone = self.ours.drain() / 10_000
        for name, nodes, times in (("large", LARGE, 3), ("small", SMALL, 9)):
            walls = [_wall(workflows.graph.invoke(nodes=nodes, width=WIDTH)) / nodes for _ in range(times)]
            self.rounds[name].ours.append(statistics.median(walls))
            self.rounds[name].rival.append(alone)


def _wall(handle: Any) -> float:
    """Seconds from its acceptance to its end, by the database's clock: a caller who asks for the result of something that
    takes long asks ten times a second. The pause lets the workers become idle again."""
    handle.result(timeout=120)
    time.sleep(0.05)
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [ids.parse_id(handle.id)])
        return float(cursor.fetchone()[0])


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs"
