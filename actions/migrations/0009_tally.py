"""Tallies for charts; the mark stands before the first entry, so that maintain counts what is there already."""

from django.db import migrations, models

_MARK = "INSERT INTO actions_tallymark (number, xid, entry) VALUES (1, -9223372036854775808, 0)"
# The rows of the current minute and hour are written again and again.
_STORAGE = "ALTER TABLE actions_tally SET (fillfactor = 70)"


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0008_callbacks"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "span", "at", "action", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("span", models.IntegerField(help_text="Seconds: 60 or 3600.")),
                ("at", models.DateTimeField(help_text="Its beginning.")),
                ("action", models.CharField(max_length=100)),
                ("accepted", models.IntegerField()),
                ("succeeded", models.IntegerField()),
                ("failed", models.IntegerField()),
                ("retrying", models.IntegerField()),
                ("in_doubt", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="TallyMark",
            fields=[
                ("number", models.IntegerField(help_text="1", primary_key=True, serialize=False)),
                ("xid", models.BigIntegerField()),
                ("entry", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(_MARK, migrations.RunSQL.noop),
        migrations.RunSQL(_STORAGE, migrations.RunSQL.noop),
    ]
