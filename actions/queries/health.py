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
    """Workers whose heartbeat is fresh, and that take."""
    quiet: int
    """Workers whose heartbeat is fresh, and that take nothing new."""
    silent: int
    """Workers that have not left and are not heard either."""
    paused: tuple[str, ...]
    """Names of paused actions, queues and tags, as sentences show them."""


def health() -> Health:
    """Workers and pauses now."""
    fresh = fresh_since()
    there = Worker.objects.filter(gone_at__isnull=True).values_list("heartbeat_at", "quiet_at", "stop_at")
    beats = list(there)
    heard = [asked for beat, *asked in beats if beat >= fresh]
    live = sum(asked == [None, None] for asked in heard)
    paused = Action.objects.filter(paused_at__isnull=False).annotate(what=Value("action")).values_list("what", "pk")
    queues = Queue.objects.filter(paused_at__isnull=False).annotate(what=Value("queue")).values_list("what", "pk")
    tags = Tag.objects.filter(paused_at__isnull=False).annotate(what=Value("tag")).values_list("what", "pk")
    names = sorted(f"{what} {name}" for what, name in paused.union(queues, tags))
    return Health(live, len(heard) - live, len(beats) - len(heard), tuple(names))


def fresh_since() -> datetime:
    """The oldest heartbeat of a worker that still has its lease."""
    return timezone.now() - timedelta(seconds=conf.get().LEASE)
