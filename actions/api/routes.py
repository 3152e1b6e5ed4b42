"""django-ninja's API, made of the endpoints. It routes, asks who comes, and describes; bodies are read by `reading`."""

from typing import Any, NoReturn

from django.http import HttpRequest
from ninja import NinjaAPI

from actions.api.bearer import Bearer
from actions.api.endpoints import actions, audit, bulk, executions, pages, pauses, schedules, verbs


class Api(NinjaAPI):
    """Ninja without its own words for what went wrong: the entrance has one table for that."""

    def on_exception(self, request: HttpRequest, exc: Any) -> NoReturn:
        """Let it through to the entrance."""
        raise exc


api = Api(
    title="doplatform",
    version="1",
    description="Actions, their executions and their audit. Every error is an RFC 9457 problem document.",
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
    auth=Bearer(),
)
# `bulk` before `executions`: /executions/bulk-retry is no id.
for _router in (actions, bulk, executions, verbs, pauses, schedules, audit, pages):
    api.add_router("", _router.router)
