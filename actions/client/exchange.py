"""One request until it has its answer: sent again, under the same key, as long as that is safe and may help."""

import logging

from actions.client import answers, errors
from actions.client.wire import Answer, Core, Document, Lost, Pause, Reply, Request, Send, Steps

AGAIN = frozenset({429, 502, 503, 504})
"""Answers that say: not now. Nothing was stored, or the same key finds what was."""
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 8.0
_GRACE = 0.05
"""A try gets at least this much, so that a request that is late asks once."""

log = logging.getLogger("actions.client")


def ask(core: Core, request: Request, *, until: float | None = None) -> Steps[Document]:
    """The document that answers `request`, by `until` on the core's clock at the latest. Raises a DoError."""
    answer = yield from exchange(core, request, until=until)
    return answers.read(answer, request, core.home)


def exchange(
    core: Core,
    request: Request,
    *,
    until: float | None = None,
    patience: float | None = None,
    retries: int | None = None,
) -> Steps[Answer]:
    """The last answer to `request`, whatever it says. `patience` seconds are for one try.

    Raises ConnectionFailed where there is none.
    """
    limit = core.clock() + core.timeout if until is None else until
    most = core.retries if retries is None else retries
    tried = 0
    while True:
        left = max(limit - core.clock(), _GRACE)
        reply = yield Send(request, min(left, core.patience if patience is None else patience))
        pause = pause_before_next(core, reply, tried)
        if pause is None or tried >= most or core.clock() + pause >= limit:
            return ended(core, request, reply)
        tried += 1
        log.debug("asking %s %s again in %.2f s (%s)", request.method, request.path, pause, why(reply))
        yield Pause(pause)


def pause_before_next(core: Core, reply: Reply, tried: int) -> float | None:
    """How long to wait before the next try; None where another one is of no use.

    Half of the backoff is chance, and a Retry-After is stretched by up to a tenth, so that clients that were turned away
    together do not come back together.
    """
    if not may_help(reply):
        return None
    backoff = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tried, 10)) * (1 + core.chance()) / 2
    told = answers.retry_after(reply) if isinstance(reply, Answer) else None
    return backoff if told is None else max(told * (1 + core.chance() / 10), backoff)


def may_help(reply: Reply) -> bool:
    """Whether the same request may be answered otherwise in a moment."""
    if isinstance(reply, Answer):
        return reply.status in AGAIN or (reply.status == 409 and b'"idempotency_in_progress"' in reply.content)
    return isinstance(reply, Lost) and reply.again


def ended(core: Core, request: Request, reply: Reply) -> Answer:
    """The answer, or the error that there is none."""
    if isinstance(reply, Answer):
        return reply
    lost = reply or Lost("nothing was sent", reached=False)
    kind = errors.RequestTimeout if lost.timed_out else errors.ConnectionFailed
    doubt = ""
    if lost.reached and request.method != "GET":
        key = f"; ask again with the idempotency key {request.key}, which is never done twice" if request.key else ""
        doubt = f" The request may have been taken{key}."
    raise kind(
        f"No answer from {core.home}: {lost.reason}.{doubt}",
        code="request_timeout" if lost.timed_out else "connection_failed",
        idempotency_key=request.key,
    )


def why(reply: Reply) -> str:
    """A reply in few words, for the log."""
    return f"status {reply.status}" if isinstance(reply, Answer) else getattr(reply, "reason", "no reply")
