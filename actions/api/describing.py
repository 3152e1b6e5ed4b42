"""How an endpoint tells the OpenAPI document what it reads by itself: bodies, queries, headers, and how it may fail."""

from typing import Any

import pydantic

from actions.api.schemas.answers import ProblemDocument
from actions.api.schemas.asked import Body, Query

_REF = "#/components/schemas/{model}"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
_ALWAYS = {
    400: "The request cannot be read.",
    401: "No valid API key.",
    403: "The key lacks the scope.",
    406: "The client takes no JSON.",
    429: "Too many requests with this key; ask again after Retry-After seconds.",
    503: "The database does not answer; ask again after Retry-After seconds.",
}
_SOMETIMES = {
    404: "There is no such thing, or the key may not see it.",
    409: "The state does not allow it.",
    411: "The body's length is missing.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "What was sent makes no sense; `errors` names every fault.",
}
WAIT = "Seconds to wait for the end, as `wait=10`; 60 at most."
_HEADERS = {
    "Idempotency-Key": "1 to 255 characters of A-Z a-z 0-9 . _ : / @ + = -, bare or quoted. The same key is the same request.",
    "Prefer": WAIT,
}

schemas: dict[str, Any] = {"ProblemDocument": ProblemDocument.model_json_schema(ref_template=_REF)}
"""Component schemas of what ninja does not see."""
schemas |= schemas["ProblemDocument"].pop("$defs")


def reads(
    *,
    body: type[Body] | None = None,
    optional: bool = False,
    query: type[Query] | None = None,
    headers: tuple[str, ...] = (),
    fails: tuple[int, ...] = (),
) -> dict[str, Any]:
    """The openapi_extra of an endpoint that reads these, and may answer with these problems besides the usual."""
    statuses = sorted({*_ALWAYS, *fails, *((411, 413, 415, 422) if body else ())})
    told: dict[str, Any] = {
        "responses": {code: {"description": {**_ALWAYS, **_SOMETIMES}[code], "content": _PROBLEM} for code in statuses},
        "parameters": [
            {
                "in": "header",
                "name": name,
                "required": False,
                "schema": {"type": "string"},
                "description": _HEADERS[name],
            }
            for name in headers
        ],
    }
    if query is not None:
        told["parameters"] += _parameters(query)
    if body is not None:
        told["requestBody"] = {
            "required": not optional,
            "content": {"application/json": {"schema": {"$ref": _REF.format(model=_component(body))}}},
        }
    return told


def _component(model: type[pydantic.BaseModel]) -> str:
    schema = model.model_json_schema(ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return model.__name__


def _parameters(model: type[Query]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    return [
        {
            "in": "query",
            "name": name,
            "required": name in schema.get("required", ()),
            "schema": {key: value for key, value in details.items() if key not in {"description", "default"}},
            "description": details.get("description", ""),
        }
        for name, details in schema["properties"].items()
    ]
