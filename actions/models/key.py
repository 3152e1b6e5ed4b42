"""API keys and the accounts that own them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ServiceAccount(models.Model):
    """Another system that asks by the API: it owns keys, and the idempotency keys that it sends with any of them."""

    name = models.CharField(primary_key=True, max_length=100)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    disabled_at = models.DateTimeField(null=True, help_text="Since then none of its keys is let in.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """One key of a service account or a user. Its text is nowhere; of the text there is the SHA-256.

    Scopes, rate and owner never change: what may be done with a key is what was said when it was made. Its callback may.
    """

    id = models.CharField(primary_key=True, max_length=8)
    digest = models.BinaryField(help_text="SHA-256 of the whole text.")
    label = models.CharField(max_length=100, help_text="What it is used for. At most two active ones of an owner.")
    account = models.ForeignKey(ServiceAccount, models.PROTECT, null=True, related_name="keys")
    # A deleted user's keys stay, to be read; nobody gets in with them.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    owner = models.CharField(max_length=150, help_text="The owner's name, which outlives the owner.")
    scopes = ArrayField(models.CharField(max_length=150))
    rate = models.FloatField(help_text="Requests a second, over all web processes.")
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=255)
    expires_at = models.DateTimeField()
    callback_url = models.TextField(
        blank=True, db_default="", help_text="Whom the ends of what is asked with it are told to; empty = nobody."
    )
    callback_secret = models.BinaryField(
        null=True, help_text="What signs those, encrypted; none = the installation's secret."
    )
    replaces = models.CharField(max_length=8, blank=True, help_text="The key that was rotated into this one.")
    last_used_at = models.DateTimeField(null=True, help_text="To the minute.")
    last_used_ip = models.GenericIPAddressField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=255, blank=True)
    revoked_reason = models.TextField(blank=True)

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                name="api_key_owner",
                condition=Q(account__isnull=False, user__isnull=True) | Q(account__isnull=True, user__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"do_live_{self.id}"
