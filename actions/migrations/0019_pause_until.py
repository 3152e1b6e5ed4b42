"""Until when something is paused, and tags that are."""

from django.db import migrations, models


def _until():
    return models.DateTimeField(blank=True, help_text="When maintain resumes it.", null=True)


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0018_settled_marks"),
    ]

    operations = [
        migrations.AddField(model_name="action", name="paused_until", field=_until()),
        migrations.AddField(model_name="queue", name="paused_until", field=_until()),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("paused_by", models.CharField(blank=True, max_length=255)),
                ("paused_reason", models.TextField(blank=True)),
                ("paused_until", _until()),
            ],
            options={"default_permissions": ()},
        ),
    ]
