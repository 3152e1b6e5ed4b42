"""Workflows in users' own tests: Django rolls the whole test back, so that all of it happens in savepoints."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from actions import StepFailed, action, ids, workflow
from actions.definitions.registry import registry
from actions.models import Execution
from actions.testing import inline_worker
from tests.app import actions as app
from tests.app.models import Effect

pytestmark = pytest.mark.django_db


@pytest.fixture
def declared() -> Iterator[None]:
    before = {one.name for one in registry}
    yield
    for name in {one.name for one in registry} - before:
        registry.remove(name)


def test_steps_of_every_kind(declared: None):
    before = Effect.objects.count()

    @action("inline-outside")
    def outside(n: int) -> int:
        return n * 10

    @workflow("inline-tested")
    def tested() -> Any:
        written = app.write_row(note="x")["note"]
        return [written, outside(2), Effect.objects.count() - before, app.echo.start(value=3)]

    with inline_worker() as worker:
        handle = tested.invoke()
        worker.work()
        assert (handle.error, handle.status) == (None, "succeeded")
        assert Execution.objects.get(pk=ids.parse_id(handle.id)).result == ["x", 20, 1, 3]


def test_a_failure_and_a_write_that_is_refused(declared: None):
    @workflow("inline-writes")
    def writes() -> None:
        try:
            app.give_up()
        except StepFailed:
            Effect.objects.create(execution_id="x", attempt=1)

    @workflow("inline-spans")
    def spans() -> None:
        with transaction.atomic():
            Effect.objects.count()
            app.write_row()

    with inline_worker() as worker:
        handles = [writes.invoke(), spans.invoke()]
        worker.work()
        for handle in handles:
            assert handle.error is not None and handle.error["code"] == "workflow_writes"
        assert Effect.objects.filter(execution_id="x").count() == 0
