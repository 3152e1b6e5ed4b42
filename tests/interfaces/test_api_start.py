"""POST of executions: accepted, repeated, refused; RELIABILITY.md section 3 to the letter."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from actions import Actor
from actions.definitions.engine import Invocation
from actions.definitions.registry import registry
from actions.engine.accept import accept
from actions.queries import representation
from tests.interfaces.api import Api, api, caller
from tests.stage import PATIENCE, Elsewhere, crew, declare, engine, rows, value, worker

__all__ = ["api", "caller", "crew", "declare", "engine", "worker"]


def count() -> int:
    return int(value("SELECT count(*) FROM actions_execution"))


def test_accepted(api: Api):
    """202 with Location and the representation, and what GET says of it later is the same"""
    answer = api.start("test-echo", {"value": {"é": [1, 2.5, None]}})
    assert answer.status == 202
    told = answer.json
    assert answer.headers["Location"] == told["url"] == f"/api/v1/executions/{told['id']}"
    assert told["status"] == "queued"
    assert told["params"] == {"value": {"é": [1, 2.5, None]}}
    assert "Idempotent-Replayed" not in answer.headers
    assert api.get(told["url"]).json == told
    assert told["actor"] == {
        "kind": "api_key",
        "id": f"service:{api.account}",
        "label": f"{api.account} · {api.key[:16]}",
    }


def test_accepted_with_options(api: Api):
    at = datetime.now(UTC) + timedelta(days=300)
    sent = {"params": {}, "available_at": at.isoformat(), "priority": 7, "tags": ["a", "b", "a"]}
    told = api.post("actions/test-noop/executions", sent).json
    assert told["priority"] == 7
    assert told["tags"] == ["a", "b"]
    assert datetime.fromisoformat(told["available_at"]) == at
    assert api.get(told["url"]).json == told


def test_repeated(api: Api, worker: Any):
    """B21: the same key and body: 200 with the execution as it stands now, whatever became of it"""
    key = {"IDEMPOTENCY_KEY": "order-1"}
    first = api.start("test-echo", {"value": 1}, **key)
    assert first.status == 202
    again = api.start("test-echo", {"value": 1}, **key)
    assert again.status == 200
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert again.json == first.json
    worker.work()
    ended = api.start("test-echo", {"value": 1}, **key)
    assert (ended.status, ended.json["status"], ended.json["result"]) == (200, "succeeded", 1)
    assert count() == 1


def test_repeated_after_a_failure(api: Api, worker: Any):
    """Section 3, 5: no automatic new run"""
    key = {"IDEMPOTENCY_KEY": '"quoted"'}
    api.start("test-give-up", **key)
    worker.work()
    again = api.start("test-give-up", IDEMPOTENCY_KEY="quoted")
    assert (again.status, again.json["status"], again.json["attempt"]) == (200, "failed", 1)
    assert again.json["error"]["code"] == "gave_up"
    assert "traceback" not in again.json["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"params": {"value": {"a": 1, "b": [1, 2]}}}', 200),
        (b'{ "params" : { "value" : { "b" : [1.0, 2e0],\n "a" : 1 } } }', 200),
        (b'{"params": {"value": {"a": 1, "b": [1, 2]}}, "priority": 3, "tags": ["x"]}', 200),
        (b'{"params": {"value": {"a": 1, "b": [2, 1]}}}', 422),
        (b'{"params": {"value": {"a": "1", "b": [1, 2]}}}', 422),
        (b'{"params": {"value": {"a": 1, "b": [1, 2]}}, "available_at": "2026-01-01T00:00:00Z"}', 422),
    ],
)
def test_same_key_other_body(api: Api, body: bytes, status: int):
    """B22: another body is refused with the original's id; order, spaces and 1 for 1.0 are the same body"""
    key = {"IDEMPOTENCY_KEY": "k"}
    first = api.start("test-echo", {"value": {"a": 1, "b": [1, 2]}}, **key)
    again = api.post("actions/test-echo/executions", body, **key)
    assert again.status == status
    if status == 422:
        assert again.code == "idempotency_key_reused"
        assert again.json["original"] == first.json["id"]
        assert again.json["original_created_at"] == first.json["created_at"]
    else:
        assert again.json["id"] == first.json["id"]
    assert count() == 1


