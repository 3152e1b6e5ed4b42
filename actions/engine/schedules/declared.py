"""declared: the rows follow the schedules that the code declares, when a process starts."""

from datetime import datetime
from typing import Any

from django.db import transaction

from actions.definitions.actor import CODE
from actions.definitions.registry import registry
from actions.definitions.schedule import Schedule as Declared
from actions.engine.schedules import rows
from actions.models import Action, Schedule

_COLUMNS = ("cron", "timezone", "params", "catch_up")
_Place = tuple[str, str]


def follow() -> None:
    """Write what the code declares. Pauses stay; what it declares no more does nothing any more, and can be removed.

    A schedule that a person made becomes the code's when that declares one of the same name.
    """
    wanted = {(action.name, one.name): one for action in registry for one in action.schedules}
    with transaction.atomic():
        known = {(row.action_id, row.name): row for row in Schedule.objects.all()}
        fresh = [place for place, one in wanted.items() if not _same(one, known.get(place))]
        gone = [place for place, row in known.items() if row.declared and not row.withdrawn and place not in wanted]
        # What a module with a fault would have declared is not gone.
        if registry.faults:
            gone = []
        if not fresh and not gone:
            return
        # Processes that start together write one after the other.
        names = sorted({action for action, _ in (*fresh, *gone)})
        list(Action.objects.select_for_update().filter(name__in=names).order_by("name"))
        now = rows.now()
        locked = {
            (row.action_id, row.name): row
            for row in Schedule.objects.select_for_update().filter(action__in=names).order_by("id")
        }
        for place in fresh:
            _write(place, wanted[place], locked.get(place), now)
        for place in gone:
            _withdraw(locked.get(place))


def _same(one: Declared, row: Schedule | None) -> bool:
    return (
        row is not None
        and row.declared
        and not row.withdrawn
        and all(getattr(row, column) == getattr(one, column) for column in _COLUMNS)
    )


def _write(place: _Place, one: Declared, row: Schedule | None, now: datetime) -> None:
    if _same(one, row):
        return
    before: dict[str, Any] | None = None if row is None else {**rows.facts(row), "declared": row.declared}
    kept = row or Schedule(action_id=place[0], name=place[1], created_by=CODE.label)
    at_other_times = row is None or row.withdrawn or (row.cron, row.timezone) != (one.cron, one.timezone)
    for column in _COLUMNS:
        setattr(kept, column, getattr(one, column))
    kept.declared, kept.withdrawn = True, False
    kept.last_error, kept.last_error_at = "", None
    if at_other_times:
        kept.next_at = rows.next_of(kept, now)
    kept.save()
    after = {**rows.facts(kept), "declared": True}
    if before is None:
        rows.record("created", kept, actor=CODE, after=after)
    else:
        rows.record("changed", kept, actor=CODE, before=before, after=after)


def _withdraw(row: Schedule | None) -> None:
    if row is None or row.withdrawn or not row.declared:
        return
    Schedule.objects.filter(pk=row.pk).update(withdrawn=True, next_at=None)
    rows.record("withdrawn", row, actor=CODE)
