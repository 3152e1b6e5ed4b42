"""Whether anybody is at work: live workers, and what is paused."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Value
from django.utils import timezone

from actions import conf
from actions.models import Action, Queue, Tag, Worker


@dataclass(frozen=True, slots=True)
class Health:
    """What an overview says beside the counts."""

    workers: int
    """Workers whose heartbeat is fresh."""
    silent: int
    """Workers that have not left and are not heard either."""
    paused: tuple[str, ...]
    """Names of paused actions, queues and tags, as sentences show them."""


def health() -> Health:
    """Workers and pauses now."""
    fresh = fresh_since()
    beats = list(Worker.objects.filter(gone_at__isnull=True).values_list("heartbeat_at", flat=True))
    alive = sum(beat >= fresh for beat in beats)
    paused = Action.objects.filter(paused_at__isnull=False).annotate(what=Value("action")).values_list("what", "pk")
    queues = Queue.objects.filter(paused_at__isnull=False).annotate(what=Value("queue")).values_list("what", "pk")
    tags = Tag.objects.filter(paused_at__isnull=False).annotate(what=Value("tag")).values_list("what", "pk")
    names = sorted(f"{what} {name}" for what, name in paused.union(queues, tags))
    return Health(alive, len(beats) - alive, tuple(names))


def fresh_since() -> datetime:
    """The oldest heartbeat of a worker that still has its lease."""
    return timezone.now() - timedelta(seconds=conf.get().LEASE)
