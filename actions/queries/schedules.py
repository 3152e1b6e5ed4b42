"""Schedules: when they come, how their last times went, and which are late."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import BooleanField, Case, DateTimeField, OuterRef, Q, QuerySet, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject, Now
from django.utils import timezone

from actions import narrowing
from actions.errors import ActionNotFound, ScheduleNotFound, storable
from actions.ids import public_id
from actions.models import Action, Schedule
from actions.queries import pauses
from actions.queries.search import Count, parse, total
from actions.redaction import hide
from actions.states import Status
from actions.values.cron import Cron

GRACE = timedelta(seconds=60)
"""A schedule that has been due for longer is late."""
PAGE = 50
RUNS = 30
"""Executions of a schedule that a list looks at."""
NEXT = 5
_AT_ONCE = 500
STATES = ("late", "failing", "paused", "code")
"""failing: its last time started nothing, and neither a person nor the code has stopped it."""

# The pair of bounds means equality, but leaves only the index on (actor_id, id) to give the order.
_RUNS = """
SELECT schedule.id, run.id, run.status, run.created_at,
  extract(epoch FROM run.finished_at - run.started_at)::float8
FROM unnest(%s::text[]) AS schedule (id) CROSS JOIN LATERAL (
  SELECT id, status, created_at, started_at, finished_at FROM actions_execution
  WHERE actor_kind = 'schedule' AND actor_id >= schedule.id AND actor_id <= schedule.id
  ORDER BY actor_id DESC, id DESC LIMIT %s) AS run
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution that a schedule asked for."""

    id: str
    status: Status
    at: datetime
    seconds: float | None
    """How long its last attempt took; None while it has not ended."""

    @property
    def outcome(self) -> str:
        """good, bad, or empty for what is still to end, or was stopped."""
        if self.status == Status.SUCCEEDED:
            return "good"
        return "bad" if self.status in {Status.FAILED, Status.IN_DOUBT} else ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time to come: as the database keeps it, and as the clock of the schedule's zone shows it."""

    at: datetime
    local: datetime

    @property
    def said(self) -> str:
        """By the clock of the zone, with the day and what the zone is called then."""
        return f"{self.local:%a %Y-%m-%d %H:%M:%S %Z}"

    @property
    def utc(self) -> str:
        """In UTC."""
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A schedule as pages show it."""

    row: Schedule
    says: str
    """Its expression as a sentence."""
    late: bool
    runs: tuple[Run, ...] = field(default=())
    """The newest last."""

    @property
    def query(self) -> str:
        """The search that finds what it asked for."""
        return f"actor:schedule:{self.row.pk}"

    @property
    def last(self) -> Run | None:
        """The newest one."""
        return self.runs[-1] if self.runs else None


def says(row: Schedule) -> str:
    """Its expression as a sentence."""
    return Cron(row.cron, row.timezone).explain()


def find(schedule: int) -> Shown:
    """One schedule. Raises ScheduleNotFound."""
    found = _shown(_rows().filter(pk=schedule))
    if not found:
        raise ScheduleNotFound
    return found[0]


def named(place: str) -> int:
    """The id of the schedule that `place` means: its number, or `action/name`. Raises ScheduleNotFound."""
    # Spelt out, what PostgreSQL cannot hold is simply not found.
    action, slash, name = storable(place).partition("/")
    rows = Schedule.objects.none()
    if slash:
        rows = Schedule.objects.filter(action=action, name=name)
    elif place.isascii() and place.isdecimal() and len(place) < 19:
        rows = Schedule.objects.filter(pk=int(place))
    found = rows.values_list("pk", flat=True).first()
    if found is None:
        raise ScheduleNotFound
    return int(found)


def listed(*, action: str = "", state: str = "", skip: int = 0, size: int = PAGE) -> tuple[list[Shown], bool]:
    """Some schedules, those that come next first; and whether there are more. `state`: late, failing, paused, code."""
    rows = _rows()
    if action:
        rows = rows.filter(action=storable(action))
    if state:
        rows = rows.filter(_STATES[state]) if state in _STATES else rows.none()
    found = _shown(rows.order_by("withdrawn", "next_at", "action", "name", "id")[skip : skip + size + 1])
    return found[:size], len(found) > size


def every(*, action: str = "", state: str = "") -> list[Shown]:
    """All of them, in the order of the list."""
    found: list[Shown] = []
    more = True
    while more:
        some, more = listed(action=action, state=state, skip=len(found), size=_AT_ONCE)
        found += some
    return found


def of_action(action: str) -> tuple[Action, list[Shown]]:
    """The row of an action and its schedules, without their runs: one statement. Raises ActionNotFound."""
    names = [field.attname for field in Schedule._meta.concrete_fields if field.attname != "params"]
    own = Schedule.objects.filter(action=OuterRef("pk")).annotate(late=_LATE).order_by("withdrawn", "next_at", "name")
    beside = ArraySubquery(own.values(json=JSONObject(late="late", **{name: name for name in names}))[:PAGE])
    rows = pauses.with_tags(Action.objects.filter(pk=storable(action)))
    row: Any = None if narrowing.hidden(action) else rows.annotate(planned=beside).first()
    if row is None:
        raise ActionNotFound(f"There is no action called {action[:100]!r}.")
    return row, [_brief(row, **one) for one in row.planned]


def _brief(action: Action, *, late: bool, **columns: Any) -> Shown:
    times = (name for name in columns if name.endswith(("_at", "_until")))
    read = {name: DateTimeField().to_python(columns[name]) for name in times}
    row = Schedule(**{**columns, **read})
    row.action = action
    return Shown(row, says(row), late=late)


def times(row: Schedule, number: int = NEXT) -> list[Moment]:
    """The next times of a schedule that goes on; none of a paused one."""
    if row.next_at is None:
        return []
    later = Cron(row.cron, row.timezone).several(row.next_at, number - 1)
    return moments([row.next_at, *later], row.timezone)


def preview(cron: Cron, number: int = NEXT) -> list[Moment]:
    """When an expression would come from now on."""
    return moments(cron.several(timezone.now(), number), cron.timezone)


def moments(at: Sequence[datetime], zone: str) -> list[Moment]:
    """Times in UTC with those of a zone."""
    return [Moment(one, one.astimezone(ZoneInfo(zone))) for one in at]


def number_of_runs(schedule: int) -> Count | None:
    """How many executions the search for what it asked for finds."""
    return total(parse(f"actor:schedule:{schedule}"))


def as_json(shown: Shown, *, payload: bool = True) -> dict[str, Any]:
    """A schedule as programs read it; `params` for those who may see payloads."""
    row = shown.row
    return {
        "id": row.pk,
        "action": row.action_id,
        "name": row.name,
        "cron": row.cron,
        "timezone": row.timezone,
        "says": shown.says,
        "catch_up": row.catch_up,
        "declared": row.declared,
        "withdrawn": row.withdrawn,
        "paused": row.paused_at is not None,
        "paused_by": row.paused_by,
        "paused_reason": row.paused_reason,
        "paused_until": _text(row.paused_until),
        "late": shown.late,
        "next": [_text(moment.at) for moment in times(row)],
        "last_at": _text(row.last_at),
        "last_error": row.last_error,
        "last_error_at": _text(row.last_error_at),
        "runs": [{"id": run.id, "status": run.status.value} for run in reversed(shown.runs)],
        **({"params": hide(row.params)} if payload else {}),
    }


_LATE = Case(When(next_at__lt=Now() - GRACE, then=True), default=False)
_STATES = {
    "late": Q(next_at__lt=Now() - GRACE),
    "failing": ~Q(last_error="") & Q(paused_at__isnull=True, withdrawn=False),
    "paused": Q(paused_at__isnull=False),
    "code": Q(declared=True),
}


def _rows() -> "QuerySet[Schedule]":
    rows = Schedule.objects.select_related("action").defer("action__params_schema", "action__result_schema")
    likes = narrowing.likes()
    if likes is not None:
        seen = RawSQL("actions_schedule.action_id LIKE ANY (%s::text[])", (likes,), output_field=BooleanField())
        rows = rows.filter(seen)
    return rows.annotate(late=_LATE)


def _shown(rows: "QuerySet[Schedule]") -> list[Shown]:
    found: list[Any] = list(rows)
    runs: dict[str, list[Run]] = {}
    if found:
        with connection.cursor() as cursor:
            cursor.execute(_RUNS, [[str(row.pk) for row in found], RUNS])
            for schedule, id_, status, at, seconds in cursor.fetchall():
                runs.setdefault(schedule, []).append(_run(id_, status, at, seconds))
    return [
        Shown(
            row,
            says(row),
            late=row.late,
            runs=tuple(reversed(runs.get(str(row.pk), []))),
        )
        for row in found
    ]


def _run(id_: UUID, status: str, at: datetime, seconds: float | None) -> Run:
    return Run(public_id(id_), Status(status), at, seconds)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
