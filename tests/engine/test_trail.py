"""The audit, filtered and paged, and the exports of it and of executions."""

import csv
import io
import json
from datetime import timedelta

import pytest

from actions.errors import InvalidInput
from actions.ids import public_id
from actions.queries import exports, trail
from actions.queries.search import Allowed, InvalidQuery, every, parse
from actions.queries.trail import Question, question_of
from tests.engine.searching import BEGIN, crowd, execution, id_at
from tests.stage import engine, rows

__all__ = ["engine"]
pytestmark = pytest.mark.usefixtures("engine")

VERBS = ("execution.accepted", "execution.started", "execution.succeeded", "execution.retried", "access.denied")
ACTORS = (("user", "7", "Ada"), ("api_key", "shop", "shop · do_live_x"), ("system", "platform", "doplatform"))
_ENTRY = """
INSERT INTO actions_auditentry (at, verb, actor_kind, actor_id, actor_label, execution_id, action, reason, data)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb) RETURNING id
"""


def entries(number=90):
    """Entries, one a minute; as dicts, newest first."""
    made = []
    for minute in range(number):
        one = {
            "at": BEGIN + timedelta(minutes=minute),
            "verb": VERBS[minute % 5],
            "actor": ACTORS[minute % 3],
            "execution": id_at(minute % 4),
            "action": ("send-mail", "charge")[minute % 2],
        }
        data = json.dumps({"password": "hunter2", "n": minute})
        row = (one["at"], one["verb"], *one["actor"], one["execution"], one["action"], "=1+1", data)
        one["id"] = rows(_ENTRY, *row)[0][0]
        made.append(one)
    return made[::-1]


MIDDLE = BEGIN + timedelta(minutes=45)
ASKED = [
    (Question(), lambda one: True),
    (Question(actor="ada"), lambda one: one["actor"][2] == "Ada"),
    (Question(actor="user:7"), lambda one: one["actor"][2] == "Ada"),
    (Question(actor="shop*"), lambda one: one["actor"][1] == "shop"),
    (Question(trigger="user"), lambda one: one["actor"][0] == "user"),
    (Question(verb="execution.retried"), lambda one: one["verb"] == "execution.retried"),
    (
        Question(verb="access.denied", actor="ada"),
        lambda one: one["verb"] == "access.denied" and one["actor"][2] == "Ada",
    ),
    (Question(verb="execution.*"), lambda one: one["verb"].startswith("execution.")),
    (Question(verb="execution.started"), lambda one: one["verb"] == "execution.started"),
    (Question(action="charge"), lambda one: one["action"] == "charge"),
    (Question(action="%"), lambda one: False),
    (Question(execution=id_at(2)), lambda one: one["execution"] == id_at(2)),
    (
        Question(execution=id_at(2), verb="access.denied"),
        lambda one: one["execution"] == id_at(2) and one["verb"] == "access.denied",
    ),
    (Question(after=MIDDLE), lambda one: one["at"] >= MIDDLE),
    (Question(before=MIDDLE, action="charge"), lambda one: one["at"] < MIDDLE and one["action"] == "charge"),
    (Question(actor="\0"), lambda one: False),
]


def walk(question, limit, **options):
    forwards, cursor, pages = [], "", []
    while cursor is not None:
        found = trail.page(question, cursor=cursor, limit=limit, **options)
        pages.append(found)
        forwards += [entry.id for entry in found.entries]
        cursor = found.next
    backwards, cursor = [entry.id for entry in pages[-1].entries], pages[-1].previous
    while cursor is not None:
        found = trail.page(question, cursor=cursor, limit=limit, **options)
        backwards = [entry.id for entry in found.entries] + backwards
        cursor = found.previous
    return forwards, backwards


@pytest.mark.parametrize("window", [20_000, 7])
def test_every_question_is_answered_page_by_page(monkeypatch, window):
    made = entries()
    monkeypatch.setattr(trail, "WINDOW", window)
    for question, fits in ASKED:
        wanted = [one["id"] for one in made if fits(one)]
        assert walk(question, 5) == (wanted, wanted), question
        assert [entry.id for entry in trail.every(question, size=5)] == wanted, question


