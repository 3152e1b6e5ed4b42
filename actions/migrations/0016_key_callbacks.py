"""Callbacks of API keys."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0015_error_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="callback_url",
            field=models.TextField(
                blank=True,
                db_default="",
                help_text="Whom the ends of what is asked with it are told to; empty = nobody.",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="callback_secret",
            field=models.BinaryField(
                help_text="What signs those, encrypted; none = the installation's secret.", null=True
            ),
        ),
    ]
