"""Charts, drawn by the server: what the window shows, and where each bar stands. The numbers are those of queries.charts."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest

from actions.queries import charts

WIDE, HIGH = 600.0, 100.0
"""The parts of a drawing; the page stretches it to its place, so its words stand beside it and not in it."""
_LEAST = 1.5
_GAP = 0.18


@dataclass(frozen=True, slots=True)
class Window:
    """How far back a chart looks, and by which steps, both in seconds."""

    name: str
    said: str
    seconds: int
    width: int

    def times(self, now: datetime) -> tuple[datetime, datetime]:
        """From when to when."""
        return now - timedelta(seconds=self.seconds), now


WINDOWS = (
    Window("1h", "last hour", charts.HOUR, charts.MINUTE),
    Window("24h", "last 24 hours", charts.DAY, charts.HOUR),
    Window("7d", "last 7 days", 7 * charts.DAY, 6 * charts.HOUR),
)
_USUAL = WINDOWS[1]


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a column. `kind` is its class in charts.css."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """What happened in one step of time: in words, and as bars on top of or in front of each other."""

    at: datetime
    words: str
    x: float
    width: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing. `top` is what its whole height stands for, `told` its description for those who do not see it."""

    id: str
    title: str
    told: str
    top: str
    columns: tuple[Column, ...]
    legend: tuple[tuple[str, str], ...]


def window_of(request: HttpRequest) -> Window:
    """As `?window=` says; a day without it, or where it says something else."""
    return next((window for window in WINDOWS if window.name == request.GET.get("window")), _USUAL)


def flow(window: Window, *, action: str = "") -> dict[str, Any]:
    """The context of console/parts/flow.html: throughput and failure rate, of one action or of all. One query."""
    since, until = window.times(datetime.now(UTC))
    buckets = charts.throughput(since, until, width=window.width, action=action)
    ended = sum(bucket.succeeded + bucket.failed for bucket in buckets)
    failed = sum(bucket.failed for bucket in buckets)
    return {
        "window": window,
        "windows": WINDOWS,
        "buckets": buckets,
        "accepted": sum(bucket.accepted for bucket in buckets),
        "ended": ended,
        "failed": failed,
        "plots": (_ends(buckets, window), _rates(buckets, window, failed, ended)),
    }


def times(window: Window, action: str) -> dict[str, Any]:
    """The context of console/parts/latency.html: how long an action ran and waited. One query."""
    since, until = window.times(datetime.now(UTC))
    spans = charts.latency(action, since, until, width=window.width)
    return {
        "window": window,
        "spans": spans,
        "sample": charts.SAMPLE,
        "any": any(span.number for span in spans),
        "plots": (
            _spans("run", "Run", spans, window, lambda span: (span.run_p50, span.run_p95)),
            _spans("wait", "Wait", spans, window, lambda span: (span.wait_p50, span.wait_p95)),
        ),
    }


def _ends(buckets: Sequence[charts.Bucket], window: Window) -> Plot:
    top = _round(max((bucket.succeeded + bucket.failed for bucket in buckets), default=0), least=1)
    told = f"{sum(bucket.succeeded for bucket in buckets):,} succeeded, {sum(bucket.failed for bucket in buckets):,} failed"
    rows = (
        (
            bucket.at,
            f"{bucket.succeeded:,} succeeded, {bucket.failed:,} failed, {bucket.accepted:,} accepted",
            [("c-good", 0, bucket.succeeded), ("c-bad", bucket.succeeded, bucket.failed)],
        )
        for bucket in buckets
    )
    legend = (("c-bad", "failed"), ("c-good", "succeeded"))
    return Plot(
        "ends", "Throughput", f"{told}, {window.said}", f"{top:,.0f}", _columns(rows, len(buckets), top), legend
    )


def _rates(buckets: Sequence[charts.Bucket], window: Window, failed: int, ended: int) -> Plot:
    top = min(1.0, _round(max((bucket.failure_rate for bucket in buckets), default=0.0), least=0.05))
    rows = (
        (bucket.at, f"{bucket.failure_rate:.1%} of {bucket.succeeded + bucket.failed:,}",
         [("c-bad", 0, bucket.failure_rate)])
        for bucket in buckets
    )  # fmt: skip
    told = f"{failed / ended if ended else 0:.1%} of {ended:,} that ended, {window.said}"
    return Plot("rates", "Failure rate", told, f"{top:.0%}", _columns(rows, len(buckets), top), ())


def _spans(
    id_: str,
    title: str,
    spans: Sequence[charts.Span],
    window: Window,
    pair: Callable[[charts.Span], tuple[float, float]],
) -> Plot:
    top = _round(max((pair(span)[1] for span in spans), default=0.0), least=0.01)
    rows = (
        (span.at, f"p50 {_seconds(pair(span)[0])}, p95 {_seconds(pair(span)[1])}, of {span.number}",
         [("c-p95", 0, pair(span)[1]), ("c-p50", 0, pair(span)[0])] if span.number else [])
        for span in spans
    )  # fmt: skip
    legend = (("c-p95", "p95"), ("c-p50", "p50"))
    told = f"p95 at most {_seconds(max((pair(span)[1] for span in spans), default=0.0))}, {window.said}"
    return Plot(id_, title, told, _seconds(top), _columns(rows, len(spans), top), legend)


def _columns(
    rows: Iterable[tuple[datetime, str, Sequence[tuple[str, float, float]]]], number: int, top: float
) -> tuple[Column, ...]:
    """Each row is a time, its words, and bars: kind, where it begins, how much it is, in the units of `top`."""
    step = WIDE / max(1, number)
    columns = []
    for place, (at, words, parts) in enumerate(rows):
        x, width = round(place * step + step * _GAP / 2, 2), round(step * (1 - _GAP), 2)
        bars = tuple(_bar(kind, x, width, begin / top, much / top) for kind, begin, much in parts if much > 0)
        columns.append(Column(at, words, round(place * step, 2), round(step, 2), bars))
    return tuple(columns)


def _bar(kind: str, x: float, width: float, begin: float, much: float) -> Bar:
    """Never so low that it cannot be seen."""
    height = max(_LEAST, much * HIGH)
    return Bar(kind, x, round(max(0.0, HIGH - begin * HIGH - height), 2), width, round(height, 2))


def _round(number: float, *, least: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    wanted = max(number, least)
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(float(f"{power * factor:.6g}") for factor in (1, 2, 5, 10) if power * factor >= wanted * 0.999_999)


def _seconds(number: float) -> str:
    if number < 1:
        return f"{number * 1000:,.0f} ms"
    return f"{number:,.1f} s" if number < 120 else f"{number / 60:,.0f} min"
