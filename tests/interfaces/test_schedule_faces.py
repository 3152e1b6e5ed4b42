"""Schedules by command and by API: the same verbs, one document each, refused with a code."""

from datetime import UTC, datetime, timedelta

import pytest

from actions import Schedule
from actions.definitions.registry import registry
from actions.engine.sync import sync
from actions.models import Execution
from actions.models import Schedule as Row
from tests.interfaces.api import api, caller
from tests.interfaces.command_line import HOSTILE, WHY, answer, refusal, said
from tests.stage import engine, rows

__all__ = ["api", "caller", "engine"]

MAKE = (
    "schedule",
    "make",
    "test-noop",
    "--name",
    "nightly",
    "--cron",
    "0 3 * * *",
    "--timezone",
    "Europe/Berlin",
    *WHY,
)


@pytest.fixture
def row(engine):
    """One that somebody has made."""
    sync()
    told = answer(*MAKE, "--params", '{"n": 3}')
    return Row.objects.get(pk=told["id"])


@pytest.fixture
def coded(engine):
    """One from the code."""
    noop = registry.find("test-noop")
    noop.schedules = (Schedule("0 4 * * *", name="coded"),)
    sync()
    yield Row.objects.get(name="coded")
    noop.schedules = ()


def test_a_schedule_is_made_shown_changed_and_removed_by_command(row):
    assert (row.params, row.timezone, row.catch_up) == ({"n": 3}, "Europe/Berlin", "one")
    assert "test-noop/nightly  At 03:00 every day, Europe/Berlin  next 2" in said("schedules")
    shown = said("schedules", "test-noop/nightly")
    assert shown.count("03:00:00 CE") == 5
    assert "params: {" in shown
    (told,) = answer("schedules", "--state", "code")["schedules"] or [None]
    assert told is None
    changed = answer("schedule", "change", "test-noop/nightly", "--cron", "0 5 * * MON", *WHY)
    assert (changed["cron"], changed["params"], changed["timezone"]) == ("0 5 * * MON", {"n": 3}, "Europe/Berlin")
    assert "nothing was changed" in said("schedule", "change", str(row.pk), "--cron", "0 5 * * MON", *WHY)
    assert answer("schedule", "pause", str(row.pk), *WHY)["changed"] is True
    assert answer("schedule", "pause", str(row.pk), *WHY)["changed"] is False
    assert "paused by" in said("schedules")
    assert answer("schedule", "resume", str(row.pk), *WHY)["changed"] is True
    made = answer("schedule", "run-now", str(row.pk), *WHY)["execution"]
    assert [one.public_id for one in Execution.objects.all()] == [made]
    assert answer("schedule", "remove", str(row.pk), *WHY) == {"id": row.pk, "removed": True}
    assert said("schedules") == "There is none.\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--cron", "0 99 * * *"), "invalid_cron"),
        (("--timezone", "Mars"), "invalid_timezone"),
        (("--name", " "), "invalid_name"),
        (("--params", '{"n": "x"}'), "invalid_params"),
        (("--params", "{"), "invalid_json"),
        (("--reason", " "), "reason_required"),
    ],
)
def test_a_wrong_one_is_refused_by_its_code(engine, words, code):
    sync()
    text, document = refusal(*MAKE, *words)
    assert text.startswith(f"{code}: ")
    assert document["error"]["code"] == code
    assert Row.objects.count() == 0


def test_a_command_pauses_it_until_a_time(row):
    told = answer("schedule", "pause", str(row.pk), "--for", "90m", *WHY)
    row.refresh_from_db()
    assert told["until"] == row.paused_until.isoformat()
    assert f"until {row.paused_until:%Y-%m-%d %H:%M:%S} UTC" in said("schedules")
    assert answer("schedules", "test-noop/nightly")["paused_until"][:16] == told["until"][:16]
    assert refusal("schedule", "pause", str(row.pk), "--until", "soon", *WHY)[1]["error"]["code"] == "invalid_until"


