"""The search grammar: what is read, what is refused with which words, and that a query's text reads as the same query."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.ids import new_id, public_id
from actions.queries.search import InvalidQuery, Query, Term, Value, parse
from actions.queries.search.fields import FIELDS
from actions.queries.search.moments import moment_of

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ID = public_id(new_id())


def terms(text):
    return [(term.field, [value.text for value in term.values], term.negated) for term in parse(text).terms]


def faults(text, **options):
    with pytest.raises(InvalidQuery) as caught:
        parse(text, **options)
    assert caught.value.code == "invalid_query"
    assert len(caught.value.problems) == len(caught.value.faults)
    return caught.value.faults


def test_fields_values_quotes_and_negation():
    assert terms('state:failed,in_doubt -queue:mail error:"mail server" hello') == [
        ("state", ["failed", "in_doubt"], False),
        ("queue", ["mail"], True),
        ("error", ["mail server"], False),
        ("", ["hello"], False),
    ]


@pytest.mark.parametrize(
    "field", [field for field in FIELDS.values() if field.name != "id"], ids=lambda field: field.name
)
def test_every_example_reads_as_its_field(field):
    assert [term.field for term in parse(field.example.replace("exec_01jz5k3q8m6y2v9c4t7w1x0abc", ID)).terms] == [
        field.name
    ]


def test_aliases_and_case():
    assert terms("STATUS:Failed params.customer.id:17 workflow:" + ID.upper().replace("EXEC", "exec")) == [
        ("state", ["failed"], False),
        ("input", ["17"], False),
        ("parent", [ID], False),
    ]
    (term,) = parse("params.customer.id:17").terms
    assert term.path == ("customer", "id")
    assert str(term) == "input.customer.id:17"


def test_a_star_is_a_pattern_only_without_quotes():
    (bare,) = parse("action:send-*").terms
    (quoted,) = parse('action:"send-*"').terms
    assert bare.values == (Value("send-*", pattern=True),)
    assert quoted.values == (Value("send-*"),)
    assert str(quoted) == 'action:"send-*"'


def test_terms_know_their_places():
    (state, word) = parse("state:failed  hello").terms
    assert (state.start, state.end, word.start, word.end) == (0, 12, 14, 19)


def test_all_faults_at_once_with_places_and_suggestions():
    found = faults("stat:failed state:faild after:2026-02-30 queue: id:abc")
    assert [(fault.start, fault.suggestion) for fault in found] == [
        (0, "state:"),
        (18, "failed"),
        (30, ""),
        (47, ""),
        (51, ""),
    ]
    assert found[0].message.startswith("There is no field stat. Did you mean state? To search")
    assert "2026-02-30" in found[2].message


@pytest.mark.parametrize(
    "text", ['error:"mail', '"', "input:17", "input.:17", "queue.x:17", "after:9999999999999-01-01", "after:-99999999999d",
    "before:today,now", "x" * 20_001, " ".join("abc" for _ in range(51)), "state:", "kind:bottom", "http://example.org"],
)  # fmt: skip
def test_refused(text):
    assert faults(text)


def test_params_are_not_searched_by_those_who_may_not_see_them():
    assert "may not see params" in faults("input.token:abc", payload=False)[0].message
    assert parse("error:abc", payload=False)


def test_statuses_that_are_left():
    assert parse("queue:x").statuses is None
    assert parse("state:failed,queued -state:failed").statuses == ("queued",)
    assert "succeeded" not in parse("-state:succeeded").statuses
    assert parse("state:failed state:queued").statuses == ()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-29", "2026-03-28T23:00"),
        ("2026-03-29T02:30", "2026-03-29T01:30"),  # the hour that the clocks leave out
        ("2026-10-25T02:30", "2026-10-25T00:30"),  # the first of two
        ("2026-03-29T14:30:05Z", "2026-03-29T14:30:05"),
        ("2026-03-29T14:30+05:30", "2026-03-29T09:00"),
        ("-2h", "2026-03-29T10:00"),
        ("-7d", "2026-03-22T12:00"),
        ("today", "2026-03-28T23:00"),
        ("yesterday", "2026-03-27T23:00"),
        ("now", "2026-03-29T12:00"),
        ("9999-12-31", "9999-12-30T23:00"),
    ],
)
def test_times_in_the_readers_zone(text, moment):
    assert moment_of(text, zone=BERLIN, now=NOW) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["0000-01-01", "0001-01-01T00:00+14:00", "2026-02-30", "2h", "-2y", "", "٢٠٢٦-01-01", "2026"]
)
def test_no_times(text):
    assert moment_of(text, zone=BERLIN, now=NOW) is None


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
ODD = st.text(st.sampled_from('ab:,"\\*-. \t\n\0%_'), min_size=1, max_size=12)
VALUES = st.builds(Value, TEXTS | ODD)
PATTERNS = st.from_regex(r"[a-z.-]{0,5}\*[a-z%_-]{0,5}", fullmatch=True).map(lambda text: Value(text, pattern=True))


def _some(values):
    return st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)


TERMS = st.one_of(
    st.builds(Term, st.just(""), VALUES.map(lambda value: (value,)), st.booleans()),
    st.builds(
        Term,
        st.sampled_from(["action", "queue", "tag", "key", "error", "actor"]),
        _some(VALUES | PATTERNS),
        st.booleans(),
    ),
    st.builds(
        Term, st.sampled_from(["state"]), _some(st.sampled_from([Value("failed"), Value("in_doubt")])), st.booleans()
    ),
    st.builds(Term, st.just("input"), _some(VALUES | PATTERNS), st.booleans(), st.just(("customer", "id"))),
    st.builds(Term, st.sampled_from(["after", "before"]), st.sampled_from([(Value("-2h"),), (Value("2026-01-01"),)])),
)


@given(st.lists(TERMS, max_size=5).map(tuple))
def test_a_query_reads_as_it_was_written(wanted):
    text = str(Query(wanted))
    assert parse(text).terms == wanted, text


@given(st.text() | st.text(st.sampled_from('state:failed,"-*. \\\0\ud800é')) | ODD)
def test_any_text_is_read_or_refused(text):
    """D06, D09"""
    try:
        query = parse(text)
    except InvalidQuery as error:
        assert all(0 <= fault.start <= max(fault.end, len(text)) for fault in error.faults)
        return
    assert parse(str(query)).terms == query.terms
