"""Whom each page is for. What says nothing is not served: `route` refuses a view that none of these has marked."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from actions.desk import permit
from actions.narrowing import RuleFailed, reading

View = Callable[..., HttpResponseBase]


def needs(*verbs: str, whole: bool = False) -> Callable[[View], View]:
    """For those who are logged in and have all these permissions; others are told which one is missing. `whole`: only for those
    who see every action."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            for verb in verbs:
                permit.require(request, verb)
            try:
                known = permit.reader(request)
            except RuleFailed as failed:
                raise PermissionDenied(str(failed)) from None
            if whole and known is not None:
                raise PermissionDenied("This is about the whole installation, and you see some of its actions.")
            with reading(known):
                return view(request, *args, **kwargs)

        guarded.for_whom = verbs  # type: ignore[attr-defined]  # a mark that `route` looks for
        return guarded

    return decorate


def logged_in(view: View) -> View:
    """For everybody with an account."""
    return needs()(view)


def everybody(view: View) -> View:
    """For strangers too."""
    view.for_whom = None  # type: ignore[attr-defined]  # a mark that `route` looks for
    return view


def route(pattern: str, view: View, name: str) -> URLPattern:
    """A page of the console. Raises ImproperlyConfigured for a view that does not say whom it is for."""
    if not hasattr(view, "for_whom"):
        raise ImproperlyConfigured(f"The page {name} does not say whom it is for: @needs, @logged_in or @everybody.")
    return path(pattern, view, name=name)
