"""Text to value, strictly."""

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # missing in typeshed
from typing import Any, NoReturn

from actions.errors import InvalidInput
from actions.values.limits import DEFAULT_LIMITS, Limits, refuse_depth, refuse_nodes, refuse_size, too_large
from actions.values.paths import Step, join
from actions.values.plain import kind_of, walk


def parse(raw: bytes | str, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The value of a JSON text. Raises InvalidInput."""
    # Half a surrogate pair can stand in a str; it is refused below, with its path.
    if len(raw) > limits.max_bytes or (
        isinstance(raw, str) and len(raw.encode("utf-8", "surrogatepass")) > limits.max_bytes
    ):
        refuse_size(limits)
    value = _Reader(_decode(raw) if isinstance(raw, bytes) else _without_mark(raw), limits).read()
    walk(value, limits)
    return value


def parse_object(raw: bytes | str, *, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The value of a JSON text that must be an object, else `invalid_body`. Raises InvalidInput."""
    value = parse(raw, limits=limits)
    if type(value) is not dict:
        raise InvalidInput("invalid_body", f"This must be a JSON object, not {kind_of(value)}.")
    return value


def _decode(raw: bytes) -> str:
    # JSON text holds no NUL, so one among the first bytes is UTF-16 or UTF-32 without a mark.
    if b"\x00" not in raw[:4]:
        try:
            return _without_mark(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            place = f"byte {error.start + 1:,} is not"
    else:
        place = "this looks like UTF-16 or UTF-32"
    raise InvalidInput("invalid_encoding", f"JSON must be sent as UTF-8; {place}.")


def _without_mark(text: str) -> str:
    if text.startswith("\ufeff"):
        raise InvalidInput("invalid_encoding", "JSON must be sent as UTF-8 without a byte order mark; leave it out.")
    return text


_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"-?(?:NaN|Infinity)")
_CONSTANT = re.compile(r"true|false|null")
_CONSTANTS = {"true": True, "false": False, "null": None}


class _Reader:
    """Reads one text.

    Its recursion is bounded by limits.depth, which the standard library's scanner cannot be, and it knows the
    path of a fault, which that scanner's hooks do not.
    """

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.nodes = 0
        self.path: list[Step] = []

    def read(self) -> Any:
        start = self._skip(0)
        if start == len(self.text):
            raise InvalidInput("invalid_json", "The JSON is empty (line 1, column 1).")
        value, at = self._value(start)
        at = self._skip(at)
        if at != len(self.text):
            self._refuse_syntax("Nothing may follow the value", at)
        return value

    def _value(self, at: int) -> tuple[Any, int]:
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            refuse_nodes(self.limits)
        char = self.text[at : at + 1]
        if char == '"':
            return self._string(at)
        if char in {"{", "["}:
            if len(self.path) >= self.limits.depth:
                refuse_depth(self.limits, self.path)
            return self._object(at) if char == "{" else self._list(at)
        constant = _CONSTANT.match(self.text, at)
        if constant:
            return _CONSTANTS[constant[0]], constant.end()
        return self._number(at)

    def _object(self, at: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        at = self._skip(at + 1)
        if self.text[at : at + 1] == "}":
            return members, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                self._refuse_syntax("A key in double quotes was expected", at)
            key, at = self._string(at)
            self.path.append(key)
            if key in members:
                raise InvalidInput("duplicate_key", "This key stands twice in its object.", path=join(self.path))
            at = self._skip(at)
            if self.text[at : at + 1] != ":":
                self._refuse_syntax("A colon was expected", at)
            members[key], at = self._value(self._skip(at + 1))
            self.path.pop()
            at, closed = self._next(at, "}")
            if closed:
                return members, at

    def _list(self, at: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        at = self._skip(at + 1)
        if self.text[at : at + 1] == "]":
            return items, at + 1
        while True:
            self.path.append(len(items))
            item, at = self._value(at)
            items.append(item)
            self.path.pop()
            at, closed = self._next(at, "]")
            if closed:
                return items, at

    def _next(self, at: int, closer: str) -> tuple[int, bool]:
        at = self._skip(at)
        char = self.text[at : at + 1]
        if char == closer:
            return at + 1, True
        if char != ",":
            self._refuse_syntax(f"A comma or {closer} was expected", at)
        return self._skip(at + 1), False

    def _string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, at + 1, True)
        except json.JSONDecodeError as error:
            char = self.text[error.pos : error.pos + 1]
            if error.msg.startswith("Invalid control character") and char:
                message = f"The control character U+{ord(char):04X} stands unescaped in a string"
                self._refuse_syntax(message, error.pos, code="nul_not_allowed")
            self._refuse_syntax(error.msg.removesuffix(" starting at").rstrip(": "), error.pos)
        return text, end

    def _number(self, at: int) -> tuple[int | float, int]:
        found = _NUMBER.match(self.text, at)
        if not found:
            odd = _NOT_FINITE.match(self.text, at)
            if odd:
                raise InvalidInput("invalid_number", f"{odd[0]} is not a JSON number.", path=join(self.path))
            self._refuse_syntax("A value was expected", at)
        # Before int(), whose cost grows with the square of the digits.
        if found.end() - at > self.limits.number_text:
            message = f"This number has more than {self.limits.number_text} characters; send it as a string."
            raise InvalidInput("number_out_of_range", message, path=join(self.path))
        number = float(found[0]) if found[1] or found[2] else int(found[0])
        if number in {float("inf"), float("-inf")}:
            raise InvalidInput("number_out_of_range", too_large(self.limits), path=join(self.path))
        return number, found.end()

    def _skip(self, at: int) -> int:
        return _SPACE.match(self.text, at).end()  # type: ignore[union-attr]  # it matches nothing, too

    def _refuse_syntax(self, message: str, at: int, *, code: str = "invalid_json") -> NoReturn:
        if at >= len(self.text):
            message = "The JSON ends too early"
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        raise InvalidInput(code, f"{message} (line {line:,}, column {column:,}).", path=join(self.path))
