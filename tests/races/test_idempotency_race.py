"""A hundred callers with one key (F28, G10 in small)."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from actions import IdempotencyConflict
from tests.app import actions as app
from tests.stage import value

pytestmark = pytest.mark.usefixtures("engine")

CALLERS = 100
ROUNDS = 5


def crowd(call: Callable[[int, int], Any]) -> list[list[Any]]:
    """Each of a hundred threads, on its own connection, calls once per round, all at the same moment."""
    gate = threading.Barrier(CALLERS)
    answers: list[list[Any]] = [[] for _ in range(ROUNDS)]

    def caller(number: int) -> None:
        try:
            for turn in range(ROUNDS):
                gate.wait(60)
                try:
                    answers[turn].append(call(turn, number))
                except Exception as error:
                    answers[turn].append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=caller, args=(number,), daemon=True) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return answers


def test_a_hundred_callers_with_one_key_and_one_body_get_one_execution():
    """I-03"""
    rounds = crowd(lambda turn, number: app.noop.invoke(n=turn, idempotency_key=f"k{turn}"))
    for answers in rounds:
        assert len({answer.id for answer in answers}) == 1
        assert Counter(answer.replayed for answer in answers) == {True: CALLERS - 1, False: 1}
    assert value("SELECT count(*) FROM actions_execution") == ROUNDS
    assert value("SELECT count(*) FROM actions_auditentry") == ROUNDS


def test_a_hundred_callers_with_one_key_and_two_bodies_get_one_execution_and_conflicts():
    """F28"""
    rounds = crowd(lambda turn, number: (number % 2, app.noop.invoke(n=number % 2, idempotency_key=f"k{turn}")))
    for answers in rounds:
        conflicts = [answer for answer in answers if isinstance(answer, Exception)]
        assert {type(conflict) for conflict in conflicts} == {IdempotencyConflict}
        assert len(conflicts) == CALLERS // 2
        won = {
            (body, handle.id) for body, handle in (answer for answer in answers if not isinstance(answer, Exception))
        }
        assert len(won) == 1
        assert {conflict.original for conflict in conflicts} == {next(iter(won))[1]}
    assert value("SELECT count(*) FROM actions_execution") == ROUNDS
