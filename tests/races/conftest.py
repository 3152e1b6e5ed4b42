"""The stage's fixtures."""

from tests.stage import crew, declare, engine, observer, short_lease, worker

__all__ = ["crew", "declare", "engine", "observer", "short_lease", "worker"]