def test_a_reader_sees_only_entries_of_what_is_allowed():
    made = entries(20)
    for names, seen in ((("charge",), {"charge"}), (("send-*",), {"send-mail"}), ((), set())):
        forwards, _ = walk(Question(), 50, allowed=Allowed(names))
        assert forwards == [one["id"] for one in made if one["action"] in seen]


def test_the_id_at_a_time_is_found_among_gaps():
    made = entries(40)
    rows("ALTER TABLE actions_auditentry DISABLE TRIGGER actions_audit_rows")
    rows("DELETE FROM actions_auditentry WHERE id %% 3 = 0")
    rows("ALTER TABLE actions_auditentry ENABLE ALWAYS TRIGGER actions_audit_rows")
    for minute in range(-5, 50, 3):
        at = BEGIN + timedelta(minutes=minute)
        wanted = [one["id"] for one in made if one["at"] >= at and one["id"] % 3]
        assert [entry.id for entry in trail.every(Question(after=at))] == wanted


def test_questions_are_read_with_all_their_faults():
    with pytest.raises(InvalidQuery) as caught:
        question_of({"execution": "abc", "trigger": "nobody", "after": "2026-02-30", "before": "9999-99-99"})
    assert len(caught.value.problems) == 4
    asked = question_of({"execution": public_id(id_at(1)), "verb": " access.denied ", "after": "-2h"})
    assert (asked.execution, asked.verb) == (id_at(1), "access.denied")
    assert asked.after is not None


@pytest.mark.parametrize("cursor", ["abc", "A" * 35, "0" * 34 + "A", "\0"])
def test_a_cursor_of_no_page_is_refused(cursor):
    with pytest.raises(InvalidQuery):
        trail.page(Question(), cursor=cursor)


def test_entries_show_no_secrets():
    entries(1)
    (entry,) = trail.page(Question()).entries
    assert entry.data == {"password": "••••", "n": 0}
    assert trail.entry(entry.id) == entry
    assert trail.entry(0) is trail.entry(10**30) is None


def test_an_export_of_the_audit_has_what_the_list_has():
    made = entries(30)
    lines = b"".join(exports.audit(Question(action="charge"), "ndjson")).decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [one["id"] for one in made if one["action"] == "charge"]
    assert "hunter2" not in "".join(lines)
    table = list(csv.reader(io.StringIO(b"".join(exports.audit(Question(action="charge"), "csv")).decode())))
    assert table[0][:3] == ["id", "at", "verb"]
    assert [int(row[0]) for row in table[1:]] == [json.loads(line)["id"] for line in lines]
    assert {row[table[0].index("reason")] for row in table[1:]} == {"'=1+1"}


def test_an_export_of_executions_has_what_the_list_has():
    crowd(40)
    query = parse("-state:succeeded")
    wanted = [row.public_id for row in every(query)]
    lines = b"".join(exports.executions(query, "ndjson")).decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == wanted
    table = list(csv.DictReader(io.StringIO(b"".join(exports.executions(query, "csv")).decode())))
    assert [row["id"] for row in table] == wanted
    assert {row["actor.label"] for row in table} == {"ada", "shop · do_live_x"}


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", '=1"\n,2', "'=1\x00"]
)
def test_no_cell_is_run_by_a_spreadsheet(text):
    """D08"""
    execution(1, status="failed", message=text.replace("\0", "\\u0000"), tags=[text.replace("\0", "")])
    found = b"".join(exports.executions(parse("state:failed"), "csv")).decode()
    (row,) = list(csv.DictReader(io.StringIO(found)))
    assert all(
        value.startswith("'") or not value.lstrip(" \t\r\n").startswith(tuple("=+-@＝")) for value in row.values()
    )


def test_an_export_without_rows_names_its_columns():
    assert b"".join(exports.executions(parse("state:failed"), "csv")).startswith(b"id,action,")
    assert b"".join(exports.audit(Question(), "ndjson")) == b""
    with pytest.raises(InvalidInput):
        exports.audit(Question(), "xlsx")
