"""The SDK's core without a network: what is sent, how long is waited, and when it ends, on a clock that the test turns."""

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions import states
from actions.client import errors, exchange, idempotency, known, verbs, waiting
from actions.client.answers import retry_after
from actions.client.requests import body, filters, get, moment, post
from actions.client.wire import Answer, Core, Lost, Pause, Send

ID = "exec_06ek3hb8a5m7f8s0c1x2y3z4w5"
LOST = Lost("cut")
REFUSED = Lost("nobody listens", reached=False)


class World:
    """A clock, and replies that take their time. `steps` is what the core asked for."""

    def __init__(self, *replies, chance=0.5, takes=0.0):
        self.now = 1_000.0
        self.replies = list(replies)
        self.takes = takes
        self.steps = []
        self.core = Core("https://do.example", clock=lambda: self.now, chance=lambda: chance, key=lambda: "key-1")

    def run(self, steps):
        reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                return end.value
            self.steps.append(step)
            reply = self.perform(step)

    def perform(self, step):
        if isinstance(step, Pause):
            self.now += step.seconds
            return None
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if callable(reply):
            return reply(self, step)
        self.now += min(self.takes, step.timeout)
        return reply

    @property
    def sent(self):
        return [step.request for step in self.steps if isinstance(step, Send)]

    @property
    def pauses(self):
        return [step.seconds for step in self.steps if isinstance(step, Pause)]


def answer(status=200, content=b"{}", **headers):
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def told(status):
    return answer(content=b'{"id": "%s", "status": "%s", "result": 1}' % (ID.encode(), status.encode()))


def polled(status):
    """The platform waits as long as it was asked to."""

    def reply(world, step):
        world.now += float(dict(step.request.query).get("wait", 0))
        return told(status)

    return reply


def ask(world, **options):
    return world.run(exchange.exchange(world.core, get("executions"), **options))


# One request


@settings(deadline=None)
@given(
    replies=st.lists(
        st.sampled_from([LOST, REFUSED, answer(503), answer(429, retry_after="2"), answer(504), answer(502)]),
        max_size=9,
    ),
    chance=st.floats(0, 1),
    takes=st.floats(0, 20),
    timeout=st.floats(0.01, 200),
)
def test_whatever_goes_wrong_it_is_the_same_request_and_it_ends_in_time(replies, chance, takes, timeout):
    world = World(*replies, answer(), chance=chance, takes=takes)
    request = post(world.core, "x", {"params": {}})
    begun = world.now
    try:
        world.run(exchange.exchange(world.core, request, until=begun + timeout))
    except errors.ConnectionFailed as error:
        assert error.idempotency_key == "key-1"
    assert set(world.sent) == {request}
    assert len(world.sent) <= 1 + world.core.retries
    assert world.now - begun <= timeout + 0.05
    for step in world.steps:
        assert isinstance(step, Pause) or 0 < step.timeout <= world.core.patience


def test_pauses_grow_up_to_a_limit():
    world = World(answer(503), chance=1.0)
    assert ask(world, until=math.inf, retries=9).status == 503
    assert world.pauses == [0.25, 0.5, 1, 2, 4, 8, 8, 8, 8]


@given(chance=st.floats(0, 1), tried=st.integers(0, 10_000))
def test_a_pause_is_half_chance(chance, tried):
    core = World(answer(), chance=chance).core
    pause = exchange.pause_before_next(core, answer(503), tried)
    assert 0.125 <= pause <= 8


@given(chance=st.floats(0, 1), seconds=st.integers(0, 999_999_999))
def test_a_retry_after_is_kept_and_hardly_stretched(chance, seconds):
    pause = exchange.pause_before_next(World(answer(), chance=chance).core, answer(429, retry_after=str(seconds)), 0)
    assert seconds <= pause <= max(seconds * 1.1, 0.25)


@given(st.text(max_size=40))
def test_any_retry_after_is_read_or_left(text):
    found = retry_after(answer(429, retry_after=text))
    assert found is None or found >= 0


def test_a_retry_after_may_be_a_date():
    assert (
        50
        < retry_after(answer(retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)))
        <= 60
    )
    assert retry_after(answer(retry_after="Wed, 21 Oct 2015 07:28:00 GMT")) == 0


def test_a_loss_that_lasts_is_not_asked_about_again():
    world = World(Lost("too large", again=False))
    with pytest.raises(errors.ConnectionFailed):
        ask(world)
    assert len(world.sent) == 1


