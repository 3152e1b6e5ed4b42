"""Workflows in the console: the graph with every step before it runs, the list beside it, the timeline, the runs."""

import re
from typing import Any
from urllib.parse import unquote

from actions import GiveUp, StepFailed, gather
from actions.queries import search
from tests.app import actions as app
from tests.interfaces.desk import MOST_QUERIES, count_queries, desk, text_of
from tests.interfaces.processes import chain, moody, review
from tests.interfaces.test_console_execution import HOSTILE, live, page_of
from tests.stage import compose, declare, engine, key_of, rows, step_of

__all__ = ["chain", "compose", "declare", "desk", "engine", "moody", "review"]


def lines_of(page: Any) -> set[tuple[str, str, str]]:
    """Each line of a graph as (from, to, kind)."""
    graph = page.context["graph"]
    middle = graph.box.height / 2
    right = {(f"{node.x + graph.box.width:g}", f"{node.y + middle:g}"): node.step.key for node in graph.nodes}
    left = {(f"{node.x:g}", f"{node.y + middle:g}"): node.step.key for node in graph.nodes}
    found = set()
    for line in graph.lines:
        begin = re.match(r"M(\S+) ([^A-Z]+)", line.path)
        end = re.search(r" ([\d.]+) ([\d.]+)$", line.path)
        assert begin is not None
        assert end is not None
        found.add((right[begin[1], begin[2]], left[end[1], end[2]], line.kind))
    return found


def test_the_graph_shows_every_step_with_status_word_and_link(desk, chain):
    handle = chain.invoke()
    desk.worker.work()
    page = desk.otto.get(page_of(handle))
    body = page.content.decode()
    shown = {node.step.key: node.step.status for node in page.context["graph"].nodes}
    assert shown == {"first": "succeeded", "desk-moody": "failed", "third": "skipped", "mail": "succeeded"}
    assert lines_of(page) == {
        ("first", "desk-moody", "needs"),
        ("desk-moody", "third", "needs"),
        ("first", "mail", "needs"),
    }
    for key in shown:
        assert re.search(rf'<a href="{page_of(step_of(handle, key))}" class="node s-', body)
    assert "desk-moody: failed. bad mood 1" in body
    assert re.search(r'class="node s-succeeded aside"[^>]*><title>mail: succeeded \(optional\)', body)
    assert re.findall(r"data-follow><title>([\w-]+): failed", body) == ["desk-moody"]
    assert 'id="follow"' not in body
    assert '<use class="icon" href="#i-failed"' in body
    assert " style=" not in body


def test_what_is_blocked_stands_in_it_before_it_runs(desk, compose):
    @compose("graph-blocked")
    def blocked() -> Any:
        ups = [app.external.start(note=str(number), step=f"up-{number}") for number in range(3)]
        return app.noop.start(after=ups, step="down")

    handle = blocked.invoke()
    desk.worker.settler.work(desk.worker.claim())
    page = desk.vera.get(page_of(handle))
    assert {node.step.key: node.step.status for node in page.context["graph"].nodes}["down"] == "blocked"
    assert lines_of(page) == {(f"up-{number}", "down", "needs") for number in range(3)}
    assert re.findall(r"data-follow><title>([\w-]+): queued", page.content.decode()) == ["up-2"]
    assert re.search(r'id="follow"[^>]* hidden>', page.content.decode())
    assert "waits for up-0 (queued)" in re.sub(r"\s+", " ", text_of(page))


def test_steps_called_one_after_the_other_stand_in_a_row(desk, compose):
    @compose("graph-line")
    def line() -> None:
        app.noop(text="one")
        app.external(note="two")
        gather(app.external.start(step="three"), app.external.start(step="four"))
        app.echo(value="five")

    handle = line.invoke()
    desk.worker.work()
    found = lines_of(desk.vera.get(page_of(handle)))
    assert found == {
        ("test-noop", "test-external", "then"),
        ("test-external", "three", "then"),
        ("test-external", "four", "then"),
        ("three", "test-echo", "then"),
        ("four", "test-echo", "then"),
    }


