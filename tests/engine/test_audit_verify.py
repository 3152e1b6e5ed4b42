"""audit_verify finds every kind of tampering by the owner of the tables, and names the first bad row (F30)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from actions.definitions.actor import CODE
from actions.engine import chain, ledger, maintain
from actions.engine.anchor import export
from actions.engine.seal import seal, seals
from actions.ids import public_id
from actions.models import AuditEntry, Execution, Seal
from actions.testing import inline_worker
from tests.engine.sealing import Past, entries_only, first, guarded, look, owner, past

pytestmark = pytest.mark.django_db

POSITIONS = range(20)
SIZE = 5


@pytest.fixture(scope="module")
def then(django_db_setup: None, django_db_blocker: Any) -> Iterator[Past]:
    """A past that is committed once and sealed to its end; every test's tampering is rolled back."""
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)
        with guarded():
            with inline_worker() as worker:
                past(worker)
            ledger.record("test.noted", actor=CODE, reason="a float", details={"n": 1.0})
            while seal(size=SIZE):
                pass
            assert look(anchor=list(export())).findings == []
            yield Past()
        call_command("flush", interactive=False, verbosity=0)


@pytest.mark.parametrize("position", POSITIONS)
def test_an_edited_entry_is_named(then: Past, position: int) -> None:
    _, row = then.at(position)
    with owner(f"UPDATE actions_auditentry SET reason = reason || 'x' WHERE id = {row}"):
        found = first(entries_only())
    assert (found.code, found.entry) == ("changed", row)


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'", "verb = verb || ' '", "actor_kind = 'user'", "actor_id = 'x'",
        "actor_label = ''", "execution_id = NULL", "execution_id = gen_random_uuid()", "action = action || 's'",
        "attempt = coalesce(attempt, 0) + 1", "reason = 'because'", "data = NULL", "data = '{}'", "data = 'null'",
    ],
)  # fmt: skip
def test_every_column_is_hashed(then: Past, change: str) -> None:
    row = AuditEntry.objects.filter(verb="execution.accepted").earliest("xid", "id").pk
    with owner(f"UPDATE actions_auditentry SET {change} WHERE id = {row}"):
        assert first(entries_only()).entry == row


def test_neighbouring_columns_cannot_lend_each_other_text(then: Past) -> None:
    row = AuditEntry.objects.filter(verb="execution.accepted").earliest("xid", "id").pk
    with owner(
        f"UPDATE actions_auditentry SET verb = 'execution', actor_kind = '.accepted' || actor_kind WHERE id = {row}"
    ):
        assert first(entries_only()).entry == row


def test_json_is_hashed_as_stored_not_as_python_reads_it(then: Past) -> None:
    row = AuditEntry.objects.get(reason="a float").pk
    with owner(f"UPDATE actions_auditentry SET data = '{{\"n\": 1.00}}' WHERE id = {row}"):
        assert first(entries_only()).entry == row


@pytest.mark.parametrize("position", POSITIONS)
def test_a_deleted_entry_is_named(then: Past, position: int) -> None:
    _, row = then.at(position)
    with owner(f"DELETE FROM actions_auditentry WHERE id = {row}"):
        found = first(entries_only())
    assert (found.code, found.entry) == ("deleted", row)


@pytest.mark.parametrize("position", POSITIONS)
def test_an_inserted_entry_is_named(then: Past, position: int) -> None:
    xid, _ = then.at(position)
    with owner(
        "INSERT INTO actions_auditentry (id, xid, verb, actor_kind, actor_id, actor_label, action, reason) "
        f"VALUES (900000000, {xid}, 'execution.retried', 'user', '1', 'nobody', '', '')"
    ):
        found = first(entries_only())
    # Behind a last seal that was full it is not "in" anything: it shows until it is sealed, as any new entry.
    assert found.entry == 900_000_000
    assert found.code == "inserted" or (position == 19 and found.code == "unsealed")


@pytest.mark.parametrize("position", POSITIONS)
def test_two_swapped_entries_are_named(then: Past, position: int) -> None:
    place = min(then.rows.index(then.at(position)), len(then.rows) - 2)
    (xid, row), (other_xid, other) = then.rows[place], then.rows[place + 1]
    with owner(
        f"UPDATE actions_auditentry SET id = -1 WHERE id = {row}",
        f"UPDATE actions_auditentry SET id = {row}, xid = {xid} WHERE id = {other}",
        f"UPDATE actions_auditentry SET id = {other}, xid = {other_xid} WHERE id = -1",
    ):
        found = first(entries_only())
    assert (found.code, found.entry) == ("changed", row)


