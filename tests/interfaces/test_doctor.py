"""The doctor sees each thing that would lose work or let it lie, and workers refuse a database that forgets."""

import json
import os
import time
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer, PickleSerializer

from actions.engine import dispatch, durability, workers
from actions.engine.doctor import Level, database, examine
from actions.engine.ledger import MAINTAIN_LOCK
from actions.engine.statements import raw
from actions.engine.sync import sync
from actions.engine.workers import Registration
from actions.errors import UnsafeDatabase
from actions.testing import inline_worker
from doplatform.services import embedded
from tests.app import actions as app
from tests.engine.scheduling import due_at, made
from tests.interfaces.command_line import manage, started
from tests.stage import engine

__all__ = ["engine"]

pytestmark = pytest.mark.usefixtures("engine")


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.fixture
def in_order(engine):
    """A live worker, a maintain that leads, and the trigger that tests lift."""
    sync()
    workers.register(raw(), Registration("one", "localhost", os.getpid(), ["default"]))
    sql("ALTER TABLE actions_auditentry ENABLE ALWAYS TRIGGER actions_audit_truncate")
    place = connection.settings_dict
    with psycopg.connect(dbname=place["NAME"], user=place["USER"], host=place["HOST"], autocommit=True) as maintain:
        maintain.execute("SELECT pg_advisory_lock(%s)", [MAINTAIN_LOCK])
        yield maintain
    sql("ALTER TABLE actions_auditentry DISABLE TRIGGER actions_audit_truncate")


@pytest.fixture
def redis(settings):
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
        yield client
        client.flushall()
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 0)


def levels():
    return {finding.id: finding.level for finding in examine()}


def faults():
    return {id_: level for id_, level in levels().items() if level != Level.OK}


def undone(statement):
    """The faults while a statement holds that is rolled back."""
    with transaction.atomic():
        sql(statement)
        found = faults()
        transaction.set_rollback(True)
    return found


def test_where_all_is_well_every_answer_is_ok(in_order):
    assert faults() == {}
    out = StringIO()
    call_command("doctor", "--json", stdout=out)
    told = json.loads(out.getvalue())

    assert told["healthy"] is True
    assert set(told) == {"healthy", "counts", "findings"}
    assert all(set(finding) == {"id", "level", "found", "meaning", "remedy"} for finding in told["findings"])
    assert {finding["id"] for finding in told["findings"]} >= {
        "postgresql.version", "postgresql.synchronous_commit", "postgresql.fsync", "postgresql.full_page_writes",
        "postgresql.connections", "clock", "migrations", "postgresql.indexes", "audit.triggers", "unsettled.trigger", "workers.default",
        "maintain", "due", "in_doubt", "undeclared", "schedules.failing", "schedules.late", "secret_keys", "redis.reachable", "redis.maxmemory_policy",
        "redis.memory", "redis.persistence", "redis.strangers", "checks",
    }  # fmt: skip


def test_a_failure_is_told_with_its_remedy_and_exit_code_1():
    out = StringIO()
    with pytest.raises(CommandError, match=r"^unhealthy: "):
        call_command("doctor", stdout=out)

    assert "FAIL maintain" in out.getvalue()
    assert "manage.py maintain" in out.getvalue()


def test_the_process_exits_with_1_and_prints_json():
    ended = manage("doctor", "--json")

    assert ended.returncode == 1
    assert json.loads(ended.stdout)["healthy"] is False
    assert ended.stderr.startswith(b"Refused: unhealthy: ")


def test_postgresql_away_is_a_finding(tmp_path):
    ended = manage("doctor", "--json", DATABASE_URL=f"postgresql://postgres@/nowhere?host={tmp_path}")
    found = {finding["id"]: finding["level"] for finding in json.loads(ended.stdout)["findings"]}

    assert ended.returncode == 1
    assert found["postgresql.reachable"] == "fail"
    assert found["redis.reachable"] == "ok"
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("value", ["off", "local"])
def test_asynchronous_commits(in_order, value):
    assert undone(f"SET LOCAL synchronous_commit = {value}") == {"postgresql.synchronous_commit": Level.FAIL}


