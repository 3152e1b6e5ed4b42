"""Log-in and log-out, and the look that a browser remembers."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from actions.dashboard import problems
from actions.dashboard.frame import COOKIE, Look
from actions.dashboard.routes import everybody

LARGEST = 16 * 1024
"""Bytes that a log-in may send: hashing a password of megabytes is work that strangers should not be able to order."""
_LONGEST_NAME = 150
_YEAR = 365 * 24 * 3600
REFUSED = (
    "That name and password do not fit, or there were too many wrong tries. After five of them, a name has to wait "
    "15 minutes."
)
"""The same for a wrong name, a wrong password, a disabled account and a locked one: none of them is to be guessed."""


class LogInForm(AuthenticationForm):
    """Django's, with one wording for every refusal."""

    error_messages = {"invalid_login": REFUSED, "inactive": REFUSED}  # noqa: RUF012  (as Django declares it)

    def clean_username(self) -> str:
        """A name as long as one can be; what is longer is nobody's, and more than the count of wrong tries can hold."""
        name: str = self.cleaned_data["username"]
        if len(name) > _LONGEST_NAME:
            raise ValidationError(REFUSED)
        return name


class LogIn(LoginView):
    """Who are you? Goes on to `next` where that is on this host."""

    template_name = "console/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse what is too large to be a log-in before it is read."""
        if too_large(request):
            return problems.too_large(request)
        return super().dispatch(request, *args, **kwargs)

    def get_default_redirect_url(self) -> str:
        """The overview."""
        return reverse("console:overview")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the look."""
        return super().get_context_data(title="Log in", look=Look.of(self.request), **kwargs)


class LogOut(LogoutView):
    """Only by POST."""

    http_method_names = ["post", "options"]  # noqa: RUF012  (as Django declares it)
    next_page = "console:login"


def too_large(request: HttpRequest) -> bool:
    """Whether a log-in sends more than a name and a password."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not length.isdigit() or int(length) > LARGEST


def locked(request: HttpRequest, *_: Any) -> HttpResponse:
    """What django-axes answers for a name that has to wait: the log-in page, worded as for a wrong password."""
    view = LogIn()
    view.setup(request)
    form = LogInForm(request, data={"username": request.POST.get("username", "")[:150], "password": ""})
    form.errors.clear()
    form.add_error(None, REFUSED)
    whole = view.get_context_data(form=form)
    response = render(request, LogIn.template_name, whole, status=429)
    response["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return response


@everybody
@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Remember how this browser wants the console to look."""
    wanted = {name: request.POST[name] for name in ("theme", "density", "keys") if name in request.POST}
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(back if safe else reverse("console:overview"))
    response.set_cookie(
        COOKIE,
        str(Look.of(request).but(**wanted)),
        max_age=_YEAR,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


log_in = everybody(LogIn.as_view())
log_out = everybody(LogOut.as_view())
