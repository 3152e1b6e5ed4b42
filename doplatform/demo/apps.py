"""The demo as a Django app."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Brings the sign-up and order actions, their tables and the commands that play the outside world."""

    name = "doplatform.demo"
    label = "demo"
    verbose_name = "Demo"