@pytest.mark.parametrize("position", POSITIONS)
def test_an_entry_moved_to_another_transaction_is_named(then: Past, position: int) -> None:
    xid, row = then.at(position)
    target = then.rows[0][0] if xid != then.rows[0][0] else then.rows[-1][0]
    with owner(f"UPDATE actions_auditentry SET xid = {target} WHERE id = {row}"):
        found = first(entries_only())
    assert (found.entry, found.code) in {(row, "moved"), (row, "inserted"), (row, "changed")}


def cut(then: Past, position: int) -> tuple[int, list[str]]:
    """The seal of an entry, and what removes it and everything after it."""
    number = then.seal_of(then.at(position))
    link = Seal.objects.get(pk=number)
    return number, [
        f"DELETE FROM actions_auditentry WHERE (xid, id) >= ({link.first_xid}, {link.first_id})",
        f"DELETE FROM actions_seal WHERE number >= {number}",
    ]


@pytest.mark.parametrize("position", POSITIONS)
def test_a_tail_cut_off_with_its_seals_shows_against_the_anchor(then: Past, position: int) -> None:
    number, statements = cut(then, position)
    with owner(*statements):
        assert entries_only().ok, "nothing in the database can tell"
        found = first(entries_only(anchor=then.anchor))
    assert (found.code, found.seal) == ("missing_seal", number)


@pytest.mark.parametrize("position", POSITIONS)
def test_a_tail_cut_off_without_its_seals_is_named(then: Past, position: int) -> None:
    number, (entries, _) = cut(then, position)
    row = Seal.objects.get(pk=number).first_id
    with owner(entries):
        found = first(entries_only())
    assert (found.code, found.seal, found.entry) == ("deleted", number, row)


def test_deleting_everything_shows_against_the_anchor_and_by_the_executions(then: Past) -> None:
    with owner("DELETE FROM actions_auditentry", "DELETE FROM actions_seal"):
        assert first(look(anchor=then.anchor)).seal == 1
        assert first(look()).code == "execution"


@pytest.mark.parametrize("position", POSITIONS)
def test_a_chain_made_anew_without_the_key_is_named(then: Past, position: int) -> None:
    _, row = then.at(position)
    number = then.seal_of(then.at(position))
    with owner(
        f"UPDATE actions_auditentry SET reason = 'forged' WHERE id = {row}",
        f"DELETE FROM actions_seal WHERE number >= {number}",
    ):
        with override_settings(DOPLATFORM={"SEAL_KEY": "of the attacker"}):
            while seal(size=SIZE):
                pass
            assert entries_only().ok, "the forgery is complete but for the key"
        found = first(entries_only())
    assert (found.code, found.seal) == ("signature", number)


def test_a_chain_made_anew_with_the_key_shows_against_the_anchor(then: Past) -> None:
    _, row = then.at(7)
    number = then.seal_of(then.at(7))
    with owner(
        f"UPDATE actions_auditentry SET reason = 'forged' WHERE id = {row}",
        f"DELETE FROM actions_seal WHERE number >= {number}",
    ):
        while seal(size=SIZE):
            pass
        assert entries_only().ok
        found = first(entries_only(anchor=then.anchor))
    assert (found.code, found.seal) == ("anchor", number)


@pytest.mark.parametrize("position", POSITIONS)
def test_an_old_backup_put_back_shows_although_life_went_on(then: Past, position: int) -> None:
    number, statements = cut(then, position)
    with owner(*statements) as cursor:
        # As if the life after the restore had been sealed: entries of transactions that have ended, a valid chain.
        cursor.execute(
            "INSERT INTO actions_auditentry (xid, verb, actor_kind, actor_id, actor_label, action, reason) "
            "SELECT max(horizon_xid), 'test.noted', 'system', '', '', '', '' FROM actions_seal HAVING count(*) > 0"
        )
        seal()
        assert entries_only().ok
        found = first(entries_only(anchor=then.anchor))
    assert found.seal == number
    assert found.code in {"anchor", "missing_seal"}


