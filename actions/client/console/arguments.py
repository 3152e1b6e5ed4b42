"""The command line of `doplatform`."""

import json
import math
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from actions.client.console import verbs

_EPILOG = """The API key comes from DO_API_KEY or --key-file, never from an argument, which others can see. The platform's
address comes from --base-url or DO_BASE_URL. Exit codes: 0 done, 1 failed or refused, 2 wrong command line, 3 not ended yet,
130 interrupted."""


def parser() -> ArgumentParser:
    """All sub-commands with their options."""
    made = ArgumentParser("doplatform", description="Ask a doplatform for executions from anywhere.", epilog=_EPILOG)
    made.add_argument("--base-url", metavar="URL", help="the platform's address (default: DO_BASE_URL)")
    made.add_argument(
        "--key-file", metavar="PATH", type=Path, help="a file that holds the API key (default: DO_API_KEY)"
    )
    made.add_argument("--timeout", type=seconds, default=30.0, metavar="S", help="for one request (default 30)")
    subs = made.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    _asking(subs)
    _looking(subs)
    _changing(subs)
    for sub in set(subs.choices.values()):
        sub.add_argument("--json", action="store_true", help="print one JSON document")
        _everywhere(sub)
    return made


def _everywhere(made: ArgumentParser) -> None:
    """Options that may stand before the command and after it."""
    words = "the platform's address (default: DO_BASE_URL)"
    made.add_argument("--base-url", default=SUPPRESS, metavar="URL", help=words)
    words = "a file that holds the API key (default: DO_API_KEY)"
    made.add_argument("--key-file", type=Path, default=SUPPRESS, metavar="PATH", help=words)
    words = "seconds for one request (default 30)"
    made.add_argument("--timeout", type=seconds, default=SUPPRESS, metavar="S", help=words)


def _asking(subs: Any) -> None:
    run = _add(subs, "run", verbs.run, "ask for an execution, wait for its end and print its result")
    run.add_argument("name", metavar="NAME", help="the action or workflow")
    _params(run)
    run.add_argument("--key", metavar="KEY", help="idempotency key: the same key gives the same execution")
    run.add_argument("--at", metavar="TIME", help="not before this time, ISO 8601 with its zone")
    run.add_argument("--tag", action="append", metavar="TAG", help="a tag of the execution; may be repeated")
    _wait(run, 60.0)
    run.add_argument("--async", dest="wait", action="store_const", const=None, help="print its id and do not wait")


def _looking(subs: Any) -> None:
    show = _add(subs, "show", verbs.show, "one execution with params, result, error, attempts and steps")
    show.add_argument("id", metavar="ID")
    many = _add(subs, "list", verbs.many, "executions, newest first")
    many.add_argument("--q", default="", metavar="SEARCH", help="the search of the console's pages")
    many.add_argument("--status", action="append", default=[], metavar="STATUS", help="may be repeated")
    for name in ("action", "queue", "tag"):
        many.add_argument(f"--{name}", default="", metavar="NAME")
    many.add_argument("--key", default="", metavar="KEY", help="the idempotency key that it was asked for with")
    many.add_argument("--limit", type=count, default=20, metavar="N", help="at most this many (default 20)")
    watch = _add(subs, "watch", verbs.watch, "follow an execution to its end, a line per change of its status")
    watch.add_argument("id", metavar="ID")
    _wait(watch, math.inf)
    actions = _add(subs, "actions", verbs.actions, "the actions that there are, or one of them")
    actions.add_argument("name", nargs="?", metavar="NAME")


def _changing(subs: Any) -> None:
    retry = _about(_add(subs, "retry", verbs.retry, "give a failed execution new tries"))
    cancel = _about(_add(subs, "cancel", verbs.cancel, "stop an execution"))
    cancel.add_argument("--force", action="store_true", help="do not wait for its handler to stop by itself")
    resolve = _about(_add(subs, "resolve", verbs.resolve, "say how an execution in doubt really ended"))
    resolve.add_argument("answer", choices=["happened", "run_again", "give_up"])
    resolve.add_argument("--result", type=value, metavar="JSON", help="its result, where it happened")
    replay = _about(_add(subs, "replay", verbs.replay, "do it once more, as a new execution"))
    _params(replay, None)
    replay.add_argument("--from-step", metavar="STEP", help="of a workflow: keep what stands before this step")
    emit = _about(_add(subs, "emit", verbs.emit, "tell a workflow that something happened outside"))
    emit.add_argument("name", metavar="NAME", help="the event, exactly as wait_for() names it")
    emit.add_argument("--payload", type=value, metavar="JSON", help="what wait_for() returns")
    for sub in (retry, replay):
        _wait(sub, None)


def _add(subs: Any, name: str, verb: verbs.Verb, words: str) -> ArgumentParser:
    made: ArgumentParser = subs.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
    made.set_defaults(act=verb)
    return made


def _about(made: ArgumentParser) -> ArgumentParser:
    made.add_argument("id", metavar="ID")
    made.add_argument("--reason", default="", help="why; kept in the audit")
    made.add_argument("--key", metavar="KEY", help="idempotency key: what was done under it is not done again")
    return made


def _params(made: ArgumentParser, default: Any = ...) -> None:
    words = "a JSON object; @PATH reads a file, - reads stdin"
    made.add_argument("--params", type=params, default={} if default is ... else default, metavar="JSON", help=words)


def _wait(made: ArgumentParser, default: float | None) -> None:
    shown = {None: "not at all", math.inf: "as long as it takes"}.get(default, f"{default} s")
    made.add_argument(
        "--wait", type=seconds, default=default, metavar="S", help=f"wait so long for its end (default: {shown})"
    )


def params(text: str) -> dict[str, Any]:
    """A JSON object, from the argument, a file or stdin."""
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ArgumentTypeError(f"cannot read {text[1:]}: {getattr(error, 'strerror', None) or error}") from None
    found = value(text)
    if not isinstance(found, dict):
        raise ArgumentTypeError('params are a JSON object, such as \'{"name": "Ada"}\'')
    return found


def value(text: str) -> Any:
    """A JSON value."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"this is no JSON: {error}") from None


def seconds(text: str) -> float:
    """A time from 0 on."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not found >= 0:
        raise ArgumentTypeError(f"seconds are a number from 0 on, not {text!r}")
    return found


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise ArgumentTypeError(f"a whole number from 1 on is needed, not {text!r}")
    return int(text[:9])


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def parse(words: list[str] | None) -> Namespace:
    """The command line, understood. Exits with 2 where it is wrong."""
    return parser().parse_args(words)