def test_same_key_elsewhere(api: Api, caller: Any):
    """B23: another action, or another principal: a new execution; another key of the same principal: the same one"""
    key = {"IDEMPOTENCY_KEY": "k"}
    first = api.start("test-noop", **key).json["id"]
    assert api.start("test-echo", {"value": 1}, **key).status == 202
    assert caller().start("test-noop", **key).status == 202
    rotated = caller(account=api.account)
    assert rotated.key != api.key
    again = rotated.start("test-noop", **key)
    assert (again.status, again.json["id"]) == (200, first)


@pytest.mark.parametrize(
    "key",
    ["", " ", "a b", '"', '"half', 'half"', '""', "x" * 256, "ключ", "a,b", '"a","b"', "a;b", "a\\b", '"a"b"', "a\x00"],
)
def test_keys_that_are_none(api: Api, key: str):
    """B20; two headers arrive as one with a comma"""
    answer = api.start("test-noop", IDEMPOTENCY_KEY=key)
    assert (answer.status, answer.code) == (400, "idempotency_key_invalid")
    assert count() == 0


@pytest.mark.parametrize("key", ["x" * 255, '"' + "x" * 255 + '"', "A-z0.9_:/@+=-"])
def test_keys_that_are_some(api: Api, key: str):
    assert api.start("test-noop", IDEMPOTENCY_KEY=key).status == 202


def test_key_required(api: Api, declare: Any):
    """B19, with a link to what explains it"""

    @declare("api-keyed", idempotency="required")
    def act() -> None:
        pass

    answer = api.start("api-keyed")
    assert (answer.status, answer.code) == (400, "idempotency_key_required")
    assert answer.headers["Link"] == '</api/v1/docs>; rel="help"'
    assert api.start("api-keyed", IDEMPOTENCY_KEY="k").status == 202


def test_refusals_leave_the_key_free(api: Api):
    """Section 3, 8: what was refused has not consumed its key"""
    key = {"IDEMPOTENCY_KEY": "k"}
    assert api.start("test-echo", {}, **key).status == 422
    assert api.post("actions/test-echo/executions", b"{", **key).status == 400
    assert api.start("test-echo", {"value": 1}, **key, content_type="text/plain").status == 415
    assert api.start("test-echo", {"value": 2}, **key).status == 202


def test_unknown_action(api: Api, caller: Any):
    """B13: 404 with a likely name, among those that the key may trigger"""
    answer = api.start("test-ehco")
    assert (answer.status, answer.code) == (404, "action_not_found")
    assert "Did you mean test-echo?" in answer.json["detail"]
    narrow = caller("action:test-n*:trigger", "action:test-ehco:trigger")
    assert "test-echo" not in narrow.start("test-ehco").json["detail"]
    for name in ("x" * 200, "Ünknown", "a%00b", "..", "'; DROP TABLE x; --", "test-echo@2"):
        assert api.send("POST", f"/api/v1/actions/{name}/executions", {"params": {}}).status == 404, name


def test_action_switched_off(api: Api, settings: Any):
    """B13"""
    settings.DOPLATFORM = {**settings.DOPLATFORM, "ACTIONS_DISABLED": ("test-noop",)}
    answer = api.start("test-noop")
    assert (answer.status, answer.code) == (409, "action_disabled")


@pytest.fixture
def strict(declare: Any) -> None:
    """An action with a schema."""
    from typing import Annotated, Literal

    from pydantic import Field

    @declare("api-strict")
    def act(
        number: int,
        share: float = 0.5,
        colour: Literal["red", "green"] = "red",
        few: Annotated[int, Field(ge=1, le=3)] = 1,
        flag: bool = False,
        nested: dict[str, list[int]] = {},  # noqa: B006
    ) -> None:
        pass