@pytest.mark.parametrize("position", POSITIONS)
def test_a_forged_anchor_is_refused_at_its_line(then: Past, position: int) -> None:
    place = position * (len(then.anchor) - 1) // 19
    forged = json.loads(then.anchor[place])
    forged["root"] = "0" * 64
    lines = [*then.anchor[:place], json.dumps(forged), *then.anchor[place + 1 :]]
    found = first(entries_only(anchor=lines))
    assert (found.code, found.seal) == ("anchor", place + 1)
    assert f"Line {place + 1} of the anchor" in found.message


def test_an_anchor_with_a_hole_or_with_rubbish_is_refused(then: Past) -> None:
    assert "does not follow" in first(entries_only(anchor=[then.anchor[0], *then.anchor[2:]])).message
    for rubbish in ("{", "[]", "{}", '{"format":1}', json.dumps({**json.loads(then.anchor[0]), "extra": 1})):
        assert "is no seal" in first(entries_only(anchor=[rubbish])).message
    assert entries_only(anchor=[*then.anchor[3:], ""]).ok, "one that begins later is good"


def test_another_key_is_named_and_an_old_key_still_verifies(then: Past) -> None:
    with override_settings(SECRET_KEY="another" * 8):
        found = first(entries_only())
        assert (found.code, found.seal) == ("signature", 1)
        assert "SEAL_OLD_KEYS" in found.message
    with override_settings(SECRET_KEY="another" * 8, SECRET_KEY_FALLBACKS=["only-for-tests-" + "x" * 40]):
        assert entries_only().ok


@pytest.mark.parametrize("position", POSITIONS)
def test_any_edited_field_of_a_seal_is_named(then: Past, position: int) -> None:
    number = then.seal_of(then.at(position))
    changes = (
        "at = at + interval '1 second'", "count = count + 1", "root = previous", "previous = root", "first_id = first_id + 1",
        "last_xid = last_xid - 1", "horizon_xid = horizon_xid + 1", "horizon_id = horizon_id - 1", "key = 'x'",
        "signature = repeat('0', 64)",
    )  # fmt: skip
    with owner(f"UPDATE actions_seal SET {changes[position % len(changes)]} WHERE number = {number}"):
        assert first(entries_only()).seal == number


