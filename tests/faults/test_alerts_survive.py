"""I-18: whatever is killed between what a rule finds and its receiver, it is told at least once, under one id."""

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


def fail(world: World, receiver: Provider) -> None:
    """Something that a rule watches for."""
    client = world.client(**knobs(receiver))
    client.ask("alert", kind="failure", address=receiver.url, secret=SECRET)
    public = client.ask("invoke", action="test-give-up", params={})["id"]
    assert world.ends(public) == "failed"


def told(world: World, receiver: Provider, times: int) -> None:
    """It has arrived, and what came has one id and a good signature."""
    wait(lambda: world.one("SELECT bool_and(delivered_at IS NOT NULL) FROM actions_alertdelivery"), 25, "a delivery")
    carried = (
        "SELECT bool_and(status = 'succeeded') FROM actions_execution WHERE action_id = 'doplatform.deliver-alert'"
    )
    wait(lambda: world.one(carried), 15, "the end of what carried it")
    (alert,) = world.sql("SELECT id FROM actions_alert")
    assert [request.headers["webhook-id"] for request in receiver.ledger] == [f"alr_{alert[0].hex}"] * times
    for request in receiver.ledger:
        Webhook(SECRET).verify(request.body, request.headers)


def test_a_maintainer_that_dies_while_it_decides(world: World, receiver: Provider) -> None:
    world.work(**knobs(receiver))
    fail(world, receiver)
    first = world.maintain(crash="alerts.decided", **knobs(receiver))
    wait(lambda: not first.alive(), what="the maintainer's death")
    assert world.one("SELECT count(*) FROM actions_alert") == 0
    world.maintain(**knobs(receiver))
    told(world, receiver, 1)
    world.sound()


def test_a_worker_that_dies_after_it_has_sent(world: World, receiver: Provider) -> None:
    """CP15"""
    pool = world.work(crash="alert.sent", **knobs(receiver))
    victim = pool.children()[0]
    fail(world, receiver)
    world.maintain(**knobs(receiver))
    wait(lambda: not alive(victim), what="the worker's death")
    pool.kill()
    assert len(receiver.ledger) == 1
    world.work(**knobs(receiver))
    told(world, receiver, 2)
    world.sound()
