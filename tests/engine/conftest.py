"""The stage's fixtures."""

from tests.stage import compose, crew, declare, engine, observer, short_lease, worker

__all__ = ["compose", "crew", "declare", "engine", "observer", "short_lease", "worker"]
