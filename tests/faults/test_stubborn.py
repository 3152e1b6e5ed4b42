"""Handlers that will not be stopped are stopped, with their process: F17."""

import time

import pytest

from tests.faults.harness import World, alive, wait


@pytest.mark.parametrize("way", ["swallow", "sleep-in-c", "busy", "holds-gil", "blocks-signals"])
def test_a_handler_that_will_not_be_stopped(world: World, way: str) -> None:
    """F17, I-17: its process is gone two seconds after its deadline at the latest, its writes with it."""
    world.maintain()
    world.work()
    public = world.invoke("fault-stubborn", way=way)
    world.entered(public)
    began = time.monotonic()
    pid = world.worker_of(public)
    wait(lambda: not alive(pid), 2.5, what="the end of its process")
    assert time.monotonic() - began < 0.5 + 2.0
    wait(lambda: not transactions(world), what="the end of its transaction")
    assert world.ends(public) == "failed"
    assert world.error(public)["code"] == "timed_out"
    assert world.outcomes(public) == ["timed_out"]
    assert world.effects(public) == 0
    world.sound()


def transactions(world: World) -> list[tuple]:
    """Sessions of workers with a transaction open."""
    return world.sql(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'doplatform worker' AND xact_start IS NOT NULL"
    )
