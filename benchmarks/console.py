"""python -m benchmarks.console [--small 20000] [--executions 2000000] [--check] [--json]: what looking costs, small and large.

Fills two databases by COPY (benchmarks/fill.py) and times the same reads on both, in turns: the reads below, and the pages of
benchmarks/pages.py through Django's test client, as an operator. Progress goes to stderr, the one table to stdout.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import pages
from benchmarks.report import Line, Report, millis
from benchmarks.sides import Side, Timed, in_turns, serve, timed
from benchmarks.stage import Stage, stage

SEARCHES = {
    "all": "",
    "failed": "state:failed",
    "failed or in doubt": "state:failed,in_doubt",
    "queued": "state:queued",
    "one action": "action:send-email",
    "some actions": "action:send-*",
    "a rare action": "action:rare-report",
    "failed of an action": "action:send-email state:failed",
    "queue": "queue:mail",
    "tag": "tag:nightly",
    "key": "key:order-999",
    "a word: key": "order-999",
    # One that fills its page at both sizes: what is compared are rows found, not rows shown.
    "a word: error": "server",
    "error": 'error:"stock server"',
    "actor": "actor:user10",
    "time": "before:-20d",
    "failed lately": "state:failed finished-after:-1h",
    "workflows": "kind:workflow",
}
UNANSWERED = {
    "no such queue": "queue:nothing",
    "open failures": "is:open",
    "handled failures": "is:handled",
    "a rare tag": "tag:needle",
    "a rare param": "input.customer.id:needle",
    "no such error": "error:nowhere",
    "no such word": "nowhere-at-all",
    "10,000 signs": "%" * 10_000,
}
"""Searches that look at all of their window; they have the bar of a search, not that of a page."""
MOST_SECONDS = 0.150
"""p95 of a page or a read."""
MOST_SEARCH_SECONDS = 0.500
MOST_RATIO = 1.5
"""What the list, its searches and the failures may cost (the median) at the large size, in what they cost at the small one."""
MOST_QUERIES = 10
MOST_BYTES = 150_000
MOST_MIB = 32
_FLOOR = 0.004
"""Seconds below which a read counts as so long: of less, planning and one round trip are the most, and a page has 30 ms and more
of its own. A ratio of two such reads would be one of what the processor did meanwhile, and not of rows."""


def main() -> int:
    """Fill, time, print, judge."""
    options = _options()
    if options.size:
        return _side(options.size)
    report = Report("console", rival=f"at {options.small:,}")
    small, large = (Side("benchmarks.console", f"--size={size}") for size in (options.small, options.large))
    with small, large:
        filled = [small.answer(), large.answer()]
        for name in filled[1]["names"]:
            _say(name)
            report.add(judged(name, *in_turns(name, (small, large), options.rounds)))
        report.add(Line(**large.ask("first load")))
        for line in large.ask("exports", min(options.export, options.large)):
            report.add(Line(**line))
    rounds = max(4, options.rounds // 4 * 4)
    report.notes.append(
        f"p95 and median of {rounds} calls at {options.large:,} executions; median at {options.small:,}; "
        "× is large median by small median, not below 4 ms. The two are asked in turns."
    )
    report.notes.append("Filled in {:.0f} s and {:.0f} s.".format(*(side["seconds"] for side in filled)))
    return report.finish(check=options.check, as_json=options.json)


def _side(size: int) -> int:
    """The process of one size."""
    from doplatform.services import web

    with stage() as ground:
        seconds = _fill(ground, size)
        calls = dict(reads())
        # As a web process does before its first request.
        web.keep_for_good()
        questions: dict[str, Callable[..., Any]] = {
            "time": lambda name, rounds: timed(calls[name], rounds),
            "first load": lambda: asdict(first_load()),
            "exports": lambda most: [asdict(line) for line in exports(most)],
        }
        serve({"seconds": seconds, "names": list(calls)}, lambda what, *given: questions[what](*given))
    return 0


def reads() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Everything that is timed, by name."""
    from actions.queries import charts, crew, failures, overview, queues, search, trail, troubles

    now = datetime.now(UTC)
    for name, text in {**SEARCHES, **UNANSWERED}.items():
        query = search.parse(text)
        yield f"search: {name}", lambda query=query: search.page(query)
    for name in ("all", "failed", "one action", "queue"):
        query = search.parse(SEARCHES[name])
        yield f"counts: {name}", lambda query=query: search.by_status(query)
    yield "suggestions", lambda: search.suggestions("action:send", 11)
    yield "overview: figures of a day", overview.figures
    yield "overview: figures of a week", lambda: overview.figures("-7d")
    yield "overview: what failed last", lambda: troubles.troubles(6)
    yield "failures: groups", failures.groups
    (newest,) = failures.groups(size=1).groups
    yield "failures: one group", lambda: failures.group(newest.fingerprint)
    yield "overview: throughput of an hour", lambda: charts.throughput(now - timedelta(hours=1), now)
    yield "overview: throughput of a week", lambda: charts.throughput(now - timedelta(days=7), now, width=charts.HOUR)
    yield "action: latency of a day", lambda: charts.latency("send-email", now - timedelta(days=1), now)
    yield "queues", queues.queues
    yield "workers", crew.workers
    yield "audit", lambda: trail.page(trail.Question())
    yield "audit: a person", lambda: trail.page(trail.Question(actor="user:10"))
    yield "audit: failed", lambda: trail.page(trail.Question(verb="execution.failed"))
    yield "audit: a day ago", lambda: trail.page(trail.Question(before=now - timedelta(days=1)))
    yield from pages.pages()


