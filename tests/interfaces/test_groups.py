"""The three groups of a fresh database may what docs/operations.md says."""

from urllib.parse import quote

import psycopg
from django.db import connection

from tests.engine.test_access_matrix import roles
from tests.interfaces.command_line import manage
from tests.stage import engine, session

__all__ = ["engine"]


def test_a_fresh_database_has_the_groups_with_their_permissions(engine):
    """DESIGN.md section 8; migrate makes permissions only after all migrations, so these make what they grant"""
    place = connection.settings_dict
    with session() as here:
        here.execute("DROP DATABASE IF EXISTS fresh")
        here.execute("CREATE DATABASE fresh")
    url = f"postgresql://{quote(place['USER'])}@/fresh?host={quote(place['HOST'])}"
    done = manage("migrate", "-v0", DATABASE_URL=url)
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    with psycopg.connect(host=place["HOST"], user=place["USER"], dbname="fresh") as fresh:
        found = fresh.execute(
            "SELECT g.name, p.codename FROM auth_group AS g JOIN auth_group_permissions AS m ON m.group_id = g.id "
            "JOIN auth_permission AS p ON p.id = m.permission_id"
        ).fetchall()
        # Each permission once, with the name that the model gives it.
        twins = fresh.execute(
            "SELECT codename FROM auth_permission AS p JOIN django_content_type AS t ON t.id = p.content_type_id "
            "WHERE app_label = 'actions' GROUP BY codename HAVING count(*) > 1"
        ).fetchall()
    groups = {role: frozenset(name for group, name in found if group == role) for role in roles()}
    assert groups == roles()
    assert twins == []
