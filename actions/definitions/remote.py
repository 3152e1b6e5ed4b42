"""remote_action: somebody's HTTP endpoint as an action. The call itself is the engine's (engine/remote.py)."""

import re
import string
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NotRequired, Required, get_args, get_origin, get_type_hints

import pydantic
from typing_extensions import is_typeddict  # before Python 3.12, pydantic's TypedDict is not typing's

from actions.definitions.action import DOUBTFUL, Action
from actions.definitions.context import current
from actions.definitions.engine import bound
from actions.definitions.flow import seconds_of
from actions.definitions.registry import registry
from actions.definitions.schema import CONFIG, OPTIONS, Params, is_secret
from actions.errors import AnswerUnfit, InvalidDefinition, NotLocal, RemoteFault, ReplyLost
from actions.outside.address import NotAllowed, Target, read
from actions.retry import RetryPolicy
from actions.states import Effects

_AFTERWARDS = 5.0
"""Seconds from the end of the exchange's own time to the attempt's soft timeout: the exchange's error says more."""
_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_UNDONE = frozenset({408, 425, 429, 503})
"""Statuses by which a server says that it has not begun."""
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]*")
_OURS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding", "idempotency-key",
     "webhook-id", "webhook-timestamp", "webhook-signature"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a remote action goes, and what its answers mean."""

    url: str
    target: Target
    method: str
    headers: dict[str, str]
    """`${NAME}` in a value stands for a setting."""
    secrets: tuple[str, ...]
    """Names of the settings that hold the signing secrets, the newest first."""
    timeout: float
    """Seconds for the whole exchange."""
    undone: frozenset[int]
    """Statuses by which this endpoint says that it has not done it, and may another time."""


class Absent:
    """Stands for a param that a TypedDict does not require and the caller did not send."""


class ShapeParams(Params):
    """The params schema from a model or a TypedDict instead of a signature."""

    def _build(self, handler: Any) -> type[pydantic.BaseModel]:
        if isinstance(handler, type) and issubclass(handler, pydantic.BaseModel):
            return self._of_model(handler)
        if is_typeddict(handler) or handler is None:
            return self._of_dict(handler)
        raise InvalidDefinition(f"{self.action}: params is a pydantic model, a TypedDict or None, not {handler!r}.")

    def _of_model(self, shape: type[pydantic.BaseModel]) -> type[pydantic.BaseModel]:
        if issubclass(shape, pydantic.RootModel):
            raise InvalidDefinition(f"{self.action}: params have names, which a RootModel does not give.")
        for name, field in shape.model_fields.items():
            if field.alias or field.validation_alias or field.serialization_alias:
                raise InvalidDefinition(f"{self.action}: param {name} has an alias; a param has one name.")
        self._keep(shape.model_fields, lambda name: is_secret(shape.model_fields[name].rebuild_annotation()))
        # The model's own validators stay; what it lets pass beyond its fields does not.
        meta: Any = type(shape)
        own: type[pydantic.BaseModel] = meta(
            f"{self.action}-params", (shape,), {"model_config": CONFIG, "__module__": shape.__module__}
        )
        return own

    def _of_dict(self, shape: Any) -> type[pydantic.BaseModel]:
        hints = {} if shape is None else get_type_hints(shape, include_extras=True)
        bare = {
            name: get_args(hint)[0] if get_origin(hint) in {Required, NotRequired} else hint
            for name, hint in hints.items()
        }
        self._keep(bare, lambda name: is_secret(bare[name]))
        members: dict[str, Any] = {
            # By a factory, because a schema shows other defaults.
            name: (hint, ... if name in shape.__required_keys__ else pydantic.Field(default_factory=Absent))
            for name, hint in bare.items()
        }
        try:
            return pydantic.create_model(f"{self.action}-params", __config__=CONFIG, **members)
        except (pydantic.errors.PydanticSchemaGenerationError, pydantic.errors.PydanticUserError, NameError) as error:
            raise InvalidDefinition(f"{self.action}: the params have no JSON schema: {error}") from None

    def _keep(self, names: Iterable[str], secret: Any) -> None:
        for name in names:
            if name in OPTIONS:
                raise InvalidDefinition(f"{self.action}: {name} is an option of invoke(); rename the param.")
        self.secret = frozenset(name for name in names if secret(name))


class RemoteAction(Action[..., Any]):
    """An action whose handler is somebody's HTTP endpoint."""

    def __init__(
        self, name: str, module: str, *, endpoint: Endpoint, params: Any, result: Any, **policies: Any
    ) -> None:
        self.endpoint = endpoint
        self._shape = params
        self.takes_anything = result is Any
        """Whether no type of result was declared."""
        super().__init__(self._handler(name, module, result), name=name, atomic=False, **policies)
        if self.effects == Effects.DATABASE:
            self._refuse("effects is external or repeatable: it calls others")
        self.description = f"{endpoint.method} {endpoint.target.origin}"

    def _params(self) -> Params:
        return ShapeParams(self._shape, self.name)

    def _handler(self, name: str, module: str, result: Any) -> Any:
        def call(**params: Any) -> Any:
            context = current.get()
            if context is None:
                raise NotLocal(f"{name}: {NotLocal.__doc__}")
            given = {key: value for key, value in params.items() if not isinstance(value, Absent)}
            return bound().call_remote(self, self.params.encode(given), context)

        call.__module__, call.__name__, call.__qualname__ = module, name, name
        call.__annotations__ = {"return": result}
        call.__doc__ = None
        return call


