"""Handlers that will not be stopped are stopped, with their process: F17."""

import time

import pytest

from tests.faults.harness import World, alive, wait

WAYS = ("swallow", "sleep-in-c", "busy", "holds-gil", "blocks-signals")


@pytest.mark.alone  # two of the five take all the time that they get
def test_handlers_that_will_not_be_stopped(world: World) -> None:
    """F17, I-17: their processes are gone two seconds after the deadline at the latest, their writes with them."""
    # Longer than the deadline: whoever holds the GIL keeps its own heartbeat from beating.
    world.maintain(LEASE=3.0)
    world.work(len(WAYS), LEASE=3.0)
    publics = [world.invoke("fault-stubborn", way=way) for way in WAYS]
    began, pids = {}, {}
    for public in publics:
        world.entered(public)
        began[public] = started(world, public)
        pids[public] = world.worker_of(public)
    ended: dict[str, float] = {}
    while len(ended) < len(publics):
        assert time.time() - max(began.values()) < 5, f"still alive: {set(pids) - set(ended)}"
        ended |= {public: time.time() for public in publics if public not in ended and not alive(pids[public])}
        time.sleep(0.01)
    took = {way: ended[public] - began[public] for way, public in zip(WAYS, publics, strict=True)}
    assert max(took.values()) < 0.5 + 2.0, took
    wait(lambda: not transactions(world), what="the end of their transactions")
    for public in publics:
        assert world.ends(public) == "failed"
        assert world.error(public)["code"] == "timed_out"
        assert world.outcomes(public) == ["timed_out"]
        assert world.effects(public) == 0
    world.sound()


def started(world: World, public: str) -> float:
    """When its attempt was claimed, in seconds since the epoch (the database's clock is this machine's)."""
    from actions import ids

    row = ids.parse_id(public)
    return float(world.one("SELECT extract(epoch FROM started_at) FROM actions_execution WHERE id = %s", row))


def transactions(world: World) -> list[tuple]:
    """Sessions of workers with a transaction open."""
    return world.sql(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'doplatform worker' AND xact_start IS NOT NULL "
        "AND xact_start < now() - interval '1 s'"
    )
