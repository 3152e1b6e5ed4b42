"""Worker processes are killed, frozen and orphaned: F01 to F05b, F31."""

import os
import signal
import time

import pytest

from tests.faults.harness import World, alive, stopped, wait


@pytest.mark.alone
def test_a_database_action_is_taken_over_at_once(world: World) -> None:
    """F01, CP7: a free lock is enough; nobody waits for the lease (here longer than the bound)."""
    world.maintain(LEASE=5.0)
    world.work(2, LEASE=5.0)
    public = world.invoke("test-write", seconds=30)
    world.entered(public)
    os.kill(world.worker_of(public), signal.SIGKILL)
    began = time.monotonic()
    world.entered(public, 2)
    assert time.monotonic() - began < 2.0
    assert world.outcomes(public) == ["lost", None]


def test_a_handler_that_kills_its_process_is_failed_after_three(world: World) -> None:
    """F04: a poison action costs three workers, never its neighbours their work."""
    world.maintain()
    world.work(2)
    poison = world.invoke("fault-die", attempts=100)
    good = [world.invoke("test-write", note=str(number)) for number in range(20)]
    assert world.ends(poison, seconds=20) == "failed"
    assert world.error(poison)["code"] == "worker_crashed"
    assert world.outcomes(poison) == ["lost"] * 3
    assert {world.ends(public) for public in good} == {"succeeded"}
    world.sound()


def test_an_external_action_ends_in_doubt(world: World) -> None:
    """F01: after its lease, and it is not entered again."""
    world.maintain()
    world.work()
    public = world.invoke("fault-die-external")
    assert world.ends(public) == "in_doubt"
    assert world.entries(public) == 1
    world.sound()


def test_a_worker_dies_with_its_pool(world: World) -> None:
    """F02: no orphan goes on; another pool takes over."""
    world.maintain()
    pool = world.work()
    public = world.invoke("test-write", seconds=30)
    world.entered(public)
    worker = world.worker_of(public)
    pool.signal(signal.SIGKILL)
    wait(lambda: not alive(worker), 1.0, what="the worker's death")
    world.work()
    world.entered(public, 2, seconds=3.0)


def test_a_worker_that_dies_at_birth_takes_no_pool_with_it(world: World) -> None:
    """F03: every worker is killed; the pool starts others, and the backlog goes on."""
    world.maintain()
    pool = world.work(2)
    publics = [world.invoke("test-write", seconds=0.05) for _ in range(30)]
    world.entered(publics[0])
    for pid in pool.children():
        os.kill(pid, signal.SIGKILL)
    assert {world.ends(public, seconds=20) for public in publics} == {"succeeded"}
    world.sound()


def test_a_frozen_worker_is_taken_over_and_fenced(world: World) -> None:
    """F05: longer than the lease; when it goes on, its settle meets the fence and its writes are undone."""
    world.maintain()
    world.work(2)
    public = world.invoke("test-write", seconds=0.5)
    world.entered(public)
    pid = world.worker_of(public)
    with stopped(pid):
        assert world.ends(public) == "succeeded"
        assert world.outcomes(public)[0] == "lost"
        attempts = len(world.outcomes(public))
    wait(lambda: "lease_lost" in "".join(process.text() for process in world._processes), what="the fence")
    assert world.status(public) == "succeeded"
    assert world.effects(public) == 1
    assert len(world.outcomes(public)) == attempts
    # It begins a new life, and works.
    after = [world.invoke("test-write") for _ in range(5)]
    assert {world.ends(other) for other in after} == {"succeeded"}
    world.sound()


def test_a_frozen_external_attempt_ends_in_doubt_once(world: World) -> None:
    """F05: it may go on to its end later; that changes nothing any more."""
    world.maintain()
    pool = world.work()
    public = world.invoke("test-external", seconds=0.3)
    world.entered(public)
    with stopped(world.worker_of(public)):
        assert world.ends(public) == "in_doubt"
    wait(lambda: "lease_lost" in pool.text(), what="the fence")
    assert world.status(public) == "in_doubt"
    assert world.entries(public) == 1
    world.sound()


def test_a_frozen_pool_changes_nothing(world: World) -> None:
    """F05b: the worker process keeps its own lease."""
    world.maintain()
    pool = world.work()
    public = world.invoke("test-write", seconds=2.0)  # longer than a lease
    world.entered(public)
    with stopped(pool.pid):
        assert world.ends(public) == "succeeded"
    assert world.outcomes(public) == ["succeeded"]
    world.sound()


def test_work_waits_for_a_worker(world: World) -> None:
    """F31: none for a while, then one."""
    publics = [world.invoke("test-write") for _ in range(10)]
    world.redis("flushall")
    world.maintain()
    wait(lambda: world.redis("llen", "rq:queue:default") == 1, what="a wake-up")
    world.work()
    assert {world.ends(public) for public in publics} == {"succeeded"}
    world.sound()
