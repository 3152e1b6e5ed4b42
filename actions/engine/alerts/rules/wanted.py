"""What somebody asks of a rule, checked before it is kept."""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from actions.engine.alerts.kinds import KINDS, LONGEST_TIME, LONGEST_WINDOW, QUIET, About
from actions.engine.alerts.names import checked_name
from actions.errors import InvalidInput, storable
from actions.models import Action, AlertChannel, AlertRule, Queue

Scope = AlertRule.Scope
_MOST_LEAST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rule as somebody wants it. What its kind has no use for is left as it is here."""

    name: str
    scope: str = ""
    of: str = ""
    threshold: float | None = None
    least: int = 1
    window: int = 3_600
    quiet: int | None = None
    channels: tuple[int, ...] = ()
    tell_recovery: bool = True

    def checked(self, kind: str, *, others: Any) -> dict[str, Any]:
        """The columns of a rule of that kind. `others`: the rules that may not have its name. Raises InvalidInput."""
        about = KINDS[kind]
        fields = asdict(self)
        fields["name"] = checked_name(self.name, taken=others)
        fields["scope"], fields["of"] = _scope(about, self)
        fields["threshold"] = _threshold(about, self.threshold)
        if not about.windowed:
            fields |= {"least": 1, "window": 0}
        elif not 60 <= self.window <= LONGEST_WINDOW:
            raise InvalidInput("invalid_window", f"A window has 60 to {LONGEST_WINDOW:,} seconds.", path="window")
        elif not 1 <= self.least <= _MOST_LEAST:
            raise InvalidInput("invalid_least", f"At least 1, at most {_MOST_LEAST:,}.", path="least")
        fields["quiet"] = about.quiet if self.quiet is None else self.quiet
        if fields["quiet"] not in QUIET:
            raise InvalidInput("invalid_quiet", f"A quiet time has {QUIET[0]} to {QUIET[-1]:,} seconds.", path="quiet")
        known = set(AlertChannel.objects.filter(pk__in=self.channels).values_list("pk", flat=True))
        if known != set(self.channels):
            raise InvalidInput("unknown_channel", "One of these channels is gone. Choose again.", path="channels")
        fields["channels"] = sorted(known)
        fields["tell_recovery"] = about.lasting and self.tell_recovery
        return fields


def _scope(about: About, wanted: Wanted) -> tuple[str, str]:
    of = storable(wanted.of.strip())
    if wanted.scope not in about.scopes:
        words = ", ".join(scope or "everything" for scope in about.scopes)
        raise InvalidInput("invalid_scope", f"This kind of rule watches {words}.", path="scope")
    if wanted.scope == Scope.ALL:
        return "", ""
    named = {Scope.ACTION: Action.objects, Scope.QUEUE: Queue.objects}.get(Scope(wanted.scope))
    if not 1 <= len(of) <= 100 or (named is not None and not named.filter(pk=of).exists()):
        raise InvalidInput("unknown_subject", f"There is no {wanted.scope} of this name.", path="of")
    return wanted.scope, of


def _threshold(about: About, wanted: float | None) -> float:
    if not about.unit:
        return 0.0
    most = 100 if about.unit == "%" else LONGEST_TIME
    threshold = about.threshold if wanted is None else wanted
    if not (isfinite(threshold) and 0 < threshold <= most) or (about.unit == "%" and threshold == most):
        below = "below 100 per cent" if about.unit == "%" else f"at most {most:,} seconds"
        raise InvalidInput("invalid_threshold", f"Above 0, {below}.", path="threshold")
    return float(threshold)
