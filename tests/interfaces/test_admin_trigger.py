"""The admin's forms: made from the schema, once per form, every fault at its field, secrets never echoed (D03, D05, D18)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User

from actions import Handle
from actions.definitions.registry import registry
from actions.engine.operate.pause import pause_action
from actions.engine.sync import sync
from tests.app import actions as app
from tests.interfaces.desk import (
    WHY,
    audit_of,
    desk,
    filled_in,
    hidden_in,
    number_of_executions,
    page_of,
    text_of,
    trigger_of,
)
from tests.stage import ALICE, column, declare, engine

__all__ = ["declare", "desk", "engine"]

FORM = trigger_of("face-form")


def fields(**said):
    return {f"param-{name}": value for name, value in said.items()}


def id_in(answer):
    assert answer.status_code == 302, text_of(answer)
    return answer["Location"].split("/")[-3]


def test_only_what_was_said_is_sent(desk):
    opened = desk.otto.get(FORM)
    made = id_in(desk.otto.post(FORM, {**filled_in(opened), **fields(text="hello")}))
    assert column(made, "params") == {"text": "hello"}
    assert column(made, "actor_label") == "otto"
    desk.worker.work()
    assert column(made, "status") == "succeeded"


def test_params_stand_in_the_order_of_the_signature(desk):
    shown = [field.label for field in desk.otto.get(FORM).context["params"]]
    assert shown[:3] == ["text", "whole", "ratio"]
    assert shown[-1] == "pin"


def test_every_kind_of_param_becomes_its_json(desk):
    said = fields(
        text="two\r\nlines", whole="-3", ratio="2.25", agreed="true", size="large", day="2026-02-28",
        moment="2026-03-29T02:30", amount="12.30", note="", where='{"street": "Main", "number": 7}', items="[1, 2]",
        pin="hunter2",
    )  # fmt: skip
    made = id_in(desk.otto.post(FORM, {**filled_in(desk.otto.get(FORM)), **said}))
    assert column(made, "params") == {
        "text": "two\nlines", "whole": -3, "ratio": 2.25, "agreed": True, "size": "large", "day": "2026-02-28",
        "moment": "2026-03-29T02:30:00Z", "amount": "12.30", "where": {"street": "Main", "number": 7}, "items": [1, 2],
        "pin": "••••",
    }  # fmt: skip
    desk.worker.work()
    assert column(made, "result")["pin"] == 7


def test_a_form_sent_twice_is_one_execution(desk):
    """D03."""
    sent = {**filled_in(desk.otto.get(FORM)), **fields(text="once")}
    first, second = desk.otto.post(FORM, sent), desk.otto.post(FORM, sent)
    assert id_in(first) == id_in(second)
    assert number_of_executions() == 1
    assert "was accepted before" in text_of(desk.otto.get(second["Location"]))


def test_two_rendered_forms_are_two_executions(desk):
    for _ in range(2):
        desk.otto.post(FORM, {**filled_in(desk.otto.get(FORM)), **fields(text="same")})
    assert number_of_executions() == 2


def test_going_back_and_changing_the_text_asks_before_it_makes_a_second(desk):
    opened = filled_in(desk.otto.get(FORM))
    first = id_in(desk.otto.post(FORM, {**opened, **fields(text="one")}))
    again = desk.otto.post(FORM, {**opened, **fields(text="two")})
    assert again.status_code == 200
    assert f"made {first}" in text_of(again)
    assert number_of_executions() == 1
    assert id_in(desk.otto.post(FORM, filled_in(again))) != first


def test_a_typed_key_is_the_key(desk):
    opened = {**filled_in(desk.otto.get(FORM)), "idempotency_key": "order-7"}
    made = id_in(desk.otto.post(FORM, {**opened, **fields(text="a")}))
    assert column(made, "idempotency_key") == "order-7"
    other = {**filled_in(desk.otto.get(FORM)), "idempotency_key": "order-7"}
    conflict = desk.otto.post(FORM, {**other, **fields(text="b")})
    assert made in str(conflict.context["options"].errors["idempotency_key"])
    odd = desk.otto.post(FORM, {**other, "idempotency_key": "no spaces", **fields(text="c")})
    assert odd.context["options"].errors["idempotency_key"]
    assert number_of_executions() == 1


def test_a_derived_key_is_not_overruled_by_the_form(desk, declare):
    @declare("by-order", derive_key="params")
    def by_order(order: str) -> None:
        """Keyed."""

    form = trigger_of("by-order")
    made = [id_in(desk.otto.post(form, {**filled_in(desk.otto.get(form)), **fields(order="7")})) for _ in range(2)]
    assert made[0] == made[1]


def test_all_faults_show_at_once_each_at_its_field_and_the_text_stays(desk):
    said = fields(
        text="kept <b>", whole="4.5", ratio="much", size="medium", day="2026-02-30", moment="noon", amount="1,5",
        where='{"street": 1}', items="[1, \"2\"", pin="hunter2",
    )  # fmt: skip
    sent = {**filled_in(desk.otto.get(FORM)), **said, "available_at": "never"}
    answer = desk.otto.post(FORM, sent)
    assert answer.status_code == 200
    faults = set(answer.context["params"].errors)
    assert faults >= {f"param-{name}" for name in ("whole", "ratio", "size", "day", "moment", "items")}
    assert answer.context["options"].errors["available_at"]
    body = answer.content.decode()
    for text in ("kept &lt;b&gt;", "4.5", "much", "1,5", "line 1, column 8", "{&quot;street&quot;: 1}"):
        assert text in body, text
    assert "hunter2" not in body
    assert number_of_executions() == 0


def test_what_only_the_schema_knows_is_told_at_the_field_too(desk):
    said = fields(text="x", amount="1,5", where='{"street": 1}', items='[1, "2"]')
    answer = desk.otto.post(FORM, {**filled_in(desk.otto.get(FORM)), **said})
    errors = answer.context["params"].errors
    assert set(errors) == {"param-amount", "param-where", "param-items"}
    assert "[1]" in str(errors["param-items"])
    assert {"street", "number"} <= set(str(errors["param-where"]).replace(":", " ").replace(">", " ").split())


HOSTILE = {
    "not json": ("{", "line 1, column 2"),
    "empty object key": ('{"a"', "line 1"),
    "NUL escape": ('"\\u0000"', "U+0000"),
    "NaN": ("NaN", "NaN is not a JSON number"),
    "deep": ("[" * 3_000, "32 deep"),
    "big int": ("9" * 5_000, "more than 32 characters"),
    "too big": ("9007199254740993", "9,007,199,254,740,991"),
    "huge float": ("1e400", "Numbers go from"),
    "half a surrogate": ('"\\ud800"', "surrogate"),
    "twice": ('{"a": 1, "a": 2}', "stands twice"),
    "many": ("[" + "1," * 20_000 + "1]", "10,000 values"),
    "long": (json.dumps("x" * 70_000), "65,536 bytes"),
    "longer": ("[" + ",".join(['"' + "x" * 60_000 + '"'] * 6) + "]", "262,144 bytes"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_json_is_a_fault_at_its_field_with_the_text_kept(desk, what):
    """D05."""
    text, said = HOSTILE[what]
    form = trigger_of("test-echo")
    answer = desk.otto.post(form, {**filled_in(desk.otto.get(form)), **fields(value=text)})
    assert answer.status_code == 200
    assert said in str(answer.context["params"].errors["param-value"])
    assert answer.context["params"]["param-value"].value() == text
    assert number_of_executions() == 0


def test_a_raw_nul_is_a_fault(desk):
    form = trigger_of("test-echo")
    for name in ("param-value", "idempotency_key", "available_at", "reason"):
        sent = {**filled_in(desk.otto.get(form)), "param-value": "1", name: "a\x00b"}
        answer = desk.otto.post(form, sent)
        assert answer.status_code == 200, name
    assert number_of_executions() == 0


def test_ten_megabytes_are_refused(desk):
    form = trigger_of("test-echo")
    answer = desk.otto.post(form, {**filled_in(desk.otto.get(form)), **fields(value="[" + "1," * 5_000_000 + "1]")})
    assert answer.status_code == 400
    assert "Nothing was stored" in text_of(answer)
    assert number_of_executions() == 0


def test_big_numbers_in_number_fields(desk):
    for name in ("whole", "ratio"):
        for text in ("9" * 5_000, "1e999", "NaN", "Infinity", "0x10", "٣", "1_000", "true", '"5"', ""):
            said = fields(text="x", **{name: text})
            answer = desk.otto.post(FORM, {**filled_in(desk.otto.get(FORM)), **said})
            assert answer.status_code == (302 if not text else 200), (name, text)
            if text:
                assert answer.context["params"].errors[f"param-{name}"], (name, text)


def test_a_time_to_start(desk):
    soon = datetime.now(UTC) + timedelta(days=2)
    said = {**fields(text="x"), "available_at": f"{soon:%Y-%m-%dT%H:%M}"}
    made = id_in(desk.otto.post(FORM, {**filled_in(desk.otto.get(FORM)), **said}))
    assert column(made, "available_at").startswith(f"{soon:%Y-%m-%dT%H:%M}")
    for far in ("9999-12-31T23:59", "9999-12-31T23:59:59-12:00", "2026-13-01T00:00", "0001-01-01T00:00:00+14:00"):
        late = {**filled_in(desk.otto.get(FORM)), **fields(text="x"), "available_at": far}
        assert desk.otto.post(FORM, late).context["options"].errors["available_at"], far
    assert number_of_executions() == 1


def test_without_permission_there_is_no_form_and_no_execution(desk):
    assert desk.vera.get(FORM).status_code == 403
    assert desk.vera.post(FORM, fields(text="x")).status_code == 403
    assert "Trigger" not in desk.vera.get("/admin/actions/action/").content.decode()
    assert number_of_executions() == 0


def test_an_unknown_action_is_not_found(desk):
    for name in ("nonsense", "x" * 500, "%00", "..%2f"):
        assert desk.otto.get(trigger_of(name)).status_code == 404


def test_a_paused_action_says_so_and_keeps_what_is_asked(desk):
    pause_action("face-form", actor=ALICE, reason="the printer burns")
    opened = desk.otto.get(FORM)
    assert "is paused by Alice" in text_of(opened)
    made = id_in(desk.otto.post(FORM, {**filled_in(opened), **fields(text="later")}))
    desk.worker.work()
    assert column(made, "status") == "queued"


def test_secrets_are_asked_for_by_password_fields(desk):
    body = desk.otto.get(FORM).content.decode()
    assert '<input type="password" name="param-pin"' in body


# Replay


def test_replay_is_prefilled_and_exact(desk):
    params = {"text": "a\nb", "moment": datetime(2026, 1, 1, 10, tzinfo=UTC), "items": [1], "pin": "hunter2"}
    original = app.face_form.invoke(**params)
    opened = desk.otto.get(page_of(original, "replay"))
    assert "hunter2" not in opened.content.decode()
    made = id_in(desk.otto.post(page_of(original, "replay"), {**filled_in(opened), "reason": WHY}))
    assert made != original.id
    assert column(made, "params") == column(original, "params")
    desk.worker.work()
    assert column(made, "result")["pin"] == len("hunter2")
    assert ("execution.accepted", "otto", WHY) in audit_of(Handle(made))
    assert original.id in text_of(desk.otto.get(page_of(made)))
    assert made in text_of(desk.otto.get(page_of(original)))


def test_replay_with_edited_params_is_validated(desk):
    original = app.face_form.invoke(text="a", pin="hunter2")
    opened = filled_in(desk.otto.get(page_of(original, "replay")))
    wrong = desk.otto.post(page_of(original, "replay"), {**opened, "reason": WHY, **fields(whole="x")})
    assert wrong.context["params"].errors["param-whole"]
    edited = {**opened, "reason": WHY, **fields(text="b", pin="longer-secret")}
    made = id_in(desk.otto.post(page_of(original, "replay"), edited))
    desk.worker.work()
    assert column(made, "result")["text"] == "b"
    assert column(made, "result")["pin"] == len("longer-secret")


def test_a_replay_sent_twice_is_one(desk):
    original = app.noop.invoke(n=1)
    sent = {**filled_in(desk.otto.get(page_of(original, "replay"))), "reason": WHY}
    assert id_in(desk.otto.post(page_of(original, "replay"), sent)) == id_in(
        desk.otto.post(page_of(original, "replay"), sent)
    )
    assert number_of_executions() == 2


def test_a_replay_needs_a_reason(desk):
    original = app.noop.invoke(n=1)
    answer = desk.otto.post(page_of(original, "replay"), filled_in(desk.otto.get(page_of(original, "replay"))))
    assert answer.context["options"].errors["reason"]
    assert number_of_executions() == 1


def test_values_that_look_secret_come_back_as_they_were(desk):
    original = app.echo.invoke(value={"token": "hunter2", "n": 1})
    opened = desk.otto.get(page_of(original, "replay"))
    assert "hunter2" not in opened.content.decode()
    sent = filled_in(opened)
    sent["param-value"] = sent["param-value"].replace("1", "2")
    made = id_in(desk.otto.post(page_of(original, "replay"), {**sent, "reason": WHY}))
    assert column(made, "params") == {"value": {"token": "hunter2", "n": 2}}


def test_who_may_not_see_params_replays_them_unseen(desk):
    original = app.write_row.invoke(note="only-for-some-eyes")
    User.objects.get(username="vera").user_permissions.add(Permission.objects.get(codename="replay"))
    opened = desk.vera.get(page_of(original, "replay"))
    assert "only-for-some-eyes" not in opened.content.decode()
    made = id_in(desk.vera.post(page_of(original, "replay"), {**hidden_in(opened), "reason": WHY, **fields(note="x")}))
    assert column(made, "params") == {"note": "only-for-some-eyes"}


def test_forms_of_every_action_open(desk):
    sync()
    for action in registry:
        expected = 403 if action.untriggerable else 200
        assert desk.otto.get(trigger_of(action.name)).status_code == expected, action.name
