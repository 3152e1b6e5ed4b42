"""Schedule: the times at which an action is asked for by the clock, declared beside it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from actions import values
from actions.errors import InvalidInput
from actions.states import CatchUp
from actions.values import cron

if TYPE_CHECKING:
    from actions.definitions.action import Action

LONGEST_NAME = 60
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,60}")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an action is asked for, and with which params.

    `cron`: five fields (minute, hour, day of month, month, day of week), or six with the second first; `timezone`: where the
    clock hangs that they are read from; `catch_up`: what happens to the times that were missed while nothing ran: "skip" them
    all, do "one" for all of them, or do them "all" (the newest hundred); `name`: unique among the action's schedules.
    """

    cron: str
    timezone: str = field(default="UTC", kw_only=True)
    params: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    catch_up: str = field(default=CatchUp.ONE.value, kw_only=True)
    name: str = field(default="default", kw_only=True)


def checked(action: "Action[Any, Any]", schedules: Iterable[Schedule]) -> tuple[Schedule, ...]:
    """The schedules with their params as plain JSON values. Raises InvalidInput, which begins with the schedule's name."""
    found: dict[str, Schedule] = {}
    for schedule in schedules:
        try:
            one = _checked(action, schedule)
            if one.name in found:
                raise InvalidInput("invalid_name", "there are two of that name; give each its own name=")
        except InvalidInput as error:
            raise InvalidInput(error.code, f"schedule {schedule.name!r}: {error.message}") from None
        found[one.name] = one
    return tuple(found.values())


def refuse_secrets(action: "Action[Any, Any]", params: Mapping[str, Any]) -> None:
    """Raise InvalidInput for params that hold a secret: a schedule is kept, and shown, in clear."""
    secret = sorted(action.params.secret & params.keys())
    if secret:
        raise InvalidInput(
            "secret_params",
            f"{', '.join(secret)} is kept secret, and a schedule keeps no secrets; let the action itself read it from the "
            "settings.",
            path=secret[0],
        )


def checked_name(name: str) -> str:
    """A schedule's name with single spaces. Raises InvalidInput."""
    name = " ".join(name.split())
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise InvalidInput(
            "invalid_name", f"A schedule has a name of 1 to {LONGEST_NAME} characters that can be seen.", path="name"
        )
    return name


def checked_catch_up(catch_up: str) -> CatchUp:
    """The policy of that name. Raises InvalidInput."""
    if catch_up not in set(CatchUp):
        raise InvalidInput(
            "invalid_catch_up", f"catch_up is one of {', '.join(CatchUp)}, not {catch_up[:40]!r}.", path="catch_up"
        )
    return CatchUp(catch_up)


def _checked(action: "Action[Any, Any]", schedule: Schedule) -> Schedule:
    times = cron.parse(schedule.cron, schedule.timezone, now=datetime.now(UTC))
    params = action.params.encode(schedule.params)
    refuse_secrets(action, params)
    values.check(params)
    action.params.load(values.dumps(params))
    return Schedule(
        times.expression,
        timezone=times.timezone,
        params=params,
        catch_up=checked_catch_up(schedule.catch_up).value,
        name=checked_name(schedule.name),
    )