def test_what_is_undone_hangs_on_what_it_undoes(desk, declare, compose):
    @declare("graph-book", effects="external")
    def book(what: str) -> str:
        return what

    @book.compensation
    def give_back(what: str) -> None:
        if what == "12A":
            raise GiveUp("the counter is closed")

    @compose("graph-travel", on_failure="compensate")
    def travel() -> None:
        book("12A")
        app.give_up()

    handle = travel.invoke()
    desk.worker.work()
    page = desk.ada.get(page_of(handle))
    assert ("graph-book", "undo:graph-book", "undoes") in lines_of(page)
    assert "0 of 1 undone: graph-book" in text_of(page)
    assert "not undone" in text_of(page)


def test_every_count_leads_to_the_list_of_as_many(desk, chain):
    handle = chain.invoke()
    chain.invoke()
    desk.worker.work()
    for address in (page_of(handle), "/workflows/"):
        body = desk.ada.get(address).content.decode()
        links = re.findall(rf'class="number" href="([^"]+{handle.id}[^"]+)">.*?</span>\s*(\d+)</a>', body, re.DOTALL)
        assert len(links) == 3
        for there, number in links:
            found = search.page(search.parse(unquote(there.partition("?q=")[2]).replace("+", " ")))
            assert len(found.rows) == int(number)
            assert desk.ada.get(there).status_code == 200


def test_a_sub_workflow_leads_to_its_own_graph(desk, compose, moody):
    @compose("graph-inner")
    def inner(n: int) -> Any:
        return moody(n)

    @compose("graph-outer")
    def outer() -> Any:
        return inner.start(n=1)

    handle = outer.invoke()
    desk.worker.work()
    page = desk.otto.get(page_of(handle))
    assert [node.step.key for node in page.context["graph"].nodes] == ["graph-inner"]
    assert "graph-inner: failed (workflow)" in page.content.decode()
    inner_page = desk.otto.get(page_of(step_of(handle, "graph-inner")))
    assert [node.step.key for node in inner_page.context["graph"].nodes] == ["desk-moody"]
    assert page_of(handle) in inner_page.content.decode()


def test_a_wide_one_is_a_list_with_a_note(desk, compose):
    @compose("graph-wide")
    def wide(width: int) -> None:
        gather([app.noop.start(n=number, step=f"step-{number}") for number in range(width)])

    few, many = wide.invoke(width=150), wide.invoke(width=151)
    desk.worker.work(seconds=60)
    assert len(desk.ada.get(page_of(few)).context["graph"].nodes) == 150
    page = desk.ada.get(page_of(many))
    assert page.context["graph"].nodes == ()
    assert "151 steps are more than a graph can show (150)" in text_of(page)
    assert "step-150" in text_of(page)
    assert count_queries(desk.ada, page_of(many)) <= MOST_QUERIES


def test_a_run_that_goes_on_in_a_moment_says_why_not_yet_within_its_queries(desk, chain):
    """The page that reads most: steps, its place, and why it waits."""
    handle = chain.invoke()
    desk.worker.work()
    rows(
        "UPDATE actions_execution SET status = 'queued', finished_at = NULL, error = NULL WHERE id = %s", key_of(handle)
    )
    rows("UPDATE actions_queue SET paused_at = now(), paused_by = 'otto', paused_reason = 'quiet'")
    assert "quiet" in text_of(desk.otto.get(page_of(handle)))
    assert count_queries(desk.otto, page_of(handle)) <= MOST_QUERIES


def test_keys_of_steps_stay_text_in_the_graph(desk, compose):
    """D07"""

    @compose("graph-hostile")
    def hostile() -> None:
        app.noop.start(step=HOSTILE[:60])

    handle = hostile.invoke()
    desk.worker.work()
    body = desk.ada.get(page_of(handle)).content.decode()
    assert len(desk.ada.get(page_of(handle)).context["graph"].nodes) == 1
    assert "<script>alert" not in body
    assert "\u202e" not in body


