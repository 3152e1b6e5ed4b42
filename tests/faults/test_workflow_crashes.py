"""A worker dies exactly at each crash point that a workflow passes: it ends as it would have, and no step is done twice."""

import pytest

from tests.faults.harness import World, alive, wait

ENTRY = ("claim.committed:1", "steps.recorded:1", "settle.updated:1", "settle.committed:1")
"""Passed by the first entry of every workflow function."""
GRAPH = (
    *ENTRY, "advance.locked:1", "advance.locked:2", "advance.locked:3", "advance.moved:1", "advance.moved:2",
    "claim.committed:2", "claim.committed:3", "perform.returned:1", "perform.returned:2", "perform.returned:5",
    "settle.updated:2", "settle.updated:3", "settle.committed:2", "settle.committed:3",
)  # fmt: skip
UNDO = (
    *ENTRY, "advance.locked:1", "advance.locked:2", "advance.moved:1", "advance.moved:2", "claim.committed:2",
    "claim.committed:3", "perform.returned:1", "perform.returned:3", "perform.returned:4", "perform.returned:5",
    "settle.updated:2", "settle.updated:3", "settle.committed:2", "settle.committed:3",
)  # fmt: skip
OUTSIDE = {
    "claim.committed:2": "in_doubt",
    "perform.returned:2": "in_doubt",
    "advance.locked:2": "in_doubt",
    "advance.moved:1": "in_doubt",
    "settle.updated:2": "in_doubt",
    "settle.committed:2": "succeeded",
    "claim.committed:3": "succeeded",
    "perform.returned:3": "succeeded",
    "steps.recorded:2": "succeeded",
    "settle.updated:3": "succeeded",
    "settle.committed:3": "succeeded",
}
"""How the outside step stands after a crash there."""


def crash(world: World, workflow: str, point: str) -> str:
    """The public id of a run whose worker died at `point`; others take over."""
    # Its groups stay open for long, so that a busy machine does not move the point by cutting them.
    pool = world.work(crash=point, GROUP_TIME=5.0)
    victim = pool.children()[0]
    public = world.invoke(workflow)
    wait(lambda: not alive(victim), what=f"the worker's death at {point}")
    world.lapse(victim)
    pool.kill()
    world.maintain()
    world.work()
    return public


def done_once(world: World, public: str, keys: set[str]) -> None:
    """Each of these steps of the workflow has succeeded, with its effect once."""
    steps = world.steps(public)
    assert {key: (steps[key][1], world.effects(steps[key][0])) for key in keys} == dict.fromkeys(keys, ("succeeded", 1))


@pytest.mark.parametrize("point", [*ENTRY, "perform.returned:1", "perform.returned:3"])
def test_steps_in_line(world: World, point: str) -> None:
    public = crash(world, "flow-lines", point)
    assert world.ends(public) == "succeeded"
    keys = {"test-write", "test-write#2", "test-write#3"}
    assert set(world.steps(public)) == keys
    done_once(world, public, keys)
    known = point == "settle.committed:1"
    assert world.outcomes(public)[0] == ("succeeded" if known else "lost")
    world.sound()


@pytest.mark.parametrize("point", [*ENTRY, "advance.locked:1", "perform.returned:1", *OUTSIDE])
def test_a_step_outside(world: World, point: str) -> None:
    """It is never entered blindly again: where nobody knows whether it happened, the workflow waits for a person."""
    public = crash(world, "flow-calls", point)
    expected = OUTSIDE.get(point, "succeeded")
    wait(lambda: "test-external" in world.steps(public), what="the step")
    outside = world.steps(public)["test-external"][0]
    assert world.ends(outside) == expected
    assert world.entries(outside) == (0 if point == "claim.committed:2" else 1)
    if expected == "in_doubt":
        assert world.status(public) == "waiting"
        assert "id" in world.client().ask("resolve", execution=outside, answer="happened", result="sent")
    assert world.ends(public) == "succeeded"
    done_once(world, public, {"test-write", "test-write#2"})
    assert world.entries(outside) <= 1
    world.sound()


@pytest.mark.parametrize("point", GRAPH)
def test_a_graph(world: World, point: str) -> None:
    public = crash(world, "flow-graph", point)
    assert world.ends(public) == "succeeded"
    done_once(world, public, {"first", "many-0", "many-1", "many-2", "last"})
    world.sound()


@pytest.mark.parametrize("point", UNDO)
def test_a_compensation(world: World, point: str) -> None:
    """Each undo is done once as well, in the same order as if nothing had happened."""
    public = crash(world, "flow-undoes", point)
    assert world.ends(public) == "failed"
    done_once(world, public, {"flow-book", "flow-book#2", "undo:flow-book", "undo:flow-book#2"})
    error = world.error(public)
    assert (error["code"], error["step"]) == ("step_failed", "test-give-up")
    assert (error["undone"], error["not_undone"]) == (["flow-book#2", "flow-book"], [])
    finished = "SELECT finished_at FROM actions_execution WHERE step = %s"
    assert world.one(finished, "undo:flow-book#2") <= world.one(finished, "undo:flow-book")
    world.sound()


