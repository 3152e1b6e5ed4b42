"""That what lasts is over is told as well: the switch of a rule, and deliveries that carry it."""

from django.db import migrations, models

# Rules that there are tell it from now on, as new ones do.
_TELL = "UPDATE actions_alertrule SET tell_recovery = true WHERE kind IN ('rate', 'queue_age', 'run_time', 'no_worker')"


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0024_sound_by_pattern"),
    ]

    operations = [
        migrations.AddField(
            model_name="alertrule",
            name="tell_recovery",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Who was told of what lasts is told when it is over."
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="relimited",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Its rule has other limits since: nobody is told when it is over.",
            ),
        ),
        migrations.AddField(
            model_name="alertdelivery",
            name="recovery",
            field=models.BooleanField(db_default=False, default=False, help_text="Tells that it is over."),
        ),
        migrations.AddConstraint(
            model_name="alertdelivery",
            constraint=models.UniqueConstraint(fields=("alert", "channel", "recovery"), name="alertdelivery_once"),
        ),
        migrations.RunSQL(_TELL, migrations.RunSQL.noop),
    ]
