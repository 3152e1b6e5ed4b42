"""Redis is flushed, killed, slow, silent, full or read-only: F08 to F11. Nothing but time is lost."""

import pytest
import redis

from tests.faults.harness import Client, World, wait

LONGEST = 0.35
"""What an invoke may take beside a Redis that does not answer: the cap of 250 ms and the work itself. Measured alone:
a busy machine would need more than the 100 ms that are left."""


def slowest(client: Client, times: int = 5) -> float:
    """The longest of some invokes that all must succeed."""
    answers = [client.ask("invoke", action="test-write", params={}) for _ in range(times)]
    assert all("id" in answer for answer in answers), answers
    return max(answer["seconds"] for answer in answers)


def all_done(world: World) -> bool:
    """Whether everything accepted has succeeded."""
    return world.one("SELECT count(*) FROM actions_execution WHERE status <> 'succeeded'") == 0


@pytest.mark.alone
def test_redis_down(world: World) -> None:
    """F08, F09: killed with a backlog, nothing persisted needed; workers and maintain outlive it and go on."""
    world.maintain()
    pool = world.work(2)
    workers = pool.children()
    client = world.client()
    client.invoke("test-write")
    world.servers.redis.kill()
    assert slowest(client) < LONGEST
    (world.servers.redis.folder / "dump.rdb").unlink(missing_ok=True)
    world.servers.redis.start()
    wait(lambda: all_done(world), 15, what="the backlog")
    assert pool.children() == workers
    world.sound()


def test_flushes(world: World) -> None:
    """F09: FLUSHALL in the middle of a backlog, again and again."""
    world.maintain()
    world.work(2)
    client = world.client()
    for _ in range(10):
        for _ in range(5):
            client.invoke("test-write", seconds=0.002)
            world.redis("flushall")
    wait(lambda: all_done(world), 15, what="the backlog")
    world.sound()


@pytest.mark.alone
def test_redis_that_does_not_answer(world: World) -> None:
    """F10: connections stay open and silent; an invoke pays the cap at most, and workers find their way back."""
    proxy = world.proxy_redis()
    client = world.client(redis=proxy)
    slowest(client, 1)
    world.maintain(redis=proxy)
    proxy.hang = True
    assert slowest(client) < LONGEST
    proxy.hang = False
    world.work(redis=proxy)
    wait(lambda: all_done(world), 15, what="the backlog")


@pytest.mark.alone
def test_a_new_connection_to_redis_that_does_not_answer(world: World) -> None:
    """F10: the cap holds for connecting as well."""
    proxy = world.proxy_redis()
    client = world.client(redis=proxy)
    proxy.hang = True
    assert slowest(client) < LONGEST


@pytest.mark.alone
def test_slow_redis(world: World) -> None:
    """F10: each answer comes late, but within the limit of one call: the sum is capped all the same."""
    proxy = world.proxy_redis()
    client = world.client(redis=proxy)
    slowest(client, 1)
    world.redis("flushall")
    proxy.delay = 0.12
    assert slowest(client) < LONGEST


def test_a_worker_notices_that_redis_is_silent(world: World) -> None:
    """F10: half-open, the other side is gone without a word; the worker is back within 30 s (here: after its limit)."""
    proxy = world.proxy_redis()
    world.maintain()
    pool = world.work(redis=proxy, REDIS_SILENCE=2.0)
    workers = pool.children()
    proxy.hang = True
    public = world.invoke("test-write")
    wait(lambda: "redis_away" in pool.text(), 10, what="the worker to notice")
    assert world.status(public) == "queued"
    proxy.drop()
    proxy.hang = False
    assert world.ends(public) == "succeeded"
    assert pool.children() == workers


@pytest.mark.alone
@pytest.mark.parametrize("fault", ["full", "no room for clients", "read-only"])
def test_redis_that_refuses(world: World, fault: str) -> None:
    """F11: an invoke succeeds all the same, and its work is done afterwards by the same workers."""
    broken, whole = {
        "full": ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        "no room for clients": ("CONFIG SET maxclients 1", "CONFIG SET maxclients 10000"),
        "read-only": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    }[fault]
    world.maintain()
    pool = world.work()
    workers = pool.children()
    client = world.client()
    with redis.Redis.from_url(world.servers.redis_url, single_connection_client=True) as operator:
        operator.execute_command(*broken.split())
        operator.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert slowest(client, 3) < LONGEST
        operator.execute_command(*whole.split())
    wait(lambda: all_done(world), 15, what="the backlog")
    assert pool.children() == workers
