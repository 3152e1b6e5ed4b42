"""Verbs by the API: what they do, when they are refused, and that a repeated request is one: B31 to B34."""

from typing import Any

import pytest

from tests.app import actions as app
from tests.interfaces.api import Api, api, caller
from tests.interfaces.processes import chain, moody, review
from tests.stage import column, compose, crew, declare, engine, outcomes, rows, value, verbs, worker

__all__ = ["api", "caller", "chain", "compose", "crew", "declare", "engine", "moody", "review", "worker"]


def failed(worker: Any) -> str:
    handle = app.give_up.invoke()
    worker.work()
    assert column(handle, "status") == "failed"
    return str(handle.id)


def doubtful(worker: Any) -> str:
    handle = app.doubt.invoke()
    worker.work()
    assert column(handle, "status") == "in_doubt"
    return str(handle.id)


def succeeded(worker: Any) -> str:
    handle = app.noop.invoke()
    worker.work()
    return str(handle.id)


def test_retry(api: Api, worker: Any):
    """B31: a failed one is queued again; twice with one key is once, also after it has failed again"""
    id_ = failed(worker)
    key = {"IDEMPOTENCY_KEY": "again"}
    first = api.post(f"executions/{id_}/retry", {"reason": "it works now"}, **key)
    assert (first.status, first.json["status"], first.json["id"]) == (200, "queued", id_)
    assert "Idempotent-Replayed" not in first.headers
    again = api.post(f"executions/{id_}/retry", {"reason": "it works now"}, **key)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    worker.work()
    third = api.post(f"executions/{id_}/retry", {"reason": "it works now"}, **key)
    assert (third.status, third.json["status"], third.headers["Idempotent-Replayed"]) == (200, "failed", "true")
    assert len(outcomes(id_)) == 2
    other = api.post(f"executions/{id_}/retry", {"reason": "another wish"}, **key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert api.post(f"executions/{id_}/cancel", **key).code == "idempotency_key_reused"
    assert api.post(f"executions/{id_}/retry", IDEMPOTENCY_KEY="a,b").code == "idempotency_key_invalid"
    assert api.post(f"executions/{id_}/retry").status == 200
    assert verbs(id_).count("retried") == 2


def test_retry_refused(api: Api, worker: Any):
    """B31: 409 with the state as it is; the key is free afterwards"""
    running = app.noop.invoke().id
    worker.claim()
    for id_, status in ((succeeded(worker), "succeeded"), (doubtful(worker), "in_doubt"), (running, "running")):
        answer = api.post(f"executions/{id_}/retry", IDEMPOTENCY_KEY="k")
        assert (answer.status, answer.code, answer.json["execution_status"]) == (409, "not_retryable", status)
    id_ = doubtful(worker)
    assert "resolve it first" in api.post(f"executions/{id_}/retry", IDEMPOTENCY_KEY="k").json["detail"]
    assert value("SELECT count(*) FROM actions_verbkey") == 0


def test_retry_of_a_consumed_failure(api: Api, compose: Any, moody: Any, worker: Any):
    """B31: failure_consumed"""
    from actions import StepFailed

    @compose("api-forgiving")
    def act() -> str:
        try:
            moody(n=1)
        except StepFailed:
            return "went on"
        return "never"

    handle = act.invoke()
    worker.work()
    steps = api.get(f"executions/{handle.id}").json["steps"]
    answer = api.post(f"executions/{steps[0]['id']}/retry")
    assert (answer.status, answer.code) == (409, "failure_consumed")


def test_run_now(api: Api, worker: Any):
    later = {"params": {}, "available_at": "2027-01-01T00:00:00Z"}
    id_ = api.post("actions/test-noop/executions", later).json["id"]
    assert api.post(f"executions/{id_}/run-now", {}).status == 200
    worker.work(waiting=False)
    answer = api.post(f"executions/{id_}/run-now")
    assert (answer.status, answer.code, answer.json["execution_status"]) == (409, "not_waiting_to_run", "succeeded")


def test_cancel(api: Api, worker: Any):
    """B32: what has ended is refused; twice with one key is once"""
    id_ = api.start("test-noop").json["id"]
    key = {"IDEMPOTENCY_KEY": "stop"}
    first = api.post(f"executions/{id_}/cancel", {"reason": "not needed"}, **key)
    assert (first.status, first.json["status"]) == (200, "cancelled")
    assert (
        api.post(f"executions/{id_}/cancel", {"reason": "not needed"}, **key).headers["Idempotent-Replayed"] == "true"
    )
    answer = api.post(f"executions/{id_}/cancel")
    assert (answer.status, answer.code, answer.json["execution_status"]) == (409, "already_finished", "cancelled")
    assert api.post(f"executions/{doubtful(worker)}/cancel").code == "refused"


def test_cancel_by_force(api: Api, caller: Any, worker: Any):
    """It needs a scope of its own"""
    id_ = app.external.invoke().id
    worker.claim()
    asked = api.post(f"executions/{id_}/cancel")
    assert (asked.status, asked.json["status"], bool(asked.json["cancel_requested_at"])) == (200, "running", True)
    gentle = caller("action:*:cancel", "action:*:read")
    answer = gentle.post(f"executions/{id_}/cancel", {"force": True})
    assert (answer.status, answer.code) == (403, "forbidden")
    assert "action:test-external:force_stop" in answer.json["detail"]
    forced = api.post(f"executions/{id_}/cancel", {"force": True, "reason": "it hangs"})
    assert (forced.status, forced.json["status"]) == (200, "in_doubt")


def test_force_needs_its_own_scope_alone(api: Api, caller: Any, worker: Any):
    """Who may only stop by force does so, and does not cancel; who may neither is told nothing of the body"""
    id_ = app.external.invoke().id
    worker.claim()
    forcing, neither = caller("action:*:force_stop"), caller("action:*:read")
    answer = forcing.post(f"executions/{id_}/cancel", {"reason": "it hangs"})
    assert (answer.status, answer.code) == (403, "forbidden")
    assert "action:test-external:cancel" in answer.json["detail"]
    assert forcing.post(f"executions/{id_}/cancel", {"force": "yes"}).status == 422
    assert neither.post(f"executions/{id_}/cancel", b"{").code == "forbidden"
    assert caller("action:other:force_stop").post(f"executions/{id_}/cancel", {"force": True}).status == 404
    assert api.get(f"executions/{id_}").json["cancel_requested_at"] is None
    forced = forcing.post(f"executions/{id_}/cancel", {"force": True, "reason": "it hangs"})
    assert (forced.status, forced.json["status"]) == (200, "in_doubt")


@pytest.mark.parametrize(
    ("answer", "status"),
    [("happened", "succeeded"), ("did_not_happen", "queued"), ("run_again", "queued"), ("give_up", "failed")],
)
def test_resolve(api: Api, worker: Any, answer: str, status: str):
    body = {"answer": answer, "reason": "looked it up", "result": {"n": 1} if answer == "happened" else None}
    told = api.post(f"executions/{doubtful(worker)}/resolve", body)
    assert (told.status, told.json["status"]) == (200, status)
    assert told.json["result"] == body["result"]


def test_resolve_refused(api: Api, worker: Any):
    """B33"""
    id_ = doubtful(worker)
    for body in ({"answer": "happened"}, {"answer": "happened", "reason": ""}, {"answer": "maybe", "reason": "x"},
                 {"answer": "happened", "reason": "x" * 2_001}, {"reason": "x"}, {}):  # fmt: skip
        assert api.post(f"executions/{id_}/resolve", body).status == 422, body
    assert api.post(f"executions/{id_}/resolve", {"answer": "happened", "reason": " "}).status in {200, 422}
    long = api.post(f"executions/{id_}/resolve", {"answer": "happened", "reason": "x" * 200_000})
    assert long.status in {400, 422}
    answer = api.post(f"executions/{succeeded(worker)}/resolve", {"answer": "happened", "reason": "x"})
    assert (answer.status, answer.code, answer.json["execution_status"]) == (409, "not_in_doubt", "succeeded")


def test_replay(api: Api, worker: Any):
    """A new execution, with the same or edited params; once per key"""
    id_ = api.start("test-echo", {"value": 1}).json["id"]
    worker.work()
    first = api.post(f"executions/{id_}/replay", {"reason": "once more"}, IDEMPOTENCY_KEY="r")
    assert (first.status, first.json["replay_of"], first.json["params"]) == (202, id_, {"value": 1})
    assert first.headers["Location"] == first.json["url"]
    again = api.post(f"executions/{id_}/replay", {"reason": "once more"}, IDEMPOTENCY_KEY="r")
    assert (again.status, again.json["id"], again.headers["Idempotent-Replayed"]) == (200, first.json["id"], "true")
    edited = api.post(f"executions/{id_}/replay", {"params": {"value": 2}})
    assert (edited.status, edited.json["params"]) == (202, {"value": 2})
    wrong = api.post(f"executions/{id_}/replay", {"params": {"valve": 2}})
    assert (wrong.status, wrong.code, sorted(wrong.paths())) == (
        422,
        "invalid_params",
        ["params.value", "params.valve"],
    )
    step = api.post(f"executions/{id_}/replay", {"from_step": "no-such"})
    assert (step.status, step.code) == (422, "step_not_found")


def test_replay_from_a_step(api: Api, chain: Any, worker: Any):
    """The new workflow begins with what came before the step"""
    handle = chain.invoke()
    worker.work()
    failed_step = next(step for step in api.get(f"executions/{handle.id}").json["steps"] if step["status"] == "failed")
    told = api.post(f"executions/{handle.id}/replay", {"from_step": failed_step["step"], "params": {"n": 5}})
    assert (told.status, told.json["replay_of"]) == (202, handle.id)
    assert ("first", "succeeded") in {(step["step"], step["status"]) for step in told.json["steps"]}


def test_events(api: Api, review: Any, worker: Any):
    handle = review.invoke()
    worker.work()
    key = {"IDEMPOTENCY_KEY": "e"}
    first = api.post(f"executions/{handle.id}/events", {"name": "review", "payload": {"ok": True}}, **key)
    assert (first.status, first.json["status"]) == (200, "queued")
    worker.work()
    again = api.post(f"executions/{handle.id}/events", {"name": "review", "payload": {"ok": True}}, **key)
    assert (again.status, again.headers["Idempotent-Replayed"], again.json["result"]) == (200, "true", {"ok": True})
    other = api.post(f"executions/{handle.id}/events", {"name": "review", "payload": 2}, **key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    late = api.post(f"executions/{handle.id}/events", {"name": "review"})
    assert (late.status, late.code) == (409, "already_finished")
    plain = api.post(f"executions/{succeeded(worker)}/events", {"name": "review"})
    assert (plain.status, plain.code) == (422, "not_a_workflow")
    for body in ({}, {"name": ""}, {"name": "x" * 101}, {"name": 1}):
        assert api.post(f"executions/{handle.id}/events", body).status == 422


def test_bodies_of_verbs(api: Api, worker: Any):
    """Nothing is an empty body; anything else must be right"""
    id_ = failed(worker)
    assert api.post(f"executions/{id_}/retry", b"[]").code == "invalid_body"
    assert api.post(f"executions/{id_}/retry", b"{").code == "invalid_json"
    assert api.post(f"executions/{id_}/retry", {"reasons": "x"}).paths() == ["reasons"]
    assert api.post(f"executions/{id_}/retry", {"reason": 3}).paths() == ["reason"]
    assert api.post(f"executions/{id_}/retry?force=1").code == "invalid_query"
    assert api.post(f"executions/{id_}/retry").status == 200


BAD_IDS = (
    "x", "exec_", "exec_" + "z" * 26, "exec_01ky8n52m7e8svka0s3t7vtbm", "exec_01ky8n52m7e8svka0s3t7vtbmw",
    "0190b0c4-7a3e-7000-8000-000000000000", "' OR 1=1 --", "x" * 10_000, "%00", "%2e%2e", "exec_%F0%9F%98%80", "null",
)  # fmt: skip


def test_ids_that_are_none(api: Api):
    """B26: 404 in all cases, for every verb"""
    for id_ in BAD_IDS:
        for path in ("", "/retry", "/run-now", "/cancel", "/resolve", "/replay", "/events"):
            method = "POST" if path else "GET"
            answer = api.send(method, f"/api/v1/executions/{id_}{path}", {} if path else None)
            assert (answer.status, answer.code) == (404, "execution_not_found"), (id_[:40], path)


def test_bulk_retry(api: Api, worker: Any):
    """B34: an answer for each"""
    good, ended, unknown = failed(worker), succeeded(worker), BAD_IDS[4]
    answer = api.post("executions/bulk-retry", {"ids": [good, ended, unknown, "nonsense"], "reason": "all of them"})
    assert answer.status == 200
    told = [(one["id"], one["outcome"], one.get("code")) for one in answer.json["items"]]
    assert told == [
        (good, "done", None),
        (ended, "skipped", "not_retryable"),
        (unknown, "failed", "execution_not_found"),
        ("nonsense", "failed", "execution_not_found"),
    ]
    assert column(good, "status") == "queued"
    for ids in ([], [unknown] * 1_001, "x", [1]):
        assert api.post("executions/bulk-retry", {"ids": ids}).status == 422
    assert api.post("executions/bulk-retry", {"ids": [unknown]}).status == 200


def test_pauses(api: Api, engine: None):
    """Actions and queues, once and once more"""
    from actions.engine.sync import sync

    sync()
    for path in ("actions/test-noop", "queues/default"):
        told = api.post(f"{path}/pause", {"reason": "maintenance"}).json
        assert (told["name"], told["paused"], told["changed"]) == (path.partition("/")[2], True, True)
        assert api.post(f"{path}/pause").json["changed"] is False
        told = api.post(f"{path}/resume").json
        assert (told["name"], told["paused"], told["changed"]) == (path.partition("/")[2], False, True)
    told = api.get("actions/test-noop").json
    assert told["paused"] is None
    api.post("actions/test-noop/pause", {"reason": "why"})
    assert api.get("actions/test-noop").json["paused"]["reason"] == "why"
    for path in ("actions/none/pause", "queues/none/pause", "queues/%00/pause"):
        assert api.send("POST", f"/api/v1/{path}", {}).status == 404
    assert rows("SELECT count(*) FROM actions_auditentry WHERE verb = 'action.paused'") == [(2,)]
