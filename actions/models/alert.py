"""Alerts: which rules watch, whom they tell, what they have told, and the outbox of what is to be told."""

from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

PREFIX = "alr_"
RECOVERY_PREFIX = "rec_"
LONGEST_NAME = 100


class AlertChannel(models.Model):
    """A place where alerts go. Its address holds passwords and tokens: it is kept encrypted, and never shown again."""

    class Kind(models.TextChoices):
        """How it is spoken to."""

        APPRISE = "apprise", "service (Apprise)"
        WEBHOOK = "webhook", "signed webhook"

    name = models.CharField(max_length=LONGEST_NAME, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    shown = models.CharField(max_length=300, help_text="What may be seen of the address: its scheme, and its host.")
    address = models.BinaryField(help_text="The address and its signing secret, encrypted.")
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=255)
    disabled_at = models.DateTimeField(null=True)
    disabled_by = models.CharField(max_length=255, db_default="", default="")
    disabled_reason = models.TextField(db_default="", default="")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class AlertRule(models.Model):
    """What is watched for, and who is told. Read by engine/alerts/watch.py."""

    class Kind(models.TextChoices):
        """What is watched for."""

        FAILURE = "failure", "executions failed or in doubt"
        NEW_GROUP = "new_group", "a new kind of failure"
        REGRESSED = "regressed", "a failure that came back"
        RATE = "rate", "failure rate"
        QUEUE_AGE = "queue_age", "waiting time in a queue"
        RUN_TIME = "run_time", "run time (95th percentile)"
        DEAD_WORKER = "dead_worker", "a worker that died"
        NO_WORKER = "no_worker", "no worker at work"
        SCHEDULE_FAILED = "schedule_failed", "a schedule that started nothing"
        SCHEDULE_LATE = "schedule_late", "a schedule that is late"

    class Scope(models.TextChoices):
        """What of it."""

        ALL = "", "everything"
        ACTION = "action", "one action"
        QUEUE = "queue", "one queue"
        TAG = "tag", "actions with a tag"

    name = models.CharField(max_length=LONGEST_NAME, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    scope = models.CharField(max_length=6, choices=Scope.choices, blank=True, default="")
    of = models.CharField(
        max_length=100, blank=True, default="", help_text="The name of the action, the queue, or the tag."
    )
    threshold = models.FloatField(default=0, help_text="Per cent of a rate, seconds of a time; nothing for the others.")
    least = models.IntegerField(
        default=1, help_text="Executions that must have ended before a rate or a run time counts."
    )
    window = models.IntegerField(default=0, help_text="Seconds that a rate or a run time looks back.")
    quiet = models.IntegerField(help_text="Seconds in which a subject is told of once at most.")
    channels = ArrayField(
        models.BigIntegerField(), default=list, help_text="Ids of channels; those that are gone are passed over."
    )
    tell_recovery = models.BooleanField(
        db_default=False, default=False, help_text="Who was told of what lasts is told when it is over."
    )
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=255)
    since = models.DateTimeField(db_default=Now(), help_text="When it began to watch: what was before is not told.")
    pending = models.JSONField(default=dict, help_text="What happened in the quiet time, by subject; told after it.")
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=255, db_default="", default="")
    paused_reason = models.TextField(db_default="", default="")

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [models.Index("id", name="alertrule_active", condition=Q(paused_at__isnull=True))]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One thing that was told, or is to be. Everything about it stands here: its rule may change, or go."""

    id = models.UUIDField(primary_key=True)
    rule = models.ForeignKey(
        AlertRule, models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="alerts"
    )
    rule_name = models.CharField(max_length=LONGEST_NAME)
    kind = models.CharField(max_length=20)
    subject = models.CharField(
        max_length=255, help_text="What it is about: an action, a group of failures, a queue, a host."
    )
    previous = models.UUIDField(null=True, help_text="The rule's alert about the same before this one.")
    at = models.DateTimeField(db_default=Now())
    title = models.CharField(max_length=200)
    text = models.TextField()
    link = models.CharField(max_length=500, help_text="The page to look at, from the console's root on.")
    details = models.JSONField(default=dict)
    held = models.BooleanField(
        default=False, help_text="Only written down: its rule had sent as many as it may for a while."
    )
    lasting = models.BooleanField(default=False, help_text="About something that lasts, and can be over.")
    recovered_at = models.DateTimeField(null=True, help_text="When what lasted was over.")
    relimited = models.BooleanField(
        db_default=False, default=False, help_text="Its rule has other limits since: nobody is told when it is over."
    )

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            # A chain: two that decide at once name the same one before, and only one of them can.
            models.UniqueConstraint(name="alert_once", fields=["rule", "subject", "previous"], nulls_distinct=False,
                                    condition=Q(rule__isnull=False)),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index("at", "id", name="alert_log"),
            models.Index("rule", "subject", "at", name="alert_subject"),
            models.Index("rule", name="alert_open", condition=Q(lasting=True, recovered_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that receivers know it by, the same in every try and on every channel."""
        return f"{PREFIX}{self.id.hex}"

    @property
    def recovery_id(self) -> str:
        """The id of the message that it is over: another one, or receivers would take it for the alert come twice."""
        return f"{RECOVERY_PREFIX}{self.id.hex}"


class AlertDelivery(models.Model):
    """One alert, or that it is over, on its way to one channel. `carrier` is the execution that delivers it, with its tries; when
    that has failed the delivery is dead."""

    id = models.UUIDField(primary_key=True)
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(AlertChannel, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    channel_name = models.CharField(max_length=LONGEST_NAME)
    carrier = models.ForeignKey(
        "actions.Execution", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    delivered_at = models.DateTimeField(null=True)
    recovery = models.BooleanField(db_default=False, default=False, help_text="Tells that it is over.")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(name="alertdelivery_once", fields=["alert", "channel", "recovery"]),
        ]
        indexes: ClassVar = [models.Index("id", name="alertdelivery_new", condition=Q(carrier__isnull=True))]

    def __str__(self) -> str:
        return f"{self.alert_id} to {self.channel_name}"


class AlertMark(models.Model):
    """How far failures were looked through for alerts: up to (xid, entry) of the audit; and when it was looked last. One row,
    locked by whoever looks."""

    number = models.IntegerField(primary_key=True, help_text="1")
    xid = models.BigIntegerField()
    entry = models.BigIntegerField()
    looked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"up to {self.xid}, {self.entry}"


def parse_alert_id(text: str) -> UUID | None:
    """The id behind an alert's public id; None when `text` is none."""
    digits = text.removeprefix(PREFIX)
    if not text.startswith(PREFIX) or len(digits) != 32 or not digits.isascii() or not digits.isalnum():
        return None
    try:
        return UUID(hex=digits)
    except ValueError:
        return None
