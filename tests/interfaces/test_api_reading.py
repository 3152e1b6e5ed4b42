"""What can be seen by the API: lists, pages, actions, the audit, and nothing of what a key may not read."""

import json
import re
import time
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.staticfiles import finders
from openapi_spec_validator import validate

from actions.engine.keys import create, revoke
from actions.engine.sync import sync
from tests.app import actions as app
from tests.interfaces.api import OPERATOR, Api, api, caller
from tests.interfaces.processes import chain, moody
from tests.stage import Elsewhere, compose, crew, declare, engine, value, worker

__all__ = ["api", "caller", "chain", "compose", "crew", "declare", "engine", "moody", "worker"]


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer.json["items"]]


def everything(api: Api, **query: Any) -> list[str]:
    """All pages."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(50):
        answer = api.get("executions", {**query, **cursor})
        assert answer.status == 200
        found += ids(answer)
        if answer.json["next"] is None:
            return found
        cursor = {"cursor": answer.json["next"]}
    raise AssertionError("the list has no end")


def test_lists(api: Api, worker: Any):
    """The newest first, in pages, by any filter and by the search's grammar"""
    made = [
        api.post("actions/test-noop/executions", {"params": {}, "tags": [f"t{n % 2}"]}).json["id"] for n in range(7)
    ]
    keyed = api.start("test-give-up", IDEMPOTENCY_KEY="order-7").json["id"]
    worker.work()
    assert everything(api) == [keyed, *reversed(made)]
    assert everything(api, limit=3) == [keyed, *reversed(made)]
    assert everything(api, limit=2, tag="t1") == [made[5], made[3], made[1]]
    assert everything(api, action="test-give-up") == [keyed]
    assert everything(api, status="failed") == everything(api, idempotency_key="order-7") == [keyed]
    assert everything(api, status=["failed", "succeeded"], queue="default", limit=200) == [keyed, *reversed(made)]
    assert everything(api, q="state:failed action:test-*") == [keyed]
    assert everything(api, q="action:test-noop", tag="t0", limit=3) == [made[n] for n in (6, 4, 2, 0)]
    item = api.get("executions", {"q": f"id:{keyed}"}).json["items"][0]
    whole = api.get(item["url"]).json
    assert item.keys() < whole.keys()
    assert {name: whole[name] for name in item if name != "error"} == {
        name: text for name, text in item.items() if name != "error"
    }
    assert (whole["error"]["code"], item["error"]["code"]) == ("gave_up", "gave_up")


def test_searches_that_cannot_be_read(api: Api):
    """B29: every fault"""
    answer = api.get("executions", {"q": "stat:failed state:lost"})
    assert (answer.status, answer.code, answer.paths()) == (400, "invalid_query", ["q", "q"])


def test_one_with_everything(api: Api, chain: Any, worker: Any):
    """Attempts, steps, error; no traceback anywhere"""
    handle = chain.invoke()
    worker.work()
    told = api.get(f"executions/{handle.id}")
    assert told.json["steps"][0]["step"] == "first"
    failed = next(step for step in told.json["steps"] if step["status"] == "failed")
    step = api.get(f"executions/{failed['id']}").json
    assert step["workflow"] == handle.id
    assert step["attempts"][0]["outcome"] == "failed"
    assert step["attempts"][0]["error"]["message"] == "bad mood 1"
    for answer in (told, api.get(f"executions/{failed['id']}")):
        assert "traceback" not in answer.raw.decode()


def test_actions(api: Api, caller: Any):
    sync()
    listed = {action["name"]: action for action in api.get("actions").json["items"]}
    assert listed["test-noop"]["effects"] == "database"
    one = api.get(listed["test-noop"]["url"]).json
    assert one["params_schema"]["properties"]["n"]["type"] == "integer"
    assert one["policies"]["retry"]["max_attempts"] == 3
    assert api.get("actions/none").status == 404
    narrow = caller("action:test-e*:read", "action:test-noop:read")
    names = [action["name"] for action in narrow.get("actions").json["items"]]
    assert names == sorted(name for name in listed if name.startswith("test-e") or name == "test-noop")
    for name in ("test-write", "none"):
        answer = narrow.get(f"actions/{name}")
        assert (answer.status, answer.code) == (403, "forbidden")
        assert f"action:{name}:read" in answer.json["detail"]


