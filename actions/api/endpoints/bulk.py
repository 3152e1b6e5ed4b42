"""One verb on many executions: each by itself, each with its own answer."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from actions.api import answering, reading
from actions.api.answering import respond
from actions.api.bearer import require
from actions.api.describing import reads
from actions.api.schemas.answers import RetriedMany
from actions.api.schemas.asked import NoQuery, RetryMany
from actions.engine.operate.retry import retry
from actions.errors import DoplatformError, Refused

router = Router(tags=["executions"])


@router.post(
    "/executions/bulk-retry",
    response=RetriedMany,
    operation_id="retry_executions",
    openapi_extra=reads(body=RetryMany, query=NoQuery),
)
def bulk_retry(request: HttpRequest) -> HttpResponse:
    """Retry up to 1,000 failed executions; `skipped` are those whose state does not allow it."""
    reading.known_names(NoQuery, request)
    wanted = reading.load(RetryMany, reading.body(request))
    return respond({"items": [_retried(request, id_, wanted.reason) for id_ in wanted.ids]})


def _retried(request: HttpRequest, id_: str, reason: str) -> dict[str, str]:
    try:
        found = answering.seen(request, id_, "retry")
        key = require(request, "retry", found["action"], subject=id_)
        retry(id_, actor=key.actor, reason=reason)
    except DoplatformError as error:
        outcome = "skipped" if isinstance(error, Refused) else "failed"
        return {"id": id_, "outcome": outcome, "code": error.code, "message": error.message}
    return {"id": id_, "outcome": "done"}
