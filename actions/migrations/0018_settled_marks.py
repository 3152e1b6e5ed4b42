"""Where counting begins again after a restore into another cluster, whose transactions have other numbers."""

from django.db import migrations, models

_SETTLED = models.BigIntegerField(
    db_default=0, default=0, help_text="Entries up to this number came with a restore and are counted."
)


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0017_failed_index"),
    ]

    operations = [
        migrations.AddField(model_name="tallymark", name="settled", field=_SETTLED),
        migrations.AddField(model_name="errormark", name="settled", field=_SETTLED),
    ]
