"""What accept takes in, what it refuses, and what it stores."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal

import pydantic
import pytest

from actions import InvalidParams
from actions.definitions.engine import Invocation
from actions.engine import dispatch
from actions.engine.accept import accept
from actions.errors import InvalidInput
from tests.app import actions as app
from tests.stage import ALICE, columns, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


class Item(pydantic.BaseModel):
    sku: str
    pieces: int = pydantic.Field(ge=1, le=10)


def stored() -> tuple[int, int]:
    return value("SELECT count(*) FROM actions_execution"), value("SELECT count(*) FROM actions_auditentry")


def raw(action: Any, params: dict[str, Any]) -> Any:
    """What a face does with JSON from outside: no Python types in between."""
    return accept(action, Invocation(params=params))


@pytest.fixture
def order(declare: Any) -> Any:
    @declare("stage-order")
    def order(items: list[Item], kind: Literal["a", "b"], share: float = 0.5, sure: bool = True) -> None: ...

    return order


def test_an_accepted_execution_is_queued_with_one_audit_entry_of_the_same_transaction():
    """I-01, I-09"""
    handle = app.noop.invoke(n=1, text="x", actor=ALICE, priority=-3, tags=["a", "a", "b"])
    row = columns(handle)
    assert handle.status == "queued"
    assert (row["params"], row["attempt"], row["tries"], row["losses"]) == ({"n": 1, "text": "x"}, 0, 0, 0)
    assert (row["actor_kind"], row["actor_id"], row["actor_label"]) == ("system", "alice", "Alice")
    assert (row["priority"], row["tags"], row["queue"]) == (-3, ["a", "b"], "default")
    assert verbs(handle) == ["accepted"]
    same = value(
        "SELECT execution.xmin = entry.xmin FROM actions_execution AS execution, actions_auditentry AS entry "
        "WHERE entry.execution_id = execution.id"
    )
    assert same
    assert value("SELECT data->>'params' FROM actions_auditentry") == row["fingerprint"]


def test_all_faults_of_the_params_are_told_at_once_and_nothing_is_stored(order: Any):
    """B14"""
    before = stored()
    with pytest.raises(InvalidParams) as caught:
        raw(order, {"items": [{"sku": "x", "pieces": 0}, {"pieces": 11}], "kind": "c", "stranger": 1})
    assert {problem.path for problem in caught.value.problems} == {
        "items[0].pieces", "items[1].sku", "items[1].pieces", "kind", "stranger",
    }  # fmt: skip
    assert caught.value.code == "invalid_params"
    for path in ("items[0].pieces", "stranger"):
        assert path in caught.value.message
    assert stored() == before


@pytest.mark.parametrize("wrong", ["5", 1.5, 1.0, True, None, [5], {"n": 5}])
def test_nothing_is_taken_for_an_integer_that_is_none(wrong: Any):
    """B15"""
    with pytest.raises(InvalidParams) as caught:
        raw(app.noop, {"n": wrong})
    assert caught.value.path == "n"
    assert stored() == (0, 0)


@pytest.mark.parametrize("wrong", [1, "true", "yes", None])
def test_nothing_is_taken_for_a_boolean_that_is_none(order: Any, wrong: Any):
    """B15"""
    with pytest.raises(InvalidParams):
        raw(order, {"items": [], "kind": "a", "sure": wrong})


def test_a_whole_number_is_taken_where_the_schema_says_number(order: Any):
    """B15"""
    raw(order, {"items": [], "kind": "a", "share": 1})
    raw(order, {"items": [], "kind": "a", "share": 1.0})
    assert stored() == (2, 2)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"value": float("nan")}, "invalid_number"),
        ({"value": float("inf")}, "invalid_number"),
        ({"value": 2**53}, "number_out_of_range"),
        ({"value": 1e308}, "number_out_of_range"),
        ({"value": "\x00"}, "nul_not_allowed"),
        ({"value": {"a\x00": 1}}, "nul_not_allowed"),
        ({"value": "\ud800"}, "invalid_unicode"),
        ({"value": "x" * 70_000}, "string_too_long"),
        ({"value": [0] * 10_001}, "too_many_values"),
    ],
)
def test_values_that_json_or_postgresql_cannot_keep_are_refused_with_their_code(params: Any, code: str):
    """B07, B09, B10, B11, B12"""
    with pytest.raises(InvalidInput) as caught:
        raw(app.echo, params)
    assert caught.value.code == code
    assert stored() == (0, 0)


def test_three_thousand_levels_are_refused_and_not_walked_to_their_end():
    """B06"""
    deep: Any = 1
    for _ in range(3_000):
        deep = [deep]
    with pytest.raises(InvalidInput) as caught:
        app.echo.invoke(value=deep)
    assert caught.value.code in {"too_deep", "not_json"}
    with pytest.raises(InvalidInput) as caught:
        raw(app.echo, {"value": deep})
    assert caught.value.code == "too_deep"


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "'; DROP TABLE actions_execution; --", "{{7*7}}", "%s %(id)s", "${jndi:ldap://x}",
     "🙂\u202ezal̷go" + "x" * 5_000, "__proto__"],
)  # fmt: skip
def test_any_text_is_kept_as_it_is(text: str):
    """B16, B17"""
    assert columns(app.echo.invoke(value=text))["params"] == {"value": text}


def test_odd_keys_are_kept_as_they_are():
    """B18"""
    odd = {"__proto__": 1, "constructor": 2, "": 3, "a.b": {"c.d": 4}}
    assert columns(app.echo.invoke(value=odd))["params"] == {"value": odd}


def test_code_may_pass_rich_values_that_json_can_say(declare: Any):
    @declare("stage-rich")
    def rich(price: Decimal, at: datetime, item: Item) -> None: ...

    handle = rich.invoke(price=Decimal("1.50"), at=datetime(2026, 1, 2, tzinfo=UTC), item=Item(sku="x", pieces=1))
    assert columns(handle)["params"] == {
        "price": "1.50", "at": "2026-01-02T00:00:00Z", "item": {"sku": "x", "pieces": 1},
    }  # fmt: skip


def test_values_that_json_cannot_say_are_refused():
    with pytest.raises(InvalidInput) as caught:
        app.echo.invoke(value=object())
    assert caught.value.code == "not_json"
    assert stored() == (0, 0)


def test_a_time_in_the_past_is_now():
    """B28"""
    handle = app.noop.invoke(available_at=datetime.now(UTC) - timedelta(days=1))
    assert value("SELECT available_at BETWEEN now() - interval '1 minute' AND now() FROM actions_execution")
    assert handle.status == "queued"


def test_a_time_ahead_is_kept_to_the_second_whatever_its_zone():
    """B28"""
    wanted = (datetime.now(UTC) + timedelta(days=300)).astimezone(timezone(timedelta(hours=5, minutes=45)))
    app.noop.invoke(available_at=wanted)
    assert rows("SELECT available_at FROM actions_execution") == [(wanted,)]


@pytest.mark.parametrize(
    "wanted",
    [
        datetime(2030, 1, 1),  # noqa: DTZ001  (that is the fault)
        datetime.now(UTC) + timedelta(days=367),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(-timedelta(hours=12))),
    ],
)
def test_a_time_without_zone_or_beyond_a_year_is_refused(wanted: datetime):
    """B28"""
    with pytest.raises(InvalidInput) as caught:
        app.noop.invoke(available_at=wanted)
    assert (caught.value.code, caught.value.path) == ("invalid_available_at", "available_at")
    assert stored() == (0, 0)


def test_a_year_one_with_a_zone_east_of_greenwich_is_now_or_refused_but_never_a_crash():
    """B28"""
    with pytest.raises(InvalidInput):
        app.noop.invoke(available_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))))


def test_a_fault_in_waking_is_no_fault_of_what_is_stored(worker, monkeypatch):
    """Raised, it would tell the caller that nothing was stored; maintain wakes the queue later."""

    def broken(*queues: str) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(dispatch, "wake_soon", broken)
    for handle in (app.noop.invoke(), app.noop.invoke(idempotency_key="once")):
        assert handle.status == "queued"
    assert app.noop.invoke_many([{}, {}])[1].status == "queued"
