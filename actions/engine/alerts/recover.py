"""recover: what lasted and is found no more is over, and who was told of it is told that."""

from collections.abc import Sequence

from uuid_utils.compat import uuid7

from actions import conf
from actions.engine.alerts.texts import Said
from actions.engine.statements import fetch
from actions.models import AlertDelivery, AlertRule


def recover(rules: Sequence[AlertRule], found: Sequence[Said]) -> None:
    """Mark what these rules have told as over, where they do not find it any more, and write the deliveries that say so.

    In the caller's transaction. An alert is over once, so that is written once; the constraint alertdelivery_once stands
    behind that.
    """
    bad = [said for said in found if said.lasting]
    told = fetch(
        "alert_recovered",
        {
            "rules": [rule.pk for rule in rules],
            "telling": [rule.pk for rule in rules if rule.tell_recovery],
            "bad_rules": [said.rule for said in bad],
            "bad_subjects": [said.subject[:255] for said in bad],
            "lease": conf.get().LEASE,
        },
    )
    AlertDelivery.objects.bulk_create(
        [
            AlertDelivery(id=uuid7(), alert_id=alert, channel_id=channel, channel_name=name, recovery=True)
            for alert, channel, name in told
        ]
    )
