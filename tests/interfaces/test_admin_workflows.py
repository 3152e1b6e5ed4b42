"""The operator's side of workflows: the tree, what it waits for, retry, cancel, emit; text as text, few queries, in time."""

import re
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from actions import GiveUp, StepFailed, gather, sleep, wait_for
from actions.models import AuditEntry, Execution, ExternalEvent
from tests.app import actions as app
from tests.interfaces.desk import (
    ACTIONS,
    LIST,
    WHY,
    confirm,
    count_queries,
    desk,
    hidden_in,
    page_of,
    text_of,
)
from tests.stage import column, compose, declare, engine, rows, step_of, tree

__all__ = ["compose", "declare", "desk", "engine"]

MOST_QUERIES = 12
HOSTILE = "<script>alert('x')</script>\u202egnp.exe"


@pytest.fixture
def moody(declare: Any) -> Any:
    """Fails for good until its mood changes."""

    @declare("desk-moody")
    def act(n: int = 0) -> dict[str, int]:
        if act.bad:
            raise GiveUp(f"bad mood {n}")
        return {"n": n}

    act.bad = True
    return act


@pytest.fixture
def chain(compose: Any, moody: Any) -> Any:
    """first → moody → third; an optional one beside them."""

    @compose("desk-chain", timeout=3600)
    def act() -> Any:
        first = app.echo.start(value={"n": 1}, step="first")
        second = moody.start(n=first["n"])
        third = app.noop.start(after=[second], step="third")
        app.noop.start(after=[first], step="mail", optional=True)
        return third

    return act


@pytest.fixture
def review(compose: Any) -> Any:
    """Waits for an event, then ends with its payload."""

    @compose("desk-review")
    def act(name: str = "review") -> Any:
        return wait_for(name, timeout=3600)

    return act


def emitted(browser: Client, handle: Any, payload: str = "", **said: str) -> Any:
    """Open the form of emit and send it."""
    opened = browser.get(page_of(handle, "emit"))
    assert opened.status_code == 200
    name = opened.context["form"]["name"].value()
    sent = {**hidden_in(opened), "name": name, "payload": payload, "reason": WHY, **said}
    return browser.post(page_of(handle, "emit"), sent, follow=True)


def row_of(response: Any, key: str) -> str:
    """What a reader sees in the row of one step."""
    lines = re.findall(r"<tr>(.*?)</tr>", response.content.decode(), re.DOTALL)
    found = [line for line in lines if f"<bdi>{key}</bdi></a>" in line.partition("</td>")[0]]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0]))


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
    assert "Failed: desk-moody bad mood 1" in text_of(page)
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
    assert page_of(handle, "replay").rsplit("/", 2)[0] not in text
    assert desk.otto.get(page_of(step_of(handle, "desk-moody"), "replay")).status_code == 409


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


# Retry and cancel


def test_retry_of_a_step_lets_its_workflow_go_on(desk, chain, moody):
    handle = chain.invoke()
    desk.worker.work()
    moody.bad = False
    step = step_of(handle, "desk-moody")
    opened = text_of(desk.otto.get(page_of(step, "retry")))
    assert "Its workflow goes on from there; finished steps are not run again." in opened
    answer = confirm(desk.otto, step, "retry")
    assert answer.status_code == 302
    assert "its workflow waits for it again" in text_of(desk.otto.get(answer["Location"]))
    desk.worker.work()
    assert (handle.status, set(tree(handle).values())) == ("succeeded", {"succeeded"})
    assert column(step_of(handle, "first"), "attempt") == 1


def test_retry_of_the_workflow_retries_its_failed_steps(desk, chain, moody):
    handle = chain.invoke()
    desk.worker.work()
    moody.bad = False
    answer = confirm(desk.otto, handle, "retry")
    assert "Its failed steps are queued again, and it waits for them" in text_of(desk.otto.get(answer["Location"]))
    assert handle.status == "waiting"
    desk.worker.work()
    assert handle.status == "succeeded"


