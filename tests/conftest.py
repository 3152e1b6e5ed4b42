"""For every test: the test database gives up the one guard that would stop its own cleaning."""

from typing import Any

import pytest
from django.db import connection


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database, whose audit may be truncated between tests; single rows stay protected."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE actions_auditentry DISABLE TRIGGER actions_audit_truncate")
