"""lift: what was paused until a time that has come goes on."""

import structlog
from django.db import transaction

from actions.definitions.actor import PLATFORM
from actions.engine.operate.pause import Kind, set_going
from actions.engine.schedules.pause import lapse
from actions.engine.statements import fetch
from actions.models import Action, Queue, Tag

EVERY = 5.0
"""Seconds."""
REASON = "The time until which it was paused has come."
_KINDS: dict[str, Kind] = {"action": Action, "queue": Queue, "tag": Tag}

log = structlog.get_logger(__name__)


def lift() -> list[str]:
    """Resume what was paused until now, each in a transaction of its own; returns what, as `queue mail`.

    What somebody resumes, or pauses anew, at the same moment is theirs: the change asks again whether the time has come.
    """
    lifted = []
    for kind, key, name in fetch("lapsed", {}):
        with transaction.atomic():
            if kind in _KINDS:
                done = set_going(_KINDS[kind], key, actor=PLATFORM, reason=REASON, lapsed=True)
            else:
                done = lapse(int(key), actor=PLATFORM, reason=REASON)
        if done:
            lifted.append(f"{kind} {name}")
            log.info("pause_lifted", kind=kind, name=name)
    return lifted
