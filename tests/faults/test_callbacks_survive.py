"""I-18: whatever is killed between an end and its receiver, the end is told at least once, under one id."""

from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.faults.harness import World, alive, wait
from tests.provider import Provider, answer, provider

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receiver() -> Iterator[Provider]:
    with provider(answer(204)) as one:
        yield one


def knobs(receiver: Provider) -> dict[str, Any]:
    return {"OUTSIDE_ALLOWED_HOSTS": [receiver.place], "OUTSIDE_ALLOW_HTTP": True}


def ask(world: World, receiver: Provider, action: str = "test-write") -> str:
    client = world.client(**knobs(receiver))
    return client.ask("invoke", action=action, params={}, callback={"url": receiver.url, "secret": SECRET})["id"]


def delivered(world: World, receiver: Provider) -> None:
    """All is told and recorded, and what came has one id and a good signature."""
    wait(lambda: world.one("SELECT bool_and(delivered_at IS NOT NULL) FROM actions_delivery"), 15, "a delivery")
    wait(lambda: _carried(world) == {"succeeded"}, 15, "the end of what carried it")
    ids = {f"dlv_{row[0].hex}" for row in world.sql("SELECT id FROM actions_delivery")}
    assert {request.headers["webhook-id"] for request in receiver.ledger} == ids
    assert len(ids) == 1
    for request in receiver.ledger:
        Webhook(SECRET).verify(request.body, request.headers)


def _carried(world: World) -> set[str]:
    rows = world.sql("SELECT status FROM actions_execution WHERE action_id = 'doplatform.deliver-callback'")
    return {row[0] for row in rows}


def test_a_maintainer_that_dies_while_it_hands_over(world: World, receiver: Provider) -> None:
    world.work(**knobs(receiver))
    public = ask(world, receiver)
    assert world.ends(public) == "succeeded"
    first = world.maintain(crash="deliveries.accepted", **knobs(receiver))
    wait(lambda: not first.alive(), what="the maintainer's death")
    assert world.one("SELECT count(*) FROM actions_execution WHERE action_id = 'doplatform.deliver-callback'") == 0
    world.maintain(**knobs(receiver))
    delivered(world, receiver)
    assert len(receiver.ledger) == 1
    world.sound()


@pytest.mark.parametrize(("point", "sent"), [("deliver.sending", 1), ("deliver.sent", 2)])
def test_a_worker_that_dies_while_it_delivers(world: World, receiver: Provider, point: str, sent: int) -> None:
    pool = world.work(crash=point, **knobs(receiver))
    victim = pool.children()[0]
    public = ask(world, receiver)
    assert world.ends(public) == "succeeded"
    world.maintain(**knobs(receiver))
    wait(lambda: not alive(victim), what="the worker's death")
    pool.kill()
    assert len(receiver.ledger) == sent - 1
    world.work(**knobs(receiver))
    delivered(world, receiver)
    assert len(receiver.ledger) == sent
    world.sound()


def test_a_worker_killed_by_its_handler_is_told_of_too(world: World, receiver: Provider) -> None:
    """The rescue ends it, and the outbox hears of that end as of any other."""
    world.work(**knobs(receiver))
    public = ask(world, receiver, "fault-die-external")
    world.maintain(**knobs(receiver))
    assert world.ends(public) == "in_doubt"
    delivered(world, receiver)
    assert receiver.ledger[0].json()["type"] == "execution.in_doubt"
