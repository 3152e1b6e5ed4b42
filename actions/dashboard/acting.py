"""One engine call per view: what it did as a message, what was wrong at its field, what had changed as a page of its own."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from actions.dashboard.page import page
from actions.errors import (
    ActionNotFound,
    DoplatformError,
    ExecutionNotFound,
    Forbidden,
    InvalidInput,
    ReasonRequired,
    Refused,
    ScheduleNotFound,
)

Done = TypeVar("Done")


def act(
    request: HttpRequest,
    form: forms.Form,
    call: Callable[[], Done],
    *,
    said: str | Callable[[Done], str],
    to: str | Callable[[Done], str | HttpResponse],
    stale: Callable[[Refused], HttpResponse] | None = None,
) -> HttpResponse | None:
    """Call the engine once. Goes `to` an address with what was `said`, or answers with the page that `to` makes; None where
    `form` now has the faults.

    `stale` makes the page (409) for what has changed since the form was opened. Raises PermissionDenied, Http404.
    """
    try:
        done = call()
    except Forbidden as error:
        raise PermissionDenied(error.message) from None
    except (ExecutionNotFound, ActionNotFound, ScheduleNotFound) as error:
        raise Http404(error.message) from None
    except Refused as error:
        return stale(error) if stale else changed(request, error.message)
    except ReasonRequired as error:
        form.add_error("reason" if "reason" in form.fields else None, error.message)
    except InvalidInput as error:
        whole = error.path.replace(".", "_")
        field = whole if whole in form.fields else error.path.partition(".")[0].partition("[")[0]
        form.add_error(field if field in form.fields else None, error.message)
    except DoplatformError as error:
        form.add_error(None, error.message)
    else:
        if text := said(done) if callable(said) else said:
            messages.success(request, text)
        there = to(done) if callable(to) else to
        return HttpResponseRedirect(there) if isinstance(there, str) else there
    return None


def changed(request: HttpRequest, why: str, context: dict[str, Any] | None = None) -> HttpResponse:
    """Nothing was done, because what the page showed is so no more: 409."""
    whole = {"title": "Nothing was changed", "why": why, **(context or {})}
    return page(request, "stale.html", whole, status=409)
