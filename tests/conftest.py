"""For every test: one test database, which gives up the guards that would stop its own cleaning; and no test leaves a second
declaration of an action's name, which would be a fault of the installation that later tests of the process examine."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models.signals import post_migrate
from django.test.utils import setup_databases


@pytest.fixture(autouse=True)
def names_declared_once() -> Iterator[None]:
    """Also among examples in docs: whoever pastes one beside the demo's actions must not be told that it is there already."""
    from actions.definitions.registry import registry

    yield
    left = [second.place for second in registry.duplicates]
    registry.duplicates.clear()
    assert left == []


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None) -> None:
    """The migrated test database, also for tests that clean it by themselves and carry no mark of pytest-django.

    The audit may be truncated between tests; its single rows stay protected. Nothing is torn down: the whole server is
    temporary.
    """
    from actions.definitions.registry import registry

    # What the demo asks for by the clock would stand among what tests count, with its entry in the audit.
    registry.find("count-stock").schedules = ()
    with django_db_blocker.unblock():
        setup_databases(verbosity=0, interactive=False, aliases={"default"})
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE actions_auditentry DISABLE TRIGGER actions_audit_truncate")
            cursor.execute("ALTER TABLE actions_seal DISABLE TRIGGER actions_seal_truncate")
        _keep_groups()


def _keep_groups() -> None:
    """A flush empties every table, and Django itself makes only permissions again: the groups come back with them."""
    from django.contrib.auth.models import Group, Permission

    names = ("content_type__app_label", "codename")
    kept = {group.name: list(group.permissions.values_list(*names)) for group in Group.objects.all()}

    def bring_back(**_: Any) -> None:
        now = {(label, codename): key for label, codename, key in Permission.objects.values_list(*names, "pk")}
        for name, permissions in kept.items():
            group, made = Group.objects.get_or_create(name=name)
            if made:
                group.permissions.set([now[permission] for permission in permissions])

    # The last app: by now all permissions are there.
    post_migrate.connect(bring_back, sender=apps.get_app_config("app"), weak=False)
