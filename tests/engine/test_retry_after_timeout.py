"""Retry of a workflow that ran out of time: its time begins anew, unless its steps have been undone."""

from datetime import timedelta
from typing import Any

import pytest

from actions import emit, wait_for
from actions.engine.operate.retry import retry
from actions.errors import FailureConsumed
from tests.engine.test_docs_workflows import pass_time
from tests.stage import ALICE, tree

pytestmark = pytest.mark.usefixtures("engine")
HOUR = timedelta(hours=1)


@pytest.fixture
def charge(declare: Any) -> Any:
    @declare("stage-charge", effects="external")
    def take() -> str:
        return "paid"

    @take.compensation
    def give_back() -> None:
        """The money is back."""

    return take


def test_a_workflow_whose_steps_were_undone_does_not_go_on_as_if_they_stood(compose: Any, crew: Any, charge: Any):
    @compose("stage-late", on_failure="compensate", timeout=HOUR)
    def late() -> str:
        charge()
        return wait_for("goods")

    handle = late.invoke()
    worker = crew()
    worker.work()
    pass_time(handle, HOUR)
    worker.work()
    assert handle.error["code"] == "workflow_timed_out" and handle.error["undone"] == ["stage-charge"]
    with pytest.raises(FailureConsumed):
        retry(handle.id, actor=ALICE, reason="the goods have come")
    assert handle.status == "failed" and set(tree(handle).values()) == {"succeeded"}


@pytest.mark.parametrize("on_failure", ["fail", "compensate"])
def test_one_with_nothing_undone_has_its_whole_time_again(compose: Any, crew: Any, on_failure: str):
    @compose("stage-late", on_failure=on_failure, timeout=HOUR)
    def late() -> str:
        return wait_for("goods")

    handle = late.invoke()
    worker = crew()
    worker.work()
    pass_time(handle, HOUR)
    worker.work()
    assert handle.error["code"] == "workflow_timed_out"
    retry(handle.id, actor=ALICE, reason="the goods have come")
    emit(handle.id, "goods", "here")
    worker.work()
    assert handle.result() == "here"
