"""API keys: who is let in, who is not any more, and that nobody learns why (S-01, I-22, B24)."""

import subprocess
import sys
import time
from hashlib import sha256
from typing import Any

import pytest
from django.db import transaction
from structlog.testing import capture_logs

from actions.engine.keys.accounts import disable_account, enable_account
from actions.engine.keys.authenticate import FRESH, Refusals, Seen, refusals, seen
from actions.engine.keys.key import Key
from actions.engine.keys.revoke import revoke
from actions.engine.keys.rotate import rotate
from actions.engine.operate.once import once
from actions.engine.operate.retry import retry
from actions.errors import Unauthenticated
from actions.values import keytext
from tests.app import actions as app
from tests.interfaces.command_line import BASE, _environment
from tests.keyring import HERE, WHY, actor_of_key, denied, enter, entries, new_key, person
from tests.stage import ALICE, all_at_once, elsewhere, rows, session, value

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(autouse=True)
def nothing_read():
    seen.clear()
    refusals.__init__()


def refused(text: str, address: str = HERE) -> str:
    """What is said to somebody who is not let in."""
    with pytest.raises(Unauthenticated) as caught:
        enter(text, address)
    return caught.value.message


def expire(key: str) -> None:
    rows("UPDATE actions_apikey SET expires_at = now() - interval '1 second' WHERE id = %s", key)


def test_a_key_is_its_owner_with_its_scopes():
    made = new_key("action:order*:trigger", "audit:read", rate=7.5)
    key = enter(made.text)
    assert (key.id, key.scopes, key.rate) == (made.id, ("action:order*:trigger", "audit:read"), 7.5)
    assert (key.actor.kind, key.actor.id, key.actor.key) == ("api_key", "service:billing", made.id)
    assert (key.actor.label, key.actor.principal) == (f"billing · do_live_{made.id}", "api_key:service:billing")
    assert key.allows("trigger", "order-mug")
    assert not key.allows("trigger", "refund")
    assert key.allows("view_audit")
    assert key.patterns("trigger") == ("order*",)
    assert key.sees_payload


def test_only_the_hash_is_stored():
    """I-22"""
    made = new_key()
    assert bytes(value("SELECT digest FROM actions_apikey")) == sha256(made.text.encode()).digest()


GARBAGE = [
    "", " ", "do_live_", "x" * 66, "Bearer x", "\x00", "\ud800", "do_live_" + "0" * 58, "x" * 1_000_000, "é" * 66, "' OR 1=1 --",
]  # fmt: skip


def wrongs() -> dict[str, str]:
    """Texts that let nobody in, by what is wrong with them."""
    good, gone, over = new_key(label="good"), new_key(label="gone"), new_key(label="over")
    revoke(gone.id, actor=ALICE, reason=WHY)
    expire(over.id)
    stranger = keytext.make()
    other_secret = keytext.make(good.id)
    cut = good.text[:-1] + ("0" if good.text[-1] != "0" else "1")
    return {
        "unknown": stranger.text, "another secret": other_secret.text, "checksum": cut, "revoked": gone.text,
        "expired": over.text, "upper case": good.text.upper(), "prefix": good.text.replace("do_live_", "do_test_"),
        "spaces": f" {good.text}", "newline": f"{good.text}\n", "twice": good.text * 2,
    }  # fmt: skip


def test_every_wrong_key_is_refused_in_the_same_words():
    """B24"""
    said = {refused(text) for text in [*wrongs().values(), *GARBAGE]}
    assert len(said) == 1
    assert not said & {"revoked", "expired", "unknown"}


def test_every_wrong_key_takes_as_long():
    """B24: the same time ±5 ms, as the middle of many tries"""
    texts = {
        cause: text for cause, text in wrongs().items() if cause in {"unknown", "another secret", "revoked", "expired"}
    }
    took: dict[str, list[float]] = {cause: [] for cause in [*texts, "garbage"]}
    for _ in range(30):
        for cause, text in {**texts, "garbage": "x" * 66}.items():
            begun = time.perf_counter()
            refused(text)
            took[cause].append(time.perf_counter() - begun)
    middles = {cause: sorted(times)[15] for cause, times in took.items()}
    assert max(middles.values()) - min(middles.values()) < 0.005, middles


def test_the_digests_are_compared_in_constant_time_whatever_is_there(monkeypatch: Any):
    import hmac

    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((len(a), len(b))) or real(a, b))
    for text in (keytext.make().text, "garbage", keytext.make(new_key().id).text):
        compared.clear()
        refused(text)
        assert (32, 32) in compared


# Revoked, expired, disabled


