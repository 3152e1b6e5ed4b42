"""Seals over the audit, append-only as the audit itself."""

from django.db import migrations, models

_APPEND_ONLY = """
CREATE TRIGGER actions_seal_rows BEFORE UPDATE OR DELETE ON actions_seal
  FOR EACH ROW EXECUTE FUNCTION actions_refuse_change();
CREATE TRIGGER actions_seal_truncate BEFORE TRUNCATE ON actions_seal
  FOR EACH STATEMENT EXECUTE FUNCTION actions_refuse_change();
ALTER TABLE actions_seal ENABLE ALWAYS TRIGGER actions_seal_rows;
ALTER TABLE actions_seal ENABLE ALWAYS TRIGGER actions_seal_truncate;
"""
_APPEND_ONLY_BACK = """
DROP TRIGGER actions_seal_truncate ON actions_seal;
DROP TRIGGER actions_seal_rows ON actions_seal;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0003_groups"),
    ]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "number",
                    models.BigIntegerField(help_text="From 1, without gaps.", primary_key=True, serialize=False),
                ),
                (
                    "previous",
                    models.CharField(help_text="SHA-256 of the previous seal, its signature included.", max_length=64),
                ),
                (
                    "root",
                    models.CharField(
                        help_text="Merkle root over the entries' hashes, in order of (xid, id).", max_length=64
                    ),
                ),
                ("first_xid", models.BigIntegerField()),
                ("first_id", models.BigIntegerField()),
                ("last_xid", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
                ("count", models.IntegerField()),
                ("horizon_xid", models.BigIntegerField(help_text="With horizon_id: where the next seal begins.")),
                ("horizon_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("key", models.CharField(help_text="Id of the key that signed it.", max_length=16)),
                ("signature", models.CharField(help_text="HMAC-SHA256.", max_length=64)),
                (
                    "marks",
                    models.BinaryField(
                        help_text="Per entry 8 bytes of its id and 8 of its hash: names the one that was changed."
                    ),
                ),
            ],
        ),
        migrations.RunSQL(_APPEND_ONLY, _APPEND_ONLY_BACK),
    ]
