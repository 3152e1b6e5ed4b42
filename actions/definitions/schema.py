"""Params and result schemas from a handler's type hints, by pydantic, strict: no "5" for 5."""

import inspect
import json
from collections.abc import Callable, Collection, Mapping
from functools import cached_property, partial
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pydantic
from pydantic_core import PydanticSerializationError, to_jsonable_python

from actions import values
from actions.definitions.context import Context
from actions.errors import InvalidDefinition, InvalidInput, InvalidParams, Problem, ResultInvalid

OPTIONS = frozenset(
    {
        "idempotency_key", "available_at", "actor", "priority", "tags", "limits", "callback",
        "step", "after", "optional", "detached",
    }
)  # fmt: skip
"""Names that invoke() and start() keep for themselves; a handler may not have params called so."""

CONFIG = pydantic.ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=False, ser_json_inf_nan="constants")
"""Of every params schema."""


class Redacted:
    """Marks a param as secret: `card: Annotated[str, Redacted]`. Stored apart and encrypted, shown as dots."""


class Params:
    """The params schema of one handler.

    `fields`: param name → type; `secret`: names of params stored apart, encrypted; `context`: name of the param that
    the platform fills with the Context, if any.
    """

    def __init__(self, handler: Callable[..., Any], name: str) -> None:
        self.action = name
        self.context: str | None = None
        self.secret: frozenset[str] = frozenset()
        self._model = self._build(handler)
        self._validator = self._model.__pydantic_validator__

    @property
    def fields(self) -> list[str]:
        """Param names in the order of the handler's signature."""
        return list(self._model.model_fields)

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the params object; not to be changed."""
        return self.make_json_schema()

    def make_json_schema(self) -> dict[str, Any]:
        """The same made anew; pydantic warns of what it cannot say."""
        return self._model.model_json_schema()

    def load(self, text: str) -> dict[str, Any]:
        """Keyword arguments for the handler from stored JSON text, defaults filled in.

        Raises InvalidParams with all faults at once.
        """
        try:
            return self._validator.validate_json(text).__dict__
        except pydantic.ValidationError as error:
            raise InvalidParams(self.action, [_problem(fault) for fault in error.errors(include_url=False)]) from None

    def check(self, text: str, unknown: Collection[str]) -> None:
        """Raise InvalidParams for what is wrong already, while the values of the params in `unknown` are still to come."""
        try:
            self._validator.validate_json(text)
        except pydantic.ValidationError as error:
            faults = [fault for fault in error.errors(include_url=False) if fault["loc"][:1][0] not in unknown]
            if faults:
                raise InvalidParams(self.action, [_problem(fault) for fault in faults]) from None

    def encode(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """`params` as plain JSON values: what code passes as Decimal, datetime or model becomes what HTTP would send."""
        try:
            return to_jsonable_python(_opened(params) if self.secret else dict(params), inf_nan_mode="constants")
        except (PydanticSerializationError, TypeError, ValueError, RecursionError) as error:
            raise InvalidInput("not_json", f"The params cannot be written as JSON: {error}") from None

    def _build(self, handler: Callable[..., Any]) -> type[pydantic.BaseModel]:
        hints = _hints(handler, self.action)
        members: dict[str, Any] = {}
        secret: set[str] = set()
        # What a partial has been given is nobody's to choose any more.
        fixed = handler.keywords if isinstance(handler, partial) else {}
        for parameter in _signature(handler, self.action).parameters.values():
            if parameter.name in fixed:
                continue
            if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY}:
                raise InvalidDefinition(
                    f"{self.action}: every param needs a name and a type of its own; {parameter} has none."
                )
            if parameter.name not in hints:
                raise InvalidDefinition(f"{self.action}: param {parameter.name} has no type hint.")
            hint = hints[parameter.name]
            if hint is Context:
                self.context = parameter.name
                continue
            if parameter.name in OPTIONS:
                raise InvalidDefinition(f"{self.action}: {parameter.name} is an option of invoke(); rename the param.")
            if is_secret(hint):
                secret.add(parameter.name)
            default = ... if parameter.default is parameter.empty else parameter.default
            members[parameter.name] = (hint, default)
        self.secret = frozenset(secret)
        try:
            return pydantic.create_model(f"{self.action}-params", __config__=CONFIG, **members)
        except (pydantic.errors.PydanticSchemaGenerationError, pydantic.errors.PydanticUserError, NameError) as error:
            raise InvalidDefinition(f"{self.action}: the params have no JSON schema: {error}") from None


class Result:
    """The result schema of one handler, from its return annotation."""

    def __init__(self, handler: Callable[..., Any], name: str) -> None:
        self.action = name
        hint = _hints(handler, name).get("return", Any)
        self._plain = hint in {Any, None, type(None), dict, object} or get_origin(hint) is dict
        try:
            self._adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(Any if hint is None else hint)
        except (pydantic.errors.PydanticSchemaGenerationError, pydantic.errors.PydanticUserError) as error:
            raise InvalidDefinition(f"{name}: the result has no JSON schema: {error}") from None

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of the result; not to be changed."""
        return self.make_json_schema()

    def make_json_schema(self) -> dict[str, Any]:
        """The same made anew; pydantic warns of what it cannot say."""
        return self._adapter.json_schema(mode="serialization")

    def load(self, text: str | None) -> Any:
        """The result that was stored as JSON text, of the type that the handler's annotation says."""
        if text is None:
            return None
        return json.loads(text) if self._plain else self._adapter.validate_json(text)

    def dump(self, result: Any) -> tuple[str | None, str | None]:
        """Compact JSON text of a handler's result and its SHA-256; None and None for None.

        Raises ResultInvalid naming the path.
        """
        if result is None:
            return None, None
        try:
            if not self._plain:
                result = self._adapter.dump_python(
                    self._adapter.validate_python(result), mode="json", context={"reveal": False}
                )
            else:
                result = to_jsonable_python(result, inf_nan_mode="constants")
            return values.check_and_digest(result)
        except InvalidInput as error:
            raise ResultInvalid(f"The result cannot be stored: {error.path or 'result'}: {error.message}") from None
        except pydantic.ValidationError as error:
            fault = _problem(error.errors(include_url=False)[0])
            raise ResultInvalid(
                f"The result does not fit its type hint: {fault.path or 'result'}: {fault.message}"
            ) from None
        except (PydanticSerializationError, TypeError, ValueError, RecursionError) as error:
            raise ResultInvalid(f"The result cannot be written as JSON: {error}") from None


