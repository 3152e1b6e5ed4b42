"""The stage's fixtures."""

from tests.stage import engine

__all__ = ["engine"]
