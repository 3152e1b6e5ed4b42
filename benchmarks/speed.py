"""W1, W5, W2, submit: ours and RQ's turn and turn about, so that what the machine does meanwhile meets both."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.app import actions
from benchmarks.ours import Ours
from benchmarks.report import Line, Report, millis, rate
from benchmarks.rival import NOOP, ROW, Rival

_TURNS = 10


@dataclass(frozen=True, slots=True)
class Size:
    """How much work one round is."""

    ours: int = 20_000
    rival: int = 4_000
    single: int = 300
    """Round trips of W2, each side."""
    submits: int = 1_000
    """Single submits, each side."""


@dataclass(slots=True)
class Rounds:
    """What each round gave: per second, or seconds for W2."""

    ours: list[float] = field(default_factory=list)
    rival: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(ours / rival for ours, rival in zip(self.ours, self.rival, strict=True))

    def line(self, measure: str, shown: Callable[[float], str], *, least: float = 0.0, most: float = 0.0) -> Line:
        """A row with its bar: ratio at least or at most."""
        bar = f"≥ {least:g} ×" if least else f"≤ {most:g} ×" if most else ""
        holds = self.ratio >= least if least else self.ratio <= most if most else None
        return Line(
            measure,
            shown(statistics.median(self.ours)),
            shown(statistics.median(self.rival)),
            f"{self.ratio:.2f} ×",
            bar,
            holds,
        )


class Speed:
    """All comparisons over warm workers of both sides."""

    def __init__(self, ours: Ours, rival: Rival, size: Size) -> None:
        self.ours = ours
        self.rival = rival
        self.size = size
        self.rounds: dict[str, Rounds] = {}

    def warm(self) -> None:
        """Let every process have done everything once."""
        for function, action in ((NOOP, actions.noop), (ROW, actions.row)):
            self._rival_drain(function, 200)
            self._our_drain(action, 1_000)
        for number in range(20):
            self.rival.once(number)
            self.ours.once(actions.noop, number)
            self.ours.once(actions.external, number)

    def measure(self, only: set[str], count: int) -> Iterator[str]:
        """All wanted measures in `count` rounds; yields what it has done."""
        measures = {"W1": self._w1, "W5": self._w5, "W2": self._w2, "submit": self._submit, "bulk": self._bulk}
        for number in range(1, count + 1):
            for name, measure in measures.items():
                if name in only:
                    measure()
                    yield f"round {number}/{count} {name}"

    def fill(self, report: Report) -> None:
        """Add the rows of what was measured."""
        lines = {
            "W1": ("W1 drain, no-op", rate, {"least": 8.0}),
            "W5": ("W5 drain, one ORM insert each", rate, {"least": 4.0}),
            "W2": ("W2 invoke to result, p50", millis, {"most": 1.6}),
            "W2x": ("   the same, external action", millis, {}),
            "submit": ("submit, one by one", rate, {"least": 0.8}),
            "submit-live": ("   the same, workers taking it", rate, {}),
            "bulk": ("submit, invoke_many(1,000)", rate, {"least": 8.0}),
            "bulk-many": ("   the same against enqueue_many", rate, {}),
        }
        for name, (measure, shown, bar) in lines.items():
            if name in self.rounds:
                report.add(self.rounds[name].line(measure, shown, **bar))
        report.facts["rounds"] = {name: {"ours": r.ours, "rival": r.rival} for name, r in self.rounds.items()}

    def _w1(self) -> None:
        self._note("W1", self._our_drain(actions.noop, self.size.ours), self._rival_drain(NOOP, self.size.rival))

    def _w5(self) -> None:
        self._note("W5", self._our_drain(actions.row, self.size.ours), self._rival_drain(ROW, self.size.rival))

    def _our_drain(self, action: object, count: int) -> float:
        self.ours.pause()
        self.ours.load(action, count)
        return count / self.ours.drain()

    def _rival_drain(self, function: str, count: int) -> float:
        self.rival.hold()
        self.rival.enqueue_many(function, count)
        return count / self.rival.drain()

    def _w2(self) -> None:
        ours, external, rival = [], [], []
        # An idle worker on a machine at rest: what W1 and W5 left to seal and to vacuum would be measured otherwise.
        self.ours.await_rest()
        for number in range(self.size.single):
            # The pause lets the workers of both become idle again.
            time.sleep(0.005)
            ours.append(self.ours.once(actions.noop, number))
            time.sleep(0.005)
            rival.append(self.rival.once(number))
            time.sleep(0.005)
            external.append(self.ours.once(actions.external, number))
        self._note("W2", statistics.median(ours), statistics.median(rival))
        self._note("W2x", statistics.median(external), statistics.median(rival))

    def _submit(self) -> None:
        """Twice: while the workers of both stand aside, and while they take what is submitted."""
        count = self.size.submits
        self.rival.hold()
        self.ours.hold()
        self._note("submit", *self._submit_in_turns(count, lambda: None, lambda: None))
        self.ours.release()
        self.ours.await_end()
        self.rival.drain()
        self._note("submit-live", *self._submit_in_turns(count, self.ours.await_end, self.rival.await_end))

    def _submit_in_turns(
        self, count: int, our_end: Callable[[], None], rival_end: Callable[[], None]
    ) -> tuple[float, float]:
        """Per second, in ten short turns each, so that one slow moment of the disk does not meet one side alone."""
        ours = rival = 0.0
        for _ in range(_TURNS):
            rival += _each(lambda number: self.rival.enqueue(NOOP, number), count // _TURNS)
            rival_end()
            ours += _each(lambda number: actions.noop.invoke(number=number, text="hello"), count // _TURNS)
            our_end()
        return count / ours, count / rival

    def _bulk(self) -> None:
        count = self.size.ours // 2
        self.rival.hold()
        single = _each(lambda number: self.rival.enqueue(NOOP, number), self.size.submits)
        many = self.rival.enqueue_many(NOOP, self.size.rival)
        self.ours.pause()
        ours = self.ours.load(actions.noop, count)
        self.ours.drain()
        self.rival.drain()
        self._note("bulk", count / ours, self.size.submits / single)
        self._note("bulk-many", count / ours, self.size.rival / many)

    def _note(self, name: str, ours: float, rival: float) -> None:
        rounds = self.rounds.setdefault(name, Rounds())
        rounds.ours.append(ours)
        rounds.rival.append(rival)


def _each(call: Callable[[int], object], count: int) -> float:
    started = time.perf_counter()
    for number in range(count):
        call(number)
    return time.perf_counter() - started