@pytest.mark.parametrize(
    "blinding",
    [
        "ALTER TABLE actions_auditentry DISABLE TRIGGER actions_audit_rows",
        "ALTER TABLE actions_auditentry ENABLE TRIGGER actions_audit_rows",
        "ALTER TABLE actions_auditentry DISABLE TRIGGER USER",
        "DROP TRIGGER actions_seal_truncate ON actions_seal",
        "CREATE OR REPLACE FUNCTION actions_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ],
)
def test_a_trigger_that_is_off_is_named(then: Past, blinding: str) -> None:
    with owner() as cursor:
        cursor.execute(blinding)
        assert first(entries_only()).code == "trigger_off"


@pytest.mark.parametrize("position", POSITIONS)
def test_a_truncated_body_is_named(then: Past, position: int) -> None:
    told = [row for row in then.rows if AuditEntry.objects.filter(pk=row[1], data__isnull=False).exists()]
    _, row = told[position * (len(told) - 1) // 19]
    with owner(
        f"UPDATE actions_auditentry SET data = data - (SELECT min(k) FROM jsonb_object_keys(data) k) WHERE id = {row}"
    ):
        found = first(entries_only())
    assert (found.code, found.entry) == ("changed", row)


@pytest.mark.parametrize("position", POSITIONS)
def test_an_edited_time_is_named(then: Past, position: int) -> None:
    _, row = then.at(position)
    with owner(f"UPDATE actions_auditentry SET at = at - interval '1 microsecond' WHERE id = {row}"):
        found = first(entries_only())
    assert (found.code, found.entry) == ("changed", row)


def test_marks_edited_too_still_name_the_seal(then: Past) -> None:
    _, row = then.at(9)
    number = then.seal_of(then.at(9))
    with owner(
        f"UPDATE actions_auditentry SET reason = 'forged' WHERE id = {row}",
        f"UPDATE actions_seal SET marks = '' WHERE number = {number}",
    ):
        assert first(entries_only()).seal == number


def test_a_seal_missing_in_the_middle_is_named(then: Past) -> None:
    with owner("DELETE FROM actions_seal WHERE number = 4"):
        found = first(entries_only())
    assert (found.code, found.seal) == ("missing_seal", 4)


def test_an_entry_from_the_future_is_named(then: Past) -> None:
    with owner(
        "INSERT INTO actions_auditentry (id, xid, verb, actor_kind, actor_id, actor_label, action, reason) "
        "VALUES (900000000, 4000000000000, 'execution.retried', 'user', '1', 'nobody', '', '')"
    ):
        report = entries_only()
    assert [(found.code, found.entry) for found in report.findings] == [("future", 900_000_000)]


def test_an_entry_that_nobody_seals_is_named(then: Past) -> None:
    with owner(f"DELETE FROM actions_seal WHERE number >= {len(then.anchor)}"):
        found = first(entries_only())
    assert found.code == "unsealed"
    assert found.entry == then.rows[-(len(then.rows) % SIZE or SIZE)][1]


@pytest.mark.parametrize(
    ("which", "change", "word"),
    [
        ({"action": "test-fail", "status": "succeeded"}, "status = 'failed', result = NULL", "last word"),
        ({"action": "test-echo", "status": "succeeded"}, "params = '{\"value\": 0}'", "params"),
        ({"action": "test-echo", "status": "succeeded"}, "result = '0'", "result"),
        ({"action": "test-echo", "status": "succeeded"}, "fingerprint = repeat('0', 64)", "fingerprint"),
        ({"action": "test-sealed-secret"}, "result = '{}'", "result"),
        ({"action": "test-noop", "status": "queued"}, "params = '{\"n\": 2}'", "params"),
        ({"action": "test-fail"}, "attempt = attempt + 1", "attempt"),
        ({"action": "test-doubt", "status": "succeeded"}, "result = NULL", "result"),
    ],
)  # fmt: skip
def test_an_execution_edited_behind_the_engine_is_named(
    then: Past, which: dict[str, str], change: str, word: str
) -> None:
    chosen = Execution.objects.filter(**which).earliest("id")
    with owner(f"UPDATE actions_execution SET {change} WHERE id = '{chosen.id}'"):
        found = first(look())
    assert (found.code, found.execution) == ("execution", chosen.public_id)
    assert word in found.message


def test_an_execution_deleted_is_named_and_one_pruned_is_not(then: Past) -> None:
    with owner(
        "UPDATE actions_execution SET finished_at = finished_at - interval '99 days' WHERE finished_at IS NOT NULL"
    ):
        assert ledger.prune(days=30, size=1_000, newest=maintain._oldest_kept(-1)) > 5
        assert look().ok
        left = Execution.objects.earliest("id").pk
        connection.cursor().execute("DELETE FROM actions_execution WHERE id = %s", [left])
        found = first(look())
    assert (found.code, found.execution) == ("execution_missing", public_id(left))


def test_the_command_exports_an_anchor_verifies_against_it_and_fails_with_a_name(
    then: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit_export")
    anchor = tmp_path / "anchor.ndjson"
    anchor.write_text(capsys.readouterr().out)
    call_command("audit_verify", "--json", "--lag", "0", "--anchor", str(anchor))
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["entries"], report["anchored"]) == (True, len(then.rows), len(then.anchor))
    call_command("audit_export", "--after", "3")
    assert len(capsys.readouterr().out.splitlines()) == len(then.anchor) - 3
    _, row = then.at(3)
    with (
        owner(f"UPDATE actions_auditentry SET reason = 'x' WHERE id = {row}"),
        pytest.raises(CommandError, match=rf"^audit_broken: Entry {row} was changed") as refusal,
    ):
        call_command("audit_verify", "--lag", "0")
    assert refusal.value.returncode == 1
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("audit_verify", "--anchor", str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("change", "code"), [({"previous": "f" * 64}, "chain"), ({"at": 1}, "order"), ({"horizon_xid": -5}, "order")]
)
def test_a_seal_that_does_not_follow_is_named_although_it_is_signed(
    then: Past, change: dict[str, Any], code: str
) -> None:
    link = replace(next(seals(after=6)), **change)
    link = replace(link, signature=chain.sign(link, chain.signing_key()[1]))
    with owner("SELECT 1") as cursor:
        cursor.execute("ALTER TABLE actions_seal DISABLE TRIGGER USER")
        Seal.objects.filter(number=7).update(
            previous=link.previous, at=link.moment, horizon_xid=link.horizon_xid, signature=link.signature
        )
        found = first(entries_only())
    assert (found.code, found.seal) == (code, 7)
