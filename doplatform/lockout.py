"""What django-axes asks of this project: the address a log-in comes from, and that a lockout is audited."""

from typing import Any

from axes.signals import user_locked_out
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from actions.engine import access


def address(request: HttpRequest) -> str:
    """The client's address. Behind a proxy, the one that the proxy itself has seen: all before it is anybody's word."""
    forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None) and forwarded:
        return forwarded.rpartition(",")[2].strip()[:64]
    return str(request.META.get("REMOTE_ADDR", ""))


@receiver(user_locked_out, dispatch_uid="doplatform.lockout")
def record(*, request: HttpRequest, username: str | None = None, ip_address: str = "", **_: Any) -> None:
    """Once per lockout: not for those who go on knocking."""
    if getattr(request, "axes_failures_since_start", None) == settings.AXES_FAILURE_LIMIT:
        access.locked_out(username or "", address=ip_address)
