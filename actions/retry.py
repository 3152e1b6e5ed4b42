"""When a failed action is tried again, and when not any more."""

import math
from dataclasses import dataclass
from datetime import timedelta

from actions.errors import GiveUp, InvalidDefinition

LONGEST_DELAY = 366 * 24 * 3600.0
"""Seconds. Nothing is scheduled further ahead."""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often an execution is tried, and how long it waits in between. Raises InvalidDefinition.

    Five tries, 1, 2, 4 and 8 seconds apart, unless said otherwise: a lasting failure is seen within a minute.
    """

    max_attempts: int = 5
    """Tries in all, the first included; 1 means no retry. Lost workers and RetryLater are not counted."""
    delay: float | timedelta = 1.0
    """Before the second try: seconds or a timedelta, kept as seconds."""
    factor: float = 2.0
    """Each further delay is this many times the one before; at least 1, which keeps them equal."""
    max_delay: float | timedelta = 300.0
    """No delay is longer: seconds or a timedelta, kept as seconds; at most 366 days."""
    jitter: float = 0.1
    """The part of a delay, 0 to 1, that chance may take off: what failed together comes back apart."""
    give_up_on: tuple[type[BaseException], ...] = ()
    """Exceptions, subclasses included, that another try would not mend: the execution fails at once."""

    def __post_init__(self) -> None:
        if type(self.max_attempts) is not int or self.max_attempts < 1:
            raise InvalidDefinition(f"max_attempts counts the first try: 1 or more, not {self.max_attempts!r}.")
        self._keep("max_delay", 0, LONGEST_DELAY)
        self._keep("delay", 0, LONGEST_DELAY)
        self._keep("factor", 1, math.inf)
        self._keep("jitter", 0, 1)
        if _seconds(self.delay) > _seconds(self.max_delay):
            raise InvalidDefinition(
                f"delay ({self.delay} s) is longer than max_delay ({self.max_delay} s); raise max_delay."
            )
        if type(self.give_up_on) is not tuple or not all(
            isinstance(kind, type) and issubclass(kind, BaseException) for kind in self.give_up_on
        ):
            raise InvalidDefinition(f"give_up_on is a tuple of exception classes, not {self.give_up_on!r}.")

    def next_delay(self, tries: int, random: float) -> float:
        """Seconds to wait after the given number of failed tries, never over max_delay.

        `random` is between 0 and 1 and comes from the caller, so that this stays a pure function.
        """
        most = _seconds(self.max_delay)
        try:
            delay = min(most, _seconds(self.delay) * self.factor ** max(tries - 1, 0))
        except OverflowError:
            delay = most if self.delay else 0.0
        return delay * (1 - self.jitter * random)

    def allows(self, tries: int, error: BaseException | None = None) -> bool:
        """Whether another try follows the given number of failed ones, the last ended by `error`."""
        return tries < self.max_attempts and not isinstance(error, (GiveUp, *self.give_up_on))

    def _keep(self, name: str, least: float, most: float) -> None:
        """Hold a number to its bounds and keep it as a float, a timedelta as its seconds."""
        given = getattr(self, name)
        kinds = (int, float, timedelta) if name in {"delay", "max_delay"} else (int, float)
        number = _seconds(given) if isinstance(given, kinds) and type(given) is not bool else math.nan
        if not (math.isfinite(number) and least <= number <= most):
            upper = "" if most == math.inf else f" and at most {most:g}"
            raise InvalidDefinition(f"{name} is a number of at least {least:g}{upper}, not {given!r}.")
        object.__setattr__(self, name, number)


def _seconds(given: float | timedelta) -> float:
    if isinstance(given, timedelta):
        return given.total_seconds()
    try:
        return float(given)
    except OverflowError:
        return math.inf
