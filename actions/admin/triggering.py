"""The page that triggers an action."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from actions.admin import show
from actions.admin.base import LookOnly, require
from actions.desk.triggering import trigger_form, why_not
from actions.models import Action


def trigger_page(admin: LookOnly, request: HttpRequest, action: Action) -> HttpResponse:
    """GET shows the form; POST makes the execution, or shows every fault beside its field."""
    require(request, "trigger")
    if refusal := why_not(action):
        raise PermissionDenied(refusal)
    answer = trigger_form(request, action, page_of=show.execution_url)
    return admin.page(request, "trigger.html", answer) if isinstance(answer, dict) else answer
