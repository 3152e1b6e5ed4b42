"""Memory of a worker process over 100,000 executions, and what everything together costs while nothing happens."""

import os
import re
import signal
import socket
import time
from pathlib import Path

import psycopg

from benchmarks.app import actions
from benchmarks.ours import Ours
from benchmarks.report import Line
from benchmarks.stage import ROOT, Stage, await_true, children

_MOST_MEGABYTES = 100.0
_GROWTH = 2.0
"""Megabytes within which nothing has grown: what an allocator's arenas may come and go by."""
_IDLE_SECONDS = 30.0
_STATEMENT = re.compile(rb"^\S+ \S+ \S+ \[\d+\] LOG:  (?:statement|execute)", re.MULTILINE)
_READY = "doplatform is ready"
_LOG_STATEMENTS = ("ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()")


def memory(stage: Stage, executions: int = 100_000) -> list[Line]:
    """One worker process alone does all executions, half of them no-ops and half inserts by the ORM."""
    ours = Ours(stage, processes=1)
    (worker,) = ours.workers()
    sizes, step = {}, executions // 10
    for done in range(step, executions + 1, step):
        ours.pause()
        ours.load(actions.noop, step // 2)
        ours.load(actions.row, step // 2)
        ours.drain()
        sizes[done] = resident(worker)
    ours.stop()
    last, early = sizes[executions], sizes[2 * step]
    shown = " ".join(f"{size:.1f}" for size in sizes.values())
    return [
        Line(
            f"memory after {executions:,} executions",
            f"{last:.1f} MB",
            "",
            "",
            "≤ 100 MB",
            last <= _MOST_MEGABYTES,
            f"{shown} MB",
        ),
        Line(
            f"   growth since {2 * step:,}",
            f"{last - early:+.1f} MB",
            "",
            "",
            f"≤ {_GROWTH:g} MB",
            last - early <= _GROWTH,
        ),
    ]


def idle(folder: Path) -> list[Line]:
    """`manage.py up` in a folder of its own, its demo seeded, then left alone."""
    import subprocess
    import sys

    from doplatform import paths

    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"DO_DATA": str(folder), "PYTHONPATH": str(ROOT)}
    said = folder / "up.log"
    folder.mkdir(parents=True)
    with said.open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(_free_port())],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        await_true(lambda: _READY in said.read_text() or up.poll() is not None, seconds=120, what="manage.py up")
        await_true((folder / "demo_seeded").exists, seconds=60, what="the demo's seed")
        url = paths.database_url(folder)
        with psycopg.connect(url, autocommit=True) as session:
            for statement in _LOG_STATEMENTS:
                session.execute(statement)
        time.sleep(5)
        log_file = folder / "postgres.log"
        begin, before = log_file.stat().st_size, _processor_times(up.pid)
        time.sleep(_IDLE_SECONDS)
        after = _processor_times(up.pid)
        with log_file.open("rb") as log_bytes:
            log_bytes.seek(begin)
            statements = len(_STATEMENT.findall(log_bytes.read())) / _IDLE_SECONDS
    finally:
        up.send_signal(signal.SIGINT)
        try:
            up.wait(15)
        except subprocess.TimeoutExpired:
            up.kill()
    used = {pid: after[pid][1] - before.get(pid, (0, 0.0))[1] for pid in after}
    share = sum(used.values()) / _IDLE_SECONDS * 100
    most = sorted(((seconds, after[pid][0]) for pid, seconds in used.items() if seconds), reverse=True)[:6]
    shown = ", ".join(f"{name} {seconds / _IDLE_SECONDS * 100:.2f}" for seconds, name in most)
    return [
        Line("idle, statements to PostgreSQL", f"{statements:.2f}/s", "", "", "≤ 5/s", statements <= 5),
        Line(f"idle, {len(after)} processes of `up`", f"{share:.2f} % of a core", "", "", "< 2 %", share < 2, shown),
    ]


def resident(pid: int) -> float:
    """Megabytes in memory, pages shared with the parent included."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _processor_times(pid: int) -> dict[int, tuple[str, float]]:
    """Name and seconds of processor time of a process and all its descendants."""
    found = {}
    for each in (pid, *children(pid)):
        try:
            stat = Path(f"/proc/{each}/stat").read_text()
            words = Path(f"/proc/{each}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        fields = stat.rpartition(")")[2].split()
        name = " ".join(Path(word).name for word in words if word and not word.startswith("-"))[:60]
        found[each] = (name, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
