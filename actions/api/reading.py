"""What a request says: headers and bodies, read strictly."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import pydantic
from django.http import HttpRequest

from actions import values
from actions.api.problems import Refusal
from actions.errors import IdempotencyKeyInvalid, InvalidInput, Problem
from actions.values import DEFAULT_LIMITS, Limits

LONGEST_WAIT = 60.0
"""Seconds that a request may wait for an execution's end."""
BULK_LIMITS = replace(DEFAULT_LIMITS, max_bytes=5 * 1024 * 1024, nodes=50_000)
"""For a thousand items; reading 50,000 values takes 0.2 s."""
_TAKEN = {"", "*/*", "application/*", "application/json", "application/problem+json", "application/x-ndjson"}
# A browser that asks for a page, and whoever takes any text, gets JSON rather than a refusal.
_TAKEN |= {"text/html", "text/*", "text/plain"}
_KEY = re.compile(r"[A-Za-z0-9._:/@+=-]{1,255}")
_WAIT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})?")
_READ_AT_ONCE = 64 * 1024

Model = TypeVar("Model", bound=pydantic.BaseModel)


class Wait(NamedTuple):
    """How long to wait for an end. `applied` is the text of Preference-Applied, empty where nothing was asked for."""

    seconds: float
    applied: str


NO_WAIT = Wait(0.0, "")


def check_accept(request: HttpRequest) -> None:
    """Raise Refusal (406) where the client takes nothing that is sent here."""
    accept = request.META.get("HTTP_ACCEPT", "")
    if accept in _TAKEN:
        return
    for part in accept.lower().split(","):
        kind, *options = (piece.strip() for piece in part.split(";"))
        refused = any(re.fullmatch(r"q=0(\.0{0,3})?", option) for option in options)
        if not refused and (kind in _TAKEN or kind.endswith("+json")):
            return
    raise Refusal("not_acceptable", "The API answers in application/json, and errors in application/problem+json.")


def idempotency_key(request: HttpRequest) -> str | None:
    """The Idempotency-Key header: bare, or a quoted string of RFC 8941. Raises IdempotencyKeyInvalid.

    Two headers arrive as one with a comma, which no key may have.
    """
    text = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if text is None:
        return None
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not _KEY.fullmatch(text):
        raise IdempotencyKeyInvalid
    return str(text)


def preferred_wait(request: HttpRequest) -> Wait:
    """What `Prefer: wait=N` asks for; other preferences are none of ours. Raises Refusal (400)."""
    prefer = request.META.get("HTTP_PREFER")
    if not prefer:
        return NO_WAIT
    for part in re.split(r"[,;]", prefer):
        name, equals, value = part.strip().partition("=")
        if name.strip().lower() == "wait":
            return _wait(value.strip().strip('"') if equals else "", "Prefer")
    return NO_WAIT


def asked_wait(request: HttpRequest) -> Wait:
    """What `?wait=N` asks for, else what the header does. Raises Refusal (400)."""
    text = request.GET.get("wait") if request.META.get("QUERY_STRING") else None
    return preferred_wait(request) if text is None else _wait(text, "wait")


def asked_reveal(request: HttpRequest) -> bool:
    """What `?reveal=true` asks for. Raises Refusal (400)."""
    text = request.GET.get("reveal", "false") if request.META.get("QUERY_STRING") else "false"
    if text not in {"true", "false"}:
        message = f"reveal is true or false, not {text[:40]!r}."
        raise Refusal("invalid_query", message, problems=[Problem("invalid_query", "reveal", message)])
    return text == "true"


def _wait(text: str, path: str) -> Wait:
    if not _WAIT.fullmatch(text):
        message = f"wait is a number of seconds from 0 to {LONGEST_WAIT:g}, not {text[:40]!r}."
        raise Refusal("invalid_wait", message, problems=[Problem("invalid_wait", path, message)])
    seconds = min(float(text), LONGEST_WAIT)
    return Wait(seconds, f"wait={seconds:g}")


def body(request: HttpRequest, *, limits: Limits = DEFAULT_LIMITS, optional: bool = False) -> dict[str, Any]:
    """The JSON object that was sent; `optional` takes nothing for an empty one.

    Raises Refusal (400, 411, 413, 415) and InvalidInput.
    """
    meta = request.META
    encoding = meta.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Refusal(
            "unsupported_media_type", f"Content-Encoding {encoding[:40]!r} is not taken; send the JSON as it is."
        )
    length = _content_length(meta, optional=optional)
    if optional and not length:
        return {}
    _check_content_type(meta.get("CONTENT_TYPE", ""))
    if length > limits.max_bytes:
        raise Refusal("payload_too_large", f"The body may have {limits.max_bytes:,} bytes, not {length:,}.")
    return values.parse_object(_read(request, length), limits=limits)


