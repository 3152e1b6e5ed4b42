"""Dead entries leave the claim index at every VACUUM.

A claim walks over the entries of what has been claimed before. By default a VACUUM leaves the indexes alone where less than
2 % of the table's pages hold dead rows: in a large table that is millions of entries, and the claim index has them all.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0005_workflows"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE actions_execution SET (vacuum_index_cleanup = on)",
            "ALTER TABLE actions_execution RESET (vacuum_index_cleanup)",
        ),
    ]
