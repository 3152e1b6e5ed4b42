"""Params and results as the command line gives them: JSON text, a file, or standard input."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from actions import values
from actions.errors import InvalidInput

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def add_params(parser: ArgumentParser) -> None:
    """The JSON itself, --params JSON, --params-file FILE, or - for standard input; at most one of them."""
    sources = parser.add_mutually_exclusive_group()
    sources.add_argument("source", nargs="?", metavar="PARAMS", help="the params, a JSON object; - is standard input")
    sources.add_argument("--params", metavar="JSON", help="the same as an option")
    sources.add_argument("--params-file", metavar="FILE", help="a file with the params; - is standard input")


def params(options: dict[str, Any]) -> dict[str, Any] | None:
    """The params object, None where none was given. Raises InvalidInput."""
    source, said = options.get("source"), options.get("params")
    if source not in {None, "-"}:
        said = source
    if said is not None:
        return values.parse_object(said)
    file = source or options.get("params_file")
    return None if file is None else values.parse_object(_read(file))


def seconds(text: str) -> float:
    """A time to wait, for argparse: 0 to a day."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 86_400:
        raise ArgumentTypeError(f"{text!r} is no number of seconds between 0 and 86400")
    return number


def span(text: str) -> timedelta:
    """A length of time, for argparse: a whole number of seconds, minutes, hours or days (90s, 15m, 4h, 2d), a year at most."""
    found = re.fullmatch(r"([0-9]{1,8})([smhd])", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= 366 * 86_400:
        raise ArgumentTypeError(f"{text!r} is no length of time; write it as 90s, 15m, 4h or 2d, a year at most")
    return timedelta(seconds=seconds)


def moment(text: str | None, name: str = "available_at") -> datetime | None:
    """A time in ISO 8601. Raises InvalidInput."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"invalid_{name}",
            f"{text[:100]!r} is no time in ISO 8601; write it as 2030-01-31T09:00:00+00:00.",
            path=name,
        ) from None


def add_until(parser: ArgumentParser, *, needed: bool = False) -> Any:
    """--until and --for, of which at most one is said; where they are not `needed`, neither means for good. Their group."""
    times = parser.add_mutually_exclusive_group(required=needed)
    ever = "" if needed else "; without it, until somebody resumes it"
    times.add_argument("--until", metavar="TIME", help=f"ISO 8601 with a zone{ever}")
    times.add_argument("--for", metavar="SPAN", dest="span", type=span, help="such as 15m, 4h or 2d")
    return times


def until(options: dict[str, Any]) -> datetime | None:
    """The time that --until or --for says; None for neither. Raises InvalidInput."""
    if options["span"] is not None:
        found: datetime = datetime.now(UTC) + options["span"]
        return found
    return moment(options["until"], "until")


def line(file: str, *, what: str) -> str:
    """The one line of a file, or of standard input: what must stand neither in the shell's history nor among the processes.

    Raises InvalidInput.
    """
    return _read(file, what=what).decode("utf-8", "replace").strip()


def _read(file: str, *, what: str = "params") -> bytes:
    # One byte more than is taken, so that an endless file is refused and not read.
    most = values.DEFAULT_LIMITS.max_bytes + 1
    try:
        if file == "-":
            return sys.stdin.buffer.read(most)
        with Path(file).open("rb") as source:
            return source.read(most)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(f"{what}_unreadable", f"The {what} cannot be read from {file!r}: {reason}.") from None
