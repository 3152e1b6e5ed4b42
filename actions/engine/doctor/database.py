"""PostgreSQL: its version and settings, its clock, its schema."""

import time
from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations.executor import MigrationExecutor

from actions.engine import durability
from actions.engine.doctor.finding import Finding, Level, judged

OLDEST_VERSION = 150_000
LARGEST_SKEW = 2.0
"""Seconds between PostgreSQL's clock and ours."""
_FEW_CONNECTIONS = 10
_HARDLY_ANY = 3

# Superusers' reserve is not ours to count on.
_ROOM = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
"""
_GUARDS = """
SELECT tgname, tgenabled::text FROM pg_trigger
WHERE (tgrelid, tgname) IN (
  (to_regclass('actions_auditentry'), 'actions_audit_rows'), (to_regclass('actions_auditentry'), 'actions_audit_truncate'),
  (to_regclass('actions_unsettled'), 'actions_unsettled'))
"""
# One that is being built at this moment is not valid yet, and nothing is wrong.
_INVALID = """
SELECT quote_ident(index.relname) FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
WHERE NOT indisvalid AND index.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS building WHERE building.index_relid = indexrelid)
ORDER BY index.relname
"""
_AUDIT_GUARDS = ("actions_audit_rows", "actions_audit_truncate")


def examine() -> Iterator[Finding]:
    """Every finding about PostgreSQL. Raises Django's database errors when it cannot be asked."""
    yield version()
    yield from settings()
    yield room()
    yield clock()
    yield migrations()
    yield indexes()
    yield from guards()


def version() -> Finding:
    """PostgreSQL 15 or newer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        number = cursor.fetchone()[0]
    return judged(
        "postgresql.version",
        Level.OK if number >= OLDEST_VERSION else Level.FAIL,
        f"PostgreSQL {number // 10_000}.{number % 10_000}",
        "The engine's statements are written for PostgreSQL 15 and newer.",
        "Upgrade PostgreSQL.",
    )


def settings() -> Iterator[Finding]:
    """The settings that make a COMMIT last."""
    found = durability.current()
    for setting in durability.SETTINGS:
        value = found[setting.name]
        yield judged(
            f"postgresql.{setting.name}",
            Level.OK if value in setting.safe else Level.FAIL,
            f"{setting.name} = {value}",
            f"{setting.meaning} No worker starts like this.",
            setting.remedy,
        )


def room() -> Finding:
    """Free connections."""
    with connection.cursor() as cursor:
        cursor.execute(_ROOM)
        most, used = cursor.fetchone()
    free = most - used
    level = Level.FAIL if free < _HARDLY_ANY else Level.WARN if free < _FEW_CONNECTIONS else Level.OK
    return judged(
        "postgresql.connections",
        level,
        f"{used} of {most} connections in use",
        "A worker process takes two, a web thread and maintain one each; who finds none is refused.",
        "Raise max_connections, or put fewer processes on this server.",
    )


def clock() -> Finding:
    """PostgreSQL's clock against this process's."""
    before = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        theirs = cursor.fetchone()[0]
    skew = theirs - (before + time.time()) / 2
    return judged(
        "clock",
        Level.OK if abs(skew) <= LARGEST_SKEW else Level.WARN,
        f"PostgreSQL's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's",
        "Leases and due times go by PostgreSQL's clock, but retries, schedules and ids by the machine's that asks: "
        "what was due now starts too early or too late.",
        "Let both machines follow the same time server.",
    )


def migrations() -> Finding:
    """Migrations that have not been applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    waiting = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    return judged(
        "migrations",
        Level.FAIL if waiting else Level.OK,
        f"not applied: {', '.join(waiting)}" if waiting else "all are applied",
        "The code expects tables or guarantees that this database does not have.",
        f"Run: manage.py migrate --database {DEFAULT_DB_ALIAS}",
    )


def indexes() -> Finding:
    """Indexes that no statement uses, because building them was interrupted."""
    with connection.cursor() as cursor:
        cursor.execute(_INVALID)
        broken = [name for (name,) in cursor.fetchall()]
    return judged(
        "postgresql.indexes",
        Level.WARN if broken else Level.OK,
        f"invalid: {', '.join(broken)}" if broken else "all are valid",
        "CREATE INDEX CONCURRENTLY was interrupted, a migration's for instance: every write keeps the index up, and no "
        "statement uses it. Applying the migration again would leave it so.",
        " ".join(_mended(name) for name in broken),
    )


def _mended(index: str) -> str:
    """The statement. What REINDEX CONCURRENTLY itself left behind stands beside the index it was made for."""
    leftover = index.strip('"').rstrip("0123456789").endswith(("_ccnew", "_ccold"))
    return f"{'DROP' if leftover else 'REINDEX'} INDEX CONCURRENTLY {index};"


def guards() -> Iterator[Finding]:
    """The triggers that keep the audit append-only and unsettled work uncommitted."""
    with connection.cursor() as cursor:
        cursor.execute(_GUARDS)
        # A: fires always, also where replication roles switch the ordinary triggers off.
        always = {name for name, enabled in cursor.fetchall() if enabled == "A"}
    missing = [name for name in _AUDIT_GUARDS if name not in always]
    yield judged(
        "audit.triggers",
        Level.FAIL if missing else Level.OK,
        f"missing or not ENABLE ALWAYS: {', '.join(missing)}" if missing else "the audit is append-only",
        "Audit entries could be changed or removed without a trace.",
        " ".join(f"ALTER TABLE actions_auditentry ENABLE ALWAYS TRIGGER {name};" for name in missing)
        + " If that fails, apply the migration actions.0002 anew.",
    )
    yield judged(
        "unsettled.trigger",
        Level.OK if "actions_unsettled" in always else Level.FAIL,
        "present" if "actions_unsettled" in always else "missing or not ENABLE ALWAYS: actions_unsettled",
        "A raw COMMIT inside a handler could publish writes without their record.",
        "ALTER TABLE actions_unsettled ENABLE ALWAYS TRIGGER actions_unsettled; If that fails, apply actions.0002 anew.",
    )
