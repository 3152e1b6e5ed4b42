"""Who asks, and what they may: pages hide what is not permitted, and the engine refuses it whatever pages say."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from actions import narrowing
from actions.definitions.actor import Actor
from actions.engine import access
from actions.errors import Forbidden
from actions.models import Execution
from actions.narrowing import NOBODY, Reader, Subject


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    return access.actor_of(request.user)


def may(request: HttpRequest, verb: str, about: Subject | None = None) -> bool:
    """Whether the page should offer a verb, to this where it is known; the engine asks again when it acts."""
    if access.frozen(verb) or not request.user.has_perm(f"actions.{verb}"):
        return False
    if verb in access.WHOLE and narrowed(request):
        return False
    try:
        return about is None or narrowing.may(request.user, verb, about)
    except narrowing.RuleFailed:
        return False


def reader(request: HttpRequest) -> Reader | None:
    """What who asks may see by the rule of the installation; None: everything. Asked once a request. Raises RuleFailed."""
    if not hasattr(request, "_reader"):
        request._reader = NOBODY  # type: ignore[attr-defined]  # ours
        known = narrowing.reader_of(request.user) if request.user.is_authenticated else None
        request._reader = known  # type: ignore[attr-defined]  # ours
    found: Reader | None = request._reader  # type: ignore[attr-defined]  # ours
    return found


def shown_to(request: HttpRequest) -> Reader | None:
    """The same, where nothing can be refused any more: nothing is seen where the rule fails."""
    try:
        return reader(request) if hasattr(request, "user") else None
    except narrowing.RuleFailed:
        return NOBODY


def narrowed(request: HttpRequest) -> bool:
    """Whether they see only some actions."""
    return shown_to(request) is not None


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


def subject_of(execution: Execution) -> Subject:
    """An execution as the rule of the installation is told of it."""
    return Subject("execution", execution.action_id, execution.queue, tuple(execution.tags), execution.public_id)