def test_a_consumed_failure_says_why_it_cannot_be_retried(desk, compose, moody):
    @compose("desk-catches")
    def catches() -> str:
        try:
            moody(1)
        except StepFailed:
            return "caught"
        return "never"

    handle = catches.invoke()
    desk.worker.work()
    step = step_of(handle, "desk-moody")
    page = text_of(desk.otto.get(page_of(step)))
    why = "desk-catches has gone on past the failure of it. Replay the workflow instead."
    assert f"Retry is not offered: {why}" in page
    assert page_of(step, "retry") not in desk.otto.get(page_of(step)).content.decode()
    refused = desk.otto.get(page_of(step, "retry"))
    assert refused.status_code == 409
    assert why in text_of(refused)
    row = desk.otto.get(page_of(handle))
    assert "Its workflow has gone on past it" in row_of(row, "desk-moody")
    sent = {"reason": WHY, "status": "failed", "attempt": "1"}
    posted = desk.otto.post(page_of(step, "retry"), sent)
    assert posted.status_code == 409
    assert "has gone on past it" in text_of(posted)


def test_retry_in_the_tree_is_for_those_who_may(desk, chain):
    handle = chain.invoke()
    desk.worker.work()
    assert "Retry" not in row_of(desk.vera.get(page_of(handle)), "desk-moody")
    assert desk.vera.get(page_of(step_of(handle, "desk-moody"), "retry")).status_code == 403


def test_cancel_says_how_many_steps_go_with_it(desk, compose):
    @compose("desk-wide")
    def wide() -> Any:
        app.noop.start(n=99, step="alone", detached=True)
        first = [app.external.start(note=str(number)) for number in range(3)]
        return app.noop.start(after=first)

    handle = wide.invoke()
    desk.worker.settler.work(desk.worker.claim())
    opened = text_of(desk.otto.get(page_of(handle, "cancel")))
    assert "4 steps that have not ended will be cancelled with it." in opened
    assert "What has succeeded stays done: nothing is undone." in opened
    answer = confirm(desk.otto, handle, "cancel")
    assert "Cancelled, with its steps that had not ended" in text_of(desk.otto.get(answer["Location"]))
    assert sorted(tree(handle).values()) == ["cancelled"] * 4 + ["queued"]


def test_cancel_of_a_step_says_what_its_workflow_makes_of_it(desk, compose):
    @compose("desk-one")
    def one() -> Any:
        return app.external.start(note="x").result()

    handle = one.invoke()
    desk.worker.settler.work(desk.worker.claim())
    said = text_of(desk.otto.get(page_of(step_of(handle, "test-external"), "cancel")))
    assert "Its workflow fails, unless the step is optional" in said


# Emit


def test_an_event_lets_the_workflow_go_on(desk, review):
    handle = review.invoke()
    desk.worker.work()
    page = desk.otto.get(page_of(handle))
    assert "Waits for the event review , until" in text_of(page)
    assert page_of(handle, "emit") in page.content.decode()
    answer = emitted(desk.otto, handle, '{"approved": true}')
    assert "Told: the workflow waited for this event, and goes on." in text_of(answer)
    desk.worker.work()
    assert handle.result() == {"approved": True}
    page = desk.otto.get(page_of(handle))
    assert "review otto user wait:review" in text_of(page)
    assert '"approved": true' in text_of(page)
    entry = AuditEntry.objects.get(verb="execution.emitted")
    assert (entry.actor_label, entry.reason, entry.data["event"]) == ("otto", WHY, "review")


def test_an_event_that_nobody_waits_for_is_kept_and_said_to_be(desk, review):
    handle = review.invoke()
    answer = emitted(desk.otto, handle, "1", name="review")
    assert "does not wait for this event now" in text_of(answer)
    assert "not taken yet" in text_of(desk.otto.get(page_of(handle)))
    desk.worker.work()
    assert handle.result() == 1