@pytest.mark.parametrize("value", ["on", "remote_write", "remote_apply"])
def test_synchronous_commits(in_order, value):
    assert undone(f"SET LOCAL synchronous_commit = {value}") == {}


NEWEST_NOT_APPLIED = """
DELETE FROM django_migrations
WHERE app = 'actions' AND name = (SELECT max(name) FROM django_migrations WHERE app = 'actions')
"""


@pytest.mark.parametrize(
    ("statement", "id_"),
    [
        ("ALTER TABLE actions_auditentry DISABLE TRIGGER actions_audit_rows", "audit.triggers"),
        ("ALTER TABLE actions_auditentry ENABLE TRIGGER actions_audit_rows", "audit.triggers"),
        ("DROP TRIGGER actions_audit_truncate ON actions_auditentry", "audit.triggers"),
        ("ALTER TABLE actions_unsettled DISABLE TRIGGER actions_unsettled", "unsettled.trigger"),
        ("DROP TRIGGER actions_unsettled ON actions_unsettled", "unsettled.trigger"),
        (NEWEST_NOT_APPLIED, "migrations"),
        ("UPDATE actions_worker SET gone_at = now()", "workers.default"),
        ("UPDATE actions_worker SET heartbeat_at = now() - interval '1 minute'", "workers.default"),
    ],
)
def test_guards_migrations_and_workers_that_are_missing(in_order, statement, id_):
    assert undone(statement) == {id_: Level.FAIL}


def test_indexes_whose_building_was_interrupted(in_order):
    """Named, each with the statement that mends it; what a REINDEX left behind is dropped"""

    def found():
        (one,) = [finding for finding in examine() if finding.id == "postgresql.indexes"]
        return one

    def fails(statement):
        with pytest.raises(psycopg.errors.UniqueViolation):
            in_order.execute(statement)

    try:
        fails('CREATE UNIQUE INDEX CONCURRENTLY "Twice" ON actions_action (kind)')
        assert (found().level, found().remedy) == (Level.WARN, 'REINDEX INDEX CONCURRENTLY "Twice";')
        assert '"Twice"' in found().found
        fails(found().remedy)
        assert found().remedy == 'REINDEX INDEX CONCURRENTLY "Twice"; DROP INDEX CONCURRENTLY "Twice_ccnew";'
        sql("DELETE FROM actions_action")
        for statement in found().remedy.split("; "):
            in_order.execute(statement)
        assert found().level == Level.OK
    finally:
        in_order.execute('DROP INDEX IF EXISTS "Twice", "Twice_ccnew"')


@pytest.mark.parametrize("table", ["queue", "worker", "execution", "action"])
def test_any_table_that_is_missing(in_order, table):
    assert undone(f"DROP TABLE actions_{table} CASCADE")["work.tables"] == Level.FAIL


def test_no_maintain(in_order):
    in_order.execute("SELECT pg_advisory_unlock(%s)", [MAINTAIN_LOCK])
    assert faults() == {"maintain": Level.FAIL}


@pytest.mark.parametrize(("used", "level"), [(80, Level.OK), (93, Level.WARN), (99, Level.FAIL)])
def test_room_for_connections(monkeypatch, used, level):
    monkeypatch.setattr(database, "_ROOM", f"SELECT 100, {used}")
    assert database.room().level == level


@pytest.mark.parametrize(("ahead", "level"), [(0, Level.OK), (10, Level.WARN), (-10, Level.WARN)])
def test_clocks_apart(monkeypatch, ahead, level):
    monkeypatch.setattr(database, "time", SimpleNamespace(time=lambda: time.time() + ahead))
    assert database.clock().level == level


def test_an_old_postgresql(monkeypatch):
    monkeypatch.setattr(database, "OLDEST_VERSION", 9_990_000)
    assert database.version().level == Level.FAIL


@pytest.mark.parametrize(("minutes", "level"), [(2, Level.WARN), (60, Level.FAIL)])
def test_due_executions_that_nobody_takes(in_order, minutes, level):
    app.noop.invoke()
    assert levels()["due.default"] == Level.OK
    sql("UPDATE actions_execution SET available_at = now() - make_interval(mins => %s)", minutes)
    assert faults() == {"due.default": level}
    assert undone("UPDATE actions_queue SET paused_at = now()") == {}
    assert undone("UPDATE actions_action SET paused_at = now()") == {}


