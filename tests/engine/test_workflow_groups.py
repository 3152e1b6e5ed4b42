"""A workflow and its step in one group: what ends in the transaction that suspends has ended for the workflow too."""

from typing import Any

import pytest

from actions import GiveUp
from actions.engine.operate.retry import retry
from tests.stage import ALICE, tree

pytestmark = pytest.mark.usefixtures("engine")


@pytest.mark.parametrize("fails", [False, True], ids=["succeeds", "fails"])
def test_a_step_that_ends_in_the_group_in_which_its_workflow_waits_for_it(
    compose: Any, declare: Any, crew: Any, fails: bool
):
    """After a retry, the end of the first step queues the workflow and the step behind it, which are claimed together."""
    mood = {"bad": True}

    @declare("stage-first")
    def first() -> None:
        if mood["bad"]:
            raise GiveUp("not today")

    @declare("stage-behind")
    def behind() -> int:
        if fails:
            raise GiveUp("never")
        return 7

    @compose("stage-both")
    def both() -> Any:
        return behind.start(after=[first.start()])

    handle = both.invoke()
    worker = crew()
    worker.work()
    mood["bad"] = False
    retry(handle.id, actor=ALICE, reason="another mood")
    worker.work()
    assert tree(handle) == {"stage-first": "succeeded", "stage-behind": "failed" if fails else "succeeded"}
    assert handle.status == ("failed" if fails else "succeeded")
