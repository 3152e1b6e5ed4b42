"""What describes the API: its OpenAPI document, and a page to read and try it, with nothing from elsewhere."""

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from ninja import NinjaAPI, Router

from actions.api import describing, places

router = Router(tags=["about"])
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@router.get("/openapi.json", auth=None, operation_id="openapi", include_in_schema=False)
def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document."""
    return HttpResponse(_text(places.root()), content_type="application/json", headers={"Cache-Control": "no-cache"})


@router.get("/docs", auth=None, operation_id="docs", include_in_schema=False)
def docs(request: HttpRequest) -> HttpResponse:
    """The page."""
    page = render_to_string("api/docs.html", {"settings": {"url": "openapi.json", "layout": "BaseLayout"}})
    return HttpResponse(page, headers={"Content-Security-Policy": _POLICY, "X-Frame-Options": "DENY"})


@cache
def _text(_root: str) -> str:
    from actions.api.routes import api  # noqa: PLC0415  (the routes are made of this module)

    return json.dumps(document(api), ensure_ascii=False)


def document(api: NinjaAPI) -> dict[str, Any]:
    """The document of that API, with the schemas of what ninja does not see."""
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    found["components"]["schemas"] = {**describing.schemas, **found["components"]["schemas"]}
    if not found["servers"]:
        del found["servers"]
    return found
