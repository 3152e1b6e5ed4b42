"""limit: how often an API key may ask, counted in each process for its share."""

import os
import time
from dataclasses import dataclass
from threading import Lock

from actions.engine.keys.key import Key
from actions.errors import RateLimited

BURST = 2.0
"""Seconds' worth of requests that may come at once."""
_MOST = 10_000


@dataclass(slots=True)
class Bucket:
    """Tokens of one key: one is taken by each request, `rate` of them come back a second."""

    rate: float
    tokens: float
    at: float

    @classmethod
    def full(cls, rate: float, now: float) -> "Bucket":
        """A bucket that nobody has taken from."""
        return cls(rate, max(1.0, rate * BURST), now)

    def take(self, now: float) -> float:
        """Take one token; returns the seconds until there is one, 0 when it was taken."""
        self.tokens = min(max(1.0, self.rate * BURST), self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = max(self.at, now)
        if self.tokens >= 1.0:
            self.tokens -= 1.0
            return 0.0
        return (1.0 - self.tokens) / self.rate


_lock = Lock()
_buckets: dict[str, Bucket] = {}


def limit(key: Key) -> None:
    """Let one request of the key through. Raises RateLimited."""
    now = time.monotonic()
    with _lock:
        bucket = _buckets.get(key.id)
        if bucket is None:
            if len(_buckets) >= _MOST:
                _buckets.clear()
            bucket = _buckets[key.id] = Bucket.full(key.rate / _processes(), now)
        wait = bucket.take(now)
    if wait:
        raise RateLimited(wait, key.rate)


def forget() -> None:
    """Begin anew, with full buckets (tests)."""
    with _lock:
        _buckets.clear()


def _processes() -> int:
    """How many web processes share the rate: what gunicorn calls WEB_CONCURRENCY."""
    text = os.environ.get("WEB_CONCURRENCY", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() else 1