def test_others_are_not_there(api: Api, caller: Any, worker: Any):
    """S-02, B26: executions of actions that a key may not read are no executions, for every endpoint"""
    mine, other = api.start("test-noop").json["id"], api.start("test-echo", {"value": 1}).json["id"]
    narrow = caller("action:test-noop:read", "action:test-noop:retry", "action:test-write:cancel")
    assert everything(narrow) == [mine]
    assert everything(narrow, action="test-echo") == everything(narrow, q=f"id:{other}") == []
    assert narrow.get(f"executions/{mine}").status == 200
    for path in ("", "/retry", "/run-now", "/cancel", "/resolve", "/replay", "/events"):
        answer = narrow.send("POST" if path else "GET", f"/api/v1/executions/{other}{path}", {} if path else None)
        assert (answer.status, answer.code) == (404, "execution_not_found"), path
    assert narrow.get(f"executions/{other}/waits-for").code == "execution_not_found"
    unknown = narrow.get("executions/exec_01ky8n52m7e8svka0s3t7vtbmw").json
    hidden = narrow.get(f"executions/{other}").json
    assert hidden["detail"].replace(other, "x") == unknown["detail"].replace("exec_01ky8n52m7e8svka0s3t7vtbmw", "x")
    refused = narrow.post(f"executions/{mine}/cancel")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert "action:test-noop:cancel" in refused.json["detail"]
    told = narrow.post("executions/bulk-retry", {"ids": [other, mine]}).json["items"]
    assert [(one["outcome"], one["code"]) for one in told] == [
        ("failed", "execution_not_found"),
        ("skipped", "not_retryable"),
    ]
    assert caller("audit:read").get("executions").json["items"] == []


SCOPES = {
    "read": ("GET", "actions/test-noop", None),
    "trigger": ("POST", "actions/test-noop/executions", {"params": {}}),
    "retry": ("POST", "executions/{id}/retry", {}),
    "run_now": ("POST", "executions/{id}/run-now", {}),
    "cancel": ("POST", "executions/{id}/cancel", {}),
    "force_stop": ("POST", "executions/{id}/cancel", {"force": True}),
    "resolve": ("POST", "executions/{id}/resolve", {"answer": "give_up", "reason": "x"}),
    "replay": ("POST", "executions/{id}/replay", {}),
    "emit": ("POST", "executions/{id}/events", {"name": "x"}),
    "pause": ("POST", "actions/test-noop/pause", {}),
}


def test_scopes(api: Api, caller: Any):
    """B25, I-21: each verb needs its own scope, which the refusal names; the refusal is audited"""
    sync()
    id_ = api.start("test-noop").json["id"]
    for verb, (method, path, body) in SCOPES.items():
        others = [f"action:*:{other}" for other in SCOPES if other not in {verb, "read"}]
        others += [f"action:test-e*:{verb}"] + ([] if verb == "read" else ["action:*:read"])
        lacking = caller(*others)
        before = value("SELECT count(*) FROM actions_auditentry WHERE verb = 'access.denied'")
        answer = lacking.send(method, path.format(id=id_), body)
        assert (answer.status, answer.code) == (403, "forbidden"), verb
        assert f"action:test-noop:{verb}" in answer.json["detail"], verb
        assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'access.denied'") == before + 1, verb
    lacking = caller("action:*:pause")
    for path, scope in (
        ("queues/default/pause", "queue:default:pause"),
        ("queues/default/resume", "queue:default:pause"),
    ):
        answer = lacking.post(path)
        assert (answer.status, answer.code, scope in answer.json["detail"]) == (403, "forbidden", True)
    for path, scope in (("audit", "audit:read"), ("audit/export", "audit:export")):
        answer = lacking.get(path)
        assert (answer.status, answer.code, scope in answer.json["detail"]) == (403, "forbidden", True)


