"""What does not belong in Redis is dropped and logged once, and nothing of it is executed: F19."""

import json
import pickle
import zlib
from pathlib import Path

from tests.faults.harness import World, wait


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_hundred_wake_ups_for_one_execution(world: World) -> None:
    """F19: it is done once."""
    world.maintain()
    public = world.invoke("test-write")
    job = world.redis("lindex", "rq:queue:default", 0).decode()
    fields = world.redis("hgetall", f"rq:job:{job}")
    flat = [part for pair in fields.items() for part in pair]
    for number in range(100):
        world.redis("hset", f"rq:job:copy-{number}", *flat)
        world.redis("rpush", "rq:queue:default", f"copy-{number}")
    world.work(2)
    assert world.ends(public) == "succeeded"
    wait(lambda: world.redis("llen", "rq:queue:default") == 0, what="an empty queue")
    assert world.entries(public) == 1
    world.sound()


def test_garbage_in_the_queue(world: World, tmp_path: Path) -> None:
    """F19, S-09: ids of nothing, bytes that are no text, fields of the wrong kind, pickles, other functions."""
    touched = tmp_path / "touched"
    bomb = pickle.dumps(Bomb(touched))
    call = json.dumps(["pathlib.Path.touch", None, [str(touched)], {}]).encode()
    strangers: dict[str, dict[str, bytes]] = {
        "bomb": {"data": zlib.compress(bomb), "created_at": b"2026-01-01T00:00:00.000000Z"},
        "bare-bomb": {"data": bomb, "result": bomb, "meta": bomb},
        "other-function": {"data": zlib.compress(call), "success_callback_name": b"os.abort"},
        "other-queue": {"data": json.dumps(["doplatform.services.worker.drain", None, [], {"queue": "no"}]).encode()},
        "no-list": {"data": b"5"},
        "bad-date": {"data": call, "created_at": b"yesterday"},
        "bad-number": {"data": call, "timeout": b"\xff", "result_ttl": b"x"},
        "bad-status": {"data": call, "status": b"dancing"},
    }
    world.maintain()
    pool = world.work()
    workers = pool.children()
    for name, fields in strangers.items():
        world.redis("hset", f"rq:job:{name}", *[part for pair in fields.items() for part in pair])
        world.redis("rpush", "rq:queue:default", name)
    world.redis("set", "rq:job:a-string", "no hash")
    for name in (b"a-string", b"\xff\xfe\x00", b"nothing", b"", b"a b c", b"x" * 10_000):
        world.redis("rpush", "rq:queue:default", name)
    public = world.invoke("test-write")
    wait(lambda: world.redis("llen", "rq:queue:default") == 0, what="an empty queue")
    assert world.ends(public) == "succeeded"
    assert not touched.exists()
    assert pool.children() == workers
    dropped = [line for line in pool.text().splitlines() if "stranger_dropped" in line]
    for name in (*strangers, "a-string"):
        assert sum(f'"job": "{name}"' in line for line in dropped) == 1, name
    assert len(pool.text()) < 20_000
