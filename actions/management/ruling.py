"""Alert rules as the command line says them."""

from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from actions.engine.alerts.kinds import KINDS
from actions.engine.alerts.rules.wanted import Wanted
from actions.management import payload
from actions.queries import alerts

_LEAST = 20
"""Of a rate or a run time, where nothing is said; as the console's form begins with."""
_SCOPES = ("action", "queue", "tag")


def add_rule(parser: ArgumentParser, *, new: bool) -> None:
    """The fields of a rule: of a new one, or what is changed of one."""
    if new:
        parser.add_argument("name", metavar="NAME", help="stands in every alert")
        parser.add_argument("--kind", required=True, choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    else:
        parser.add_argument("rule", metavar="RULE", help="its name, or its number")
        parser.add_argument("--name", help="what it is called from now on")
    scopes = parser.add_mutually_exclusive_group()
    for scope in _SCOPES:
        scopes.add_argument(f"--{scope}", metavar="NAME", help=f"watch only this {scope}")
    scopes.add_argument("--everything", action="store_true", help="watch all there is")
    parser.add_argument("--threshold", type=float, metavar="N", help="per cent of a rate, seconds of a time")
    parser.add_argument("--window", type=payload.span, metavar="SPAN", help="how far it looks back, such as 15m or 1h")
    parser.add_argument("--least", type=int, metavar="N", help="executions that must have ended before it counts")
    parser.add_argument("--quiet", type=payload.span, metavar="SPAN", help="a subject is told of once in it")
    over = "whether who was told of what lasts is told when it is over (default: yes)"
    parser.add_argument("--tell-recovery", action=BooleanOptionalAction, default=None, help=over)
    told = parser.add_mutually_exclusive_group()
    told.add_argument("--channel", action="append", metavar="NAME", help="whom it tells; as often as needed")
    told.add_argument("--nobody", action="store_true", help="only the log has it")


def wanted(options: dict[str, Any], known: dict[str, Any] | None = None) -> Wanted:
    """The rule that the command line means, and for the rest what is `known`. Raises AlertChannelNotFound."""
    said: dict[str, Any] = {"least": _LEAST} if known is None else dict(known)
    said |= {
        name: options[name] for name in ("name", "threshold", "least", "tell_recovery") if options[name] is not None
    }
    spans = {name: options[name] for name in ("window", "quiet") if options[name] is not None}
    said |= {name: int(span.total_seconds()) for name, span in spans.items()}
    for scope in _SCOPES:
        if options[scope] is not None:
            said |= {"scope": scope, "of": options[scope]}
    if options["everything"]:
        said |= {"scope": "", "of": ""}
    if options["channel"] is not None:
        said["channels"] = tuple(alerts.channel_called(name).pk for name in dict.fromkeys(options["channel"]))
    elif options["nobody"]:
        said["channels"] = ()
    return Wanted(**said)


def standing(rule: str) -> tuple[int, dict[str, Any]]:
    """The number of a rule, and what it is now. Channels that are gone are left out. Raises AlertRuleNotFound."""
    row = alerts.rule_called(rule)
    names = ("name", "scope", "of", "threshold", "least", "window", "quiet", "tell_recovery")
    there = {one.pk for one in alerts.channels_of()}
    channels = tuple(key for key in row.channels if key in there)
    return row.pk, {**{name: getattr(row, name) for name in names}, "channels": channels}
