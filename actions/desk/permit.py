"""Who asks, and what they may: pages hide what is not permitted, and the engine refuses it whatever pages say."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from actions.definitions.actor import Actor
from actions.engine import access
from actions.errors import Forbidden


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    return access.actor_of(request.user)


def may(request: HttpRequest, verb: str) -> bool:
    """Whether the page should offer a verb; the engine asks again when it acts."""
    return not access.frozen(verb) and bool(request.user.has_perm(f"actions.{verb}"))


def require(request: HttpRequest, verb: str) -> None:
    """Raise PermissionDenied, saying which permission is missing. A POST is audited by the engine as well."""
    if request.method == "POST":
        try:
            access.require(actor_of(request), verb, subject=request.path)
        except Forbidden as error:
            raise PermissionDenied(error.message) from None
    if access.frozen(verb):
        raise PermissionDenied(access.FROZEN)
    if not may(request, verb):
        raise PermissionDenied(f"Ask an administrator for the permission actions.{verb}. Nothing was changed.")
