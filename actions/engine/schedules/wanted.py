"""What somebody asks of a schedule, checked before it is kept."""

from dataclasses import dataclass, field
from typing import Any

from actions.definitions.action import Action
from actions.definitions.registry import registry
from actions.definitions.schedule import checked_catch_up, checked_name, refuse_secrets
from actions.engine.accept import stored
from actions.engine.schedules import rows
from actions.errors import InvalidInput, Problem
from actions.states import CatchUp
from actions.values import cron


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A schedule as it was asked for."""

    name: str
    cron: str
    timezone: str = "UTC"
    params: dict[str, Any] = field(default_factory=dict)
    catch_up: str = CatchUp.ONE.value

    def checked(self, action: str) -> "Wanted":
        """The same as it is kept. Raises ActionNotFound, NotTriggerable, ActionDisabled, InvalidParams, and InvalidInput
        with every other fault."""
        declared: Action[Any, Any] = registry.triggerable(action)
        problems: list[Problem] = []
        name, times, catch_up = self.name, None, self.catch_up
        try:
            name = checked_name(self.name)
        except InvalidInput as error:
            problems += error.problems
        try:
            times = cron.parse(self.cron, self.timezone, now=rows.now())
        except InvalidInput as error:
            problems += error.problems
        try:
            catch_up = checked_catch_up(self.catch_up).value
        except InvalidInput as error:
            problems += error.problems
        if problems or times is None:
            raise InvalidInput(problems[0].code, " ".join(problem.message for problem in problems), problems=problems)
        refuse_secrets(declared, self.params)
        stored(declared, self.params)
        return Wanted(name=name, cron=times.expression, timezone=times.timezone, params=self.params, catch_up=catch_up)
