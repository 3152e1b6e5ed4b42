"""The reply to a COMMIT is lost at each place that commits: F12b, CP10. What became of it is asked, never guessed."""

import pytest

from tests.faults.harness import World, wait
from tests.faults.proxy import Cut

SETTLE = b"settled AS"
CLAIM = b"'execution.started'"


@pytest.mark.parametrize("deliver", [True, False])
def test_at_accept(world: World, deliver: bool) -> None:
    """F12b: the client sees an error and asks again with its key: one execution."""
    proxy = world.proxy_database()
    client = world.client(database=proxy)
    client.invoke("test-noop")
    # Outside of a transaction an accept is one statement, which is its own commit.
    cut = proxy.cut = Cut(b"accepted AS", deliver=deliver)
    answer = client.ask("invoke", action="test-write", params={}, key="order-1")
    assert "error" in answer
    assert cut.done.is_set()
    world.maintain()
    world.work()
    again = client.ask("invoke", action="test-write", params={}, key="order-1")
    assert again["replayed"] is deliver
    assert world.ends(again["id"]) == "succeeded"
    assert world.one("SELECT count(*) FROM actions_execution WHERE action_id = 'test-write'") == 1
    world.sound()


@pytest.mark.parametrize(("action", "deliver"), [("test-write", True), ("test-write", False), ("test-external", True)])
def test_at_claim(world: World, action: str, deliver: bool) -> None:
    """F12b: attempts that nobody knows of are not left running for ever; their handlers were never entered."""
    proxy = world.proxy_database()
    world.maintain()
    world.work(database=proxy)
    cut = proxy.cut = Cut(CLAIM, deliver=deliver)
    public = world.invoke(action)
    wait(cut.done.is_set, what="the cut")
    assert world.ends(public) == "succeeded"
    assert world.entries(public) == 1
    world.sound()


@pytest.mark.parametrize("deliver", [True, False])
@pytest.mark.parametrize(("action", "count"), [("test-write", 1), ("test-write", 8), ("test-external", 1)])
def test_at_settle(world: World, action: str, count: int, deliver: bool) -> None:
    """F12b: alone and in a group. Committed is done; aborted is done again, or is in doubt where that is not allowed."""
    proxy = world.proxy_database()
    world.maintain()
    world.work(database=proxy)
    cut = proxy.cut = Cut(b"COMMIT", after=SETTLE, deliver=deliver)
    client = world.client()
    publics = client.ask("many", action=action, items=[{} for _ in range(count)])["ids"]
    wait(cut.done.is_set, what="the cut")
    expected = "succeeded" if deliver or action != "test-external" else "in_doubt"
    for public in publics:
        assert world.ends(public) == expected
        if deliver or action == "test-external":
            assert world.entries(public) == 1
            assert len(world.outcomes(public)) == 1
    world.sound()


@pytest.mark.parametrize("deliver", [True, False])
def test_at_an_operators_retry(world: World, deliver: bool) -> None:
    """F12b: the operator asks again: one more attempt, not two."""
    proxy = world.proxy_database()
    world.maintain()
    world.work()
    public = world.invoke("test-fail")
    assert world.ends(public) == "failed"
    attempts = len(world.outcomes(public))
    client = world.client(database=proxy)
    client.invoke("test-noop")
    world.sql("UPDATE actions_queue SET paused_at = now()")
    cut = proxy.cut = Cut(b"COMMIT", after=b"INSERT INTO actions_auditentry", deliver=deliver)
    assert "error" in client.ask("retry", execution=public)
    assert cut.done.is_set()
    again = client.ask("retry", execution=public)
    assert again.get("error") == ("not_retryable" if deliver else None)
    world.sql("UPDATE actions_queue SET paused_at = NULL")
    wait(lambda: world.status(public) == "failed" and len(world.outcomes(public)) > attempts, what="another failure")
    assert world.one("SELECT count(*) FROM actions_auditentry WHERE verb = 'execution.retried'") == 1
    world.sound()
