"""The stage's fixtures, and the steps that workflows are made of."""

from tests.engine.steps import add, audited, book, call_out, mark, moody, ran
from tests.stage import compose, crew, declare, engine, observer, short_lease, worker

__all__ = [
    "add", "audited", "book", "call_out", "compose", "crew", "declare", "engine", "mark", "moody", "observer", "ran",
    "short_lease", "worker",
]  # fmt: skip
