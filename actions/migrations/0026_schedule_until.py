"""Until when a schedule is paused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0025_alert_recoveries"),
    ]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="paused_until",
            field=models.DateTimeField(help_text="When maintain resumes it.", null=True),
        ),
    ]
