"""What the endpoints that pause, resume and change a pause have in common: what they read, and what they tell."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from actions.api import reading
from actions.api.answering import respond
from actions.api.bearer import key_of
from actions.api.describing import reads
from actions.api.schemas import ChangePause, NoQuery, Pause, Reason
from actions.queries import paging

PAUSES = reads(body=Pause, optional=True, query=NoQuery, fails=(404,))
CHANGES = reads(body=ChangePause, query=NoQuery, fails=(404, 409))
RESUMES = reads(body=Reason, optional=True, query=NoQuery, fails=(404,))
Act = Callable[..., bool]


def pause(request: HttpRequest, act: Act, kind: str, key: str | int, *, name: str = "") -> HttpResponse:
    """Pause it by `act`; `name`: what it is called, where that is not its key."""
    reading.query(NoQuery, request)
    wanted = reading.load(Pause, reading.body(request, optional=True))
    until = reading.moment(wanted.until, "until")
    done = act(key, actor=key_of(request).actor, reason=wanted.reason, until=until)
    return _told(done, kind, key, name)


def change(request: HttpRequest, act: Act, kind: str, key: str | int, *, name: str = "") -> HttpResponse:
    """Let its pause end at another time."""
    reading.query(NoQuery, request)
    wanted = reading.load(ChangePause, reading.body(request))
    until = reading.moment(wanted.until, "until")
    done = act(key, actor=key_of(request).actor, reason=wanted.reason, until=until)
    return _told(done, kind, key, name)


def resume(request: HttpRequest, act: Act, kind: str, key: str | int, *, name: str = "") -> HttpResponse:
    """Let it go on."""
    reading.query(NoQuery, request)
    wanted = reading.load(Reason, reading.body(request, optional=True))
    done = act(key, actor=key_of(request).actor, reason=wanted.reason)
    return _told(done, kind, key, name)


def _told(done: bool, kind: str, key: str | int, name: str) -> HttpResponse:
    # As it stands: where nothing was changed, the time that was asked for is not the one that counts.
    return respond({"name": name or key, "changed": done, **paging.standing(kind, key)})
