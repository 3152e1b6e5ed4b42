"""python -m benchmarks.throughput [--rounds 3] [--only W1,W5] [--check] [--json]: the figures against plain RQ.

What is compared, and how, is told in docs/benchmarks.md. Progress goes to stderr, the one table to stdout.
"""

import argparse
import sys

from benchmarks import floors
from benchmarks.report import Line, Report, millis, rate
from benchmarks.stage import Stage, stage

_COMPARED = ("W1", "W5", "W2", "submit", "bulk")
_ALL = (*_COMPARED, "memory", "idle", "floors")


def main() -> int:
    """Measure, print, judge."""
    options = _options()
    only = set(options.only.split(",")) if options.only else set(_ALL)
    if not only <= set(_ALL):
        sys.exit(f"--only takes {','.join(_ALL)}")
    report = Report("throughput")
    report.facts["rounds_asked"] = options.rounds
    with stage() as ground:
        if only & set(_COMPARED):
            _compare(ground, report, only, options)
        if "memory" in only:
            from benchmarks import rest

            _say("memory")
            for line in rest.memory(ground, options.executions):
                report.add(line)
        if "idle" in only:
            from benchmarks import rest

            _say("idle")
            for line in rest.idle(ground.folder / "up"):
                report.add(line)
        if "floors" in only:
            _say("floors")
            _floors(ground, report)
    report.notes.append(f"Medians of {options.rounds} interleaved rounds; × is the median of the rounds' ratios.")
    if options.rounds < 3:
        report.notes.append("Fewer than 3 rounds: not a figure to quote.")
    return report.finish(check=options.check, as_json=options.json)


def _compare(ground: Stage, report: Report, only: set[str], options: argparse.Namespace) -> None:
    # What imports models waits for Django, which the stage has set up.
    from benchmarks.ours import Ours
    from benchmarks.rival import Rival
    from benchmarks.speed import Size, Speed

    ours = Ours(ground)
    rival = Rival(ground)
    speed = Speed(ours, rival, Size(ours=options.ours, rival=options.rival))
    speed.warm()
    for done in speed.measure(only, options.rounds):
        _say(done)
    speed.fill(report)
    ours.stop()
    rival.stop()


def _floors(ground: Stage, report: Report) -> None:
    for connections in (1, 2):
        report.add(Line(f"floor: commits, connections: {connections}", rate(floors.commits(ground, connections))))
    report.add(Line("floor: Redis round trips", rate(floors.round_trips(ground))))
    report.add(Line("floor: one fdatasync", millis(floors.sync_latency(ground.folder))))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description="Throughput against plain RQ.")
    parser.add_argument("--rounds", type=int, default=3, help="Interleaved rounds (3).")
    parser.add_argument("--only", default="", help=f"Some of {','.join(_ALL)}.")
    parser.add_argument("--ours", type=int, default=20_000, help="Executions per drain of ours (20000).")
    parser.add_argument("--rival", type=int, default=4_000, help="Jobs per drain of RQ's (4000).")
    parser.add_argument("--executions", type=int, default=100_000, help="Executions of the memory measure (100000).")
    parser.add_argument("--check", action="store_true", help="Exit 1 where a figure falls short of its bar.")
    parser.add_argument("--json", action="store_true", help="Print JSON instead of the table.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
