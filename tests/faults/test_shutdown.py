"""Stopping workers: F27, with the real commands."""

import os
import signal
import subprocess
import sys

from actions.engine.ledger import MAINTAIN_LOCK
from tests.faults.harness import World, wait

_LEADS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = %s"


def test_a_handler_in_time_is_finished(world: World) -> None:
    """F27: SIGTERM within the grace time."""
    pool = world.work(2, SHUTDOWN_GRACE=10)
    publics = [world.invoke("test-external", seconds=0.6) for _ in range(2)]
    for public in publics:
        world.entered(public)
    pool.signal(signal.SIGTERM)
    wait(lambda: not pool.alive(), 8, what="the end of the pool")
    assert [world.outcomes(public) for public in publics] == [["succeeded"]] * 2
    assert world.one("SELECT count(*) FROM actions_worker WHERE gone_at IS NULL") == 0
    world.sound()


def test_what_is_not_finished_is_given_back(world: World) -> None:
    """F27: after the grace time a handler is interrupted: `database` ones go back, `external` ones are in doubt."""
    pool = world.work(2, SHUTDOWN_GRACE=0.3)
    slow = world.invoke("test-write", seconds=30)
    world.entered(slow)
    outside = world.invoke("test-external", seconds=30)
    world.entered(outside)
    publics = [world.invoke("test-write") for _ in range(10)]
    pool.signal(signal.SIGTERM)
    wait(lambda: not pool.alive(), 8, what="the end of the pool")
    assert world.outcomes(slow) == ["given_back"]
    assert world.status(slow) == "queued"
    assert world.effects(slow) == 0
    assert world.ends(outside) == "in_doubt"
    assert world.one("SELECT count(*) FROM actions_attempt WHERE outcome = 'lost'") == 0
    world.sql("UPDATE actions_execution SET params = '{}' WHERE params ? 'seconds'")
    world.maintain()
    world.work()
    assert {world.ends(public) for public in [*publics, slow]} == {"succeeded"}
    world.sound()


def test_a_stop_while_redis_is_away(world: World) -> None:
    """F27 with F08: it neither waits for Redis nor tells the handler that Redis is gone."""
    pool = world.work(SHUTDOWN_GRACE=10)
    public = world.invoke("test-external", seconds=0.6)
    world.entered(public)
    world.servers.redis.kill()
    pool.signal(signal.SIGTERM)
    wait(lambda: not pool.alive(), 8, what="the end of the pool")
    assert world.outcomes(public) == ["succeeded"]


def test_a_second_signal_interrupts_at_once(world: World) -> None:
    """F27: an impatient operator; the handler is not told a failure of its own."""
    pool = world.work(SHUTDOWN_GRACE=30)
    public = world.invoke("test-external", seconds=30)
    world.entered(public)
    worker = world.worker_of(public)
    pool.signal(signal.SIGTERM)
    wait(lambda: "interrupted" in again(worker, public, world), 8, what="the interruption")
    assert world.outcomes(public) == ["in_doubt"]
    wait(lambda: not pool.alive(), 8, what="the end of the pool")
    world.sound()


def again(worker: int, public: str, world: World) -> str:
    """Signal until it is seen: one within a second of the first is the same key press."""
    try:
        os.kill(worker, signal.SIGTERM)
    except ProcessLookupError:
        return "interrupted"
    return "interrupted" if world.status(public) == "in_doubt" else ""


def test_the_commands_as_they_are_started(world: World) -> None:
    """F27, F03: `manage.py work` and `manage.py maintain`, each stopped by SIGTERM with exit code 0."""
    environment = {**os.environ, **world.environment(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    programs = [
        subprocess.Popen([sys.executable, "manage.py", *arguments], env=environment)
        for arguments in (["work", "--processes", "2"], ["maintain"])
    ]
    try:
        publics = [world.invoke("test-write") for _ in range(20)]
        assert {world.ends(public, seconds=20) for public in publics} == {"succeeded"}
        # A process that is not up yet ends of the signal itself, as any does.
        wait(lambda: world.one(_LEADS, MAINTAIN_LOCK), 20, what="maintain's lock")
        for program in programs:
            program.send_signal(signal.SIGTERM)
        assert [program.wait(10) for program in programs] == [0, 0]
    finally:
        for program in programs:
            program.kill()
            program.wait()
    world.sound()