def test_params_with_every_fault_told(api: Api, strict: None):
    """B14: missing, extra, wrong type, enum, min and max, nested, and the faults of the body around them: all at once"""
    sent = {
        "params": {"colour": "blue", "few": 9, "flag": 1, "nested": {"a": [1, "2"]}, "strange": True},
        "priority": "high",
        "tags": ["", 3],
        "unknown": None,
    }
    answer = api.post("actions/api-strict/executions", sent)
    assert answer.status == 422
    assert sorted(answer.paths()) == sorted(
        [
            "priority", "tags[0]", "tags[1]", "unknown",
            "params.number", "params.colour", "params.few", "params.flag", "params.nested.a[1]", "params.strange",
        ]
    )  # fmt: skip
    only = api.start("api-strict", {"number": 1, "few": 0})
    assert (only.status, only.code, only.paths()) == (422, "invalid_params", ["params.few"])
    assert count() == 0


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"number": "5"}, 422),
        ({"number": 5.0}, 422),
        ({"number": True}, 422),
        ({"number": 5, "share": 1}, 202),
        ({"number": 5, "share": 1.0}, 202),
        ({"number": 5, "flag": 1}, 422),
    ],
)
def test_nothing_is_converted(api: Api, strict: None, params: dict[str, Any], status: int):
    """B15"""
    assert api.start("api-strict", params).status == status


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "👩‍👩‍👧‍👦 \U0001f600", "\u202eevil", "z͓̯͙̒͢a͉̳̓l̨͚̇g͖̉o", "w" * 60_000,
        "'; DROP TABLE actions_execution; --", "{{7*7}}", "%s%n", "${jndi:ldap://x}", "\x7f\x80",
    ],
)  # fmt: skip
def test_any_text_is_text(api: Api, text: str):
    """B16, B17"""
    answer = api.start("test-echo", {"value": text})
    assert answer.status == 202
    assert api.get(answer.json["url"]).json["params"] == {"value": text}
    assert api.get(answer.json["url"]).kind == "application/json"


def test_any_name_is_a_name(api: Api):
    """B18"""
    params = {"value": {"__proto__": 1, "constructor": 2, "": 3, "a.b": 4, "a[0]": 5}}
    told = api.start("test-echo", params).json
    assert api.get(told["url"]).json["params"] == params


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2020-01-01T00:00:00Z", 202),
        ("2020-01-01 00:00:00.123456789+02:00", 202),
        ("2999-01-01T00:00:00Z", 422),
        ("2026-01-01T00:00:00", 422),
        ("9999-12-31T23:59:59-12:00", 422),
        ("0001-01-01T00:00:00+12:00", 422),
        ("2026-13-01T00:00:00Z", 422),
        ("2026-06-30T23:59:60Z", 422),
        ("2026-02-30T00:00:00Z", 422),
        ("2026-01-01", 422),
        ("20260101T000000Z", 422),
        ("tomorrow", 422),
        (1_700_000_000, 422),
    ],
)
def test_available_at(api: Api, at: Any, status: int):
    """B28"""
    answer = api.post("actions/test-noop/executions", {"params": {}, "available_at": at})
    assert answer.status == status
    if status == 422:
        assert answer.paths() == ["available_at"]
        assert count() == 0


def test_many(api: Api):
    """All are stored, or none is"""
    items = [{"params": {"value": n}, "idempotency_key": f"k{n}"} for n in range(3)]
    first = api.post("actions/test-echo/executions/bulk", {"items": items})
    assert first.status == 202
    assert [one["replayed"] for one in first.json["items"]] == [False] * 3
    again = api.post("actions/test-echo/executions/bulk", {"items": [*items, {"params": {"value": 9}}]})
    assert [one["replayed"] for one in again.json["items"]] == [True] * 3 + [False]
    assert [one["id"] for one in again.json["items"][:3]] == [one["id"] for one in first.json["items"]]
    assert count() == 4