def test_a_revoked_key_is_refused_at_once_in_the_process_that_revoked_it():
    made = new_key()
    enter(made.text)
    assert revoke(made.id, actor=ALICE, reason="leaked")
    refused(made.text)
    assert revoke(made.id, actor=ALICE, reason="leaked") is False
    assert rows("SELECT verb, reason, data->>'key' FROM actions_auditentry WHERE verb = 'api_key.revoked'") == [
        ("api_key.revoked", "leaked", made.id)
    ]


_ASKS = """
import django, sys, time
django.setup()
from actions.engine import keys
from actions.errors import Unauthenticated
text = sys.stdin.readline().strip()
keys.authenticate(text, address="192.0.2.9")
print("in", flush=True)
while True:
    try:
        keys.authenticate(text, address="192.0.2.9")
    except Unauthenticated:
        print(time.time(), flush=True)
        break
    time.sleep(0.005)
"""


@pytest.mark.parametrize("how", ["revoked", "account disabled"])
def test_another_process_refuses_it_within_a_second(how: str):
    """I-22: two processes, each with what it has read"""
    made = new_key()
    asks = subprocess.Popen(
        [sys.executable, "-c", _ASKS],
        cwd=BASE,
        env=_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert asks.stdin is not None and asks.stdout is not None
        asks.stdin.write(made.text + "\n")
        asks.stdin.flush()
        assert asks.stdout.readline() == "in\n"
        if how == "revoked":
            revoke(made.id, actor=ALICE, reason=WHY)
        else:
            disable_account("billing", actor=ALICE, reason=WHY)
        ended = time.time()
        assert float(asks.stdout.readline()) - ended < 1.0
    finally:
        asks.kill()
        asks.communicate()
    assert denied()[-1] == ("api_key", "service:billing", f"billing · do_live_{made.id}", "authenticate")


def test_what_a_process_has_read_is_old_after_half_a_second(monkeypatch: Any):
    made = new_key()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    enter(made.text)
    with session() as other:
        other.execute("UPDATE actions_apikey SET revoked_at = now() WHERE id = %s", [made.id])
    now += FRESH - 0.01
    enter(made.text)
    now += 0.02
    refused(made.text)
    assert FRESH <= 0.5


def test_a_key_expires_by_the_clock_of_the_database():
    made = new_key(days=1)
    lives = value("SELECT extract(epoch FROM expires_at - created_at)::float FROM actions_apikey")
    assert lives == pytest.approx(86_400, abs=1)
    enter(made.text)
    expire(made.id)
    seen.clear()
    refused(made.text)


def test_a_key_lives_for_90_days_where_nobody_says_otherwise():
    """S-01"""
    new_key()
    assert value("SELECT round(extract(epoch FROM expires_at - created_at) / 86400)::int FROM actions_apikey") == 90


def test_a_disabled_account_lets_none_of_its_keys_in_until_it_is_enabled():
    first, second = new_key(label="a"), new_key(label="b")
    enter(first.text)
    assert disable_account("billing", actor=ALICE, reason="left")
    for made in (first, second):
        refused(made.text)
    assert disable_account("billing", actor=ALICE, reason="left") is False
    assert enable_account("billing", actor=ALICE, reason="back")
    enter(first.text)
    verbs = rows("SELECT verb, reason FROM actions_auditentry WHERE verb LIKE 'service_account.%%' ORDER BY id")
    assert verbs == [
        ("service_account.created", WHY),
        ("service_account.disabled", "left"),
        ("service_account.enabled", "back"),
    ]


@pytest.mark.parametrize("change", ["UPDATE auth_user SET is_active = false", "DELETE FROM auth_user"])
def test_a_user_who_is_gone_takes_the_keys_along(change: str):
    person("olga", "trigger")
    made = new_key("action:*:trigger", user="olga")
    assert enter(made.text).permissions == {"trigger"}
    rows("DELETE FROM auth_user_user_permissions")
    rows(change)
    seen.clear()
    refused(made.text)
    assert denied()[-1][2] == f"olga · do_live_{made.id}"


# Who asks is known


def test_a_refused_key_is_in_the_audit_with_its_owner_and_where_it_came_from():
    made = new_key()
    revoke(made.id, actor=ALICE, reason=WHY)
    refused(made.text, "198.51.100.3")
    (entry,) = rows(
        "SELECT actor_kind, actor_id, actor_label, data->>'why', data->>'address' FROM actions_auditentry WHERE verb = 'access.denied'"
    )
    assert entry == ("api_key", "service:billing", f"billing · do_live_{made.id}", "revoked", "198.51.100.3")


@pytest.mark.parametrize("address", ["", "\x00", "\ud800", "x" * 10_000])
def test_an_odd_address_is_refused_as_any_other(address: str):
    made = new_key()
    revoke(made.id, actor=ALICE, reason=WHY)
    refused(made.text, address)
    refused("garbage", address)
    assert len(denied()) == 1


def test_a_refused_key_that_asks_on_and_on_does_not_flood_the_audit():
    made = new_key()
    revoke(made.id, actor=ALICE, reason=WHY)
    before = entries()
    for _ in range(50):
        refused(made.text)
    refused(made.text, "198.51.100.3")
    assert entries() - before == 2


def test_what_was_not_told_is_counted_in_what_is_told_next(monkeypatch: Any):
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    told = Refusals()
    assert [told.due(("a",), quiet=10), told.due(("a",), quiet=10), told.due(("b",), quiet=10)] == [1, 0, 1]
    told.due(("a",), quiet=10)
    now += 10.1
    assert told.due(("a",), quiet=10) == 3


def test_strangers_are_logged_once_a_second_with_their_address_and_not_audited():
    new_key()
    before = entries()
    with capture_logs() as logged:
        for text in [keytext.make().text for _ in range(20)] + GARBAGE:
            refused(text, "203.0.113.9")
    assert entries() == before
    assert [(line["event"], line["address"], line["times"]) for line in logged] == [
        ("api_key_unknown", "203.0.113.9", 1)
    ]


def test_the_last_use_is_written_once_a_minute():
    made = new_key()
    used = "SELECT last_used_at, host(last_used_ip) FROM actions_apikey"
    assert rows(used) == [(None, None)]
    enter(made.text)
    ((first, address),) = rows(used)
    assert address == HERE
    seen.clear()
    enter(made.text, "198.51.100.3")
    assert rows(used) == [(first, HERE)]
    rows("UPDATE actions_apikey SET last_used_at = now() - interval '61 seconds'")
    seen.clear()
    enter(made.text, "2001:db8::1")
    assert rows(used)[0][1] == "2001:db8::1"


@pytest.mark.parametrize("address", ["", "unix:", "not an address", "\x00", "fe80::1%eth0", "é" * 500])
def test_an_odd_address_is_no_reason_to_refuse(address: str):
    made = new_key()
    assert enter(made.text, address).id == made.id
    assert value("SELECT last_used_at IS NOT NULL FROM actions_apikey")


def test_a_use_that_cannot_be_written_is_let_in_and_harms_no_transaction(monkeypatch: Any):
    made = new_key()
    rows("ALTER TABLE actions_apikey ADD CONSTRAINT stuck CHECK (last_used_at IS NULL) NOT VALID")
    try:
        with capture_logs() as logged, transaction.atomic():
            assert enter(made.text).id == made.id
            assert value("SELECT 1") == 1
    finally:
        rows("ALTER TABLE actions_apikey DROP CONSTRAINT stuck")
    assert [line["event"] for line in logged] == ["api_key_use_not_written"]


def test_a_use_is_not_written_while_somebody_changes_the_key_and_nobody_waits():
    made = new_key()
    with transaction.atomic():
        rows("SELECT 1 FROM actions_apikey WHERE id = %s FOR UPDATE", made.id)
        assert elsewhere(lambda: enter(made.text)).id == made.id
    assert value("SELECT last_used_at FROM actions_apikey") is None


def test_many_at_once_with_one_key_are_all_let_in():
    made = new_key()
    found = all_at_once([lambda: enter(made.text).id] * 12)
    assert found == [made.id] * 12


def test_a_process_reads_a_key_once_in_half_a_second():
    made = new_key()
    enter(made.text)
    rows("UPDATE actions_apikey SET digest = ''")
    assert enter(made.text).id == made.id


def test_the_memory_of_what_was_read_has_an_end(monkeypatch: Any):
    monkeypatch.setattr(sys.modules["actions.engine.keys.authenticate"], "_MOST", 3)
    one = Seen()
    for number in range(10):
        one.put(bytes([number]), Key("aaaaaaaa", ALICE, (), 1.0), time.monotonic())
    assert len(one._keys) <= 3


def test_a_rotated_key_ends_here_at_once_when_both_do_not_live():
    made = new_key()
    enter(made.text)
    new = rotate(made.id, overlap=0, actor=ALICE, reason=WHY)
    refused(made.text)
    assert enter(new.text).actor.principal == "api_key:service:billing"


def test_a_refusal_of_a_verb_under_an_idempotency_key_stays_in_the_audit(worker: Any):
    """I-21: the transaction that remembers the key is undone with the verb, and not the entry."""
    handle = app.give_up.invoke()
    worker.work()
    made = new_key("action:*:retry")
    actor = actor_of_key(made)
    revoke(made.id, actor=ALICE, reason=WHY)
    with pytest.raises(Unauthenticated):
        once(handle.id, "retry", lambda: retry(handle.id, actor=actor), actor=actor, key="k", sent={})
    assert [verb for *_, verb in denied()] == ["retry"]
    assert value("SELECT count(*) FROM actions_verbkey") == 0
