"""Wiring: finds every app's actions.py, binds the engine to the definitions, registers the system checks."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ActionsConfig(AppConfig):
    """The actions app."""

    name = "actions"
    label = "actions"
    verbose_name = "Actions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from actions.definitions import engine as definitions  # noqa: PLC0415  (models are ready only now)
        from actions.engine import Postgres  # noqa: PLC0415

        definitions.bind(Postgres())
        autodiscover_modules("actions")
