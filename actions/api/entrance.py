"""What every request to the API passes, in place of the middlewares for pages: no session, no cookie, no form to protect.

Whatever happens, the answer is JSON or a problem document.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from actions import incoming
from actions.api import places, problems, reading
from actions.api.problems import Refusal


class Entrance:
    """A middleware, the first one after RequestId: requests to other paths are handed on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        entrance = places.entrance()
        if not entrance or not request.path.startswith(entrance):
            return self.get_response(request)
        try:
            response = _answered(request)
        except Exception as error:  # noqa: BLE001  (whatever it is, it becomes a problem document)
            response = problems.answer(error, request_id=incoming.id_of(request))
        return _dressed(request, response)


def _answered(request: HttpRequest) -> HttpResponseBase:
    request.get_host()
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        # A redirect would come after the key has been sent in clear, and would make a GET of a POST.
        raise Refusal(
            "https_required", "The API is served by HTTPS only. A key that was sent without is to be replaced."
        )
    try:
        match = resolve(request.path_info)
    except Resolver404:
        raise Refusal("not_found", "There is nothing at this address.") from None
    request.resolver_match = match
    if request.path != places.docs():
        reading.check_accept(request)
    method = request.method
    if method == "HEAD":
        request.method = "GET"
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    if response.status_code == 405:
        return _not_allowed(request, response["Allow"])
    return response


def _not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """The answer to OPTIONS, and to methods that are not taken."""
    methods = {*(method.strip() for method in allowed.split(",")), "OPTIONS"}
    if "GET" in methods:
        methods.add("HEAD")
    allow = {"Allow": ", ".join(sorted(methods))}
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=allow)
    raise Refusal("method_not_allowed", f"{str(request.method)[:20]} is not taken here.", headers=allow)


def _dressed(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")
    if settings.SECURE_HSTS_SECONDS and request.is_secure():
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    # Django's log of every refusal would say no more than the access log does.
    response._has_been_logged = True  # type: ignore[attr-defined]
    if isinstance(response, HttpResponse):
        if response.status_code != 204:
            headers["Content-Length"] = str(len(response.content))
        if request.META["REQUEST_METHOD"] == "HEAD":
            response.content = b""
    return response
