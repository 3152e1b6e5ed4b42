"""The operator's side of workflows: the tree, what it waits for, retry, cancel, emit; text as text, few queries, in time."""

import re
import time
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from actions import GiveUp, gather, sleep, wait_for
from actions.models import Execution
from tests.app import actions as app
from tests.interfaces.desk import (
    ACTIONS,
    LIST,
    confirm,
    count_queries,
    desk,
    page_of,
    text_of,
)
from tests.interfaces.processes import chain, emitted, moody, review, row_of
from tests.stage import compose, declare, engine, rows, step_of, tree

__all__ = ["chain", "compose", "declare", "desk", "engine", "moody", "review"]

MOST_QUERIES = 12
HOSTILE = "<script>alert('x')</script>\u202egnp.exe"


# The tree


def test_the_tree_shows_each_step_with_its_status_and_why(desk, chain):
    handle = chain.invoke()
    desk.worker.work()
    page = desk.otto.get(page_of(handle))
    assert "succeeded" in row_of(page, "first")
    assert "failed" in row_of(page, "desk-moody")
    assert "bad mood 1" in row_of(page, "desk-moody")
    assert "Retry" in row_of(page, "desk-moody")
    assert "because of desk-moody (failed)" in row_of(page, "third")
    assert "optional" in row_of(page, "mail")
    assert page_of(step_of(handle, "third")) in page.content.decode()
    assert "deadline" in text_of(page) or "its time would have been up" in text_of(page)
    assert "Failed: desk-moody" in text_of(page)
    tally = [(status.value, number) for status, number in page.context["workflow"].tree.direct.items()]
    assert tally == [("succeeded", 2), ("failed", 1), ("skipped", 1)]


def test_every_count_is_the_one_of_the_list_it_leads_to(desk, chain):
    handle = chain.invoke()
    chain.invoke()
    desk.worker.work()
    body = desk.otto.get(page_of(handle)).content.decode()
    links = re.findall(r'class="do-count" href="([^"]+)">.*?</span>\s*(\d+)</a>', body, re.DOTALL)
    assert len(links) == 3
    for address, number in links:
        shown = desk.otto.get(address.replace("&amp;", "&"))
        assert len(shown.context["cl"].result_list) == int(number)


def test_what_is_blocked_names_what_is_missing(desk, compose):
    @compose("desk-blocked")
    def blocked() -> Any:
        ups = [app.external.start(note=str(number), step=f"up-{number}") for number in range(5)]
        return app.noop.start(after=ups, step="down")

    handle = blocked.invoke()
    desk.worker.settler.work(desk.worker.claim())
    said = row_of(desk.vera.get(page_of(handle)), "down")
    assert "waits for up-0 (queued) , up-1 (queued) , up-2 (queued) and 2 more" in said
    assert "Waits for up-4 (queued)" in text_of(desk.vera.get(page_of(handle))) or "down" in said


def test_steps_of_sub_workflows_stand_below_them(desk, compose, moody):
    @compose("desk-inner")
    def inner(n: int) -> Any:
        return moody(n)

    @compose("desk-outer")
    def outer() -> Any:
        return gather(inner.start(n=1), inner.start(n=2))

    handle = outer.invoke()
    desk.worker.work()
    page = desk.otto.get(page_of(handle))
    shown = [(row.step.key, row.depth) for row in page.context["workflow"].tree.rows]
    assert shown == [("desk-inner", 1), ("desk-moody", 2), ("desk-inner#2", 1), ("desk-moody", 2)]
    assert "and 2 below them" in text_of(page)
    assert "level 2:" in text_of(page)


def test_a_sleeping_workflow_says_until_when(desk, compose):
    @compose("desk-sleepy")
    def sleepy() -> None:
        sleep(3600)

    handle = sleepy.invoke()
    desk.worker.work()
    until = Execution.objects.get().wake_at
    assert f"Waits for {until:%Y-%m-%d %H:%M:%S} UTC" in text_of(desk.vera.get(page_of(handle)))


