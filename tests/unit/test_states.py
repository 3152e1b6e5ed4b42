"""The chart of statuses: complete, closed, and in step with the sets beside it."""

import pytest

from actions.states import CHART, DUE, ENDED, FINISHED, WITH_ERROR, Status, allows, as_markdown


def test_every_status_stands_in_the_chart_with_a_sentence():
    assert set(CHART) == set(Status)
    assert all(state.meaning.endswith(".") for state in CHART.values())


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.CANCELLED])
def test_what_succeeded_or_was_cancelled_never_changes(status: Status):
    """I-07"""
    assert CHART[status].arrows == ()
    assert not any(allows(status, after) for after in Status)


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.IN_DOUBT])
def test_what_failed_or_is_in_doubt_moves_by_an_operators_verb_alone(status: Status):
    """I-07"""
    assert {arrow.verb for arrow in CHART[status].arrows} <= {"retry", "resolve"}


def test_only_a_claim_makes_it_run_and_only_what_is_due_is_claimed():
    claimed = {status for status in Status if any(arrow.to == Status.RUNNING for arrow in CHART[status].arrows)}
    assert claimed == DUE
    assert {arrow.verb for status in claimed for arrow in CHART[status].arrows if arrow.to == Status.RUNNING} == {
        "claim"
    }


def test_every_status_that_is_not_final_has_a_way_to_an_end():
    for status in Status:
        reached, edge = {status}, {status}
        while edge:
            edge = {arrow.to for one in edge for arrow in CHART[one].arrows} - reached
            reached |= edge
        assert reached & (FINISHED | {Status.SUCCEEDED}), status


def test_the_sets_agree():
    assert FINISHED | {Status.IN_DOUBT} == ENDED
    assert {Status.FAILED, Status.RETRYING, Status.IN_DOUBT} == WITH_ERROR
    assert not DUE & ENDED


@pytest.mark.parametrize(
    ("before", "after", "legal"),
    [
        ("queued", "running", True),
        ("queued", "succeeded", False),
        ("running", "queued", True),
        ("failed", "succeeded", False),
    ],
)
def test_the_chart_answers(before: str, after: str, legal: bool):
    assert allows(before, after) is legal


def test_a_status_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="done"):
        allows("done", "queued")


def test_the_markdown_has_a_line_for_each_status():
    text = as_markdown()
    assert all(f"| `{status}` |" in text for status in Status)
    assert text.count("\n") == len(Status) + 2
