"""python -m benchmarks.console [--small 20000] [--executions 2000000] [--check] [--json]: what looking costs, small and large.

Fills one database after the other by COPY (benchmarks/fill.py) and times the same reads on both: the reads below, and the
pages of benchmarks/pages.py through Django's test client, as an operator. Progress goes to stderr, the one table to stdout.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import pages
from benchmarks.report import Line, Report, millis
from benchmarks.stage import ROOT, Stage, stage

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
    "a word: error": "refused",
    "error": 'error:"stock server"',
    "actor": "actor:user10",
    "time": "before:-20d",
    "failed lately": "state:failed finished-after:-1h",
    "workflows": "kind:workflow",
}
UNANSWERED = {
    "no such queue": "queue:nothing",
    "a rare tag": "tag:needle",
    "a rare param": "input.customer.id:needle",
    "no such error": "error:nowhere",
    "no such word": "nowhere-at-all",
    "10,000 signs": "%" * 10_000,
}
"""Searches that look at all of their window; they have the bar of a search, not that of a page."""
MOST_SECONDS = 0.150
MOST_SEARCH_SECONDS = 0.500
MOST_RATIO = 1.5
MOST_QUERIES = 10
_FLOOR = 0.004
"""Seconds below which a ratio says nothing: it is the noise of the machine."""


@dataclass(frozen=True, slots=True)
class Timed:
    """p95 in seconds, and the statements of one call."""

    p95: float
    queries: int


def main() -> int:
    """Fill, time, print, judge: each size in a process of its own, because Django's settings are those of one database."""
    options = _options()
    if options.size:
        print(json.dumps(_measured(options)))
        return 0
    report = Report("console", rival=f"at {options.small:,}")
    small, large = (_elsewhere(number, options) for number in (options.small, options.large))
    for name, found in large["reads"].items():
        report.add(judged(name, Timed(*small["reads"][name]), Timed(*found)))
    for line in large["exports"]:
        report.add(Line(**line))
    report.notes.append(f"p95 of {options.rounds} calls at {options.large:,} executions, × p95 at {options.small:,}.")
    report.notes.append(f"Filled in {small['seconds']:.0f} s and {large['seconds']:.0f} s.")
    return report.finish(check=options.check, as_json=options.json)


def _elsewhere(number: int, options: argparse.Namespace) -> dict[str, Any]:
    own = [f"--size={number}", f"--rounds={options.rounds}", f"--export={min(options.export, number)}"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.console", *own], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {"reads": {}}
    with stage() as ground:
        found["seconds"] = _fill(ground, options.size)
        for name, call in reads():
            _say(f"{options.size:,}: {name}")
            found["reads"][name] = astuple(timed(call, options.rounds))
        found["exports"] = [asdict(line) for line in exports(options.export)]
    return found


def reads() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Everything that is timed, by name."""
    from actions.queries import charts, floor, overview, search, trail

    now = datetime.now(UTC)
    for name, text in {**SEARCHES, **UNANSWERED}.items():
        query = search.parse(text)
        yield f"search: {name}", lambda query=query: search.page(query)
    for name in ("all", "failed", "one action", "queue"):
        query = search.parse(SEARCHES[name])
        yield f"counts: {name}", lambda query=query: search.by_status(query)
    yield "suggestions", lambda: search.suggestions("action:send", 11)
    yield "overview: figures", overview.figures
    yield "overview: failures", overview.failures
    yield "overview: throughput of an hour", lambda: charts.throughput(now - timedelta(hours=1), now)
    yield "overview: throughput of a week", lambda: charts.throughput(now - timedelta(days=7), now, width=charts.HOUR)
    yield "action: latency", lambda: overview.latency(["send-email"])
    yield "queues", floor.queues
    yield "workers", floor.workers
    yield "audit", lambda: trail.page(trail.Question())
    yield "audit: a person", lambda: trail.page(trail.Question(actor="user:10"))
    yield "audit: failed", lambda: trail.page(trail.Question(verb="execution.failed"))
    yield "audit: a day ago", lambda: trail.page(trail.Question(before=now - timedelta(days=1)))
    yield from pages.pages()


def timed(call: Callable[[], Any], rounds: int) -> Timed:
    """The p95 of some calls after a first one, and how many statements the last one made."""
    call()
    taken = []
    with _counted() as count:
        for _ in range(rounds):
            count[0] = 0
            started = time.perf_counter()
            call()
            taken.append(time.perf_counter() - started)
    taken.sort()
    return Timed(taken[min(len(taken) - 1, int(len(taken) * 0.95))], count[0])


def judged(name: str, small: Timed, large: Timed) -> Line:
    """The row of one read."""
    scans = any(name == f"search: {one}" for one in UNANSWERED)
    counts = name.startswith("counts")
    most = MOST_SEARCH_SECONDS if scans or counts else MOST_SECONDS
    ratio = max(large.p95, _FLOOR) / max(small.p95, _FLOOR)
    bar = f"{millis(most)}, {MOST_QUERIES} queries"
    holds = large.p95 <= most and large.queries <= MOST_QUERIES
    if not scans and not counts and (not name.startswith("page") or pages.grows(name)):
        bar += f", {MOST_RATIO:g} ×"
        holds = holds and ratio <= MOST_RATIO
    return Line(name, f"{millis(large.p95)}, {large.queries} queries", millis(small.p95), f"{ratio:.2f} ×", bar, holds)


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
        holds = grown < 32
        found.append(
            Line(name, f"{most / seconds:,.0f} rows/s", "", f"+{grown:.0f} MiB", "+32 MiB", holds, f"{size:,} bytes")
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
    return seconds


@contextmanager
def _counted() -> Iterator[list[int]]:
    from django.db import connection

    count = [0]

    def counting(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        count[0] += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counting):
        yield count


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
    parser.add_argument("--rounds", type=int, default=20, help="calls of each read (20)")
    parser.add_argument("--export", type=int, default=1_000_000, help="rows of an export (1000000)")
    parser.add_argument("--check", action="store_true", help="exit 1 where a figure falls short of its bar")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
