"""Actions: which there are, and what they take."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from actions.api import places, reading
from actions.api.answering import respond
from actions.api.bearer import key_of, require
from actions.api.describing import reads
from actions.api.schemas import Actions, NoQuery, WholeAction
from actions.errors import ActionNotFound
from actions.queries import paging

router = Router(tags=["actions"])


@router.get("/actions", response=Actions, operation_id="list_actions", openapi_extra=reads())
def list_actions(request: HttpRequest) -> HttpResponse:
    """The actions that the key may read."""
    reading.query(NoQuery, request)
    found = paging.actions(key_of(request).patterns("read"))
    return respond({"items": [{**action, "url": f"{places.root()}/actions/{action['name']}"} for action in found]})


@router.get("/actions/{name}", response=WholeAction, operation_id="show_action", openapi_extra=reads(fails=(404,)))
def show_action(request: HttpRequest, name: str) -> HttpResponse:
    """One action, with its schemas and policies."""
    reading.query(NoQuery, request)
    require(request, "read", name)
    found = paging.action(name)
    if found is None:
        raise ActionNotFound(f"There is no action called {name[:100]!r}.")
    return respond({**found, "url": f"{places.root()}/actions/{found['name']}"})
