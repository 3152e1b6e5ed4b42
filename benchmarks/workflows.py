"""python -m benchmarks.workflows [--rounds 3] [--only W3,W4] [--check] [--json]: workflows against plain RQ.

What is compared, and how, is told in docs/benchmarks.md. Progress goes to stderr, the one table to stdout.
"""

import argparse
import statistics
import sys
import time
from typing import Any

from benchmarks.report import Line, Report, millis, rate
from benchmarks.stage import Stage, stage

_ALL = ("W3", "W4", "graph", "waiting")
_STEPS = 5
_FAN = 100
_LARGE, _SMALL, _WIDTH = 2_000, 200, 50


def main() -> int:
    """Measure, print, judge."""
    options = _options()
    only = set(options.only.split(",")) if options.only else set(_ALL)
    if not only <= set(_ALL):
        sys.exit(f"--only takes {','.join(_ALL)}")
    report = Report("workflows")
    report.facts["rounds_asked"] = options.rounds
    with stage() as ground:
        _measure(ground, report, only, options)
    report.notes.append(f"Medians of {options.rounds} interleaved rounds; × is the median of the rounds' ratios.")
    if options.rounds < 3:
        report.notes.append("Fewer than 3 rounds: not a figure to quote.")
    return report.finish(check=options.check, as_json=options.json)


def _measure(ground: Stage, report: Report, only: set[str], options: argparse.Namespace) -> None:
    from benchmarks.app import actions
    from benchmarks.ours import Ours
    from benchmarks.rival import NOOP, Rival
    from benchmarks.speed import Rounds

    ours, rival = Ours(ground), Rival(ground)
    rounds: dict[str, Rounds] = {name: Rounds() for name in ("W3", "W4", "large", "small")}
    commits: list[float] = []
    rival.hold()
    rival.enqueue_many(NOOP, 200)
    rival.drain()
    _sequences(ours, 200)
    for number in range(1, options.rounds + 1):
        if "W3" in only:
            rival.hold()
            rival.enqueue_chains(options.rival, _STEPS)
            rounds["W3"].rival.append(options.rival / rival.drain())
            speed, each = _sequences(ours, options.ours)
            rounds["W3"].ours.append(speed)
            commits.append(each)
            _say(f"round {number}/{options.rounds} W3")
        if "W4" in only:
            rounds["W4"].rival.append(statistics.median(rival.fan(_FAN) for _ in range(5)))
            rounds["W4"].ours.append(statistics.median(_fan(actions) for _ in range(5)))
            _say(f"round {number}/{options.rounds} W4")
        if "graph" in only:
            _graphs(ours, actions, rounds)
            _say(f"round {number}/{options.rounds} graph")
    if "W3" in only:
        report.add(rounds["W3"].line(f"W3 sequence of {_STEPS} steps", rate, least=6.0))
        report.add(Line("   commits per workflow", f"{statistics.median(commits):.2f}"))
    if "W4" in only:
        report.add(rounds["W4"].line(f"W4 1 → {_FAN} → 1, wall time", millis, most=0.35))
    if "graph" in only:
        _report_graphs(report, rounds)
    rival.stop()
    if "waiting" in only:
        from benchmarks import waiting

        _say("waiting")
        for line in waiting.measure(ground, options.waiting):
            report.add(line)
    ours.stop()


def _sequences(ours: Any, count: int) -> tuple[float, float]:
    """Workflows per second, and commits for each."""
    from benchmarks.app import workflows

    ours.pause()
    ours.load(workflows.sequence, count)
    before = ours.commits()
    speed = count / ours.drain()
    return speed, (ours.commits() - before) / count


def _fan(actions: Any) -> float:
    time.sleep(0.05)
    started = time.perf_counter()
    actions.workflows.fan.invoke(width=_FAN).result(timeout=60)
    return time.perf_counter() - started


def _graphs(ours: Any, actions: Any, rounds: dict[str, Any]) -> None:
    """Seconds per node of a large and of a small graph, beside W1's seconds per execution."""
    from benchmarks.app import workflows

    ours.pause()
    ours.load(actions.noop, 10_000)
    alone = ours.drain() / 10_000
    for name, nodes in (("large", _LARGE), ("small", _SMALL)):
        times = []
        for _ in range(1 if nodes == _LARGE else 5):
            time.sleep(0.05)
            started = time.perf_counter()
            workflows.graph.invoke(nodes=nodes, width=_WIDTH).result(timeout=120)
            times.append((time.perf_counter() - started) / nodes)
        rounds[name].ours.append(statistics.median(times))
        rounds[name].rival.append(alone)


def _report_graphs(report: Report, rounds: dict[str, Any]) -> None:
    """The RQ column holds W1's time per execution here."""
    large, small = rounds["large"], rounds["small"]
    line = large.line(f"graph of {_LARGE:,} nodes, per node / W1's per execution", _micros, most=3.0)
    report.add(line)
    report.add(small.line(f"   of {_SMALL} nodes", _micros))
    ratio = statistics.median(a / b for a, b in zip(large.ours, small.ours, strict=True))
    report.add(
        Line(f"   {_LARGE:,} nodes / {_SMALL} nodes, per node", "", "", f"{ratio:.2f} ×", "≤ 1.5 ×", ratio <= 1.5)
    )


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workflows", description="Workflows against plain RQ.")
    parser.add_argument("--rounds", type=int, default=3, help="Interleaved rounds (3).")
    parser.add_argument("--only", default="", help=f"Some of {','.join(_ALL)}.")
    parser.add_argument("--ours", type=int, default=3_000, help="Workflows per drain of ours (3000).")
    parser.add_argument("--rival", type=int, default=500, help="Chains per drain of RQ's (500).")
    parser.add_argument("--waiting", type=int, default=10_000, help="Workflows that wait (10000).")
    parser.add_argument("--check", action="store_true", help="Exit 1 where a figure falls short of its bar.")
    parser.add_argument("--json", action="store_true", help="Print JSON instead of the table.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
