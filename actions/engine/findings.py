"""What a verification finds, and the report that it ends in."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that does not fit."""

    code: str
    """Stable: what kind of misfit."""
    message: str
    """Which row, and why."""
    seal: int | None = None
    entry: int | None = None
    execution: str | None = None


@dataclass(slots=True)
class Report:
    """What was looked at and what did not fit, the first of each kind of row first."""

    MOST: ClassVar = 100
    """Findings kept; when everything is broken, more of them say nothing more."""

    seals: int = 0
    entries: int = 0
    executions: int = 0
    anchored: int = 0
    """Seals that an anchor confirmed."""
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    suppressed: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything fits."""
        return not self.findings

    @property
    def full(self) -> bool:
        """Whether more findings would only be counted."""
        return len(self.findings) >= self.MOST

    def add(self, code: str, message: str, **where: Any) -> None:
        """One more finding."""
        if self.full:
            self.suppressed += 1
        else:
            self.findings.append(Finding(code=code, message=message, **where))

    def as_json(self) -> dict[str, Any]:
        """For --json: `first` is the first row that does not fit."""
        return {"ok": self.ok, "first": asdict(self.findings[0]) if self.findings else None, **asdict(self)}

    def lines(self) -> Iterator[str]:
        """For people."""
        yield (
            f"{self.entries:,} entries in {self.seals:,} seals and {self.executions:,} executions looked at in "
            f"{self.seconds:.1f} s; {self.anchored:,} seals confirmed by the anchor."
        )
        if self.ok:
            yield "Everything fits."
            return
        yield f"{len(self.findings) + self.suppressed:,} things do not fit. The first:"
        for finding in self.findings[:20]:
            yield f"  {finding.code}: {finding.message}"