def test_only_who_was_reached_leaves_a_doubt():
    for lost, doubt in ((REFUSED, False), (LOST, True)):
        world = World(lost)
        with pytest.raises(errors.ConnectionFailed) as caught:
            world.run(exchange.ask(world.core, post(world.core, "x", {})))
        assert ("may have been taken" in caught.value.message) is doubt


# Waiting


def test_waiting_is_by_long_polls_on_the_id():
    world = World(polled("running"), polled("running"), polled("running"), told("succeeded"))
    outcome = world.run(waiting.outcome(world.core, ID, 70))
    assert outcome.result == 1
    assert [dict(request.query)["wait"] for request in world.sent] == ["20.000", "20.000", "20.000", "10.000"]
    assert {request.method for request in world.sent} == {"GET"}


@settings(deadline=None)
@given(timeout=st.floats(0, 60), takes=st.floats(0, 1))
def test_waiting_ends_in_time_and_breathes(timeout, takes):
    world = World(told("running"), takes=takes)
    begun = world.now
    outcome = world.run(waiting.outcome(world.core, ID, timeout))
    assert isinstance(outcome.error, errors.ResultTimeout)
    assert timeout <= world.now - begun + 1e-6
    assert world.now - begun <= timeout + waiting.GRACE
    assert len(world.sent) <= timeout / 0.1 + 2


def test_no_time_is_one_look():
    world = World(told("running"))
    assert world.run(waiting.result(world.core, ID, 0)).status == "running"
    assert [request.query for request in world.sent] == [()]


def test_while_somebody_waits_the_platform_may_be_away():
    world = World(*[REFUSED] * 20, told("succeeded"))
    assert world.run(waiting.outcome(world.core, ID, 600)).result == 1
    assert world.now - 1_000 > 60


def test_an_execution_is_asked_for_once_and_then_waited_for():
    world = World(LOST, told("queued"), LOST, polled("running"), told("succeeded"))
    outcome = world.run(waiting.execute(world.core, "mail", {"n": 1}))
    assert outcome.value() == 1
    assert [(request.method, request.key) for request in world.sent] == [("POST", "key-1")] * 2 + [("GET", "")] * 3
    assert world.sent[0] == world.sent[1]


def test_the_time_given_to_an_execution_is_for_all_of_it():
    world = World(told("queued"), polled("running"), takes=4)
    outcome = world.run(waiting.execute(world.core, "mail", timeout=10))
    assert isinstance(outcome.error, errors.ResultTimeout)
    assert world.now == pytest.approx(1_010)


@pytest.mark.parametrize("status", sorted(states.Status))
def test_every_status_of_the_platform_has_its_outcome(status):
    world = World(told(status))
    outcome = world.run(waiting.outcome(world.core, ID, 0))
    kinds = {
        "succeeded": type(None),
        "failed": errors.ExecutionFailed,
        "cancelled": errors.ExecutionCancelled,
        "skipped": errors.ExecutionSkipped,
        "in_doubt": errors.ExecutionInDoubt,
    }
    assert type(outcome.error) is kinds.get(status, errors.ResultTimeout)
    assert outcome.status == status


def test_what_ends_waiting_here_ends_it_there():
    assert known.ENDED == states.ENDED
    assert known.SUCCEEDED == states.Status.SUCCEEDED


# What is sent


def test_keys_are_never_given_twice_and_sorted_by_time():
    keys = [idempotency.new_key() for _ in range(2_000)]
    assert len(set(keys)) == len(keys)
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", key) for key in keys
    )
    stamps = [key[:13] for key in keys]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("key", ["", "a\nb", "schlüssel", "\x00", 7])
def test_a_key_that_no_header_can_hold_is_refused(key):
    with pytest.raises(errors.BadRequest):
        post(World(answer()).core, "x", {}, key)


def test_a_time_needs_a_zone():
    assert moment(datetime(2030, 1, 1, tzinfo=UTC)) == "2030-01-01T00:00:00+00:00"
    with pytest.raises(errors.InvalidInput):
        moment(datetime(2030, 1, 1))  # noqa: DTZ001


def test_what_was_not_said_is_not_sent():
    assert body({"params": {"n": None}, "tags": None, "reason": ""}) == b'{"params":{"n":null},"reason":""}'
    assert filters(q="", status=[], action=None, tag="a") == (("tag", "a"),)
    assert filters(status=["failed", "queued"]) == (("status", "failed"), ("status", "queued"))


def test_keys_and_params_that_do_not_match_are_not_sent():
    world = World(answer())
    with pytest.raises(errors.InvalidInput):
        world.run(verbs.invoke_many(world.core, "mail", [{}, {}], idempotency_keys=["a"]))
    assert world.steps == []
