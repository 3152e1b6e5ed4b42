"""What schemathesis makes of the OpenAPI document, for some seconds: no 5xx, and nothing that the document does not say."""

import time
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, seed, settings
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
SECONDS = 8.0
"""For all operations together."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_fuzz(api: Api):
    """G17: right and wrong requests to every operation, from a seed; nothing is stored that cannot be read again"""
    sync()
    id_ = api.start("test-echo", {"value": 1}).json["id"]
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 15
    asked = sum(fuzz(operation, api, id_, SECONDS / len(operations) / 2) for operation in operations)
    print(f"{asked} requests")
    assert asked > 100
    assert api.get("executions", {"limit": 200}).status == 200
    assert rows("SELECT count(*) FROM actions_execution WHERE status NOT IN ('queued', 'cancelled')") == [(0,)]


def fuzz(operation: Any, api: Api, id_: str, seconds: float) -> int:
    """Requests to one operation, half of them wrong on purpose; returns how many."""
    return sum(
        Burst(api, id_, seconds).run(operation, mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    )


class Burst:
    """Requests of one kind, until the time is up."""

    def __init__(self, api: Api, id_: str, seconds: float) -> None:
        self.key = api.key
        self.known = {"name": "test-echo", "execution_id": id_}
        self.until = time.monotonic() + seconds
        self.asked = 0

    def run(self, operation: Any, mode: GenerationMode) -> int:
        """Returns how many."""

        @seed(20_26)
        @settings(max_examples=30, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Any) -> None:
            if time.monotonic() < self.until:
                self.ask(case)

        with suppress(Unsatisfiable):
            one()
        return self.asked

    def ask(self, case: Any) -> None:
        """One request, and whether the answer is one that the document knows."""
        self.asked += 1
        for name in self.known.keys() & (case.path_parameters or {}).keys():
            if self.asked % 3:  # often enough something that there is
                case.path_parameters[name] = self.known[name]
        # Nothing ends here: who waits would wait in vain.
        if case.headers:
            case.headers.pop("Prefer", None)
        if case.query:
            case.query.pop("wait", None)
        response = case.call(headers={"Authorization": f"Bearer {self.key}"})
        case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize("text", ["Traceback", "psycopg"])
def test_the_document_tells_no_inside(api: Api, text: str):
    assert text not in api.get("openapi.json", AUTHORIZATION="").raw.decode()
