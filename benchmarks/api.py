"""python -m benchmarks.api [--rounds 5] [--only POST,GET] [--check] [--json]: the HTTP API beside a bare view.

What is compared, and how, is told in docs/benchmarks.md. Progress goes to stderr, the one table to stdout.
"""

import argparse
import sys

from benchmarks.report import Report
from benchmarks.stage import stage

_ALL = ("POST", "replay", "GET", "redis", "wait", "waiters")


def main() -> int:
    """Measure, print, judge."""
    options = _options()
    only = set(options.only.split(",")) if options.only else set(_ALL)
    if not only <= set(_ALL):
        sys.exit(f"--only takes {','.join(_ALL)}")
    report = Report("api", rival="bare view")
    with stage() as ground:
        # What imports models waits for Django, which the stage has set up.
        from benchmarks.web import Web

        web = Web(ground)
        web.warm()
        for number in range(1, options.rounds + 1):
            for name in web.compare(only, options.requests):
                print(f"round {number}/{options.rounds} {name}", file=sys.stderr, flush=True)
        for line in web.lines(only):
            report.add(line)
    report.notes.append(
        f"Medians of {options.rounds} interleaved rounds of {options.requests:,} requests a side over 16 connections; "
        "× is the median of the rounds' ratios."
    )
    if options.rounds < 3:
        report.notes.append("Fewer than 3 rounds: not a figure to quote.")
    return report.finish(check=options.check, as_json=options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api", description="The HTTP API beside a bare view.")
    parser.add_argument("--rounds", type=int, default=5, help="Interleaved rounds (5).")
    parser.add_argument("--only", default="", help=f"Some of {','.join(_ALL)}.")
    parser.add_argument("--requests", type=int, default=2_000, help="Requests of a side in a round (2000).")
    parser.add_argument("--check", action="store_true", help="Exit 1 where a figure falls short of its bar.")
    parser.add_argument("--json", action="store_true", help="Print JSON instead of the table.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
