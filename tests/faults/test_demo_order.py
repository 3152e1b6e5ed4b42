"""The demo's order, with its worker killed in each of its steps: nothing is lost, nothing is done twice.

The ledgers of the outside world (charges, refunds, mails) and the demo's tables say what happened; steps are held at work by
a slow server or by a lock on what they write.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from actions import ids
from doplatform import paths
from doplatform.demo import outside
from tests.faults.harness import World, wait
from tests.journeys.demo_world import demo_world

CHARGE, PAY, RESERVE, RECORD, MAIL = (
    "charge-payment", "pay-order", "reserve-inventory", "record-order", "send-order-confirmation-email",
)  # fmt: skip
ORDER, HANDLER = "process-order", "process-order.on-failure"
LOCKS = {
    RESERVE: "SELECT FROM demo_stock FOR UPDATE",
    HANDLER: "SELECT FROM demo_stock FOR UPDATE",
    RECORD: "LOCK TABLE demo_order IN SHARE MODE",
    ORDER: "LOCK TABLE actions_edge IN SHARE MODE",
    PAY: "LOCK TABLE actions_memory IN SHARE MODE",
}
"""What holds a step, or the function's own entry, in the middle of its writes."""
SLOW = {CHARGE: "payment", MAIL: "smtp", f"undo:{CHARGE}": "payment"}
"""The server that does a step's work and keeps its answer to itself."""
_NUMBERS = count(1)


