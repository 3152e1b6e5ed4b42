"""Sessions and servers of PostgreSQL vanish: F12, F13, F32."""

import time

import pytest

from tests.faults.harness import World, wait

_LOCKED = "(SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 1684996097)"
_HEARTBEATS = "SELECT pid FROM pg_stat_activity WHERE pid IN " + _LOCKED
_WORKERS = f"SELECT pid FROM pg_stat_activity WHERE application_name = 'doplatform worker' AND pid NOT IN {_LOCKED}"


def end_sessions(world: World, query: str) -> int:
    """pg_terminate_backend of the sessions that the query names; how many there were."""
    pids = [row[0] for row in world.sql(query)]
    for pid in pids:
        world.sql("SELECT pg_terminate_backend(%s)", pid)
    return len(pids)


@pytest.mark.parametrize(
    ("action", "status", "entries"), [("test-write", "succeeded", 2), ("test-external", "in_doubt", 1)]
)
def test_a_session_ends_in_the_middle_of_a_handler(world: World, action: str, status: str, entries: int) -> None:
    """F12: its writes are gone. A `database` action is done again; an `external` one never silently."""
    world.maintain()
    pool = world.work()
    workers = pool.children()
    public = world.invoke(action, seconds=0.5)
    world.entered(public)
    assert end_sessions(world, _WORKERS) == 1
    assert world.ends(public) == status
    assert world.entries(public) == entries
    assert "failed" not in world.outcomes(public)
    assert pool.children() == workers
    world.sound()


@pytest.mark.parametrize("action", ["test-write", "test-external", "fault-outside"])
def test_a_lock_session_ends_in_the_middle_of_a_handler(world: World, action: str) -> None:
    """F12: the lease is had back before it is over, so an attempt that goes on is not taken from its worker."""
    world.maintain()
    world.work(MAINTAIN_TICK=5)
    public = world.invoke(action, seconds=2.0)  # longer than a lease
    world.entered(public)
    assert end_sessions(world, _HEARTBEATS) == 1
    assert world.ends(public) == "succeeded"
    if action != "test-write":
        assert world.entries(public) == 1
        assert world.outcomes(public) == ["succeeded"]
    world.sound()


def test_every_session_ends_again_and_again(world: World) -> None:
    """F12: workers, maintain and client, under load; nothing lost, nothing twice."""
    world.maintain()
    pool = world.work(2)
    workers = pool.children()
    client = world.client()
    acknowledged = []
    for number in range(60):
        answer = client.ask("invoke", action="test-write", params={"seconds": 0.01}, key=f"order-{number}")
        if "id" in answer:
            acknowledged.append(answer["id"])
        if number % 6 == 0:
            end_sessions(
                world,
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
            )
    ended = {public: world.ends(public, seconds=20) for public in acknowledged}
    assert set(ended.values()) == {"succeeded"}, world.sql(
        "SELECT error, losses, tries, attempt FROM actions_execution WHERE error IS NOT NULL"
    )
    wait(lambda: world.one("SELECT count(*) FROM actions_execution WHERE status <> 'succeeded'") == 0, 20)
    assert pool.children() == workers
    world.sound()


@pytest.mark.parametrize("away", [0.0, 2.0])
def test_the_server_is_killed(world: World, away: float) -> None:
    """F13: kill -9 of all of it under load. Workers come back by themselves, what was acknowledged is there, nothing is
    done twice or failed, and nothing is rescued before a lease has passed."""
    world.maintain()
    pool = world.work(2)
    workers = pool.children()
    client = world.client()
    acknowledged = [client.invoke("test-write", seconds=0.02) for _ in range(20)]
    outside = client.invoke("fault-outside", seconds=1.0)
    world.entered(outside)
    world.servers.postgres.kill()
    time.sleep(away)
    world.servers.postgres.start()
    began = time.monotonic()
    answer: dict = {}
    while "id" not in answer:  # each failed try costs the client its session
        answer = client.ask("invoke", action="test-write", params={}, key="after")
    acknowledged.append(answer["id"])
    ended = {public: world.ends(public, seconds=20) for public in acknowledged}
    assert set(ended.values()) == {"succeeded"}, world.sql(
        "SELECT error, losses, tries, attempt FROM actions_execution WHERE error IS NOT NULL"
    )
    assert world.ends(outside) in {"succeeded", "in_doubt"}
    assert world.entries(outside) == 1
    assert time.monotonic() - began < 10
    assert pool.children() == workers
    world.sound()


def test_the_server_restarts_while_workers_are_idle(world: World) -> None:
    """F32: no stale connection reaches an execution."""
    world.maintain()
    pool = world.work(2)
    workers = pool.children()
    client = world.client()
    assert world.ends(client.invoke("test-write")) == "succeeded"
    world.servers.postgres.restart()
    public = world.client().invoke("test-write")
    assert world.ends(public) == "succeeded"
    assert world.outcomes(public) == ["succeeded"]
    assert pool.children() == workers
    world.sound()


def test_a_connection_opened_before_the_fork(world: World) -> None:
    """F32: the pool's own connection is not shared with its workers, and its end disturbs none of them."""
    pool = world.work(2)
    sessions = world.sql(_HEARTBEATS)
    assert len(sessions) == 2
    publics = [world.invoke("test-write", seconds=0.01) for _ in range(20)]
    assert {world.ends(public) for public in publics} == {"succeeded"}
    assert {world.outcomes(public)[0] for public in publics} == {"succeeded"}
    pool.kill()
    wait(lambda: not world.sql(_HEARTBEATS), what="no session left")
    world.sound()
