"""Alerts about schedules, whose kinds have longer names. A longer varchar rewrites no table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0026_schedule_until"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(max_length=20),
        ),
        migrations.AlterField(
            model_name="alertrule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("failure", "executions failed or in doubt"),
                    ("new_group", "a new kind of failure"),
                    ("regressed", "a failure that came back"),
                    ("rate", "failure rate"),
                    ("queue_age", "waiting time in a queue"),
                    ("run_time", "run time (95th percentile)"),
                    ("dead_worker", "a worker that died"),
                    ("no_worker", "no worker at work"),
                    ("schedule_failed", "a schedule that started nothing"),
                    ("schedule_late", "a schedule that is late"),
                ],
                max_length=20,
            ),
        ),
    ]
