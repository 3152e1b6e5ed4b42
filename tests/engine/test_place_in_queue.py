"""What was taken from a worker keeps its place in the queue."""

import pytest

from actions.engine.rescue import rescue
from actions.models import Execution
from actions.testing import inline_worker
from tests.app.actions import noop
from tests.stage import clean

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _empty(transactional_db: None) -> None:
    # What a test without this mark left running before would be rescued too.
    clean()


def test_a_rescued_execution_goes_before_those_that_came_later(settings) -> None:
    settings.DOPLATFORM = {**settings.DOPLATFORM, "LEASE": 0.05}
    first = noop.invoke(n=1)
    with inline_worker() as lost:
        lost.claim()
        noop.invoke(n=2)
        lost.leave()
    assert rescue() == 1
    due = Execution.objects.filter(status="queued").order_by("available_at", "id")
    assert [execution.params["n"] for execution in due] == [1, 2]
    with inline_worker() as worker:
        assert worker.claim()[0].id == Execution.objects.get(params__n=1).pk
    assert first.status == "running"


def test_what_a_stopping_worker_gives_back_goes_before_those_that_came_later() -> None:
    first, second = noop.invoke(n=1), noop.invoke(n=2)
    with inline_worker() as worker:
        claims = worker.claim()
        noop.invoke(n=3)
        worker.stopping = True
        worker.settler.work(claims)
    assert (first.status, second.status) == ("queued", "queued")
    due = Execution.objects.filter(status="queued").order_by("available_at", "id")
    assert [execution.params["n"] for execution in due] == [1, 2, 3]