def test_schedules_that_start_nothing_or_are_late(in_order):
    schedule = made()
    failing = "UPDATE actions_schedule SET last_error = 'its params fit no more'"
    assert undone(failing) == {"schedules.failing": Level.WARN}
    assert undone(f"{failing}, paused_at = now()") == {}
    due_at(schedule, timedelta(seconds=30))
    assert faults() == {}
    due_at(schedule, timedelta(seconds=90))
    assert faults() == {"schedules.late": Level.WARN}


def test_doubts_are_counted(in_order):
    app.doubt.invoke()
    with inline_worker() as worker:
        worker.work()
    assert faults() == {"in_doubt": Level.WARN}


def test_executions_of_actions_that_are_gone(in_order):
    app.noop.invoke()
    sql("UPDATE actions_execution SET action_id = 'removed-long-ago'")
    assert faults() == {"undeclared": Level.WARN}


def test_redis_away(in_order, settings, tmp_path):
    settings.RQ_QUEUES = {"default": {"URL": f"unix://{tmp_path}/nobody.sock"}}
    assert faults() == {"redis.reachable": Level.FAIL}


def test_redis_that_evicts(in_order, redis):
    """F11"""
    redis.config_set("maxmemory-policy", "allkeys-lru")
    assert faults() == {"redis.maxmemory_policy": Level.FAIL}


def test_redis_that_is_full(in_order, redis):
    """F11"""
    redis.config_set("maxmemory", redis.info("memory")["used_memory"] + 100_000)
    assert faults() == {"redis.memory": Level.WARN}


def test_only_wake_ups_stand_in_the_queue(in_order, redis):
    assert dispatch.wake("default")
    assert redis.llen("rq:queue:default") == 1
    assert faults() == {}


@pytest.mark.parametrize("serializer", [JSONSerializer, PickleSerializer])
def test_strangers_in_the_queue(in_order, redis, serializer):
    Queue("default", connection=redis, serializer=serializer).enqueue("os.getpid")
    assert faults() == {"redis.strangers": Level.WARN}


@pytest.mark.parametrize("packed", [b"", b"\x00", b"[]", b"{}", b"[1,2,3]", b"[" * 10_000, b"\x80\x04N.", b"null"])
def test_garbage_in_the_queue(in_order, redis, packed):
    redis.hset("rq:job:x", "data", packed)
    redis.rpush("rq:queue:default", "x")
    assert faults() == {"redis.strangers": Level.WARN}


# Workers refuse


def test_a_worker_refuses_asynchronous_commits():
    durability.require()
    with transaction.atomic():
        sql("SET LOCAL synchronous_commit = off")
        with pytest.raises(UnsafeDatabase, match="synchronous_commit is off"):
            durability.require()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One data folder, for servers with different settings one after the other."""
    return tmp_path_factory.mktemp("data")


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_workers_do_not_start_on_a_database_that_forgets(place, setting):
    with embedded.Servers(place, temporary=True, postgres_settings={setting: "off"}) as forgetful:
        ended = manage("work", "--processes", "1", DATABASE_URL=forgetful.database_url, REDIS_URL=forgetful.redis_url)

    assert ended.returncode == 1
    assert f"{setting} is off".encode() in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_worker_that_waited_for_postgresql_refuses_it_then(place):
    with embedded.Servers(place, temporary=True, postgres_settings={"fsync": "off"}) as forgetful:
        forgetful.postgres.stop()
        words = ["work", "--processes", "1"]
        with started(*words, DATABASE_URL=forgetful.database_url, REDIS_URL=forgetful.redis_url) as process:
            assert any("waits for PostgreSQL" in line for line in process.stderr)
            forgetful.postgres.start()
            assert any("fsync is off" in line for line in process.stderr)


def test_workers_do_not_start_on_a_redis_that_evicts(redis):
    """F11"""
    redis.config_set("maxmemory-policy", "allkeys-lru")
    ended = manage("work", "--processes", "1")

    assert ended.returncode == 1
    assert b"maxmemory-policy is allkeys-lru" in ended.stderr
    assert b"Traceback" not in ended.stderr
