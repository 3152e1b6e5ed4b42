"""For every test: one test database, which gives up the guards that would stop its own cleaning."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import setup_databases


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None) -> None:
    """The migrated test database, also for tests that clean it by themselves and carry no mark of pytest-django.

    The audit may be truncated between tests; its single rows stay protected. Nothing is torn down: the whole server is
    temporary.
    """
    with django_db_blocker.unblock():
        setup_databases(verbosity=0, interactive=False, aliases={"default"})
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE actions_auditentry DISABLE TRIGGER actions_audit_truncate")
            cursor.execute("ALTER TABLE actions_seal DISABLE TRIGGER actions_seal_truncate")