def test_a_client_that_dies_while_it_emits(world: World) -> None:
    """The event is kept or it is not; told again under its key, it is there once."""
    world.maintain()
    world.work()
    public = world.invoke("flow-reviewed")
    wait(lambda: world.status(public) == "waiting", what="the wait")
    client = world.client(crash="emit.stored")
    assert client.ask("emit", execution=public, ok=1, key="mail-1") == {}
    wait(lambda: not client.alive(), what="the client's death")
    assert (world.status(public), world.one("SELECT count(*) FROM actions_externalevent")) == ("waiting", 0)
    again = world.client()
    for _ in range(2):
        again.ask("emit", execution=public, ok=1, key="mail-1")
    assert world.ends(public) == "succeeded"
    assert world.one("SELECT count(*) FROM actions_externalevent") == 1
    assert world.one("SELECT result FROM actions_execution WHERE step IS NULL") == {"ok": 1}
    done_once(world, public, {"test-write", "test-write#2"})
    world.sound()


def test_maintainers_die_while_timers_fire(world: World) -> None:
    """Each as soon as it leads; timers fire once each all the same, however often that takes."""
    world.work()
    public = world.invoke("flow-sleeps", times=3, seconds=0.05)
    for _ in range(100):
        if world.status(public) in {"succeeded", "failed"}:
            break
        maintain = world.maintain()
        wait(lambda m=maintain: m.log.exists() and "maintain_leads" in m.text(), what="the lead")
        maintain.kill()
    assert world.status(public) == "succeeded"
    done_once(world, public, {"test-write", "test-write#2", "test-write#3"})
    assert world.outcomes(public) == ["suspended"] * 3 + ["succeeded"]
    world.sound()


def test_a_fan_in_of_three_hundred_with_four_workers(world: World) -> None:
    """The one behind them runs once, when all have ended."""
    world.maintain()
    world.work(4)
    public = world.invoke("flow-fan", width=300, seconds=0.002)
    assert world.ends(public, seconds=60) == "succeeded"
    steps = world.steps(public)
    assert len(steps) == 301
    done_once(world, public, set(steps))
    assert world.outcomes(steps["last"][0]) == ["succeeded"]
    assert world.outcomes(public) == ["suspended", "succeeded"]
    workers = "SELECT count(DISTINCT worker_id) FROM actions_attempt"
    assert world.one(workers) >= 3
    latest = "SELECT max(finished_at) FROM actions_execution WHERE action_id = 'flow-node' AND step <> 'last'"
    assert world.one("SELECT started_at FROM actions_execution WHERE step = 'last'") >= world.one(latest)
    world.sound()


def test_redis_is_flushed_while_workflows_run(world: World) -> None:
    """F09: they are entered again without the wake-ups that were lost, and nothing twice."""
    world.maintain()
    world.work(2)
    runs = [world.invoke(flow) for flow in ("flow-calls", "flow-graph", "flow-sleeps", "flow-undoes") for _ in range(3)]
    while not {world.status(run) for run in runs} <= {"succeeded", "failed"}:
        world.redis("flushall")
    assert [world.ends(run) for run in runs] == ["succeeded"] * 9 + ["failed"] * 3
    assert world.one("SELECT count(*) FROM actions_attempt WHERE outcome = 'lost'") == 0
    world.sound()


@pytest.mark.parametrize("how", ["kill", "restart"])
def test_postgresql_goes_while_workflows_wait(world: World, how: str) -> None:
    """F13: for an event, for a time, for steps at work. All go on when it is back."""
    world.maintain()
    pool = world.work(2)
    workers = pool.children()
    reviewed = world.invoke("flow-reviewed")
    wait(lambda: world.status(reviewed) == "waiting", what="the wait")
    sleeping = world.invoke("flow-sleeps", times=2, seconds=0.3)
    fan = world.invoke("flow-fan", width=60, seconds=0.02)
    wait(lambda: world.one("SELECT count(*) FROM app_effect WHERE note = 'many'") > 0, what="steps at work")
    if how == "kill":
        world.servers.postgres.kill()
        world.servers.postgres.start()
    else:
        world.servers.postgres.restart()
    client = world.client()
    while "id" not in client.ask("emit", execution=reviewed, ok=1, key="mail-1"):
        pass
    assert [world.ends(run, seconds=30) for run in (reviewed, sleeping, fan)] == ["succeeded"] * 3
    done_once(world, reviewed, {"test-write", "test-write#2"})
    done_once(world, sleeping, {"test-write", "test-write#2"})
    done_once(world, fan, {"last", *(f"many-{number}" for number in range(60))})
    assert pool.children() == workers
    world.sound()
