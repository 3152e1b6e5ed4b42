"""python -m benchmarks.chaos --kills 300 --seed 1 [--executions 10000] [--check] [--json].

Bars: nothing lost, no `database` effect doubled, no `external` handler entered blindly again, and enough faults that hit.
"""

import argparse
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from benchmarks.chaos.cast import EACH, POOLS, Cast
from benchmarks.chaos.nemesis import KINDS, Nemesis
from benchmarks.report import Line, Report
from benchmarks.stage import Stage, await_true, stage

if TYPE_CHECKING:
    from benchmarks.chaos.verdict import Verdict

_LEFT = "SELECT count(*) FROM actions_execution WHERE status IN ('queued', 'running', 'retrying', 'blocked', 'waiting')"
_FENCED = re.compile(r"lease_lost|group_undone.*cause=LeaseLost")
_LEAST_EFFECTIVE = 0.3
_DATABASE_SECONDS = 2.0
_POSTGRES = {
    # A recovery after each killed backend; to sync every file of the folder one by one would take seconds of each.
    "recovery_init_sync_method": "syncfs",
    "log_min_messages": "fatal",
}
_WORKERS = ("worker", "pool")


def main() -> int:
    """Strike, wait for rest, judge."""
    options = _options()
    knobs = {"LEASE": options.lease, "HEARTBEAT": options.lease / 3}
    # Killing a backend makes PostgreSQL recover: everything that was not flushed is gone, as after a power cut.
    with stage(knobs=knobs, postgres_settings=_POSTGRES) as ground:
        history, outside = ground.folder / "history", ground.folder / "outside"
        history.touch()
        env = {"CHAOS_LEDGER": str(outside), "LOG_LEVEL": "INFO"}
        cast = Cast(ground, env)
        begun = time.monotonic()
        try:
            nemesis = _act(ground, cast, options, history)
            rested = _rest(ground, options.lease)
        finally:
            cast.close()
        return _report(ground, options, history, outside, nemesis, time.monotonic() - begun, rested=rested)


def _act(ground: Stage, cast: Cast, options: argparse.Namespace, history: Path) -> Nemesis:
    await_true(lambda: len(cast.workers()) == POOLS * EACH, seconds=60, what="all workers")
    time.sleep(2.0)
    per_second = options.executions / (options.kills * options.every)
    client = ground.start(
        "client", "-m", "benchmarks.chaos.client",
        str(options.seed), str(options.executions), str(per_second), str(history),
    )  # fmt: skip
    nemesis = Nemesis(ground, cast, seed=options.seed, kills=options.kills, every=options.every, lease=options.lease)
    for number in nemesis.strike():
        if number % 20 == 0:
            print(f"{number} kills, {_left(ground)} executions waiting or running", file=sys.stderr, flush=True)
    nemesis.calm()
    await_true(lambda: client.poll() is not None, seconds=180, what="the client's last acknowledgement", pause=0.2)
    if client.returncode:
        raise RuntimeError(f"the client failed: {ground.said('client')[-2000:]}")
    return nemesis


def _rest(ground: Stage, lease: float) -> bool:
    """Whether everything came to rest within two minutes and two leases."""
    try:
        await_true(lambda: _left(ground) == 0, seconds=120 + 2 * lease, what="rest", pause=0.2)
    except TimeoutError:
        return False
    return True


def _left(ground: Stage) -> int:
    try:
        with psycopg.connect(ground.servers.database_url, connect_timeout=2) as session:
            row = session.execute(_LEFT).fetchone()
            return row[0] if row else -1
    except psycopg.Error:
        return -1