def test_a_dry_run_of_a_verb_changes_nothing(row):
    before = rows("SELECT to_jsonb(s)::text FROM actions_schedule AS s")
    entries = rows("SELECT count(*) FROM actions_auditentry")
    for words in (("pause", "--for", "1h"), ("change", "--cron", "0 5 * * *"), ("run-now",), ("remove",)):
        verb, *rest = words
        assert answer("schedule", verb, str(row.pk), *rest, "--dry-run", *WHY)["dry_run"] is True
    assert said(*MAKE, "--name", "other", "--dry-run").endswith("Dry run: nothing was changed.\n")
    assert rows("SELECT to_jsonb(s)::text FROM actions_schedule AS s") == before
    assert rows("SELECT count(*) FROM actions_auditentry") == entries
    assert Execution.objects.count() == 0


def test_what_names_no_schedule_is_not_found(row):
    for name in (*(hostile[:3_000] for hostile in HOSTILE), "test-noop/", "/nightly", "9" * 30, "²"):
        assert refusal("schedule", "pause", name, *WHY)[1]["error"]["code"] == "schedule_not_found"
    assert refusal("schedules", "nothing/there")[1]["error"]["code"] == "schedule_not_found"


def test_one_of_the_code_is_not_changed_by_command(coded):
    for words in (("change", "--cron", "0 1 * * *"), ("remove",)):
        verb, *rest = words
        assert refusal("schedule", verb, "test-noop/coded", *rest, *WHY)[1]["error"]["code"] == "schedule_declared"


def test_the_api_lists_pauses_and_runs(row, api):
    (listed,) = api.get("schedules").json["items"]
    assert listed == api.get(f"schedules/{row.pk}").json
    assert (listed["says"], listed["params"], len(listed["next"])) == ("At 03:00 every day", {"n": 3}, 5)
    assert api.get("schedules", {"state": "paused"}).json["items"] == []
    assert api.get("schedules", {"action": "test-echo"}).json["items"] == []
    paused = api.post(f"schedules/{row.pk}/pause", {"reason": "quiet"}).json
    assert (paused["name"], paused["paused"], paused["changed"]) == ("test-noop/nightly", True, True)
    assert api.get(f"schedules/{row.pk}").json["next"] == []
    assert api.post(f"schedules/{row.pk}/resume").json["changed"] is True
    until = datetime.now(UTC) + timedelta(hours=1)
    assert api.post(f"schedules/{row.pk}/pause", {"until": until.isoformat()}).json["changed"] is True
    assert datetime.fromisoformat(api.get(f"schedules/{row.pk}").json["paused_until"]) == until
    api.post(f"schedules/{row.pk}/resume")
    first, again = (api.post(f"schedules/{row.pk}/run-now", IDEMPOTENCY_KEY="k") for _ in range(2))
    assert (first.status, again.status, again.headers["Idempotent-Replayed"]) == (202, 200, "true")
    assert first.json["id"] == again.json["id"]
    assert first.json["actor"]["kind"] == "api_key"


def test_the_api_refuses_what_no_scope_grants(row, caller):
    stranger, reader = caller("action:test-echo:read"), caller("action:test-noop:read")
    assert stranger.get("schedules").json["items"] == []
    for act in ("pause", "resume", "run-now"):
        assert stranger.post(f"schedules/{row.pk}/{act}").code == "schedule_not_found"
        refused = reader.post(f"schedules/{row.pk}/{act}")
        assert (refused.status, refused.code) == (403, "forbidden")
    assert stranger.get(f"schedules/{row.pk}").status == 404
    assert (Row.objects.get().paused_at, Execution.objects.count()) == (None, 0)


def test_the_api_answers_odd_requests(row, api):
    for name in ("0", "x", "-1", "9" * 30, "%00", "²", "1.5"):
        assert api.get(f"schedules/{name}").code in {"schedule_not_found", "not_found"}, name
        assert api.post(f"schedules/{name}/run-now").code in {"schedule_not_found", "not_found"}, name
    assert api.get("schedules", {"state": "odd"}).code == "invalid_query"
    assert api.get("schedules", {"action": "\x00"}).json["items"] == []
    assert api.post(f"schedules/{row.pk}/pause", {"reason": 7}).code == "invalid_request"
    for wrong in ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00", "tomorrow"):
        assert api.post(f"schedules/{row.pk}/pause", {"until": wrong}).code == "invalid_until"
    rows("UPDATE actions_schedule SET params = '{\"what\": 1}'")
    assert api.post(f"schedules/{row.pk}/run-now").code == "invalid_params"