def _content_length(meta: dict[str, Any], *, optional: bool) -> int:
    text = meta.get("CONTENT_LENGTH") or ""
    if "HTTP_TRANSFER_ENCODING" in meta or (not text and not optional):
        raise Refusal("length_required", "Send the body in one piece, with its Content-Length.")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise Refusal("invalid_content_length", "Content-Length is a whole number of bytes.")
    return int(text)


def _check_content_type(text: str) -> None:
    if text == "application/json":
        return
    kind, *options = (piece.strip().lower() for piece in text.split(";"))
    if kind != "application/json":
        raise Refusal("unsupported_media_type", "Send the body as application/json.")
    if any(option and option.replace('"', "") not in {"charset=utf-8", "charset=utf8"} for option in options):
        raise Refusal("unsupported_media_type", "JSON is sent as UTF-8; leave the charset out.")


def _read(request: HttpRequest, length: int) -> bytes:
    parts: list[bytes] = []
    missing = length
    try:
        while missing:
            part = request.read(min(missing, _READ_AT_ONCE))
            if not part:
                break
            parts.append(part)
            missing -= len(part)
    except TimeoutError:
        raise Refusal("request_timeout", "The body did not come in time.") from None
    except OSError:
        parts = []
    if missing:
        raise Refusal("incomplete_body", f"Content-Length promised {length:,} bytes, and {length - missing:,} came.")
    return b"".join(parts)


def load(model: type[Model], sent: dict[str, Any]) -> Model:
    """The members of a body as `model` takes them. Raises InvalidInput `invalid_request` with all faults at once."""
    try:
        return model.__pydantic_validator__.validate_python(sent)
    except pydantic.ValidationError as error:
        raise InvalidInput(
            "invalid_request", "Some members of the body are not as they should be.", problems=faults(error)
        ) from None


def query(model: type[Model], request: HttpRequest) -> Model:
    """The query string as `model` takes it; names that it does not know, and names given twice, are refused.

    Raises Refusal `invalid_query` with all faults at once.
    """
    sent: dict[str, Any] = {}
    twice = []
    for name, given in request.GET.lists():
        if len(given) > 1 and not _takes_many(model, name):
            twice.append(Problem("invalid_query", name[:100], "This stands twice in the query."))
        sent[name] = given if _takes_many(model, name) else given[-1]
    try:
        loaded = model.model_validate(sent)
    except pydantic.ValidationError as error:
        found = [Problem("invalid_query", fault.path, fault.message) for fault in faults(error)]
        raise Refusal("invalid_query", "The query is not understood.", problems=[*twice, *found]) from None
    if twice:
        raise Refusal("invalid_query", "The query is not understood.", problems=twice)
    return loaded


def known_names(model: type[pydantic.BaseModel], request: HttpRequest) -> None:
    """Raise Refusal `invalid_query` for names in the query string that `model` does not have."""
    if request.META.get("QUERY_STRING"):
        strange = [name for name in request.GET if name not in model.model_fields]
        if strange:
            problems = [
                Problem("invalid_query", name[:100], "There is no such thing to ask for here.") for name in strange
            ]
            raise Refusal("invalid_query", "The query is not understood.", problems=problems)


def _takes_many(model: type[pydantic.BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and isinstance(field.default, tuple)


def faults(error: pydantic.ValidationError) -> list[Problem]:
    """What pydantic found wrong, with paths as everywhere."""
    return [
        Problem(str(fault["type"]), values.path(list(fault["loc"])), str(fault["msg"]))
        for fault in error.errors(include_url=False, include_input=False)
    ]


def below(place: str, problems: Iterable[Problem]) -> list[Problem]:
    """These problems as they are seen from a body that has the value at `place`."""
    return [
        Problem(fault.code, f"{place}{'' if fault.path[:1] in {'', '['} else '.'}{fault.path}", fault.message)
        for fault in problems
    ]


def moment(text: str | None, member: str = "available_at") -> datetime | None:
    """An RFC 3339 time. Raises InvalidInput `invalid_<member>`; whether it has a zone is the engine's rule."""
    if text is None:
        return None
    if _MOMENT.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper())
        except ValueError:
            pass
    raise InvalidInput(
        f"invalid_{member}",
        f"{member} is a time such as 2026-01-31T08:00:00Z, with its zone.",
        path=member,
    )
