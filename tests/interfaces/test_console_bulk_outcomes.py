"""What a bulk operation is said to do before, and what is said to have become of it after, with the lists behind the numbers."""

from actions import ids
from tests.app import actions as app
from tests.interfaces.console_list import chosen, links, list_of
from tests.interfaces.desk import MOST_QUERIES, count_queries, desk, text_of
from tests.interfaces.processes import chain, moody
from tests.interfaces.test_console_bulk import FAILED, begun, outcomes, select
from tests.stage import compose, declare, engine, rows

__all__ = ["chain", "compose", "declare", "desk", "engine", "moody"]


def test_the_preview_counts_what_the_verb_will_skip_and_says_why(desk, chain, moody):
    """Not by the status alone: a workflow's compensation has begun, a step is retried together with its workflow."""
    handle = chain.invoke()
    desk.worker.work(waiting=True)
    assert handle.status == "failed"
    failed = rows(
        "SELECT id FROM actions_execution WHERE parent_id = %s AND status = 'failed'", ids.parse_id(handle.id)
    )
    assert len(failed) == 1
    undoing = app.fail.invoke()
    desk.worker.work(waiting=True)
    rows(
        "UPDATE actions_execution SET parent_id = %s, step = 'late', consumed = true WHERE id = %s",
        failed[0][0],
        ids.parse_id(undoing.id),
    )
    kept = select(desk.otto, all="1")
    page = text_of(desk.otto.get(kept["Location"]))
    assert "1 of 3 would get it; 2 would be skipped" in page
    assert "failed 3 retry 1, 2 skipped" in page
    assert "1 retried together with its workflow or one of its steps, which is chosen too" in page
    assert "1 its workflow has gone on past the failure: replay that instead" in page
    assert count_queries(desk.otto, kept["Location"]) <= MOST_QUERIES
    begun(desk.otto, kept)
    desk.worker.work()
    assert sorted(outcomes().values()) == ["done", "skipped", "skipped"]


def test_the_operation_says_what_became_of_them_and_each_number_is_the_length_of_its_list(desk):
    """Ten that failed again under a green "done" are what people look for."""
    good, bad, late = (desk.failed(f"broken {number}") for number in range(3))
    rows("UPDATE actions_execution SET action_id = 'test-noop', params = '{}' WHERE id = %s", ids.parse_id(good.id))
    other = desk.failed("not chosen")
    picked = [row for row in chosen(desk.otto.get(list_of(FAILED))) if not row.startswith(other.id)]
    kept = desk.otto.post("/bulk/choose/", {"verb": "retry", "q": FAILED, "row": picked})
    done = begun(desk.otto, kept)["Location"]
    assert "What became of them" not in text_of(desk.otto.get(done))
    claims = desk.worker.claim()
    desk.worker.settler.work(claims)
    rows("UPDATE actions_execution SET available_at = now() + interval '1 hour' WHERE id = %s", ids.parse_id(late.id))
    desk.worker.work()
    rows(
        "UPDATE actions_execution SET status = 'failed', finished_at = now() WHERE id = %s AND status = 'retrying'",
        ids.parse_id(bad.id),
    )
    page = desk.otto.get(done)
    body = text_of(page)
    assert "succeeded 1 succeeded failed again 1 failed again still under way 1 still under way" in body
    for number, address in (
        (1, "state:succeeded"),
        (1, "state:failed"),
        (1, "state:blocked,queued,running,retrying,waiting"),
        (3, ""),
    ):
        operation = done.split("/")[-2]
        wanted = list_of(f"bulk:{operation} {address}".strip())
        assert wanted in links(page)
        assert len(chosen(desk.otto.get(wanted))) == number
    assert "X-Live-Ended" not in desk.otto.get(done, headers={"X-Live": "1"})
    rows("DELETE FROM actions_execution WHERE id = %s", ids.parse_id(late.id))
    last = desk.otto.get(done, headers={"X-Live": "1"})
    assert last["X-Live-Ended"] == "1"
    assert "not there any more 1" in text_of(last)
    assert "Final: all" in text_of(last)
    assert "data-live" not in desk.otto.get(done).content.decode()
    assert count_queries(desk.otto, done) <= MOST_QUERIES
    assert len(chosen(desk.otto.get(list_of(f"state:failed -bulk:{operation}")))) == 1


def test_of_a_replay_it_is_what_was_made_that_counts(desk):
    first = desk.failed("broken")
    rows("UPDATE actions_execution SET action_id = 'test-noop', params = '{}' WHERE id = %s", ids.parse_id(first.id))
    done = begun(desk.otto, select(desk.otto, "replay"))["Location"]
    desk.worker.work()
    assert "Of the executions that the replays made. succeeded 1" in text_of(desk.otto.get(done))
    (row,) = chosen(desk.otto.get(list_of(f"bulk:{done.split('/')[-2]}")))
    assert not row.startswith(first.id)
    assert "is no id; its page has its id in the address" in text_of(desk.otto.get(list_of("bulk:nonsense")))
