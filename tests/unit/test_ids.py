"""Ids: time-ordered inside and outside, and nothing but an id is read as one."""

import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from actions.ids import new_id, parse_id, public_id


@given(some.uuids())
def test_a_public_id_reads_back(row_id: UUID):
    assert parse_id(public_id(row_id)) == row_id
    assert parse_id("exec_" + public_id(row_id)[5:].upper()) == row_id


@given(some.uuids(), some.uuids())
def test_both_forms_sort_alike(one: UUID, other: UUID):
    assert (one < other) == (public_id(one) < public_id(other))


def test_new_ids_sort_by_time():
    made = []
    for _ in range(5):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)
    assert all(row_id.version == 7 for row_id in made)


def test_a_public_id_has_its_prefix_and_26_characters_without_lookalikes():
    text = public_id(new_id())
    assert (text[:5], len(text)) == ("exec_", 31)
    assert not set(text[5:]) & set("ilou")


@pytest.mark.parametrize(
    "text",
    ["", "exec_", "exec_" + "0" * 25, "exec_" + "0" * 27, "exec_" + "z" * 26, "exec_8" + "0" * 25, "EXEC_" + "0" * 26,
     "exec_" + "u" * 26, "exec_" + "0" * 25 + "\x00", "exec_" + "é" * 26, "exec_" + "０" * 26, "../" * 10, " exec_" + "0" * 26,
     str(UUID(int=1))],
)  # fmt: skip
def test_anything_else_is_none(text: str):
    """B26"""
    assert parse_id(text) is None


@given(some.text(max_size=40))
def test_no_text_breaks_it(text: str):
    parse_id(text)
    parse_id("exec_" + text)
