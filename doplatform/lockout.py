"""A lockout by django-axes is audited."""

from typing import Any

from axes.signals import user_locked_out
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from actions.engine import access


@receiver(user_locked_out, dispatch_uid="doplatform.lockout")
def record(*, request: HttpRequest, username: str | None = None, ip_address: str = "", **_: Any) -> None:
    """Once per lockout: not for those who go on knocking."""
    if getattr(request, "axes_failures_since_start", None) == settings.AXES_FAILURE_LIMIT:
        access.locked_out(username or "", address=ip_address)
