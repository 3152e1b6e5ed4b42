"""F23, S-07, S-08: somebody's endpoint as an action. The provider is a real server with a ledger of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired

import pytest
from pydantic import BaseModel, Field, SecretStr, model_validator
from standardwebhooks.webhooks import Webhook
from typing_extensions import TypedDict

from actions import Redacted, Resolution, remote_action
from actions.checks import declarations
from actions.definitions.registry import registry
from actions.engine import remote
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.sync import sync
from actions.errors import InvalidDefinition, InvalidParams, NotLocal
from actions.models import Action
from actions.outside import network
from tests.provider import Provider, answer, drips, hangs, provider, resets
from tests.stage import ALICE, AT_ONCE, column, forget, lines, outcomes, value

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_" + "b2xk" * 8
EFFECTS = ("external", "repeatable")
METADATA = "http://169.254.169.254/latest/meta-data/"


class Order(BaseModel):
    number: int
    amount: Decimal = Field(default=Decimal("1.50"), gt=0)
    pin: SecretStr | None = None
    note: Annotated[str, Redacted] = ""

    @model_validator(mode="after")
    def _not_thirteen(self) -> "Order":
        if self.number == 13:
            raise ValueError("thirteen is not taken")
        return self


class Invoice(BaseModel):
    invoice: str
    total: Decimal


@pytest.fixture
def remotely(engine: None, settings: Any) -> Iterator[Any]:
    """remotely(provider, …): declares an endpoint of that server, which the settings allow."""
    names: list[str] = []

    def declared(one: Provider | str, **options: Any) -> Any:
        url = one if isinstance(one, str) else one.url
        if isinstance(one, Provider):
            settings.DOPLATFORM |= {"OUTSIDE_ALLOWED_HOSTS": [one.place], "OUTSIDE_ALLOW_HTTP": True}
            settings.DOPLATFORM = {**settings.DOPLATFORM}
        names.append(f"remote-{len(names)}")
        made = remote_action(names[-1], url=url, **{"retry": AT_ONCE, "timeout": 5, **options})
        sync()
        return made

    yield declared
    forget([part for name in names for part in (name, f"{name}.resolver")])


def test_params_go_out_and_the_result_comes_back(remotely: Any, crew: Any):
    with provider(answer(201, {"invoice": "R-1", "total": "3.00", "more": 1})) as one:
        handle = remotely(one, params=Order, result=Invoice).invoke(number=7, amount=Decimal("3.00"))
        crew().work()
    assert column(handle, "status") == "succeeded"
    assert column(handle, "result") == {"invoice": "R-1", "total": "3.00"}
    (request,) = one.ledger
    assert (request.method, request.path) == ("POST", "/do")
    assert request.json() == {"number": 7, "amount": "3.00", "pin": None, "note": ""}
    assert request.headers["idempotency-key"] == handle.id
    assert request.headers["content-type"] == "application/json"
    assert "webhook-signature" not in request.headers
    assert lines(handle)[0]["text"] == f"POST http://127.0.0.1:{one.port} answered 201"


def test_params_are_checked_when_they_are_accepted(remotely: Any):
    declared = remotely("https://billing.example/", params=Order)
    for params in ({"number": "7"}, {"number": 7, "more": 1}, {}, {"number": 13}, {"number": 7, "amount": "-1"}):
        with pytest.raises(InvalidParams):
            declared.invoke(**params)
    assert value("SELECT count(*) FROM actions_execution") == 0


def test_params_of_a_typed_dict(remotely: Any, crew: Any):
    class Move(TypedDict):
        sku: str
        quantity: NotRequired[Annotated[int, Field(gt=0)]]
        kind: Literal["in", "out"]

    with provider() as one:
        declared = remotely(one, params=Move)
        declared.invoke(sku="mug", kind="in")
        declared.invoke(sku="mug", kind="out", quantity=2)
        with pytest.raises(InvalidParams):
            declared.invoke(sku="mug", kind="out", quantity=0)
        crew().work()
    assert [request.json() for request in one.ledger] == [
        {"sku": "mug", "kind": "in"}, {"sku": "mug", "quantity": 2, "kind": "out"},
    ]  # fmt: skip
    assert declared.params.json_schema["required"] == ["sku", "kind"]


def test_the_signature_is_verified_by_the_library_on_the_other_side(remotely: Any, crew: Any, settings: Any):
    settings.INVOICE_SECRET, settings.OLD_SECRET, settings.INVOICE_TOKEN = SECRET, OLD, "t-123456"
    with provider() as one:
        declared = remotely(
            one,
            params=Order,
            secret=["INVOICE_SECRET", "OLD_SECRET"],
            headers={"Authorization": "Bearer ${INVOICE_TOKEN}"},
        )
        handle = declared.invoke(number=7)
        crew().work()
    (request,) = one.ledger
    for secret in (SECRET, OLD):
        assert Webhook(secret).verify(request.body, request.headers) == request.json()
    assert request.headers["webhook-id"] == handle.id
    assert request.headers["authorization"] == "Bearer t-123456"
    assert Action.objects.get(pk=declared.name).policies["signed"] is True


# What is known after an answer, and after none


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize(
    ("way", "code"),
    [(hangs, "reply_lost"), (resets, "reply_lost"), (drips, "reply_lost"), (answer(500), "remote_fault"),
     (answer(502), "remote_fault"), (answer(504), "remote_fault"), (answer(200, b"<html>"), "answer_unfit"),
     (answer(200, {"invoice": 1}), "answer_unfit"), (answer(200, b"x" * 1_100_000), "answer_unfit")],
    ids=["timeout after doing it", "reset after doing it", "slow body", "500 after doing it", "502", "504", "no JSON",
         "another result", "too long"],
)  # fmt: skip
def test_f23_it_may_have_been_done(remotely: Any, crew: Any, effects: str, way: Any, code: str):
    with provider(way, answer(200, {"invoice": "R-1", "total": "1"})) as one:
        handle = remotely(one, params=Order, result=Invoice, effects=effects, timeout=0.4).invoke(number=7)
        crew().work()
    if effects == "external":
        assert (column(handle, "status"), column(handle, "error")["code"]) == ("in_doubt", code)
        assert outcomes(handle) == ["in_doubt"]
        assert len(one.asked) == 1
    else:
        assert (column(handle, "status"), outcomes(handle)) == ("succeeded", ["failed", "succeeded"])
        assert {request.headers["idempotency-key"] for request in one.asked} == {handle.id}


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_it_was_not_done_and_is_tried_again(remotely: Any, crew: Any, effects: str, status: int):
    with provider(answer(status, {"why": "busy"}), answer(200, 1)) as one:
        handle = remotely(one, effects=effects).invoke()
        crew().work()
    assert (column(handle, "status"), outcomes(handle)) == ("succeeded", ["failed", "succeeded"])
    assert len(one.ledger) == 1


def test_nobody_listened_and_it_is_tried_again(remotely: Any, crew: Any):
    with provider() as one:
        one.down()
        handle = remotely(one).invoke()
        worker = crew()
        worker.settle(worker.claim())
        assert (column(handle, "status"), column(handle, "error")["code"]) == ("retrying", "unreachable")
        one.up()
        worker.work()
    assert (column(handle, "status"), len(one.ledger)) == ("succeeded", 1)


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_no_is_a_no(remotely: Any, crew: Any, status: int):
    with provider(answer(status, {"why": "no such customer"})) as one:
        handle = remotely(one).invoke()
        crew().work()
    assert (column(handle, "status"), outcomes(handle)) == ("failed", ["failed"])
    assert column(handle, "error")["message"] == f'It answered {status}: {{"why": "no such customer"}}'
    assert len(one.asked) == 1


def test_a_status_may_be_declared_as_not_done(remotely: Any, crew: Any):
    with provider(answer(409), answer(504), answer(200)) as one:
        handle = remotely(one, undone_on=[409, 504]).invoke()
        crew().work()
    assert outcomes(handle) == ["failed", "failed", "succeeded"]


def test_f23_a_redirect_to_the_inside_is_not_followed(remotely: Any, crew: Any):
    with provider(answer(307, Location=METADATA)) as one:
        handle = remotely(one).invoke()
        crew().work()
    assert (column(handle, "status"), one.connections) == ("failed", 1)
    assert "redirects are not followed" in column(handle, "error")["message"]


def test_retry_after_is_waited_for_and_is_no_try(remotely: Any, crew: Any):
    with provider(*[answer(503, Retry_After="120")] * 4, answer(200)) as one:
        handle = remotely(one).invoke()
        worker = crew()
        worker.settle(worker.claim())
        due = datetime.fromisoformat(column(handle, "available_at")) - datetime.now(UTC)
        assert timedelta(seconds=110) < due < timedelta(seconds=121)
        assert (column(handle, "tries"), outcomes(handle)) == (0, ["postponed"])
        worker.work()
    assert outcomes(handle) == ["postponed"] * 4 + ["succeeded"]


def test_retry_after_is_capped_and_not_waited_for_for_ever(remotely: Any, crew: Any, monkeypatch: Any):
    with provider(answer(429, Retry_After="864000")) as one:
        handle = remotely(one).invoke()
        worker = crew()
        worker.settle(worker.claim())
        due = datetime.fromisoformat(column(handle, "available_at")) - datetime.now(UTC)
        assert timedelta(seconds=3_500) < due < timedelta(seconds=3_601)
        monkeypatch.setattr(remote, "_PATIENCE", timedelta(0))
        worker.work()
    assert outcomes(handle) == ["postponed", "failed", "failed", "failed"]
    assert column(handle, "error")["code"] == "remote_refused"


def test_a_doubt_is_settled_by_a_resolver_or_a_person(remotely: Any, crew: Any):
    with provider(resets) as one:
        declared = remotely(one, params=Order)
        asked: list[Any] = []

        @declared.resolver
        def ask(context: Any, number: int, amount: Decimal, pin: Any, note: str) -> Resolution:
            asked.append((context.idempotency_key, number))
            return Resolution.happened({"invoice": "R-7"}) if number == 7 else Resolution.unknown()

        sync()
        handle, other = declared.invoke(number=7), declared.invoke(number=8)
        worker = crew()
        for _ in range(4):
            worker.settle(worker.claim())
    assert (handle.id, 7) in asked
    assert (column(handle, "status"), column(handle, "result")) == ("succeeded", {"invoice": "R-7"})
    resolve(other.id, answer=Answer.GIVE_UP, actor=ALICE, reason="asked them")
    assert column(other, "status") == "failed"


# Addresses


@contextmanager
def nobody(monkeypatch: Any, found: list[str]) -> Iterator[None]:
    """Every name has these addresses, and whoever connects fails the test."""
    monkeypatch.setattr(network, "resolve", lambda *_: found)
    monkeypatch.setattr("socket.create_connection", lambda *_, **__: pytest.fail("connected"))
    yield


@pytest.mark.parametrize("url", [METADATA, "https://127.0.0.1/", "https://rebinding.example/"])
def test_a_blocked_destination_is_refused_when_it_is_sent(remotely: Any, crew: Any, monkeypatch: Any, url: str):
    handle = remotely(url).invoke()
    worker = crew()
    with nobody(monkeypatch, ["127.0.0.1"]):
        worker.work()
    assert (column(handle, "status"), outcomes(handle)) == ("failed", ["failed"])
    assert column(handle, "error")["code"] == "blocked_destination"


def test_a_blocked_destination_is_refused_by_the_system_check(remotely: Any):
    remotely(METADATA, secret="NOT_SET_ANYWHERE", headers={"X-Key": "a ${NEITHER_SET}"})
    remotely("https://billing.example/")
    found = declarations.endpoints()
    assert [(message.id, message.obj.name) for message in found] == [
        ("doplatform.E020", "remote-0"), ("doplatform.W020", "remote-0"), ("doplatform.W020", "remote-0"),
    ]  # fmt: skip
    assert "url_not_allowed" in found[0].msg


# Secrets


def test_secrets_leave_by_the_request_alone(remotely: Any, crew: Any, settings: Any):
    settings.INVOICE_SECRET, settings.INVOICE_TOKEN = SECRET, "canary-header"

    def echoes(one: Provider, line: Any, request: Any) -> None:
        answer(422, {"echo": request.headers["authorization"], "body": request.json(), "s": SECRET})(one, line, request)

    with provider(echoes) as one:
        declared = remotely(
            one, params=Order, secret="INVOICE_SECRET", headers={"Authorization": "Bearer ${INVOICE_TOKEN}"}
        )
        handle = declared.invoke(number=7, pin="canary-pin", note="canary-note")
        crew().work()
    assert one.asked[0].json() == {"number": 7, "amount": "1.50", "pin": "canary-pin", "note": "canary-note"}
    kept = "".join(
        str(value(f"SELECT json_agg(row) FROM {table} AS row"))
        for table in ("actions_execution", "actions_attempt", "actions_auditentry", "actions_action")
    )
    assert handle.id.removeprefix("exec_")
    assert "It answered 422" in column(handle, "error")["message"]
    assert [text for text in ("canary", SECRET) if text in kept] == []


def test_a_secret_that_is_not_set_is_said(remotely: Any, crew: Any, settings: Any):
    with provider() as one:
        missing = remotely(one, secret="NOT_SET_ANYWHERE").invoke()
        settings.WRONG_SECRET = "hunter2"
        wrong = remotely(one, secret="WRONG_SECRET").invoke()
        crew().work()
    assert column(missing, "error")["code"] == column(wrong, "error")["code"] == "setting_missing"
    assert "hunter2" not in json.dumps(column(wrong, "error"))
    assert one.asked == []


# Declarations


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"url": "ftp://billing.example/"}, "url"),
        ({"url": "https://user:pass@billing.example/"}, "no user name"),
        ({"method": "GET"}, "method is one of"),
        ({"effects": "database"}, "external or repeatable"),
        ({"timeout": 0}, "timeout"),
        ({"params": int}, "params is a pydantic model"),
        ({"undone_on": [200]}, "undone_on"),
        ({"headers": {"Host": "x"}}, "cannot be set"),
        ({"headers": {"X-A\r\nX-B": "x"}}, "cannot be set"),
        ({"headers": {"X-A": "x\r\nX-B: y"}}, "visible ASCII"),
        ({"headers": {"X-A": "$"}}, "visible ASCII"),
    ],
)
def test_a_declaration_that_cannot_work(options: dict[str, Any], why: str):
    with pytest.raises(InvalidDefinition, match=why):
        remote_action("remote-wrong", **{"url": "https://billing.example/", **options})
    assert registry.get("remote-wrong") is None


def test_an_alias_or_an_option_is_no_name_of_a_param():
    class Renamed(BaseModel):
        password: SecretStr = Field(alias="pw")

    class Taken(BaseModel):
        callback: str

    for shape, why in ((Renamed, "alias"), (Taken, "option of invoke")):
        with pytest.raises(InvalidDefinition, match=why):
            remote_action("remote-wrong", url="https://billing.example/", params=shape)


def test_it_has_no_function_to_be_called(remotely: Any):
    declared = remotely("https://billing.example/", params=Order)
    with pytest.raises(NotLocal):
        declared(number=7)
    assert declared.place == f"{__name__}.remote-0" and declared.description == "POST https://billing.example"


def test_a_workflow_calls_it_as_a_step(remotely: Any, crew: Any, compose: Any):
    with provider(answer(200, {"invoice": "R-1", "total": "2"})) as one:
        bill = remotely(one, params=Order, result=Invoice)

        @compose("remote-flow")
        def flow(number: int) -> str:
            return bill(number=number).invoice

        handle = flow.invoke(number=7)
        crew().work()
    assert (column(handle, "status"), column(handle, "result")) == ("succeeded", "R-1")
