"""The API while PostgreSQL or Redis is away: B40, F08, F13. Nothing acknowledged is lost, and nobody sees a 500."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.engine.keys.key import digest_of
from actions.values import keytext
from tests.faults.harness import World, wait
from tests.interfaces.server import Reply, Server, message, serving

BODY = b'{"params": {}}'
NOOP = "actions/test-noop/executions"


@pytest.fixture
def key(world: World) -> str:
    """A key that may do everything."""
    made = keytext.make()
    world.sql("DELETE FROM actions_apikey")
    world.sql("INSERT INTO actions_serviceaccount (name, description) VALUES ('faults', '') ON CONFLICT DO NOTHING")
    world.sql(
        "INSERT INTO actions_apikey (id, digest, label, account_id, owner, scopes, rate, created_by, expires_at, replaces, "
        "revoked_by, revoked_reason) VALUES (%s, %s, 'x', 'faults', 'faults', %s, 10000, 'x', now() + interval '1 day', '', '', '')",
        made.id,
        digest_of(made.text),
        ["action:*:read", "action:*:trigger"],
    )
    return made.text


@pytest.fixture
def web(world: World, tmp_path: Path) -> Iterator[Server]:
    """A web process of this world."""
    (tmp_path / "staticfiles").mkdir()
    with serving(tmp_path, **world.environment()) as server:
        yield server


def ask(web: Server, key: str, method: str = "POST", path: str = NOOP, **headers: str) -> Any:
    begun = time.monotonic()
    reply = web.request(method, path, key, BODY if method == "POST" else None, **headers)
    reply.seconds = time.monotonic() - begun  # type: ignore[attr-defined]
    return reply


def test_postgresql_away(world: World, web: Server, key: str) -> None:
    """B40, F13: 503 `unavailable` with Retry-After, soon; as before when it is back, on whatever connection"""
    known = ask(web, key, Idempotency_Key="a")
    assert known.status == 202
    world.servers.postgres.kill()
    replies = [ask(web, key, Idempotency_Key="b") for _ in range(5)] + [ask(web, key, "GET", "executions")]
    for reply in replies:
        assert (reply.status, reply.json["code"]) == (503, "unavailable"), reply.body
        assert int(reply.headers["retry-after"]) >= 1
        assert reply.headers["content-type"] == "application/problem+json"
    assert replies[0].seconds < 5
    assert max(reply.seconds for reply in replies[1:]) < 1.5
    assert b"Traceback" not in b"".join(reply.body for reply in replies)
    world.servers.start()
    wait(lambda: ask(web, key, "GET", "executions").status == 200, 15, what="the API again")
    again = ask(web, key, Idempotency_Key="a")
    assert (again.status, again.json["id"]) == (200, known.json["id"])
    assert ask(web, key, Idempotency_Key="b").status == 202
    assert world.one("SELECT count(*) FROM actions_execution") == 2


def test_sessions_that_end(world: World, web: Server, key: str) -> None:
    """F12, F32: a session that the server ended while nothing was asked of it fails no request"""
    assert ask(web, key).status == 202
    for _ in range(3):
        world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'doplatform web'")
        wait(lambda: not world.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doplatform web'"))
        assert ask(web, key).status == 202


def test_redis_away(world: World, web: Server, key: str) -> None:
    """B40, F08: 202 as ever, at most a quarter of a second later, and waiting clients are told"""
    world.maintain()
    world.work()
    assert ask(web, key, Prefer="wait=10").json["status"] == "succeeded"
    world.servers.redis.kill()
    try:
        replies = [ask(web, key) for _ in range(5)]
        assert [reply.status for reply in replies] == [202] * 5
        assert max(reply.seconds for reply in replies) < 0.5
        with web.connect() as sock:
            sock.sendall(message("GET", f"executions/{replies[0].json['id']}?wait=30", key))
            time.sleep(0.5)
            world.servers.redis.start()
            reply = Reply.read(sock)
        assert (reply.status, reply.json["status"]) == (200, "succeeded")
    finally:
        world.servers.redis.start()
    world.sound()


def test_a_web_process_that_dies(world: World, tmp_path: Path, key: str) -> None:
    """F06: whatever it was doing, a repeat by key makes one execution"""
    (tmp_path / "staticfiles").mkdir()
    with serving(tmp_path, **world.environment(crash="accept.committed:2")) as web:
        assert ask(web, key).status == 202
        reply = ask(web, key, Idempotency_Key="once")
        assert reply.status == 0
        wait(lambda: world.one("SELECT count(*) FROM actions_execution") == 2)
        wait(lambda: _served(web, key), what="another worker process")
        again = ask(web, key, Idempotency_Key="once")
        assert (again.status, again.headers["idempotent-replayed"]) == (200, "true")
    assert world.one("SELECT count(*) FROM actions_execution") == 2


def _served(web: Server, key: str) -> bool:
    try:
        return bool(ask(web, key, "GET", "executions").status == 200)
    except OSError:
        return False
