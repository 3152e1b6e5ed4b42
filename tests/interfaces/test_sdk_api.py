"""The SDK and the API understand one another: every verb of the client against the real endpoints, in this process."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.core.wsgi import get_wsgi_application

from actions import wait_for
from actions.client import (
    ActionNotFound,
    AlreadyFinished,
    Do,
    ExecutionFailed,
    ExecutionInDoubt,
    ExecutionNotFound,
    Forbidden,
    IdempotencyConflict,
    InvalidParams,
    NotInDoubt,
    NotRetryable,
    Unauthenticated,
)
from actions.testing import inline_worker
from tests.interfaces.api import caller
from tests.interfaces.command_line import NOBODY
from tests.stage import compose, declare, engine, value

__all__ = ["caller", "compose", "declare", "engine"]


class Busy(httpx.WSGITransport):
    """The platform in this process: as soon as somebody waits, a worker does what is due."""

    worker = None

    def handle_request(self, request):
        if b"wait=" in request.url.query:
            self.worker.work()
        return super().handle_request(request)


@pytest.fixture
def connect(caller):
    """connect(*scopes): a client with a new key of those scopes; of every one where none is named."""
    with inline_worker() as worker:
        transport = Busy(app=get_wsgi_application())
        transport.worker = worker

        def made(*scopes):
            return Do(caller(*scopes).key, "http://testserver", transport=transport, retries=0)

        yield made


@pytest.fixture
def do(connect):
    return connect()


def test_execute_succeeds(do):
    outcome = do.action.execute(name="test-echo", params={"value": {"n": 1}}, tags=["a"], priority=5)
    assert outcome.value() == {"n": 1}
    shown = do.executions.get(outcome.id)
    assert (shown.status, shown.data["tags"], shown.data["priority"]) == ("succeeded", ["a"], 5)


def test_execute_fails(do):
    outcome = do.action.execute(name="test-give-up")
    assert isinstance(outcome.error, ExecutionFailed)
    assert (outcome.status, outcome.error.class_name) == ("failed", "actions.errors.GiveUp")


def test_doubt_is_resolved(do):
    outcome = do.action.execute(name="test-doubt")
    assert isinstance(outcome.error, ExecutionInDoubt)
    handle = do.executions.resolve(outcome.id, "happened", result={"n": 1}, reason="seen")
    assert (handle.status, handle.result()) == ("succeeded", {"n": 1})
    with pytest.raises(NotInDoubt):
        handle.resolve("give_up", reason="no")


def test_the_same_key_is_the_same_execution(do):
    first = do.action("test-echo").invoke({"value": 1}, idempotency_key="once")
    again = do.action("test-echo").invoke({"value": 1}, idempotency_key="once")
    assert (again.id, first.replayed, again.replayed) == (first.id, False, True)
    with pytest.raises(IdempotencyConflict) as caught:
        do.action("test-echo").invoke({"value": 2}, idempotency_key="once")
    assert first.id in caught.value.message


def test_retry_cancel_and_replay(do):
    failed = do.action("test-give-up").invoke({})
    with suppress(ExecutionFailed):
        failed.result()
    assert failed.retry(reason="again").status == "queued"
    with pytest.raises(NotRetryable):
        failed.retry(reason="again")
    assert failed.cancel(reason="enough").status == "cancelled"
    with pytest.raises(AlreadyFinished):
        failed.cancel(reason="enough")
    copy = failed.replay(reason="once more")
    assert copy.id != failed.id
    assert copy.data["replay_of"] == failed.id


def test_a_verb_under_one_key_is_done_once(do):
    failed = do.action("test-give-up").invoke({})
    failed.outcome()
    assert not do.executions.retry(failed.id, reason="again", idempotency_key="retry-1").replayed
    assert do.executions.retry(failed.id, reason="again", idempotency_key="retry-1").replayed
    assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'execution.retried'") == 1


def test_what_waits_is_run_now(do):
    handle = do.action("test-echo").invoke({"value": 3}, available_at=datetime.now(UTC) + timedelta(days=1))
    assert handle.run_now(reason="hurry").result() == 3


def test_an_event_for_a_workflow(do, compose):
    @compose("sdk-review")
    def review() -> object:
        return wait_for("approved", timeout=3600)

    handle = do.workflow("sdk-review").start({})
    do._transport.worker.work()
    assert handle.refresh().status == "waiting"
    handle.emit("approved", {"by": "ada"}, reason="seen")
    assert handle.result() == {"by": "ada"}


def test_many_at_once(do):
    handles = do.action("test-echo").invoke_many([{"value": n} for n in range(5)])
    assert [handle.result() for handle in handles] == list(range(5))
    failed = do.action("test-give-up").invoke({})
    failed.outcome()
    told = do.executions.retry_many([failed.id, handles[0].id], reason="again")
    assert [one["outcome"] for one in told] == ["done", "skipped"]


def test_lists_and_the_catalogue(do, monkeypatch):
    monkeypatch.setattr("actions.client.verbs.PAGE", 2)
    ids = [do.action("test-echo").invoke({"value": n}, tags=[f"t{n % 2}"]).id for n in range(5)]
    assert [one.id for one in do.executions.list(action="test-echo")] == ids[::-1]
    assert [one.id for one in do.executions.list(status=["queued", "failed"], tag="t0", limit=2)] == [ids[4], ids[2]]
    assert list(do.executions.list(idempotency_key="none")) == []
    assert "test-echo" in [action["name"] for action in do.actions.list()]
    assert do.action("test-echo").describe()["params_schema"]["properties"]["value"] is not None


def test_pause_and_resume(do):
    until = datetime.now(UTC) + timedelta(hours=1)
    do.action("test-echo").pause(reason="broken", until=until)
    paused = do.action("test-echo").describe()["paused"]
    assert (paused["reason"], datetime.fromisoformat(paused["until"])) == ("broken", until)
    assert do.action("test-echo").change_pause(until=None)["until"] is None
    do.action("test-echo").resume(reason="mended")
    assert do.action("test-echo").describe()["paused"] is None


def test_refusals_have_their_class(do, connect):
    with pytest.raises(InvalidParams) as caught:
        do.action("test-noop").invoke({"n": "x", "text": 3, "more": 1})
    assert {fault.path for fault in caught.value.errors} == {"params.n", "params.text", "params.more"}
    assert caught.value.request_id
    with pytest.raises(ActionNotFound, match="test-echo"):
        do.action("test-ecco").invoke({})
    with pytest.raises(ExecutionNotFound):
        do.executions.get(NOBODY)
    with pytest.raises(Forbidden, match="trigger"):
        connect("action:*:read").action("test-echo").invoke({"value": 1})
    stranger = Do("do_live_nobody", "http://testserver", transport=do._transport)
    with pytest.raises(Unauthenticated):
        stranger.actions.list()
