"""What schemathesis makes of the OpenAPI document, and raw nonsense besides: no 5xx, nothing that the document does not say.

The suite sends a few hundred requests; `python -m tests.fuzz` sends ten thousand.
"""

import gc
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from actions.engine.sync import sync
from tests.interfaces.api import Api, api, caller
from tests.stage import engine, rows

__all__ = ["api", "caller", "engine"]
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "400"))
SEED = int(os.environ.get("FUZZ_SEED", "2026"))
MOST_CPU = 0.2
"""Seconds of processor time that one request may take (G17)."""
_AT_ONCE = 100
"""Examples of one kind before the next one's turn."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
INSIDE = ("Traceback (most", 'File "/', "psycopg", "SELECT FROM", "site-packages")

_TEXT = st.text(st.characters(max_codepoint=255), max_size=40)
_LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
_JSON = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5)
)
_KNOWN = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("params", "items", "ids", "available_at", "priority", "tags", "callback", "reason", "force", "answer", "result", "name", "payload", "from_step"), _JSON),
)  # fmt: skip
_BODIES = st.one_of(
    st.binary(max_size=200),
    _KNOWN.map(lambda body: json.dumps(body).encode("utf-8", "surrogatepass")),
    _KNOWN.flatmap(lambda body: st.integers(0, 60).map(lambda cut: json.dumps(body).encode()[cut : -cut or None])),
    st.integers(1, 3_000).map(lambda depth: b'{"params":' + b"[" * depth + b"]" * depth + b"}"),
    st.sampled_from([b"", b"{", b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b'{"a":1,"a":2}', b'{"params":{"v":NaN}}']),
    st.sampled_from(['"\\u0000"', '"\\ud800"', "1e400", "9" * 5_000, "-0", "1" * 20]).map(
        lambda value: f'{{"params":{{"value":{value}}}}}'.encode()
    ),
)
_ODD = {
    "IDEMPOTENCY_KEY": _TEXT,
    "ACCEPT": _TEXT | st.sampled_from(["image/png", "text/html", "application/json;q=0"]),
    "X_REQUEST_ID": _TEXT,
    "X_FORWARDED_FOR": _TEXT,
    "CONTENT_ENCODING": _TEXT,
    "TRANSFER_ENCODING": _TEXT,
    "IF_NONE_MATCH": _TEXT,
    "content_type": _TEXT | st.sampled_from(["text/plain", "application/json; charset=latin1"]),
    "HOST": st.sampled_from(["evil.example", "[::1", "a b"]),
}
# Few at a time: each of them is often enough for a refusal, and what lies behind it is to be reached as well.
_HEADERS = st.lists(
    st.sampled_from(sorted(_ODD)).flatmap(lambda name: st.tuples(st.just(name), _ODD[name])), max_size=2
).map(dict)
_METHODS = st.sampled_from(["GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"])
_PLACES = st.sampled_from([
    "actions", "actions/test-echo", "actions/{}", "actions/test-echo/executions", "actions/{}/executions",
    "actions/test-echo/executions/bulk", "executions", "executions/{}", "executions/KNOWN", "executions/KNOWN/cancel",
    "executions/KNOWN/replay", "executions/KNOWN/resolve", "executions/{}/events", "executions/bulk-retry",
    "queues/{}/pause", "tags/{}/pause", "audit", "audit/export", "openapi.json", "{}", "executions/KNOWN/{}",
])  # fmt: skip
_QUERIES = st.dictionaries(
    st.sampled_from(["q", "limit", "cursor", "status", "action", "tag", "verb", "execution", "idempotency_key"])
    | _TEXT,
    _TEXT | st.integers().map(str),
    max_size=3,
)


def test_fuzz(api: Api):
    """G17: right and wrong requests to every operation, and raw ones, from a seed; all that is stored can be read again"""
    sync()
    run = Run(api, api.start("test-echo", {"value": 1}).json["id"])
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 15
    kinds: list[Callable[[int, int], None]] = [
        lambda number, examples, operation=operation, mode=mode: run.described(operation, mode, number, examples)  # type: ignore[misc]
        for operation in operations
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    ]
    # A third of them raw.
    kinds.append(lambda number, examples: run.raw(number, examples * len(operations)))
    examples = min(-(-REQUESTS // (3 * len(operations))), _AT_ONCE)
    for number in itertools.count(SEED):
        for kind in kinds:
            # Every kind has its turn once; some have hardly anything to vary, and others go on in their place.
            if number == SEED or run.asked < REQUESTS:
                kind(number, examples)
        if run.asked >= REQUESTS:
            break
    seconds, slowest = run.slowest
    print(
        f"{run.asked} requests, answered {dict(run.answers.most_common())}; the one that took the most processor time: {seconds * 1000:.0f} ms, {slowest}"
    )
    assert seconds < MOST_CPU
    assert api.get("executions", {"limit": 200}).status == 200
    assert rows("SELECT count(*) FROM actions_execution WHERE status NOT IN ('queued', 'cancelled')") == [(0,)]


class Run:
    """All requests of one run."""

    def __init__(self, api: Api, id_: str) -> None:
        self.api = api
        self.known = {"name": "test-echo", "execution_id": id_}
        self.slowest = (0.0, "")
        self.answers: Counter[int] = Counter()

    @property
    def asked(self) -> int:
        """How many so far."""
        return self.answers.total()

    def described(self, operation: Any, mode: GenerationMode, number: int, examples: int) -> None:
        """Requests to one operation as the document describes it, or just not so."""

        @_plainly(number, examples)
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Any) -> None:
            self._ask(case)

        with suppress(Unsatisfiable):
            one()

    def raw(self, number: int, examples: int) -> None:
        """Requests that no description would make: bodies, headers, addresses and methods at random."""

        @_plainly(number, examples)
        @given(method=_METHODS, place=_PLACES, name=_TEXT, query=_QUERIES, headers=_HEADERS, body=_BODIES)
        def one(
            method: str, place: str, name: str, query: dict[str, str], headers: dict[str, str], body: bytes
        ) -> None:
            path = place.replace("KNOWN", self.known["execution_id"]).replace("{}", name or "x")
            with self._timed(f"{method} {path[:80]!r}"):
                answer = self.api.send(method, path, body, query=query, **headers)
            self.answers[answer.status] += 1
            assert not any(trace in answer.raw.decode() for trace in INSIDE)

        one()

    def _ask(self, case: Any) -> None:
        """One request, and whether the answer is one that the document knows."""
        for name in self.known.keys() & (case.path_parameters or {}).keys():
            if self.asked % 3:  # often enough something that there is
                case.path_parameters[name] = self.known[name]
        if self.asked % 10:  # with the key, whatever was made up in its place
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {self.api.key}"}
        # Nothing ends here: who waits would wait in vain.
        if case.headers:
            case.headers.pop("Prefer", None)
        if case.query:
            case.query.pop("wait", None)
        with self._timed(f"{case.method} {case.path}"):
            response = case.call()
        self.answers[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)
        assert not any(trace in response.text for trace in INSIDE)

    def _timed(self, what: str) -> "Timed":
        return Timed(self, what)


class Timed:
    """Keeps the request that took the most processor time. The garbage of the test itself is collected at another time."""

    def __init__(self, run: Run, what: str) -> None:
        self.run, self.what = run, what

    def __enter__(self) -> None:
        gc.disable()
        self.begun = time.thread_time()

    def __exit__(self, *_: object) -> None:
        spent = time.thread_time() - self.begun
        gc.enable()
        self.run.slowest = max(self.run.slowest, (spent, self.what))


def _plainly(number: int, examples: int) -> Callable[[Any], Any]:
    """From this seed, so many, without a database of failures."""

    def wrap(test: Any) -> Any:
        bounds = settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        return seed(number)(bounds(test))

    return wrap


@pytest.mark.parametrize("text", ["Traceback", "psycopg"])
def test_the_document_tells_no_inside(api: Api, text: str):
    assert text not in api.get("openapi.json", AUTHORIZATION="").raw.decode()
