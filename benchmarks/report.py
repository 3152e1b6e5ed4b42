"""One table, or the same as JSON; and whether every figure reaches its bar."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LOAD_BEFORE = os.getloadavg()[0]
"""What others did on the machine when this program began: processes that wanted a core, on average of a minute."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table. `holds` is None where there is no bar."""

    measure: str
    ours: str
    rival: str = ""
    figure: str = ""
    bar: str = ""
    holds: bool | None = None
    note: str = ""
    """What stands under the table."""


class Report:
    """What a benchmark found."""

    def __init__(self, title: str, *, rival: str = "RQ") -> None:
        self.title = title
        self.rival = rival
        self.lines: list[Line] = []
        self.notes: list[str] = []
        self.facts: dict[str, Any] = {"machine": machine(), "load_before": LOAD_BEFORE}

    def add(self, line: Line) -> None:
        """One more row."""
        self.lines.append(line)

    @property
    def passed(self) -> bool:
        """Whether no row falls short of its bar."""
        return all(line.holds is not False for line in self.lines)

    def text(self) -> str:
        """The table for people."""
        head = ("measure", "ours", self.rival, "figure", "bar", "")
        rows = [
            (
                line.measure,
                line.ours,
                line.rival,
                line.figure,
                line.bar,
                {None: "", True: "ok", False: "SHORT"}[line.holds],
            )
            for line in self.lines
        ]
        used = [place for place in range(len(head)) if any(row[place] for row in rows)]
        widths = {place: max(len(row[place]) for row in (head, *rows)) for place in used}

        def aligned(row: tuple[str, ...]) -> str:
            return "  ".join(row[place].ljust(widths[place]) for place in used).rstrip()

        notes = [f"{line.measure.strip()}: {line.note}" for line in self.lines if line.note]
        notes.append(f"Load of the machine before this began: {self.facts['load_before']:.1f}.")
        ruler = "  ".join("-" * widths[place] for place in used)
        return "\n".join(
            [
                f"{self.title} ({self.facts['machine']})",
                "",
                aligned(head),
                ruler,
                *map(aligned, rows),
                "",
                *notes,
                *self.notes,
            ]
        ).rstrip()

    def as_json(self) -> str:
        """The same for programs."""
        return json.dumps(
            {
                "title": self.title,
                "passed": self.passed,
                "lines": [asdict(line) for line in self.lines],
                "notes": self.notes,
                **self.facts,
            },
            indent=2,
            default=str,
        )

    def finish(self, *, check: bool, as_json: bool) -> int:
        """Print; the exit code."""
        print(self.as_json() if as_json else self.text())
        return 1 if check and not self.passed else 0


def machine() -> str:
    """The processor, its cores for us, the memory, the system."""
    model = platform.processor() or platform.machine()
    cpu = Path("/proc/cpuinfo")
    if cpu.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def rate(number: float) -> str:
    """Per second, with thousands set apart."""
    return f"{number:,.0f}/s"


def millis(seconds: float) -> str:
    """Seconds as milliseconds."""
    return f"{seconds * 1000:.2f} ms"
