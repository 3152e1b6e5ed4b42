"""Secret params: encrypted apart, dots everywhere else, the value for the handler alone."""

import json
from typing import Annotated, Any

import pydantic
import pytest

from actions import Context, IdempotencyConflict, InDoubt, Redacted, Resolution
from actions.engine.operate.replay import replay
from tests.stage import ALICE, StageWorker, column, columns, lines, rows, value

pytestmark = pytest.mark.usefixtures("engine")
CANARY = "canary-4242-4242"
DOTS = "••••"


@pytest.fixture
def pay(declare: Any) -> Any:
    seen: list[str] = []

    @declare("stage-pay")
    def pay(
        context: Context, card: Annotated[str, Redacted], pin: pydantic.SecretStr, amount: int, bad: bool = False
    ) -> int:
        seen.append(card)
        seen.append(pin.get_secret_value())
        context.log("paying", card_token=card)
        if bad:
            raise RuntimeError(f"provider refused {card} with pin {pin.get_secret_value()}")
        return amount

    pay.seen = seen
    return pay


def dump() -> str:
    """Everything the tables hold, as text, the encrypted column aside."""
    tables = ("actions_execution", "actions_attempt", "actions_auditentry", "actions_action")
    return "".join(str(rows("SELECT to_jsonb(t)::text FROM " + table + " AS t")) for table in tables)


def test_the_handler_gets_the_value_and_every_table_shows_dots(pay: Any, crew: Any):
    """I-20"""
    handle = pay.invoke(card=CANARY, pin="canary-pin", amount=3)
    assert columns(handle)["params"] == {"card": DOTS, "pin": DOTS, "amount": 3}
    crew().work()
    assert pay.seen == [CANARY, "canary-pin"]
    assert handle.result(timeout=0) == 3
    assert "canary" not in dump()
    ciphertext = bytes(value("SELECT ciphertext FROM actions_executionsecret"))
    assert b"canary" not in ciphertext


def test_the_texts_of_an_error_are_dotted(pay: Any, crew: Any):
    """S-12"""
    handle = pay.invoke(card=CANARY, pin="canary-pin", amount=3, bad=True)
    crew().work()
    assert handle.status == "failed"
    assert handle.error is not None
    assert handle.error["message"] == f"provider refused {DOTS} with pin {DOTS}"
    assert DOTS in handle.error["traceback"]
    assert "canary" not in dump()


def test_a_secret_looking_field_of_a_log_line_is_dotted(pay: Any, crew: Any):
    handle = pay.invoke(card=CANARY, pin="canary-pin", amount=3)
    crew().work()
    assert lines(handle)[0]["fields"] == {"card_token": DOTS}


def test_the_fingerprint_is_keyed_so_that_a_short_secret_cannot_be_guessed(pay: Any):
    from actions import values

    handle = pay.invoke(card=CANARY, pin="1234", amount=3)
    bare = values.fingerprint({"card": CANARY, "pin": "1234", "amount": 3}, None)
    assert column(handle, "fingerprint") != bare
    assert bare not in dump()


def test_a_key_with_another_secret_is_a_conflict(pay: Any):
    first = pay.invoke(card="one1", pin="1234", amount=3, idempotency_key="k")
    assert pay.invoke(card="one1", pin="1234", amount=3, idempotency_key="k").id == first.id
    with pytest.raises(IdempotencyConflict):
        pay.invoke(card="two2", pin="1234", amount=3, idempotency_key="k")


def test_many_secrets_find_their_own_executions(pay: Any, crew: Any):
    pin = pydantic.SecretStr("1234")
    pay.invoke_many([{"card": f"card-{n}", "pin": pin, "amount": n} for n in range(5)])
    crew().work()
    assert sorted(pay.seen[::2]) == [f"card-{n}" for n in range(5)]
    assert set(pay.seen[1::2]) == {"1234"}


def test_a_replay_keeps_secrets_that_are_left_as_dots_and_takes_those_that_are_not(pay: Any, crew: Any):
    handle = pay.invoke(card=CANARY, pin="canary-pin", amount=3)
    replay(handle.id, actor=ALICE, reason="again", params={"card": DOTS, "pin": "5678", "amount": 4})
    replay(handle.id, actor=ALICE, reason="again")
    crew().work()
    assert pay.seen == [CANARY, "canary-pin", CANARY, "5678", CANARY, "canary-pin"]
    assert "canary" not in dump()


