"""Saved views: searches that people keep under a name, for themselves or for everybody."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class SavedView(models.Model):
    """A search under a name. Shared ones outlive who made them; the others are theirs alone."""

    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2_000, blank=True, help_text="As the grammar of searches says it.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_constraint=False, related_name="+"
    )
    owner_label = models.CharField(max_length=255, help_text="The owner's name, which outlives the owner.")
    shared = models.BooleanField(db_default=False, default=False, help_text="Everybody sees it.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [models.Index("shared", "name", name="savedview_shared")]

    def __str__(self) -> str:
        return self.name


class PreferredView(models.Model):
    """The view with which somebody's list begins."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    view = models.CharField(
        max_length=40, help_text="The name of one that comes with the code, or the id of a saved one."
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.view}"
