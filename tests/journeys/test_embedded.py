"""The embedded servers come up, keep what was acknowledged, and leave no process behind."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from doplatform.services import embedded
from doplatform.services.errors import ServerFailed, ServerHeld
from tests.journeys.instance import ended


@pytest.fixture
def place(own_folder):
    """A folder of its own for the servers of one test."""
    return Path(tempfile.mkdtemp(dir=own_folder))


@pytest.fixture(scope="module")
def shared(own_folder):
    with embedded.Servers(own_folder / "shared", temporary=True) as started:
        yield started


@pytest.fixture
def own(shared):
    """Servers that are up, which the test may kill and pause."""
    shared.postgres.resume()
    return shared.start()


def query(servers, statement):
    with psycopg.connect(servers.database_url, autocommit=True) as session:
        cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description else None


def test_postgres_is_durable_and_unreachable_by_network(own):
    shown = dict(query(own, "SELECT name, setting FROM pg_settings"))

    assert {name: shown[name] for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")} == {
        "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on",
    }  # fmt: skip
    assert shown["listen_addresses"] == ""
    assert shown["server_encoding"] == "UTF8"
    assert int(shown["server_version_num"]) >= 180000


def test_redis_refuses_rather_than_evicts(own):
    with Redis.from_url(own.redis_url, decode_responses=True) as client:
        shown = client.config_get("*")  # Redis 6 takes one pattern only
    assert {name: shown[name] for name in ("maxmemory-policy", "appendonly", "appendfsync", "save", "port")} == {
        "maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "save": "", "port": "0",
    }  # fmt: skip


def test_the_folders_of_the_servers_are_closed_to_others(own):
    for folder in (own.postgres.folder, own.redis.folder, own.postgres.sockets):
        assert folder.stat().st_mode & 0o077 == 0


def test_acknowledged_rows_survive_kill_9(own):
    query(own, "CREATE TABLE kept (n int)")
    query(own, "INSERT INTO kept VALUES (1)")
    before = own.postgres.pid

    own.postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        query(own, "SELECT 1")
    own.postgres.start()

    assert own.postgres.pid != before
    assert query(own, "SELECT n FROM kept") == [(1,)]


def test_postgres_starts_again_after_a_stop_in_pause(own):
    own.postgres.pause()
    own.postgres.restart()

    assert query(own, "SELECT 1") == [(1,)]


def test_a_paused_postgres_goes_on(own):
    answered = threading.Event()

    def ask():
        query(own, "SELECT 1")
        answered.set()

    own.postgres.pause()
    asking = threading.Thread(target=ask)
    asking.start()
    assert not answered.wait(0.3)

    own.postgres.resume()
    asking.join(10)
    assert answered.is_set()


def test_redis_comes_back_after_kill_9(own):
    own.redis.kill()
    with Redis.from_url(own.redis_url) as client, pytest.raises(RedisError):
        client.ping()
    own.redis.start()
    with Redis.from_url(own.redis_url) as client:
        assert client.ping()


def test_own_settings_win(place):
    with embedded.Servers(
        place,
        temporary=True,
        postgres_settings={"max_connections": "17"},
        redis_settings={"maxmemory": "20mb"},
    ) as servers:
        assert query(servers, "SHOW max_connections") == [("17",)]
        with Redis.from_url(servers.redis_url, decode_responses=True) as client:
            assert client.config_get("maxmemory") == {"maxmemory": "20971520"}


def test_a_stale_postmaster_file_with_the_number_of_a_living_stranger(place):
    with embedded.Servers(place, temporary=True) as servers:
        servers.postgres.kill()
        file = servers.postgres.folder / "postmaster.pid"
        lines = file.read_text().splitlines()
        file.write_text("\n".join([str(servers.redis.pid), *lines[1:]]) + "\n")

        servers.postgres.start()
        assert query(servers, "SELECT 1") == [(1,)]


def test_a_held_folder_is_refused_and_left_alone(own):
    beside = embedded.Servers(own.folder)

    with pytest.raises(ServerHeld, match="left alone"):
        beside.postgres.launch(patience=0.2)
    with pytest.raises(ServerHeld, match="left alone"):
        beside.redis.launch(patience=0.2)
    assert query(own, "SELECT 1") == [(1,)]


def test_a_server_that_cannot_start_says_why(place):
    with pytest.raises(ServerFailed, match="no_such_setting"):
        embedded.Servers(place, temporary=True, postgres_settings={"no_such_setting": "1"}).start()


_STARTER = """
import sys, signal
from doplatform.services import embedded
servers = embedded.Servers(sys.argv[1], temporary=True).start()
print(servers.postgres.pid, servers.redis.pid, flush=True)
signal.pause()
"""


def test_kill_9_of_the_starter_takes_the_servers_and_the_folder_comes_up_again(place):
    starter = subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(place)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    with starter:
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        starter.send_signal(signal.SIGKILL)
        starter.wait()

    try:
        assert ended(pids, 10)
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    with embedded.Servers(place) as servers:
        assert query(servers, "SELECT 1") == [(1,)]


def test_a_folder_with_a_long_path_still_has_a_short_socket(place):
    deep = place / ("long" * 25)
    with embedded.Servers(deep, temporary=True) as servers:
        assert query(servers, "SELECT 1") == [(1,)]
        sockets = servers.postgres.sockets
    assert deep not in sockets.parents
    sockets.rmdir()