def test_a_secret_whose_key_is_gone_fails_with_words_and_can_be_retried(pay: Any, crew: Any, settings: Any):
    from cryptography.fernet import Fernet

    from actions.engine.operate.retry import retry

    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.DOPLATFORM = {**settings.DOPLATFORM, "SECRET_KEYS": (old,)}
    handle = pay.invoke(card=CANARY, pin="canary-pin", amount=3)
    settings.DOPLATFORM = {**settings.DOPLATFORM, "SECRET_KEYS": (new,)}
    worker: StageWorker = crew()
    worker.work()
    assert handle.status == "failed"
    assert handle.error is not None
    assert handle.error["code"] == "secret_unreadable"
    settings.DOPLATFORM = {**settings.DOPLATFORM, "SECRET_KEYS": (new, old)}
    retry(handle.id, actor=ALICE, reason="the key is back")
    worker.work()
    assert handle.result(timeout=0) == 3


def test_a_secret_inside_a_model_hides_the_whole_param(declare: Any, crew: Any):
    seen: list[str] = []

    @declare("stage-model")
    def takes(card: Card) -> None:
        seen.append(card.number.get_secret_value())

    handle = takes.invoke(card=Card(number=pydantic.SecretStr(CANARY), holder="Alice"))
    assert columns(handle)["params"] == {"card": DOTS}
    crew().work()
    assert seen == [CANARY]
    assert "canary" not in dump()


def test_secrets_are_pruned_with_their_execution(pay: Any, crew: Any):
    from actions.engine.maintain import prune

    pay.invoke(card=CANARY, pin="canary-pin", amount=3)
    crew().work()
    rows(
        "UPDATE actions_execution SET finished_at = now() - interval '31 days', id = '00000000-0000-7000-8000-000000000001'"
    )
    rows("UPDATE actions_executionsecret SET execution_id = '00000000-0000-7000-8000-000000000001'")
    rows("UPDATE actions_attempt SET execution_id = '00000000-0000-7000-8000-000000000001'")
    assert prune() == 1
    for table in ("actions_execution", "actions_attempt", "actions_executionsecret"):
        assert rows("SELECT count(*) FROM " + table) == [(0,)]
    pruned = value("SELECT data FROM actions_auditentry WHERE verb = 'executions.pruned'")
    assert json.loads(pruned) == {"ids": ["00000000-0000-7000-8000-000000000001"]}


class Card(pydantic.BaseModel):
    number: pydantic.SecretStr
    holder: str


def test_the_texts_of_a_resolvers_error_are_dotted(declare: Any, crew: Any):
    @declare("stage-unsure", effects="external")
    def unsure(card: Annotated[str, Redacted]) -> None:
        raise InDoubt("no reply")

    @unsure.resolver
    def ask(context: Context, card: str) -> Resolution:
        raise RuntimeError(f"the provider does not know {card}")

    unsure.invoke(card=CANARY)
    worker = crew()
    worker.settle(worker.claim())
    worker.settle(worker.claim())
    assert DOTS in value("SELECT error->>'message' FROM actions_execution WHERE action_id = 'stage-unsure.resolver'")
    assert "canary" not in dump()


def test_what_is_hidden_in_the_params_in_doubt_is_dotted_too(declare: Any, crew: Any, settings: Any):
    """Those of the resolver itself name an execution alone."""
    settings.DOPLATFORM = {**settings.DOPLATFORM, "REDACT_KEYS": ["customer.iban"]}

    @declare("stage-iban", effects="external")
    def pays(customer: dict) -> None:
        raise InDoubt(f"did {customer['iban']} pay?")

    @pays.resolver
    def look(context: Context, customer: dict) -> Resolution:
        raise RuntimeError(f"nobody knows {customer['iban']}")

    handle = pays.invoke(customer={"iban": CANARY})
    worker = crew()
    worker.settle(worker.claim())
    worker.settle(worker.claim())
    assert handle.error["message"] == f"did {DOTS} pay?"
    found = value("SELECT error->>'message' FROM actions_execution WHERE action_id = 'stage-iban.resolver'")
    assert found == f"nobody knows {DOTS}"