def _report(
    ground: Stage, options: argparse.Namespace, history: Path, outside: Path, nemesis: Nemesis, seconds: float,
    *, rested: bool,
) -> int:  # fmt: skip
    from benchmarks.chaos.verdict import judge, slowest

    with psycopg.connect(ground.servers.database_url, autocommit=True) as session:
        verdict = judge(session, history=history, outside=outside, strikes=nemesis.strikes, outages=nemesis.outages)
        if options.keep:
            _keep(ground, Path(options.keep), slowest(session, verdict.deaths))
    strikes = nemesis.strikes
    report = Report(f"chaos, seed {options.seed}, lease {options.lease:g} s, {seconds:.0f} s")
    count = {kind: sum(strike.kind == kind for strike in strikes) for kind in (*KINDS, "pause", "flush")}
    killed = ", ".join(f"{kind} {count[kind]}" for kind in KINDS)
    report.add(Line("kills (kill -9)", str(sum(count[kind] for kind in KINDS)), note=killed))
    report.add(Line("pauses longer than the lease", str(count["pause"])))
    report.add(Line("FLUSHALL", str(count["flush"])))
    statuses = ", ".join(f"{name} {status} {number}" for (name, status), number in sorted(verdict.statuses.items()))
    report.add(
        Line("executions acknowledged", str(verdict.acknowledged), "", "", str(options.executions),
             verdict.acknowledged == options.executions, statuses)
    )  # fmt: skip
    report.add(Line("came to rest", "yes" if rested else "no", "", "", "yes", rested))
    for name, found in (
        ("lost", verdict.lost),
        ("duplicated database effects", verdict.duplicated),
        ("blind repeats of an external action", verdict.repeated),
        ("keys with two executions", verdict.twins),
        ("broken invariants I-01 to I-09, I-14", verdict.broken),
    ):
        report.add(Line(name, str(len(found)), "", "", "0", not found, "; ".join(found[:5])))
    wrong = verdict.wrong_flows
    report.add(
        Line("workflows that ended as they should", f"{verdict.flows - len(wrong)} of {verdict.flows}", "", "", "all",
             verdict.flows > 0 and not wrong, "; ".join(wrong[:5]) or verdict.flow_deaths)
    )  # fmt: skip
    least = int(_LEAST_EFFECTIVE * options.kills)
    takeovers = verdict.takeovers((*_WORKERS, "backend"))
    report.add(Line("kills by which a running attempt died", str(takeovers), "", "", f"≥ {least}", takeovers >= least))
    words = "".join(log.read_text(errors="replace") for log in ground.folder.glob("pool-*.log"))
    report.add(Line("fenced commits", str(len(_FENCED.findall(words)))))
    _tell_times(report, verdict, nemesis, options.lease)
    return report.finish(check=options.check, as_json=options.json)


def _tell_times(report: Report, verdict: "Verdict", nemesis: Nemesis, lease: float) -> None:
    """How long takeovers took."""
    from benchmarks.chaos.verdict import AT_ONCE, quantile, spread

    by_worker = [death for death in verdict.deaths if death.strike.kind in _WORKERS and not death.outage]
    clouded = [death.recovery for death in verdict.deaths if death.strike.kind in _WORKERS and death.outage]
    database = [death for death in by_worker if death.action in AT_ONCE]
    others = [death for death in by_worker if death.action not in AT_ONCE]
    for name, deaths, bar in (
        ("takeover, database", database, _DATABASE_SECONDS),
        ("takeover, others", others, lease + 2.0),
    ):
        times = [death.recovery for death in deaths]
        holds = bool(times) and quantile(times, 0.95) <= bar
        judged = spread([death.judged for death in deaths])
        note = f"{len(times)} attempts; next attempt begun (or judged, where there is none); judged: {judged}"
        report.add(Line(f"{name}, p50 / p95 / max", spread(times), "", "", f"p95 ≤ {bar:g} s", holds, note))
    for kind in ("pause", "backend"):
        times = [death.recovery for death in verdict.deaths if death.strike.kind == kind]
        report.add(Line(f"takeover after {kind}, p50 / p95 / max", spread(times), note=f"{len(times)} attempts"))
    report.add(
        Line(
            "takeover while PostgreSQL recovered too",
            spread(clouded),
            note=f"{len(clouded)} attempts; not under the bar",
        )
    )
    away = [end - begin for begin, end in nemesis.outages]
    report.add(Line("PostgreSQL away after a killed backend", spread(away)))


def _keep(ground: Stage, folder: Path, slowest: str) -> None:
    """Copy the logs, the ledgers and the history out of the temporary folder, beside the audit of the slowest takeovers."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "slowest").write_text(slowest)
    for file in (*ground.folder.glob("*.log"), ground.folder / "history", ground.folder / "outside"):
        if file.exists():
            (folder / file.name).write_bytes(file.read_bytes())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description="Random faults under load.")
    parser.add_argument("--kills", type=int, default=300, help="How many kill -9 (300).")
    parser.add_argument("--seed", type=int, default=1, help="The same seed chooses the same faults (1).")
    parser.add_argument("--executions", type=int, default=10_000, help="How many executions (10000).")
    parser.add_argument("--every", type=float, default=0.95, help="Seconds from kill to kill (0.95).")
    parser.add_argument("--lease", type=float, default=6.0, help="The lease in seconds; the product's own is 15 (6).")
    parser.add_argument("--keep", default="", help="A folder for the logs and ledgers.")
    parser.add_argument("--check", action="store_true", help="Exit 1 where it is not passed.")
    parser.add_argument("--json", action="store_true", help="Print JSON instead of the table.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