def test_read_only(api: Api, settings: Any):
    """Everything can be looked at, and nothing is changed"""
    sync()
    id_ = api.start("test-noop").json["id"]
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    for verb, (method, path, body) in SCOPES.items():
        answer = api.send(method, path.format(id=id_), body)
        expected = (200, None) if verb == "read" else (403, "read_only")
        assert (answer.status, answer.json.get("code")) == expected, verb
    assert api.get(f"executions/{id_}").status == api.get("executions").status == api.get("audit").status == 200


def test_no_key(api: Api):
    """B24: the same words for whatever is wrong with a key; never from the query string, a cookie or a form"""
    nobody = Api("")
    texts = set()
    for header in (None, "", "Bearer", f"Basic {api.key}", api.key, f"Bearer {api.key[:-1]}", f"Bearer {api.key[:-1]}x",
                   "Bearer do_live_" + "0" * 60, f"Bearer {api.key} {api.key}", "Bearer " + "x" * 10_000, "Bearer \xff",
                   f"Bearer {api.key.replace('live', 'test')}"):  # fmt: skip
        answer = nobody.get("actions", AUTHORIZATION=header)
        assert (answer.status, answer.code) == (401, "unauthenticated"), header
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        texts.add(answer.json["detail"])
    assert len(texts) == 1
    for query in (
        {"api_key": api.key},
        {"key": api.key},
        {"access_token": api.key},
        {"authorization": f"Bearer {api.key}"},
    ):
        assert nobody.get("actions", query, AUTHORIZATION=None).status == 401
    assert nobody.send("POST", "actions/test-noop/executions", {"params": {}}, AUTHORIZATION=None).status == 401
    assert nobody.get("actions", AUTHORIZATION=f"bearer {api.key}").status == 200


def test_revoked_keys(api: Api):
    """I-22: refused after half a second at the latest"""
    assert api.get("actions").status == 200
    revoke.revoke(api.key[8:16], actor=OPERATOR, reason="leaked")
    time.sleep(0.55)
    assert api.get("actions").status == 401


def test_rates(api: Api, caller: Any):
    """B36: 429 with Retry-After; others are unaffected"""
    eager = caller(rate=2)
    statuses = [eager.get("actions").status for _ in range(8)]
    assert statuses[:4] == [200] * 4
    assert statuses[-1] == 429
    answer = eager.get("actions")
    assert (answer.code, int(answer.headers["Retry-After"]) >= 1) == ("rate_limited", True)
    assert api.get("actions").status == 200


def test_users_keys_without_the_permission_see_no_payload(engine: None, caller: Any):
    """A key of a user may do no more than the user"""
    handle = app.echo.invoke(value="canary-7")
    user = User.objects.create_user("vera")
    user.user_permissions.add(Permission.objects.get(codename="view_execution"))
    new = create.create(scopes=["action:*:read", "action:*:cancel"], user="vera", rate=1_000, actor=OPERATOR)
    caller("audit:read")
    vera = Api(new.text)
    answer = vera.get(f"executions/{handle.id}")
    assert (answer.status, answer.json["params"], answer.json["result"]) == (200, None, None)
    assert "canary-7" not in answer.raw.decode()
    assert vera.get("executions", {"q": "input.value:canary-7"}).status == 400
    assert vera.post(f"executions/{handle.id}/cancel").status == 403


def test_audit(api: Api, caller: Any):
    """Looked at in pages, by execution, action, verb and actor; taken along as NDJSON, which is audited itself"""
    id_ = api.start("test-noop").json["id"]
    api.post(f"executions/{id_}/cancel", {"reason": "no use"})
    page = api.get("audit", {"execution": id_}).json
    assert [entry["verb"] for entry in page["items"]] == ["execution.cancelled", "execution.accepted"]
    assert page["items"][0]["reason"] == "no use"
    first = api.get("audit", {"execution": id_, "limit": 1}).json
    second = api.get("audit", {"execution": id_, "limit": 1, "cursor": first["next"]}).json
    assert [*first["items"], *second["items"]] == page["items"]
    assert second["next"] is None
    assert len(api.get("audit", {"verb": "execution.cancelled", "action": "test-noop"}).json["items"]) == 1
    assert api.get("audit", {"execution": "nonsense"}).json["items"] == []
    export = api.get("audit/export", {"execution": id_})
    assert (export.status, export.kind) == (200, "application/x-ndjson")
    assert [json.loads(line) for line in export.raw.splitlines()] == page["items"][::-1]
    assert api.get("audit", {"verb": "audit.exported"}).json["items"][0]["data"] == {
        "execution": id_,
        "format": "ndjson",
        "request": export.headers["X-Request-Id"],
    }
    assert api.send("HEAD", "audit/export").status == 200


