"""What was asked to stop is not tried again, whatever its handler made of that (I-16)."""

from typing import Any

import pytest

from actions import GiveUp
from actions.engine.operate.cancel import cancel
from actions.engine.rescue import rescue
from tests.stage import ALICE, outcomes, verbs

pytestmark = pytest.mark.usefixtures("engine")


def test_a_handler_that_fails_after_it_was_asked_to_stop_is_not_tried_again(declare: Any, crew: Any):
    @declare("stage-outside", effects="repeatable")
    def act() -> None:
        raise RuntimeError("broken")

    handle = act.invoke()
    worker = crew()
    claims = worker.claim()
    cancel(handle.id, actor=ALICE, reason="enough")
    worker.settle(claims)
    assert handle.status == "cancelled"
    assert outcomes(handle) == ["failed"]
    assert verbs(handle)[-1] == "cancelled"


def test_one_that_fails_for_good_all_the_same_is_failed(declare: Any, crew: Any):
    @declare("stage-outside", effects="repeatable")
    def act() -> None:
        raise GiveUp("broken")

    handle = act.invoke()
    worker = crew()
    claims = worker.claim()
    cancel(handle.id, actor=ALICE, reason="enough")
    worker.settle(claims)
    assert handle.status == "failed"


def test_one_whose_worker_vanished_is_not_tried_again(declare: Any, crew: Any, short_lease: float):
    @declare("stage-outside", effects="repeatable")
    def act() -> None:
        """Never entered."""

    handle = act.invoke()
    worker = crew()
    worker.claim()
    cancel(handle.id, actor=ALICE, reason="enough")
    worker.freeze()
    worker.crash()
    rescue()
    assert handle.status == "cancelled"
    assert outcomes(handle) == ["lost"]