class Shop:
    """One order in an emptied shop, and all that it left anywhere."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.name = f"K-{os.getpid()}-{next(_NUMBERS)}"
        self.run = ""

    def order(self, amount: str) -> None:
        self.run = self.world.invoke(
            ORDER, order_id=self.name, sku="mug", quantity=2, amount=amount, email="ada@example.com"
        )

    def step(self, key: str) -> str:
        """The public id of a step, once there is one; the order's own for its name, and what follows its failure."""
        if key == ORDER:
            return self.run
        if key == HANDLER:
            query = "SELECT id FROM actions_execution WHERE action_id = %s AND params->>'execution_id' = %s"
            return ids.public_id(wait(lambda: self.world.one(query, key, self.run), what=key))
        parent = self.step(PAY) if key.endswith(CHARGE) else self.run
        query = "SELECT id FROM actions_execution WHERE parent_id = %s AND step = %s"
        return ids.public_id(wait(lambda: self.world.one(query, ids.parse_id(parent), key), what=f"step {key}"))

    def steps(self) -> dict[str, list[str | None]]:
        """The outcomes of every step's attempts, those inside the payment too; not of the payment's own entries."""
        found = {**self.world.steps(self.run), **self.world.steps(self.step(PAY))}
        return {key: self.world.outcomes(public) for key, (public, _) in found.items() if key != PAY}

    def kept(self, file: str) -> list[str]:
        """The amounts or subjects of this order in a ledger of the outside world."""
        path = Path(paths.data_folder() / "demo" / file)
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [
            row.get("amount") or row["subject"]
            for row in rows
            if row.get("order_id") == self.name or self.name in row.get("subject", "")
        ]

    def money(self) -> tuple[list[str], list[str]]:
        return self.kept("charges.jsonl"), self.kept("refunds.jsonl")

    def tables(self) -> tuple[int, int, int]:
        """Mugs in stock, reservations, orders."""
        return (
            self.world.one("SELECT available FROM demo_stock"),
            self.world.one("SELECT count(*) FROM demo_reservation"),
            self.world.one("SELECT count(*) FROM demo_order"),
        )

    def tell(self, approved: bool) -> None:
        """The review's decision, as an operator gives it."""
        self._command("emit", self.step(PAY), approved=approved)

    def kill_in(self, key: str, attempt: int = 1) -> None:
        """kill -9 of the worker that is in the middle of a step."""
        public = self.step(key)
        wait(lambda: self.world.status(public) == "running" and len(self.world.outcomes(public)) >= attempt)
        wait(lambda: self._held(key), what=f"{key} at work")
        worker = self.world.worker_of(public)
        os.kill(worker, signal.SIGKILL)
        self.world.lapse(worker)

    def _held(self, key: str) -> bool:
        if key in LOCKS:
            return bool(self.world.one("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        return bool(self.kept({CHARGE: "charges.jsonl", MAIL: "mails.jsonl"}.get(key, "refunds.jsonl")))

    def _command(self, verb: str, execution: str, **order: Any) -> None:
        assert self.world._client is not None
        answer = self.world._client.ask(verb, execution=execution, **order)
        assert "error" not in answer, answer

    def waits_for_review(self) -> None:
        query = "SELECT awaited_event FROM actions_execution WHERE id = %s"
        wait(lambda: self.world.one(query, ids.parse_id(self.step(PAY))), what="the wait for the review")

    def settle(self, key: str) -> None:
        """A person has looked: what is in doubt did happen."""
        public = self.step(key)
        wait(lambda: self.world.status(public) == "in_doubt", what=f"doubt about {key}")
        self._command("resolve", public, answer="happened")

    def asks_the_provider(self) -> None:
        """The resolver is due when the hard timeout of the charge is over: that has come."""
        query = "SELECT id, available_at - now() FROM actions_execution WHERE action_id = %s"
        resolver, left = wait(lambda: self.world.sql(query, f"{CHARGE}.resolver"), what="the resolver")[0]
        assert 5 < left.total_seconds() <= 11
        self.world.sql("UPDATE actions_execution SET available_at = now() WHERE id = %s", resolver)

    def becomes(self, status: str) -> None:
        wait(lambda: self.world.status(self.run) == status, 30, what=f"{status} of the order")


@pytest.fixture(scope="module")
def outsiders() -> Iterator[None]:
    with demo_world(paths.data_folder()):
        yield


@pytest.fixture
def shop(outsiders: None, world: World) -> Iterator[Shop]:
    world.sql("TRUNCATE demo_stock, demo_reservation, demo_order")
    world.sql("INSERT INTO demo_stock (sku, available) VALUES ('mug', 10)")
    world.maintain()
    world.work(2)
    yield Shop(world)
    for server in outside.state():
        outside.switch(server, "up")


@contextmanager
def held(shop: Shop, key: str) -> Iterator[None]:
    """Whoever performs this step stays in it meanwhile."""
    if key in SLOW:
        outside.switch(SLOW[key], "slow")
        yield
        outside.switch(SLOW[key], "up")
        return
    with psycopg.connect(shop.world.servers.database_url) as session:
        session.execute(LOCKS[key].encode())
        yield


def ended_once(shop: Shop, killed: str, outcomes: list[str]) -> None:
    """The step whose worker was killed ended as it should; all others were performed once."""
    steps = shop.steps()
    if killed in steps:
        assert steps.pop(killed) == outcomes
    assert set(map(tuple, steps.values())) == {("succeeded",)}, steps


@pytest.mark.parametrize("key", [RESERVE, RECORD])
def test_a_database_step_is_done_again_and_its_effect_is_there_once(shop: Shop, key: str) -> None:
    with held(shop, key):
        shop.order("25.80")
        shop.kill_in(key)
    shop.becomes("succeeded")
    ended_once(shop, key, ["lost", "succeeded"])
    assert (shop.money(), shop.tables()) == ((["25.80"], []), (8, 1, 1))
    assert shop.kept("mails.jsonl") == [f"Your order {shop.name}"]


def test_the_charge_is_asked_for_and_not_made_again(shop: Shop) -> None:
    """Nobody knows whether the money moved, until the resolver has asked the provider."""
    with held(shop, CHARGE):
        shop.order("25.80")
        shop.kill_in(CHARGE)
    shop.asks_the_provider()
    shop.becomes("succeeded")
    ended_once(shop, CHARGE, ["in_doubt"])
    assert (shop.money(), shop.tables()) == ((["25.80"], []), (8, 1, 1))
    assert len(shop.kept("mails.jsonl")) == 1


def test_the_confirmation_is_not_sent_again(shop: Shop) -> None:
    """No one but a person can find out; the order waits for that, with everything else done."""
    with held(shop, MAIL):
        shop.order("25.80")
        shop.kill_in(MAIL)
    shop.settle(MAIL)
    shop.becomes("succeeded")
    ended_once(shop, MAIL, ["in_doubt"])
    assert (shop.money(), shop.tables()) == ((["25.80"], []), (8, 1, 1))
    assert len(shop.kept("mails.jsonl")) == 1


def test_an_entry_of_the_function_is_made_again_and_begins_no_step_twice(shop: Shop) -> None:
    with held(shop, ORDER):
        shop.order("25.80")
        shop.kill_in(ORDER)
    shop.becomes("succeeded")
    assert shop.world.outcomes(shop.run)[:2] == ["lost", "suspended"]
    ended_once(shop, ORDER, [])
    assert (shop.money(), shop.tables()) == ((["25.80"], []), (8, 1, 1))
    assert len(shop.kept("mails.jsonl")) == 1


def test_the_entry_that_charges_is_made_again_and_begins_one_charge(shop: Shop) -> None:
    with held(shop, PAY):
        shop.order("1200.00")
        shop.kill_in(PAY, attempt=2)
    shop.waits_for_review()
    shop.tell(approved=True)
    shop.becomes("succeeded")
    assert "lost" in shop.world.outcomes(shop.step(PAY))
    ended_once(shop, PAY, [])
    assert (shop.money(), shop.tables()) == ((["1200.00"], []), (8, 1, 1))


def test_a_review_outlives_every_worker_and_the_entry_after_it_is_made_again(shop: Shop) -> None:
    shop.order("1200.00")
    shop.waits_for_review()
    wait(lambda: shop.world.outcomes(shop.step(RESERVE)) == ["succeeded"], what="the reservation")
    for process in shop.world._processes:
        process.kill()
    shop.tell(approved=True)
    shop.world.maintain()
    with held(shop, PAY):
        shop.world.work(2)
        shop.kill_in(PAY, attempt=len(shop.world.outcomes(shop.step(PAY))))
    shop.becomes("succeeded")
    assert "lost" in shop.world.outcomes(shop.step(PAY))
    ended_once(shop, PAY, [])
    assert (shop.money(), shop.tables()) == ((["1200.00"], []), (8, 1, 1))
    assert len(shop.kept("mails.jsonl")) == 1


@pytest.mark.parametrize("key", [f"undo:{CHARGE}", HANDLER])
def test_an_order_is_undone_once_whichever_undo_loses_its_worker(shop: Shop, key: str) -> None:
    shop.order("1200.00")
    shop.waits_for_review()
    wait(lambda: shop.world.outcomes(shop.step(RESERVE)) == ["succeeded"], what="the reservation")
    with held(shop, key):
        shop.tell(approved=False)
        shop.kill_in(key)
    shop.becomes("failed")
    wait(lambda: shop.world.outcomes(shop.step(HANDLER))[-1:] == ["succeeded"], what="the stock given back")
    for undo in (f"undo:{CHARGE}", HANDLER):
        assert shop.world.outcomes(shop.step(undo)) == (["lost", "succeeded"] if undo == key else ["succeeded"])
    assert (shop.money(), shop.tables()) == ((["1200.00"], ["1200.00"]), (10, 0, 0))
    error = shop.world.error(shop.step(PAY))
    assert (error["code"], error["undone"], error["not_undone"]) == ("gave_up", [CHARGE], [])
    assert shop.kept("mails.jsonl") == []
