"""Whether this reader sees what was asked and what came of it: params, results, log lines, tracebacks, events' payloads.

It takes the permission `view_payload`. What REDACT_KEYS and REDACT hide, and with HIDE_PAYLOADS all of it, stays hidden from
those who have it, too, until they ask for that of one execution; that is audited, and holds for a while in their session.
"""

import time
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from actions import conf
from actions.desk.permit import actor_of, may, subject_of
from actions.engine.operate.view_payload import view_payload
from actions.errors import Forbidden
from actions.models import Execution

REVEALED_FOR = 600.0
"""Seconds for which what was revealed stays so, in that session."""
HIDDEN = "Payloads are hidden here. Reveal those of this execution on its page in the console; that is audited."
_SESSION = "revealed"
_MOST = 20


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader sees of the payloads of one execution."""

    shown: bool
    may_reveal: bool = False
    """Whether asking for them is all that is needed."""
    revealed: bool = False
    """Whether they are shown because they were asked for: then also what REDACT_KEYS and REDACT hide."""


def sight(request: HttpRequest, execution: Execution) -> Sight:
    """What this reader sees."""
    if not may(request, "view_payload", subject_of(execution)):
        return Sight(shown=False)
    revealed = _revealed(request).get(execution.public_id, 0) > time.time()
    if not conf.get().HIDE_PAYLOADS:
        return Sight(shown=True, revealed=revealed)
    return Sight(shown=revealed, may_reveal=not revealed, revealed=revealed)


def sees_all(request: HttpRequest) -> bool:
    """Whether this reader sees payloads wherever they stand, so that lists may search in them and exports hold them."""
    return may(request, "view_payload") and not conf.get().HIDE_PAYLOADS


def reveal(request: HttpRequest, execution: Execution) -> None:
    """Show them to this reader for a while, audited. Raises PermissionDenied."""
    try:
        view_payload(execution.public_id, actor=actor_of(request))
    except Forbidden as error:
        raise PermissionDenied(error.message) from None
    now = time.time()
    known = {name: until for name, until in _revealed(request).items() if until > now}
    known[execution.public_id] = now + REVEALED_FOR
    request.session[_SESSION] = dict(sorted(known.items(), key=lambda item: item[1])[-_MOST:])


def _revealed(request: HttpRequest) -> dict[str, Any]:
    known = request.session.get(_SESSION)
    return known if isinstance(known, dict) else {}
