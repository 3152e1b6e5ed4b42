"""Settings of PostgreSQL without which an acknowledged COMMIT can be lost: no worker starts where one is missing."""

from dataclasses import dataclass

from django.db import connection

from actions.errors import UnsafeDatabase

SYNCHRONOUS = ("on", "remote_write", "remote_apply")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of PostgreSQL, the values that are safe, and what the others cost."""

    name: str
    safe: tuple[str, ...]
    meaning: str
    remedy: str


SETTINGS = (
    Setting(
        "synchronous_commit",
        SYNCHRONOUS,
        "Otherwise a COMMIT is answered before it is safe, and a crash loses executions that were acknowledged.",
        "Remove what sets it: postgresql.conf, ALTER ROLE, ALTER DATABASE or the connection's options.",
    ),
    Setting(
        "fsync",
        ("on",),
        "Without it a power cut can destroy the whole database.",
        "Set fsync = on in postgresql.conf and restart PostgreSQL; take a fresh copy of what it holds.",
    ),
    Setting(
        "full_page_writes",
        ("on",),
        "Without it a power cut can leave half-written pages that recovery cannot mend.",
        "Set full_page_writes = on in postgresql.conf and reload PostgreSQL.",
    ),
)


def current() -> dict[str, str]:
    """The settings as this session has them. Raises Django's database errors."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", [[setting.name for setting in SETTINGS]]
        )
        return dict(cursor.fetchall())


def require() -> None:
    """Raise UnsafeDatabase, naming every setting that would lose work."""
    found = current()
    faults = [setting for setting in SETTINGS if found[setting.name] not in setting.safe]
    if faults:
        listed = " ".join(f"{fault.name} is {found[fault.name]}. {fault.meaning} {fault.remedy}" for fault in faults)
        raise UnsafeDatabase(f"No worker starts on this PostgreSQL: {listed}")
