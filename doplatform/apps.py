"""The project as a Django app."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Brings the processes, and listens for lockouts."""

    name = "doplatform"
    verbose_name = "doplatform"

    def ready(self) -> None:
        """Listen."""
        from doplatform import lockout  # noqa: F401, PLC0415  (models are ready only now)
