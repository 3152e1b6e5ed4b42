"""python -m benchmarks.workflows [--rounds 3] [--only W3,W4] [--check] [--json]: workflows against plain RQ.

What is compared, and how, is told in docs/benchmarks.md. Progress goes to stderr, the one table to stdout.
"""

import argparse
import sys

from benchmarks.report import Report
from benchmarks.stage import Stage, stage

_ALL = ("W3", "W4", "graph", "waiting")


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
    # What imports models waits for Django, which the stage has set up.
    from benchmarks import waiting
    from benchmarks.flows import Flows
    from benchmarks.ours import Ours
    from benchmarks.rival import Rival

    ours, rival = Ours(ground), Rival(ground)
    flows = Flows(ours, rival, our_count=options.ours, rival_count=options.rival)
    flows.warm()
    for done in flows.measure(only, options.rounds):
        _say(done)
    flows.fill(report)
    rival.stop()
    if "waiting" in only:
        _say("waiting")
        for line in waiting.measure(ground, options.waiting):
            report.add(line)
    ours.stop()


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
