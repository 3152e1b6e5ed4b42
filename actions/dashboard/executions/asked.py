"""What the address of a list asks for: the search, what is wrong with it, and the addresses of lists beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse

from actions.desk.payloads import sees_all
from actions.queries.search import Count, Fault, InvalidQuery, Query, parse
from actions.states import Status

ZONE_COOKIE = "zone"
"""The reader's time zone, as the browser knows it."""
_AROUND = 24
"""Characters shown before and behind what is wrong."""
TABS = (
    Status.FAILED, Status.IN_DOUBT, Status.RETRYING, Status.RUNNING, Status.QUEUED, Status.WAITING, Status.BLOCKED,
    Status.SUCCEEDED, Status.CANCELLED, Status.SKIPPED,
)  # fmt: skip
"""What needs somebody comes first."""


@dataclass(frozen=True, slots=True)
class Blame:
    """One thing that is wrong with a search, as people read it."""

    message: str
    character: int
    """Where it begins, counted from 1."""
    before: str
    wrong: str
    after: str
    suggestion: str
    url: str
    """The list with the suggestion taken; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A status among which to choose; without one, all of them."""

    status: str
    url: str
    current: bool
    count: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was typed, and as it was read."""

    text: str
    query: Query | None
    """None where it cannot be read."""
    blames: tuple[Blame, ...] = ()

    @classmethod
    def of(cls, request: HttpRequest, text: str | None = None) -> Self:
        """What `?q=` says to this reader, in their zone and by their permissions; or `text`, where it stands elsewhere."""
        text = request.GET.get("q", "") if text is None else text
        try:
            return cls(text, parse(text, zone=zone_of(request), payload=sees_all(request)))
        except InvalidQuery as error:
            return cls(text, None, tuple(_blame(text, fault) for fault in error.faults))

    @property
    def canonical(self) -> str:
        """The search as the grammar writes it; as typed, where it cannot be read."""
        return self.text if self.query is None else str(self.query)

    @property
    def address(self) -> str:
        """The search as a part of an address."""
        return urlencode({"q": self.text})

    def tabs(self, counts: dict[Status, Count] | None = None) -> list[Tab]:
        """All, and each status, with its number where that is known; none for a search that cannot be read."""
        return [] if self.query is None else list(self._tabs(self.query, counts))

    def _tabs(self, query: Query, counts: dict[Status, Count] | None) -> Iterator[Tab]:
        base = query.without("state")
        chosen = query.statuses
        more = counts is not None and any(count.more for count in counts.values())
        total = "" if counts is None else f"{sum(count.number for count in counts.values()):,}{'+' if more else ''}"
        yield Tab("", list_of(str(base)), chosen is None, total)
        for status in TABS:
            count = "" if counts is None else str(counts[status])
            yield Tab(status.value, list_of(str(base.having("state", status.value))), chosen == (status.value,), count)


def list_of(query: str, **more: str) -> str:
    """The address of the list of a search."""
    return f"{reverse('console:executions')}?{urlencode({'q': query, **more})}"


def zone_of(request: HttpRequest) -> tzinfo:
    """The reader's time zone, as their browser has told; UTC where it has not."""
    name = request.COOKIES.get(ZONE_COOKIE, "").replace("%2F", "/")
    try:
        return ZoneInfo(name) if name and len(name) <= 64 else UTC
    except (ValueError, OSError, KeyError):
        return UTC


def _blame(text: str, fault: Fault) -> Blame:
    start, end = min(fault.start, len(text)), min(fault.end, len(text))
    fixed = _fixed(text, fault, start, end)
    before = text[max(0, start - _AROUND) : start]
    return Blame(
        fault.message,
        start + 1,
        f"…{before}" if start > _AROUND else before,
        text[start : min(end, start + 60)] or " ",
        text[end : end + _AROUND] if end - start <= 60 else "…",
        fault.suggestion,
        list_of(fixed) if fixed else "",
    )


def _fixed(text: str, fault: Fault, start: int, end: int) -> str:
    """The search with the suggestion in it; a quotation mark that is missing goes to the end, a field keeps its values."""
    if not fault.suggestion:
        return ""
    if fault.suggestion == '"':
        return f'{text}"'
    wrong = text[start:end]
    rest = wrong.partition(":")[2] if fault.suggestion.endswith(":") and ":" in wrong else ""
    sign = "-" if wrong.startswith("-") and not fault.suggestion.startswith("-") else ""
    return f"{text[:start]}{sign}{fault.suggestion}{rest}{text[end:]}"
