"""A client of the API, as tests use it: Django's test client with a key, and what every answer must keep to."""

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from actions import Actor
from actions.engine import endings
from actions.engine.keys import accounts, create

OPERATOR = Actor("system", "tests", "tests")
EVERYTHING = (
    *(f"action:*:{verb}" for verb in (
        "triage",
        "read", "trigger", "retry", "run_now", "replay", "cancel", "force_stop", "resolve", "emit", "pause",
    )),
    "queue:*:pause", "audit:read", "audit:export",
)  # fmt: skip
_names = itertools.count(1)


class Answer:
    """One response."""

    def __init__(self, response: Any) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.raw = b"".join(response.streaming_content) if response.streaming else response.content
        self.kind = response.headers.get("Content-Type", "")

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        """Of a problem document."""
        return str(self.json["code"])

    def paths(self) -> list[str]:
        """Where its faults are."""
        return [fault["path"] for fault in self.json["errors"]]


class Api:
    """A caller with one key."""

    def __init__(self, key: str, *, account: str = "") -> None:
        self.key = key
        self.account = account
        self.client = Client(raise_request_exception=True)

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Answer:
        """GET /api/v1/<path>."""
        return self.send("GET", path, query=query, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST a body as JSON; bytes are sent as they are."""
        return self.send("POST", path, body, **headers)

    def send(
        self, method: str, path: str, body: Any = None, *, query: dict[str, Any] | None = None, **headers: str
    ) -> Answer:
        """Any request. `headers` by their name in capitals; the content type as `content_type`."""
        sent = {"AUTHORIZATION": f"Bearer {self.key}", **headers}
        kind = sent.pop("content_type", "application/json")
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        meta = {f"HTTP_{name}": value for name, value in sent.items() if value is not None}
        if method == "POST":
            meta["CONTENT_LENGTH"] = str(len(raw))
            meta["CONTENT_TYPE"] = kind
        url = path if path.startswith("/") else f"/api/v1/{path}"
        response = self.client.generic(method, url, raw, content_type=kind, query_params=query, secure=False, **meta)
        answer = Answer(response)
        if method != "HEAD":
            check(answer)
        return answer

    def start(self, action: str, params: dict[str, Any] | None = None, **headers: str) -> Answer:
        """Ask for an execution."""
        return self.post(f"actions/{action}/executions", {"params": params or {}}, **headers)


def check(answer: Answer) -> None:
    """I-19: only published statuses, every error is a problem document with a request id, nothing is kept by caches."""
    assert answer.status in {200, 202, 204, 400, 401, 403, 404, 405, 406, 408, 409, 411, 413, 415, 422, 429, 503}
    assert answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] in {"no-store", "no-cache"}
    if answer.status >= 400:
        assert answer.kind == "application/problem+json"
        told = answer.json
        assert {"type", "title", "status", "code", "detail", "errors", "request_id"} <= told.keys()
        assert told["status"] == answer.status
        assert told["request_id"] == answer.headers["X-Request-Id"]
        assert all(fault.keys() == {"path", "message", "code"} for fault in told["errors"])
        for trace in ("Traceback", "SELECT ", "INSERT ", ".py", "psycopg"):
            assert trace not in answer.raw.decode()


@pytest.fixture
def caller(engine: None, settings: Any) -> Iterator[Callable[..., Api]]:
    """caller(*scopes, rate=…, account=…): a new service account's key; every scope where none is named."""
    # Static files from where they stand: nothing is collected for tests.
    settings.WHITENOISE_AUTOREFRESH = True
    forget()

    def made(*scopes: str, account: str = "", rate: float = 10_000) -> Api:
        name = account or f"service-{next(_names)}"
        if not account:
            accounts.create_account(name, actor=OPERATOR)
        new = create.create(scopes=scopes or EVERYTHING, account=name, rate=rate, actor=OPERATOR)
        return Api(new.text, account=name)

    yield made
    forget()
    endings.reset()


def forget() -> None:
    """No key that an earlier test made is known to this process."""
    # The modules by name: the package has their functions in their place.
    sys.modules["actions.engine.keys.limit"].forget()
    sys.modules["actions.engine.keys.authenticate"].seen._keys.clear()


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    """A caller that may do everything."""
    return caller()