def test_the_page_of_a_step_leads_to_its_workflow_and_its_sources(desk, chain):
    handle = chain.invoke()
    desk.worker.work()
    moody_page = desk.otto.get(page_of(step_of(handle, "desk-moody")))
    text = text_of(moody_page)
    assert page_of(handle) in moody_page.content.decode()
    assert "Step desk-moody" in text
    assert "After first ✓ succeeded" in text.replace("  ", " ") or "After first succeeded" in text
    assert "Filled in n from first n" in text
    assert '"$step": "first"' in text


def test_compensation_says_what_is_undone_and_what_is_not(desk, declare, compose, moody):
    broken = [True]

    @declare("desk-book", effects="external")
    def book(what: str) -> str:
        return what

    @book.compensation
    def cancel_booking(what: str) -> None:
        if what == "flight" and broken[0]:
            raise GiveUp("the airline is closed")

    @compose("desk-travel", on_failure="compensate")
    def travel() -> None:
        book("flight")
        book("hotel")
        moody(1)

    handle = travel.invoke()
    desk.worker.work()
    page = desk.otto.get(page_of(handle))
    assert "1 of 2 undone: desk-book#2 ✓ undone , desk-book ✕ not undone (failed)" in text_of(page)
    assert "Retry is not offered" not in text_of(page)
    assert "Its workflow has gone on past it" in row_of(page, "desk-moody")
    assert "Retry" in row_of(page, "undo:desk-book")
    assert "Retry" not in row_of(page, "desk-moody")
    broken[0] = False
    assert confirm(desk.otto, step_of(handle, "undo:desk-book"), "retry").status_code == 302
    desk.worker.work()
    text = text_of(desk.otto.get(page_of(handle)))
    assert "2 of 2 undone" in text
    assert "Retry is not offered: What it had done is being undone, or was." in text
    assert "undoes desk-book" in text_of(desk.otto.get(page_of(step_of(handle, "undo:desk-book"))))


# Text of others


def test_keys_names_and_payloads_stay_text(desk, compose, moody):
    @compose("desk-hostile")
    def hostile() -> Any:
        first = app.echo.start(value=HOSTILE, step=HOSTILE)
        app.echo.start(value=first, after=[first], step=f"after {HOSTILE}")
        moody.start(n=1, step=f"fails {HOSTILE}", optional=True)
        return wait_for(HOSTILE)

    handle = hostile.invoke()
    desk.worker.work()
    emitted(desk.otto, handle, f'"{HOSTILE}"', name=f"other {HOSTILE}")
    step = step_of(handle, f"after {HOSTILE}")
    addresses = [
        page_of(handle), page_of(handle, "emit"), page_of(step), page_of(step_of(handle, f"fails {HOSTILE}")), LIST,
        f"{LIST}?workflow={handle.id}", f"{LIST}?workflow={HOSTILE}", page_of(handle, "cancel"),
    ]  # fmt: skip
    for address in addresses:
        answer = desk.ada.get(address)
        assert answer.status_code == 200, address
        body = answer.content.decode()
        assert "<script>alert" not in body, address
        assert "\u202e" not in body.replace('value="&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;\u202e', ""), (
            address
        )
        assert " style=" not in body, address
        assert all("src=" in tag for tag in body.split("<script")[1:]), address


# The lists


def listed(browser: Client, query: str) -> set[str]:
    return {execution.public_id for execution in browser.get(f"{LIST}?{query}").context["cl"].result_list}


