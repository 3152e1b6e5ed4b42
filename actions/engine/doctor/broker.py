"""Redis, through dispatch: whether wake-ups arrive, stay, and are all that stands in the queues."""

from collections.abc import Iterator

from django.conf import settings

from actions.engine import dispatch
from actions.engine.dispatch import Broker
from actions.engine.doctor.finding import Finding, Level, judged

_NEARLY_FULL = 0.8


def examine() -> Iterator[Finding]:
    """Every finding about Redis; only the first when it does not answer."""
    broker = dispatch.inspect(list(settings.RQ_QUEUES))
    yield judged(
        "redis.reachable",
        Level.FAIL if broker.fault else Level.OK,
        broker.fault or f"Redis {broker.version} answers",
        "Nothing is lost: executions wait in PostgreSQL. But no worker is woken until Redis is back.",
        "Start Redis, or correct REDIS_URL.",
    )
    if broker.fault:
        return
    yield eviction(broker)
    yield memory(broker)
    yield judged(
        "redis.persistence",
        Level.OK,
        "append-only file" if broker.appends else "no append-only file; that only delays wake-ups after a crash",
        "",
        "",
    )
    yield strangers(broker)


def eviction(broker: Broker) -> Finding:
    """maxmemory-policy."""
    return judged(
        "redis.maxmemory_policy",
        Level.OK if broker.policy == "noeviction" else Level.FAIL,
        f"maxmemory-policy = {broker.policy}",
        "A full Redis would silently drop wake-ups and RQ's records of workers; executions would start late.",
        "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf.",
    )


def memory(broker: Broker) -> Finding:
    """maxmemory, and how much of it is in use."""
    full = bool(broker.most_memory) and broker.used_memory > _NEARLY_FULL * broker.most_memory
    most = f"{broker.most_memory / 2**20:.0f} MiB" if broker.most_memory else "no limit"
    return judged(
        "redis.memory",
        Level.WARN if full else Level.OK,
        f"{broker.used_memory / 2**20:.1f} MiB in use, {most}",
        "A full Redis refuses wake-ups; maintain then cannot wake anybody.",
        "Give it more memory, or a Redis of its own: wake-ups take a few kilobytes.",
    )


def strangers(broker: Broker) -> Finding:
    """Entries of our queues that are no wake-ups."""
    listed = "; ".join(f"{name}: {count}" for name, count in broker.strangers.items())
    return judged(
        "redis.strangers",
        Level.WARN if broker.strangers else Level.OK,
        f"entries that are no wake-ups ({listed})" if broker.strangers else "the queues hold wake-ups only",
        "Workers drop them unread: work that somebody enqueued with RQ itself, pickled or not, is never done here.",
        "Give that program a queue or a Redis of its own; nobody else should be able to write to this one.",
    )