def test_waiting_for_an_end(api: Api, worker: Any):
    """A long poll, and Prefer: wait: 200 once it has ended, as it stands when the time is up"""
    id_ = api.start("test-echo", {"value": 5}).json["id"]
    assert api.get(f"executions/{id_}", {"wait": "0.2"}).json["status"] == "queued"
    waiting = Elsewhere(lambda: api.get(f"executions/{id_}", {"wait": "20"}))
    worker.work()
    told = waiting.outcome()
    assert (told.status, told.json["status"], told.json["result"]) == (200, "succeeded", 5)
    assert told.headers["Preference-Applied"] == "wait=20"
    late = api.start("test-echo", {"value": 5}, PREFER="wait=0.1", IDEMPOTENCY_KEY="k")
    assert (late.status, late.json["status"]) == (202, "queued")
    worker.work()
    again = api.start("test-echo", {"value": 5}, PREFER="wait=5", IDEMPOTENCY_KEY="k")
    assert (again.status, again.json["status"], again.headers["Idempotent-Replayed"]) == (200, "succeeded", "true")


def test_callbacks(api: Api):
    """B35: a URL that leads inside is refused"""
    for url in (
        "http://127.0.0.1/x",
        "https://[::1]/",
        "https://user:pass@example.com/",
        "file:///etc/passwd",
        "https://2130706433/",
    ):
        body = {"params": {}, "callback": {"url": url}}
        answer = api.post("actions/test-noop/executions", body)
        assert (answer.status, answer.code, answer.paths()) == (422, "url_not_allowed", ["callback.url"]), url
    good = {"params": {}, "callback": {"url": "https://example.com/hook"}}
    assert api.post("actions/test-noop/executions", good).status == 202
    assert api.post("actions/test-noop/executions", {**good, "callback": {"url": 1, "x": 2}}).status == 422
    assert value("SELECT count(*) FROM actions_execution WHERE has_callback") == 1


def test_the_documents(api: Api):
    """OpenAPI 3.1, valid; a page that loads nothing from elsewhere and needs no inline script"""
    nobody = Api("")
    told = nobody.get("openapi.json", AUTHORIZATION=None)
    document = told.json
    assert document["openapi"].startswith("3.1")
    validate(document)
    assert document["paths"]["/api/v1/actions/{name}/executions"]["post"]["security"] == [{"Bearer": []}]
    page = nobody.client.get("/api/v1/docs")
    text = page.content.decode()
    assert page.headers["Content-Type"].startswith("text/html")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "//" not in text.replace("<!DOCTYPE html>", "")
    sources = re.findall(r'(?:src|href)="/static/([^"]+)"', text)
    assert len(sources) == 3
    assert all(finders.find(source) for source in sources)


@pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/openapi.json"])
def test_the_documents_take_only_get(api: Api, path: str):
    assert api.send("POST", path, {}).status == 405


def test_no_operation_takes_a_query_that_it_does_not_know(api: Api):
    """B29: a misspelt filter is not silently everything, and a `?wait=` at a POST is not silently nothing"""
    sync()
    known = {"{name}": "test-echo", "{execution_id}": api.start("test-echo", {"value": 1}).json["id"]}
    asked = 0
    for path, operations in api.get("openapi.json").json["paths"].items():
        place = path
        for name, there in known.items():
            place = place.replace(name, there if "queues" not in path else "default")
        for method in operations:
            body = {"params": {"value": 1}} if place.endswith("/executions") else None
            answer = api.send(method.upper(), place, body if method == "post" else None, query={"colour": "blue"})
            assert (answer.status, answer.code, answer.paths()) == (400, "invalid_query", ["colour"]), (method, path)
            asked += 1
    assert asked > 15