def test_the_same_form_twice_is_one_event(desk, review):
    handle = review.invoke()
    desk.worker.work()
    opened = desk.otto.get(page_of(handle, "emit"))
    sent = {**hidden_in(opened), "name": "review", "payload": "[1]", "reason": WHY}
    desk.otto.post(page_of(handle, "emit"), sent)
    desk.worker.work()
    again = desk.otto.post(page_of(handle, "emit"), sent, follow=True)
    assert "This event was told before, and kept; nothing was done twice." in text_of(again)
    assert ExternalEvent.objects.count() == 1
    other = desk.otto.post(page_of(handle, "emit"), {**sent, "payload": "[2]"})
    assert other.status_code == 200
    assert "This form was sent before with another event" in text_of(other)
    assert hidden_in(other)["form_key"] != sent["form_key"]
    assert ExternalEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ("{", "ends"), ("{'a': 1}", ""), ('{"a": 1, "a": 2}', "twice"), ("NaN", ""), ("1e999", ""), ("[" * 500, ""),
        ('{"a": "\\u0000"}', "U+0000"), ("yes", ""), ('"\\ud800"', ""),
    ],
)  # fmt: skip
def test_a_bad_payload_is_refused_at_its_field(desk, review, payload, fault):
    handle = review.invoke()
    desk.worker.work()
    answer = emitted(desk.otto, handle, payload)
    assert answer.status_code == 200
    (error,) = answer.context["form"].errors["payload"]
    assert fault.lower() in error.lower()
    assert answer.context["form"]["payload"].value() == payload
    assert (ExternalEvent.objects.count(), handle.status) == (0, "waiting")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", "a\x00b"),
        ("name", "\ud800"),
        ("reason", " "),
        ("reason", "x" * 2_001),
    ],
)
def test_what_else_is_wrong_stands_at_its_field(desk, review, field, text):
    handle = review.invoke()
    desk.worker.work()
    answer = emitted(desk.otto, handle, "1", **{field: text.encode("utf-8", "replace").decode()})
    if text != "\ud800":
        assert answer.status_code == 200
        assert field in answer.context["form"].errors
        assert ExternalEvent.objects.count() == 0


def test_emit_is_hidden_and_refused_without_its_permission(desk, review):
    handle = review.invoke()
    desk.worker.work()
    assert page_of(handle, "emit") not in desk.vera.get(page_of(handle)).content.decode()
    assert desk.vera.get(page_of(handle, "emit")).status_code == 403
    assert desk.vera.post(page_of(handle, "emit"), {"name": "review", "reason": WHY}).status_code == 403
    assert desk.nora.get(page_of(handle, "emit")).status_code == 403
    assert (ExternalEvent.objects.count(), handle.status) == (0, "waiting")
    assert AuditEntry.objects.filter(verb="access.denied", actor_label="vera").count() == 1
    strangers = Client().post(page_of(handle, "emit"), {"name": "review", "reason": WHY})
    assert strangers.status_code == 302
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(User.objects.get(username="otto"))
    assert guarded.post(page_of(handle, "emit"), {"name": "review", "reason": WHY}).status_code == 403
    assert ExternalEvent.objects.count() == 0


def test_what_waits_for_no_events_is_told_so(desk, review):
    plain = app.noop.invoke()
    handle = review.invoke()
    emitted(desk.otto, handle, "1", name="review")
    desk.worker.work()
    for execution, why in ((plain, "is no workflow"), (handle, "is succeeded already")):
        answer = desk.otto.get(page_of(execution, "emit"))
        assert answer.status_code == 409
        assert why in text_of(answer)
        assert page_of(execution, "emit") not in desk.otto.get(page_of(execution)).content.decode()
    late = desk.otto.post(page_of(handle, "emit"), {"name": "review", "payload": "2", "reason": WHY})
    assert late.status_code == 409
    assert "the event was not kept" in text_of(late)


def test_payloads_of_events_need_their_own_permission(desk, review):
    handle = review.invoke()
    emitted(desk.otto, handle, '{"note": "only-for-some-eyes", "password": "hunter2"}', name="review")
    assert "only-for-some-eyes" in text_of(desk.otto.get(page_of(handle)))
    assert "only-for-some-eyes" not in text_of(desk.vera.get(page_of(handle)))
    assert "review" in text_of(desk.vera.get(page_of(handle)))
    assert "hunter2" not in desk.ada.get(page_of(handle)).content.decode()


def test_a_long_payload_is_not_put_on_the_page(desk, review):
    handle = review.invoke()
    emitted(desk.otto, handle, f'"{"x" * 30_000}"', name="review")
    page = desk.otto.get(page_of(handle))
    assert len(page.content) < 60_000
    assert "30002 characters" in text_of(page)


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
        "sub": page_of(step_of(large, "desk-chain")), "step": page_of(step_of(large, "behind")),
        "retry": page_of(small, "retry"), "cancel": page_of(waiting, "cancel"), "emit": page_of(waiting, "emit"),
        "list": LIST, "steps": f"{LIST}?kind=step",
    }  # fmt: skip
    User.objects.get(username="ada")
    made = {name: count_queries(lambda address=address: desk.ada.get(address)) for name, address in addresses.items()}
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
    queries = count_queries(lambda: desk.otto.get(page_of(few)))
    assert count_queries(lambda: desk.otto.get(page_of(many))) == queries
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