def remote_action(
    name: str,
    *,
    url: str,
    params: Any = None,
    result: Any = Any,
    method: str = "POST",
    timeout: float | timedelta = 10.0,
    effects: str = Effects.EXTERNAL,
    retry: RetryPolicy | None = None,
    secret: str | Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    undone_on: Iterable[int] = (),
    description: str = "",
    **policies: Any,
) -> RemoteAction:
    """Declare an HTTP endpoint as an action: it gets the params as JSON, and answers with the result as JSON.

    `params`: a pydantic model or a TypedDict; `result`: any type. `timeout`: seconds for the whole exchange. `secret`: name
    of the setting (or variable of the environment) that signs requests by Standard Webhooks; several during a rotation.
    `${NAME}` in `headers` stands for a setting likewise. `undone_on`: further statuses by which this endpoint says that it
    has not done it, such as 409. Other policies are those of @action. Raises InvalidDefinition.
    """
    module = str(sys._getframe(1).f_globals.get("__name__", "?"))
    endpoint = _endpoint(name, url, method, timeout, secret, headers or {}, undone_on)
    declared = RemoteAction(
        name,
        module,
        endpoint=endpoint,
        params=params,
        result=result,
        effects=effects,
        retry=retry,
        timeout=endpoint.timeout + _AFTERWARDS,
        doubt_on=(*DOUBTFUL, ReplyLost, RemoteFault, AnswerUnfit),
        **policies,
    )
    declared.description = description or declared.description
    registry.add(declared)
    return declared


def _endpoint(
    name: str,
    url: str,
    method: str,
    timeout: float | timedelta,
    secret: str | Iterable[str],
    headers: Mapping[str, str],
    undone_on: Iterable[int],
) -> Endpoint:
    try:
        target = read(url)
    except NotAllowed as fault:
        raise InvalidDefinition(f"{name}: url: {fault}.") from None
    if method not in _METHODS:
        raise InvalidDefinition(f"{name}: method is one of {', '.join(sorted(_METHODS))}.")
    undone = frozenset(undone_on)
    if not all(400 <= status <= 599 for status in undone):
        raise InvalidDefinition(f"{name}: undone_on has statuses from 400 to 599.")
    seconds = seconds_of(timeout)
    if seconds <= 0:
        raise InvalidDefinition(f"{name}: timeout is more than 0 seconds.")
    for header, text in headers.items():
        if not _HEADER.fullmatch(header) or header.lower() in _OURS:
            raise InvalidDefinition(f"{name}: the header {header!r} cannot be set.")
        if not _VALUE.fullmatch(text) or not string.Template(text).is_valid():
            raise InvalidDefinition(f"{name}: the header {header} has visible ASCII characters, and $ as in ${{NAME}}.")
    names = (secret,) if isinstance(secret, str) else tuple(secret)
    return Endpoint(url, target, method, dict(headers), names, seconds, _UNDONE | undone)
