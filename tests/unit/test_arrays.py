"""Lists as array texts: what PostgreSQL reads is what was written."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.arrays import as_array


def read(text: str) -> list[str | None]:
    """What array_in makes of it, for one dimension."""
    found: list[str | None] = []
    place, inside = 1, text[1:-1]
    if not inside:
        return []
    while place <= len(text) - 1:
        if text[place] == '"':
            place, part = place + 1, ""
            while text[place] != '"':
                place += text[place] == "\\"
                part += text[place]
                place += 1
            found.append(part)
            place += 2
        else:
            end = min(index for index in (text.find(",", place), len(text) - 1) if index >= 0)
            part = text[place:end]
            found.append(None if part.upper() == "NULL" else part)
            place = end + 1
    return found


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\x00"))))
def test_texts_come_back_as_they_are(texts: list[str | None]):
    assert read(as_array(texts)) == texts


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "{}"),
        ([None, None], "{NULL,NULL}"),
        (["null", "NULL", "nUll", ""], '{"null","NULL","nUll",""}'),
        ([1, None, -3], "{1,NULL,-3}"),
        ([0.1, 1e-9], "{0.1,1e-09}"),
        ([True, False, None], "{t,f,NULL}"),
        ([b"\x00\xff", None], '{"\\\\x00ff",NULL}'),
        ([UUID(int=1)], "{00000000-0000-0000-0000-000000000001}"),
        ([datetime(2026, 1, 2, tzinfo=UTC)], '{"2026-01-02T00:00:00+00:00"}'),
    ],
)
def test_each_type_is_written_as_postgresql_reads_it(values: list[Any], text: str):
    assert as_array(values) == text


def test_what_it_does_not_know_is_refused():
    with pytest.raises(TypeError, match="no array of dict"):
        as_array([{}])
