"""A params schema read as a list of questions: what each param is asked by, and how its text becomes JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from actions import values
from actions.errors import InvalidInput

MISSING: Any = object()
"""No value: the param is left out of what is sent."""
_DEEPEST = 10
_ALIKE = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}
_FORMATS = {"date": "date", "date-time": "datetime"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One question of the form."""

    name: str
    kind: str
    """text, integer, number, decimal, boolean, choice, date, datetime or json."""
    required: bool
    nullable: bool = False
    default: Any = MISSING
    choices: tuple[Any, ...] = ()
    secret: bool = False
    description: str = ""
    example: str = ""
    longest: int | None = None

    def value(self, text: str) -> Any:
        """The JSON value that `text` says; MISSING where it is left out. Raises InvalidInput."""
        # Where a text has a default, an empty field is the empty text.
        if not text and (self.kind != "text" or self.nullable or not isinstance(self.default, str)):
            return self.empty()
        if self.kind == "json":
            return values.parse(text)
        read = _READERS.get(self.kind)
        return read(text, self) if read else text

    def text(self, value: Any) -> str:
        """`value` as the form's field shows it."""
        if value is MISSING or value is None:
            return ""
        if self.kind in {"json", "choice"} or not isinstance(value, str | int | float):
            return value if self.kind == "choice" and isinstance(value, str) else pretty(value)
        if self.kind == "datetime" and isinstance(value, str):
            return _local(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else values.dumps(value)

    def empty(self) -> Any:
        """What an empty field says."""
        if self.nullable and self.default is not None:
            return None
        return MISSING


def params_of(schema: dict[str, Any], secret: Iterable[str], order: Sequence[str] = ()) -> list[Param]:
    """The questions in `order`; a schema that was stored as jsonb has lost the one of the handler's signature."""
    hidden = frozenset(secret)
    place = {name: number for number, name in enumerate(order)}
    required = set(schema.get("required", ()))
    return [
        _param(name, member, schema, required=name in required, secret=name in hidden)
        for name, member in sorted(
            schema.get("properties", {}).items(), key=lambda item: place.get(item[0], len(place))
        )
    ]


def pretty(value: Any) -> str:
    """JSON to read and to edit."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _param(name: str, member: dict[str, Any], schema: dict[str, Any], *, required: bool, secret: bool) -> Param:
    inner, nullable = _unwrap(_resolve(member, schema), schema)
    kind, choices = _kind(inner, schema)
    examples = member.get("examples") or inner.get("examples") or ()
    return Param(
        name=name,
        kind=kind,
        required=required,
        nullable=nullable,
        default=member.get("default", MISSING),
        choices=choices,
        secret=secret,
        description=str(member.get("description", "")),
        example=str(examples[0]) if examples else "",
        longest=inner.get("maxLength"),
    )


def _resolve(member: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for _ in range(_DEEPEST):
        reference = member.get("$ref", "")
        if not reference.startswith("#/$defs/"):
            break
        member = schema.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
    return member


def _unwrap(member: dict[str, Any], schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema without its `or null`, and whether there was one."""
    options = member.get("anyOf")
    if not options:
        return member, False
    rest = [option for option in options if option.get("type") != "null"]
    inner = _resolve(rest[0], schema) if len(rest) == 1 else {**member, "anyOf": rest}
    return inner, len(rest) < len(options)


def _kind(member: dict[str, Any], schema: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    if "const" in member:
        return "choice", (member["const"],)
    if "enum" in member:
        return "choice", tuple(member["enum"])
    if "anyOf" in member:
        kinds = sorted(str(_resolve(option, schema).get("type", "")) for option in member["anyOf"])
        # How pydantic writes Decimal: a number, or a string that looks like one.
        return ("decimal" if kinds == ["number", "string"] else "json"), ()
    kind = _ALIKE.get(str(member.get("type", "")), "json")
    return (_FORMATS.get(str(member.get("format", "")), "text") if kind == "text" else kind), ()


def _integer(text: str, _param: Param) -> Any:
    try:
        # By the JSON rules, so that a number of 5,000 digits costs nothing.
        number = values.parse(text.strip())
    except InvalidInput as error:
        if error.code == "number_out_of_range":
            raise
        number = None
    if type(number) is not int:
        raise InvalidInput("int_type", "Write a whole number, such as 42.")
    return number


def _number(text: str, _param: Param) -> Any:
    try:
        number = values.parse(text.strip())
    except InvalidInput as error:
        if error.code in {"number_out_of_range", "invalid_number"}:
            raise
        number = None
    if type(number) not in {int, float}:
        raise InvalidInput("float_type", "Write a number, such as 4.2.")
    return number


def _decimal(text: str, _param: Param) -> Any:
    # Sent as a string: what is exact stays exact.
    return text.strip()


def _boolean(text: str, _param: Param) -> Any:
    if text not in {"true", "false"}:
        raise InvalidInput("bool_type", "Choose yes or no.")
    return text == "true"


def _choice(text: str, param: Param) -> Any:
    for choice in param.choices:
        if param.text(choice) == text:
            return choice
    raise InvalidInput("enum", "Choose one of the list.")


def _date(text: str, _param: Param) -> Any:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise InvalidInput("date_type", "Write a date as 2026-01-31.") from None


def _datetime(text: str, _param: Param) -> Any:
    return moment(text).isoformat().replace("+00:00", "Z")


MOMENT: dict[str, Any] = {"type": "datetime-local", "step": "1", "data-utc": True}
"""The attributes of a field for a time in UTC; a script says beside it what that is in the reader's zone."""


def moment(text: str) -> datetime:
    """A time that a form sent: in UTC unless it names its zone. Raises InvalidInput."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("datetime_type", "Write a time (UTC) as 2026-01-31T09:30.") from None


def _local(text: str) -> str:
    """A stored time as a datetime-local field takes it; what is none stays as it is."""
    try:
        return moment(text).replace(tzinfo=None).isoformat()
    except InvalidInput:
        return text


_READERS = {
    "integer": _integer,
    "number": _number,
    "decimal": _decimal,
    "boolean": _boolean,
    "choice": _choice,
    "date": _date,
    "datetime": _datetime,
}
