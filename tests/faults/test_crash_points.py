"""A process dies exactly at each crash point: nothing is lost, nothing is done twice.

CP7 is a handler that kills its own process (test_workers_die), CP10 a COMMIT whose reply is lost (test_lost_replies).
"""

import pytest

from tests.faults.harness import World, alive, wait


@pytest.mark.parametrize(
    ("point", "stored"),
    [("accept.stored", 0), ("accept.committed", 1), ("dispatch.enqueue", 1), ("dispatch.pushed", 1)],
)
def test_a_client_that_dies_while_it_invokes(world: World, point: str, stored: int) -> None:
    """F06, CP1 to CP4: before the commit nothing is stored; after it, it is done without the client. A repeat by key
    makes it one execution either way."""
    client = world.client(crash=point)
    # The last two come beside the request, which may have had its answer by then.
    assert client.ask("invoke", action="test-write", params={}, key="order-1") == {} or point.startswith("dispatch")
    wait(lambda: not client.alive(), what="the client's death")
    assert world.one("SELECT count(*) FROM actions_execution") == stored
    assert world.one("SELECT count(*) FROM actions_auditentry") == stored
    world.maintain()
    world.work()
    again = world.client().invoke("test-write", key="order-1")
    assert world.ends(again) == "succeeded"
    assert world.one("SELECT count(*) FROM actions_execution") == 1
    world.sound()


@pytest.mark.parametrize(
    "point", ["drain.popped", "claim.committed", "perform.returned", "settle.updated", "settle.committed"]
)
def test_workers_that_die(world: World, point: str) -> None:
    """F01, CP5, CP6, CP8, CP9, CP11: a `database` action takes effect once; an `external` one is never entered twice."""
    publics = []
    for action in ("test-write", "test-external"):
        pool = world.work(crash=point)
        victim = pool.children()[0]
        publics.append(world.invoke(action))
        wait(lambda victim=victim: not alive(victim), what="the worker's death")
        world.lapse(victim)
        pool.kill()
    world.maintain()
    world.work()
    inside, outside = publics
    assert world.ends(inside) == "succeeded"
    assert world.effects(inside) == 1
    known = point in {"drain.popped", "settle.committed"}
    assert world.ends(outside) == ("succeeded" if known else "in_doubt")
    assert world.entries(outside) <= 1
    world.sound()


def test_a_maintainer_that_dies_in_the_middle_of_a_rescue(world: World) -> None:
    """CP12: its transaction is undone, and the next one rescues."""
    pool = world.work()
    victim = pool.children()[0]
    public = world.invoke("fault-die")
    wait(lambda: victim not in pool.children(), what="the worker's death")
    first = world.maintain(crash="rescue.selected")
    wait(lambda: not first.alive(), what="the maintainer's death")
    assert world.status(public) == "running"
    world.maintain()
    assert world.ends(public) == "succeeded"
    assert world.outcomes(public) == ["lost", "succeeded"]
    world.sound()
