"""What the platform stands on, and what a developer declared."""

from actions.errors.base import DoplatformError


class DatabaseUnavailable(DoplatformError):
    """PostgreSQL did not answer, or refused. If the request had reached it, nobody knows whether it was done: look before
    you ask again."""

    code = "database_unavailable"


class NotMigrated(DoplatformError):
    """The database does not have the tables of this code; nothing was changed. Run: manage.py migrate"""

    code = "not_migrated"


class UnsafeDatabase(DoplatformError):
    """PostgreSQL's settings would lose acknowledged work; no worker starts on it."""

    code = "unsafe_database"


class InvalidDefinition(DoplatformError):
    """An action is declared in a way that cannot work."""

    code = "invalid_definition"


class NotInWorkflow(DoplatformError):
    """Only a workflow function can start steps, wait for them, sleep and wait for events. Elsewhere, use invoke()."""

    code = "not_in_workflow"


class NotBound(DoplatformError):
    """Actions are not set up yet: call django.setup() first, with "actions" in INSTALLED_APPS."""

    code = "not_bound"