def test_the_timeline_has_a_line_for_each_step(desk, chain):
    handle = chain.invoke()
    desk.worker.work()
    lanes = {lane.step.key: lane for lane in desk.ada.get(page_of(handle)).context["lanes"]}
    assert [bar.kind for bar in lanes["desk-moody"].bars][-1] == "failed"
    assert [bar.kind for bar in lanes["third"].bars] == ["skipped"]
    assert lanes["first"].attempts == 1


def test_a_step_says_where_it_stands(desk, chain):
    handle = chain.invoke()
    desk.worker.work()
    text = text_of(desk.ada.get(page_of(step_of(handle, "desk-moody"))))
    assert "Workflow desk-chain" in text
    assert "After first" in text
    assert "Filled in n from first n" in text


def test_a_retry_that_would_be_refused_is_not_offered(desk, compose, moody):
    @compose("graph-caught")
    def caught() -> str:
        try:
            moody(1)
        except StepFailed:
            return "went on"
        return "fine"

    handle = caught.invoke()
    desk.worker.work()
    page = desk.otto.get(page_of(step_of(handle, "desk-moody")))
    assert "retry" not in {button.verb for button in page.context["offered"]}
    assert "Retry is not offered: graph-caught has gone on past the failure of it" in text_of(page)
    assert page.context["main"].verb == "replay_from"


# The runs


def test_the_runs_show_how_far_each_is(desk, chain, review):
    failed, waiting = chain.invoke(), review.invoke()
    app.noop.invoke()
    desk.worker.work()
    page = desk.vera.get("/workflows/")
    assert [run.row.public_id for run in page.context["runs"]] == [waiting.id, failed.id]
    counts = {status.value: number for status, number in page.context["runs"][1].progress.counts.items()}
    assert counts == {"succeeded": 2, "failed": 1, "skipped": 1}
    assert [run.row.public_id for run in desk.vera.get("/workflows/?state=going").context["runs"]] == [waiting.id]
    assert [run.row.public_id for run in desk.vera.get("/workflows/?state=attention").context["runs"]] == [failed.id]
    assert [run.row.public_id for run in desk.vera.get("/workflows/?state=succeeded").context["runs"]] == []
    assert "data-key" in live(desk.vera, "/workflows/").content.decode()
    assert desk.nora.get("/workflows/").status_code == 403


def test_strange_addresses_of_runs_are_the_beginning(desk, review):
    """D09"""
    handle = review.invoke()
    for said in ("?cursor=abc", "?cursor=%00", "?state=odd", "?cursor=" + "9" * 999):
        page = desk.vera.get(f"/workflows/{said}")
        assert page.status_code == 200
        assert [run.row.public_id for run in page.context["runs"]] == [handle.id]


def test_the_runs_are_paged(desk, compose):
    @compose("graph-small")
    def small() -> None:
        return None

    made = [small.invoke().id for _ in range(35)]
    rows("ANALYZE actions_execution")
    page = desk.vera.get("/workflows/")
    assert [run.row.public_id for run in page.context["runs"]] == made[:4:-1]
    older = desk.vera.get(page.context["older"])
    assert [run.row.public_id for run in older.context["runs"]] == made[4::-1]


def test_a_run_that_has_left_a_live_list_comes_as_it_is_now(desk, chain):
    handle = chain.invoke()
    desk.worker.work()
    headers = {"X-Live": "1", "X-Live-Left": handle.id}
    row = (
        desk.otto.get("/workflows/?state=going", headers=headers).content.decode().partition("<template data-left>")[2]
    )
    assert re.search(rf'data-key="{handle.id}"[^>]*class="moved"', row)
    assert "s-failed" in row
    assert "moved on" not in desk.otto.get("/workflows/?state=attention", headers=headers).content.decode()
    assert count_queries(desk.otto, "/workflows/?state=going", headers=headers) <= MOST_QUERIES