def judged(name: str, small: Timed, large: Timed) -> Line:
    """The row of one read."""
    scans = name.startswith("counts") or name in {f"search: {one}" for one in UNANSWERED}
    most = MOST_SEARCH_SECONDS if scans else MOST_SECONDS
    ratio = max(large.median, _FLOOR) / max(small.median, _FLOOR)
    bar = f"{millis(most)}, {MOST_QUERIES} queries"
    holds = large.p95 <= most and large.queries <= MOST_QUERIES
    if not scans and (name.startswith(("search", "failures")) or pages.grows(name)):
        bar += f", {MOST_RATIO:g} ×"
        holds = holds and ratio <= MOST_RATIO
    ours = f"{millis(large.p95)}, median {millis(large.median)}, {large.queries} queries"
    return Line(name, ours, millis(small.median), f"{ratio:.2f} ×", bar, holds)


def first_load() -> Line:
    """What somebody's browser fetches who opens the overview for the first time: heads and bodies, as they are sent."""
    sizes = pages.fetched("/")
    size = sum(sizes.values())
    ours = f"{size / 1000:,.1f} kB in {len(sizes)} answers"
    return Line("first load of the overview", ours, bar=f"{MOST_BYTES / 1000:,.0f} kB", holds=size <= MOST_BYTES)


def exports(most: int) -> list[Line]:
    """How fast exports are, and how much memory they took on the way."""
    from itertools import islice

    from actions.queries import exports as exported
    from actions.queries import search, trail

    found = []
    for name, rows in (
        ("export: audit, CSV", exported.audit(trail.Question(), "csv")),
        ("export: executions, NDJSON", exported.executions(search.parse(""), "ndjson")),
    ):
        _say(name)
        before = _peak()
        started = time.perf_counter()
        size = sum(len(chunk) for chunk in islice(rows, most // 1_000))
        seconds = time.perf_counter() - started
        grown = _peak() - before
        holds = grown < MOST_MIB
        found.append(
            Line(
                name,
                f"{most / seconds:,.0f} rows/s",
                "",
                f"+{grown:.0f} MiB",
                f"+{MOST_MIB} MiB",
                holds,
                f"{size:,} bytes",
            )
        )
    return found


def _fill(ground: Stage, number: int) -> float:
    from benchmarks.fill import fill

    seconds = fill(ground.servers.postgres.url, number, say=_say)
    _say(f"{number:,} executions in {seconds:.0f} s")
    from actions.engine.group import group
    from actions.engine.tally import tally

    while tally() or group():
        pass
    # As it is found where nobody has just written four million rows: every table is known to the planner, all is on disk.
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
    return seconds


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--small", type=int, default=20_000, help="executions of the first database (20000)")
    parser.add_argument(
        "--executions", "--large", dest="large", type=int, default=2_000_000, help="executions of the second (2000000)"
    )
    parser.add_argument("--size", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=40, help="calls of each read, in four turns (40)")
    parser.add_argument("--export", type=int, default=1_000_000, help="rows of an export (1000000)")
    parser.add_argument("--check", action="store_true", help="exit 1 where a figure falls short of its bar")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