def test_many_with_faults(api: Api, strict: None):
    """B14: of all items at once; nothing is stored"""
    bad = {"items": [{"params": {"number": 1}}, {"params": {"number": "x"}}, {"params": {"number": 1, "few": 7}}]}
    answer = api.post("actions/api-strict/executions/bulk", bad)
    assert (answer.status, answer.paths()) == (422, ["items[1].params.number", "items[2].params.few"])
    assert api.post("actions/api-strict/executions/bulk", {"items": []}).status == 422
    many = {"items": [{"params": {"number": 1}}] * 1_001}
    assert api.post("actions/api-strict/executions/bulk", many).status == 422
    twins = {"items": [{"params": {"number": 1}, "idempotency_key": "k"}] * 2}
    assert api.post("actions/api-strict/executions/bulk", twins).status in {400, 422}
    invalid = {"items": [{"params": {"number": 1}, "idempotency_key": "no way"}]}
    assert api.post("actions/api-strict/executions/bulk", invalid).code == "idempotency_key_invalid"
    assert count() == 0
    assert api.post("actions/api-strict/executions/bulk", {"items": bad["items"][:1] * 1_000}).status == 202
    assert count() == 1_000


def test_another_request_holds_the_key(api: Api):
    """Section 3, 7: 409 with Retry-After, after two seconds at most; then as if nothing had been"""
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            actor = Actor("api_key", f"service:{api.account}", "the same")
            invocation = Invocation(params={}, idempotency_key="k", actor=actor)
            accept(registry.find("test-noop"), invocation)
            held.set()
            assert go.wait(PATIENCE)
            transaction.set_rollback(True)

    holder = Elsewhere(hold)
    assert held.wait(PATIENCE)
    begun = time.monotonic()
    answer = api.start("test-noop", IDEMPOTENCY_KEY="k")
    assert 1.5 < time.monotonic() - begun < 4
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (409, "idempotency_in_progress", "1")
    go.set()
    holder.outcome()
    assert api.start("test-noop", IDEMPOTENCY_KEY="k").status == 202
    assert value("SHOW lock_timeout") == "0"


def test_statements(api: Api, django_assert_num_queries: Any):
    """What a request costs beside its key: the one statement that accepts; one to look"""
    told = api.start("test-noop").json
    seen: list[str] = []
    original = representation._row

    def counted(row_id: Any) -> Any:
        seen.append("look")
        return original(row_id)

    representation._row = counted
    try:
        api.start("test-noop")
        assert seen == []
        api.get(told["url"])
        assert seen == ["look"]
        with django_assert_num_queries(0):  # none by Django's own cursors
            api.get(told["url"])
            api.start("test-noop")
    finally:
        representation._row = original


def test_secret_params_stay_secret(api: Api):
    """Dots wherever it is shown"""
    name = next(one.name for one in registry if one.params.secret and one.name.startswith("test-"))
    secret = sorted(registry.find(name).params.secret)
    params = dict.fromkeys(secret, "canary-51f0")
    answer = api.start(name, params)
    if answer.status == 202:
        assert "canary-51f0" not in answer.raw.decode()
        assert "canary-51f0" not in api.get(answer.json["url"]).raw.decode()


def test_who_is_told_in_the_audit(api: Api):
    api.start("test-noop")
    assert rows("SELECT verb, actor_kind, actor_id FROM actions_auditentry WHERE verb = 'execution.accepted'") == [
        ("execution.accepted", "api_key", f"service:{api.account}")
    ]


def test_where_nothing_may_be_changed(api: Api, settings: Any):
    """READ_ONLY: no execution is started, the refusal is audited, and reading goes on"""
    held = api.start("test-noop").json["id"]
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    many = api.post("actions/test-noop/executions/bulk", {"items": [{"params": {}}]})
    for answer in (
        api.start("test-noop"),
        many,
        api.post(f"executions/{held}/cancel"),
        api.post("queues/default/pause"),
    ):
        assert (answer.status, answer.code) == (403, "read_only")
    assert count() == 1
    denied = rows("SELECT data->>'verb' FROM actions_auditentry WHERE verb = 'access.denied' ORDER BY id")
    assert denied == [("trigger",), ("trigger",), ("cancel",), ("pause",)]
    assert api.get(f"executions/{held}").status == 200
