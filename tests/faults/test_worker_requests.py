"""One worker told to be quiet, to take again, to stop: with the real processes and the real commands."""

import json
import signal
from typing import Any

from tests.faults.harness import Process, World, wait


def ask(world: World, verb: str, pid: int) -> dict[str, Any]:
    """What the command answers about the worker with that process."""
    number = world.one("SELECT id FROM actions_worker WHERE pid = %s AND gone_at IS NULL", pid)
    command = world.spawn(f"{verb}_worker", str(number), "--reason", "a test", "--json")
    wait(lambda: not command.alive(), what=f"{verb}_worker")
    (result,) = json.loads(command.text())["results"]
    assert result["ok"], result
    return result


def heard(pool: Process, event: str, times: int = 1) -> None:
    """Return when a worker has said so."""
    wait(lambda: pool.text().count(f'"{event}"') >= times, what=event)


def beats(world: World, pid: int) -> None:
    """Two heartbeats pass."""
    for _ in range(2):
        before = world.one("SELECT heartbeat_at FROM actions_worker WHERE pid = %s AND gone_at IS NULL", pid)
        wait(lambda b=before: world.one("SELECT max(heartbeat_at) FROM actions_worker WHERE pid = %s", pid) > b)


def test_a_quiet_worker_ends_what_it_has_and_takes_nothing_until_it_is_resumed(world: World) -> None:
    world.maintain()
    pool = world.work()
    (pid,) = pool.children()
    first = world.invoke("test-external", seconds=1.0)
    world.entered(first)
    answer = ask(world, "quiet", pid)
    assert (answer["changed"], answer["hears"]) == (True, True)
    heard(pool, "worker_quiet")
    second = world.invoke("test-write")
    assert world.ends(first) == "succeeded"
    beats(world, pid)
    assert world.status(second) == "queued"
    assert not ask(world, "quiet", pid)["changed"]
    assert ask(world, "resume", pid)["changed"]
    assert world.ends(second) == "succeeded"
    assert pool.children() == [pid]
    world.sound()


def test_what_a_quiet_worker_would_have_taken_goes_to_another(world: World) -> None:
    """Without a maintain: the wake-up that it was waiting for is handed on, and those after it are not read."""
    pool = world.work()
    (pid,) = pool.children()
    ask(world, "quiet", pid)
    heard(pool, "worker_quiet")
    publics = [world.invoke("test-write")]
    wake_up = wait(lambda: world.redis("LINDEX", "rq:queue:default", 0), what="the wake-up, back in its list")
    beats(world, pid)
    assert world.redis("LINDEX", "rq:queue:default", 0) == wake_up
    other = world.work()
    publics.append(world.invoke("test-write"))
    assert {world.ends(public, seconds=3) for public in publics} == {"succeeded"}
    takers = world.sql(
        "SELECT DISTINCT pid FROM actions_attempt AS attempt JOIN actions_worker AS worker ON worker.id = attempt.worker_id"
    )
    assert takers == [(pid,) for pid in other.children()]
    world.sound()


def test_a_stopped_worker_ends_as_by_a_signal_and_its_pool_replaces_it(world: World) -> None:
    pool = world.work(SHUTDOWN_GRACE=10)
    (pid,) = pool.children()
    public = world.invoke("test-external", seconds=0.8)
    world.entered(public)
    ask(world, "stop", pid)
    heard(pool, "worker_stops")
    due = world.invoke("test-write")
    # The pool says so of a process that ended with exit code 0, and worker_ended of any other.
    heard(pool, "worker_replaced")
    assert world.outcomes(public) == ["succeeded"]
    assert world.ends(due) == "succeeded"
    (new,) = pool.children()
    assert world.one("SELECT count(*) FROM actions_worker WHERE pid = %s AND gone_at IS NULL", pid) == 0
    assert new != pid
    # The same as by the signal itself, and out of quiet too.
    ask(world, "quiet", new)
    heard(pool, "worker_quiet")
    ask(world, "stop", new)
    heard(pool, "worker_replaced", 2)
    assert world.ends(world.invoke("test-write")) == "succeeded"
    Process(pool.children()[0], pool.log).signal(signal.SIGTERM)
    heard(pool, "worker_replaced", 3)
    assert "worker_ended" not in pool.text()
    world.sound()


def test_a_stop_gives_back_what_does_not_end_in_time(world: World) -> None:
    pool = world.work(SHUTDOWN_GRACE=0.3)
    (pid,) = pool.children()
    public = world.invoke("test-write", seconds=30)
    world.entered(public)
    ask(world, "stop", pid)
    wait(lambda: world.outcomes(public)[0] == "given_back", what="the attempt given back")
    world.sql("UPDATE actions_execution SET params = '{}' WHERE params ? 'seconds'")
    world.maintain()
    heard(pool, "worker_replaced")