def origin(handler: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function that has the name, the docstring and the type hints: behind a partial, or of an object that can be
    called. Raises InvalidDefinition where there is none with a signature."""
    while isinstance(handler, partial):
        handler = handler.func
    if inspect.isroutine(handler):
        _signature(handler, name)
        return handler
    function: Any = None if inspect.isclass(handler) else getattr(handler, "__wrapped__", None)
    if function is None and not inspect.isclass(handler):
        function = getattr(handler, "__call__", None)  # noqa: B004  (its own method is what is wanted)
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        raise InvalidDefinition(f"{name}: {handler!r} is no function. Wrap what it does in a typed one.")
    return function


def _signature(handler: Callable[..., Any], name: str) -> inspect.Signature:
    try:
        return inspect.signature(handler)
    except ValueError:
        raise InvalidDefinition(
            f"{name}: {handler!r} is written in C and does not say what it takes. Wrap it in a typed function."
        ) from None


def _hints(handler: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return get_type_hints(origin(handler, name), include_extras=True)
    except NameError as error:
        raise InvalidDefinition(f"{name}: a type hint cannot be resolved: {error}") from None


def is_secret(hint: Any) -> bool:
    """Whether a secret stands anywhere in the type: then the whole param is kept as one."""
    if hint in {pydantic.SecretStr, pydantic.SecretBytes}:
        return True
    if get_origin(hint) is Annotated and any(
        mark is Redacted or isinstance(mark, Redacted) for mark in get_args(hint)[1:]
    ):
        return True
    if isinstance(hint, type) and issubclass(hint, pydantic.BaseModel):
        return any(
            is_secret(field.annotation)
            or any(mark is Redacted or isinstance(mark, Redacted) for mark in field.metadata)
            for field in hint.model_fields.values()
        )
    return any(is_secret(part) for part in get_args(hint) if not isinstance(part, (str, int, list)))


def _opened(value: Any) -> Any:
    """A copy with its secrets in clear and its models as dicts: pydantic would write asterisks where secrets stand."""
    if isinstance(value, (pydantic.SecretStr, pydantic.SecretBytes)):
        return value.get_secret_value()
    if isinstance(value, pydantic.BaseModel):
        return _opened(value.model_dump()) if is_secret(type(value)) else value
    if isinstance(value, Mapping):
        return {name: _opened(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_opened(part) for part in value]
    return value


def _problem(fault: Any) -> Problem:
    path = ""
    for part in fault["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return Problem(str(fault["type"]), path, str(fault["msg"]))
