"""Futures in params: taken out, filled in, and never mistaken for what a param merely looks like."""

from typing import Any

import pytest

from actions.definitions.flow import Future, Reference
from actions.definitions.references import fill, lift, pick
from actions.errors import InvalidInput

RUN: Any = object()
PAY: Future[Any] = Future("pay", RUN)


def test_params_without_futures_stay_as_they_are():
    params = {"a": [1, {"b": None}], "c": {"$step": "pay", "path": []}}
    assert lift(params) == (params, [])


def test_futures_leave_a_mark_that_people_can_read():
    marked, inputs = lift({"whole": PAY, "part": [0, {"x": PAY["a"][0]["b"]}]})
    assert marked == {
        "whole": {"$step": "pay", "path": []}, "part": [0, {"x": {"$step": "pay", "path": ["a", 0, "b"]}}],
    }  # fmt: skip
    assert [(each.at, each.future, each.path) for each in inputs] == [
        (("whole",), PAY, ()), (("part", 1, "x"), PAY, ("a", 0, "b")),
    ]  # fmt: skip


def test_a_tuple_is_a_list_and_keys_are_texts():
    marked, inputs = lift({"pair": (PAY, 1), "by": {7: PAY}})
    assert marked["pair"][1] == 1 and [each.at for each in inputs] == [("pair", 0), ("by", "7")]


def test_what_is_filled_in_is_decided_by_the_list_alone():
    mark = {"$step": "pay", "path": []}
    params = {"a": mark, "b": [mark]}
    filled = fill(params, [{"at": ["b", 0], "from": "id", "path": ["n"]}], {"id": {"n": 5}})
    assert filled == {"a": mark, "b": [5]}


@pytest.mark.parametrize(("path", "found"), [([], {"a": [1, None]}), (["a"], [1, None]), (["a", -1], None)])
def test_pick(path: list[Any], found: Any):
    assert pick({"a": [1, None]}, path) == found


@pytest.mark.parametrize("path", [["b"], ["a", 2], ["a", "x"], ["a", 0, "x"], [0]])
def test_a_place_that_is_not_there_is_told_by_its_path(path: list[Any]):
    with pytest.raises(InvalidInput) as refused:
        pick({"a": [1, None]}, path)
    assert refused.value.code == "no_such_result" and repr(path[-1]) in refused.value.message


@pytest.mark.parametrize("value", [PAY, PAY["a"], PAY["a"][0]])
def test_neither_is_a_value(value: Future[Any] | Reference):
    for act in (bool, list, lambda each: 1 in each):
        with pytest.raises(TypeError):
            act(value)
    assert "pay" in repr(value)
