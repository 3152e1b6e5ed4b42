"""How the console command speaks: results on stdout, sentences on stderr, nothing that a terminal would obey."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from actions.client.errors import DoError
from actions.client.known import Known

_LONGEST_CAUSE = 100


def plain(text: str) -> str:
    """One line without control characters, whatever the platform sent: they are spelt out."""
    return "".join(one if one.isprintable() else _spelt(one) for one in text)


def document(value: Any) -> str:
    """JSON to read, in characters that stdout can write and a terminal shows."""
    text = json.dumps(value, ensure_ascii=(sys.stdout.encoding or "").lower() not in {"utf-8", "utf8"}, indent=2)
    # Control characters stand in strings only, where JSON knows them by their escape.
    return "".join(one if one.isprintable() or one == "\n" else _escaped(one) for one in text)


def say(text: str = "") -> None:
    """A line on stdout."""
    sys.stdout.write(f"{text}\n")


def tell(text: str) -> None:
    """A sentence for the person at the terminal, on stderr."""
    sys.stderr.write(f"doplatform: {plain(text)}\n")
    sys.stderr.flush()


def complain(error: DoError) -> None:
    """What was not done, and each fault of the request."""
    known = f" (request {error.request_id})" if error.request_id else ""
    tell(f"{error.code}: {error.message}{known}")
    for fault in error.errors:
        tell(f"  {fault.path or 'request'}: {fault.message}")


def line(one: Known) -> str:
    """An execution in one line."""
    cause = (one.error or {}).get("message")
    why = f"  {cause}"[: _LONGEST_CAUSE + 2] if cause else ""
    created = str(one.data.get("created_at") or "")[:19]
    return plain(f"{one.id}  {one.status:<9}  {created:<19}  {one.data.get('action', '')}{why}")


def fields(shown: Mapping[str, Any]) -> None:
    """An object, a line for each of its members that holds something."""
    for name, value in shown.items():
        if value not in (None, "", [], {}):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            say(plain(f"{name.replace('_', ' '):<16} {text}"))


def _spelt(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) > 126 and ord(character) != 127 else f"\\u{ord(character):04x}"