def test_the_list_tells_steps_from_workflows_and_the_rest(desk, chain, review):
    handle, other, alone = chain.invoke(), review.invoke(), app.noop.invoke()
    desk.worker.work()
    steps = {step_of(handle, key) for key in tree(handle)}
    everything = {handle.id, other.id, alone.id, *steps}
    assert listed(desk.vera, "") == everything
    assert listed(desk.vera, "kind=top") == {handle.id, other.id, alone.id}
    assert listed(desk.vera, "kind=workflow") == {handle.id, other.id}
    assert listed(desk.vera, "kind=step") == steps
    assert listed(desk.vera, f"workflow={handle.id}") == steps
    assert listed(desk.vera, f"workflow={handle.id}&status=skipped") == {step_of(handle, "third")}
    assert listed(desk.vera, "status=waiting") == {other.id}
    assert listed(desk.vera, "kind=nonsense") == listed(desk.vera, "workflow=nonsense") == set()
    text = text_of(desk.vera.get(LIST))
    assert "step third" in text
    assert f'<a href="{page_of(handle)}">desk-chain</a>' in desk.vera.get(LIST).content.decode()
    assert "desk-chain workflow" in text
    assert "step first" not in text_of(desk.vera.get(f"{LIST}?kind=top"))


def test_the_catalogue_says_what_is_a_workflow(desk, chain):
    body = text_of(desk.vera.get(f"{ACTIONS}?kind=workflow"))
    assert "desk-chain" in body
    assert "test-noop" not in body
    assert "Composes other actions" in text_of(desk.vera.get(f"{ACTIONS}desk-chain/change/"))
    assert "Composes other actions" in text_of(desk.otto.get(f"{ACTIONS}desk-chain/trigger/"))


# Size


def test_a_workflow_page_makes_few_queries_whatever_it_shows(desk, compose, chain, review):
    @compose("desk-nest")
    def nest() -> Any:
        app.noop.start(n=1)
        sub = chain.start()
        return app.noop.start(n=2, after=[sub], step="behind")

    small, large = nest.invoke(), nest.invoke()
    waiting = review.invoke()
    desk.worker.work()
    for name in ("a", "b"):
        emitted(desk.ada, waiting, "1", name=name)
    addresses = {
        "small": page_of(small), "large": page_of(large), "waiting": page_of(waiting),
        "sub": page_of(step_of(large, "desk-chain")), "step": page_of(step_of(large, "behind")), "from": page_of(step_of(large, "behind"), "replay-from"),
        "retry": page_of(small, "retry"), "cancel": page_of(waiting, "cancel"), "emit": page_of(waiting, "emit"),
        "list": LIST, "steps": f"{LIST}?kind=step",
    }  # fmt: skip
    User.objects.get(username="ada")
    made = {name: count_queries(desk.ada, address) for name, address in addresses.items()}
    assert {name: number for name, number in made.items() if number > MOST_QUERIES} == {}
    assert made["small"] == made["large"]


def test_two_thousand_steps_cost_no_more_queries_and_little_time(desk, compose):
    @compose("desk-large")
    def large(n: int) -> Any:
        first = app.noop.start()
        return gather([app.noop.start(n=number, after=[first], step=f"step-{number}") for number in range(n)])

    few, many = large.invoke(n=3), large.invoke(n=2_000)
    for _ in range(2):
        desk.worker.settler.work([claim for claim in desk.worker.claim() if claim.parent is None])
    assert few.status == many.status == "waiting"
    rows(
        "UPDATE actions_execution SET status = 'failed', finished_at = now(), error = '{\"message\": \"far down\"}' "
        "WHERE step = 'step-1800'"
    )
    queries = count_queries(desk.otto, page_of(few))
    assert count_queries(desk.otto, page_of(many)) == queries
    rows("ANALYZE actions_execution")
    started = time.monotonic()
    page = desk.otto.get(page_of(many))
    assert time.monotonic() - started < 2.0
    text = text_of(page)
    assert len(page.context["workflow"].tree.rows) == 500
    assert "1501 more: the list of its steps" in text
    assert "What has failed" in text
    assert "far down" in text
    assert "step-1800" in text
    assert "blocked 1999" in re.sub(r"\s+", " ", text)
