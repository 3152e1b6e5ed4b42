"""Two databases of different size, each with a process of its own (Django's settings are those of one database), asked in turns.

Whatever else the machine does, and however it warms up, meets both: so their ratio means something.
"""

import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from benchmarks.stage import ROOT

TURNS = 4
"""How often either side is asked for a part of its calls."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of some calls, and the statements of one."""

    seconds: tuple[float, ...]
    queries: int

    @property
    def median(self) -> float:
        """What it costs."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """What 95 % of the calls stay within (the nearest rank)."""
        return sorted(self.seconds)[math.ceil(len(self.seconds) * 0.95) - 1]


class Side:
    """A process that has filled a database, and answers questions: lines of JSON both ways."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It ends, and its servers with it, when nothing can be asked any more."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def answer(self) -> Any:
        """The next thing that it says. Raises RuntimeError when it has ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process of one side has ended; what it said stands above")
        return json.loads(line)

    def ask(self, *question: Any) -> Any:
        """What it answers."""
        assert self._process.stdin is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return self.answer()


def serve(ready: Any, answer: Callable[..., Any]) -> None:
    """The other end of a Side: say that all is ready, then answer until nothing is asked any more."""
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(*json.loads(line))), flush=True)


def in_turns(name: str, sides: tuple[Side, Side], rounds: int) -> list[Timed]:
    """The calls of one read on either side, some at a time."""
    taken: list[list[float]] = [[], []]
    queries = [0, 0]
    for _ in range(TURNS):
        for place, side in enumerate(sides):
            seconds, queries[place] = side.ask("time", name, max(1, rounds // TURNS))
            taken[place] += seconds
    return [Timed(tuple(seconds), number) for seconds, number in zip(taken, queries, strict=True)]


def timed(call: Callable[[], Any], rounds: int) -> tuple[list[float], int]:
    """The seconds of some calls after a first one, and how many statements the last one made."""
    call()
    taken = []
    with _counted() as count:
        for _ in range(rounds):
            count[0] = 0
            started = time.perf_counter()
            call()
            taken.append(time.perf_counter() - started)
    return taken, count[0]


@contextmanager
def _counted() -> Iterator[list[int]]:
    from django.db import connection

    count = [0]

    def counting(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        count[0] += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counting):
        yield count
