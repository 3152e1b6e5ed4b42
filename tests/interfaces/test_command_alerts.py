"""Alert rules and channels at the command line: made, changed, paused, removed; and what a dry run leaves alone."""

import pytest

from actions.engine.sync import sync
from actions.models import AlertRule
from tests.alerting import channel
from tests.interfaces.command_line import HOSTILE, WHY, answer, refusal, said
from tests.stage import engine, rows

__all__ = ["engine"]

pytestmark = pytest.mark.usefixtures("engine")
ADD = ("alerts", "add-rule", "money", "--kind", "rate")


def one():
    (rule,) = answer("alerts", "rules")["rules"]
    return rule


def everything():
    tables = ("alertrule", "alertchannel", "alert", "alertdelivery", "auditentry", "execution")
    return [rows(f"SELECT to_jsonb(t)::text FROM actions_{table} AS t ORDER BY 1") for table in tables]


def test_a_rule_is_made_with_what_its_kind_has():
    sync()
    channel("https://hooks.example.com/canary-token", name="team")
    made = answer(*ADD, "--action", "test-noop", "--threshold", "5", "--window", "15m", "--quiet", "2h", "--channel", "team",
                  *WHY)  # fmt: skip
    assert made == {"id": one()["id"], "name": "money", "changed": True}
    kept = {name: one()[name] for name in ("kind", "scope", "of", "threshold", "least", "window", "quiet", "channels")}
    assert kept == {
        "kind": "rate", "scope": "action", "of": "test-noop", "threshold": 5.0, "least": 20, "window": 900, "quiet": 7_200,
        "channels": ["team"],
    }  # fmt: skip
    assert rows("SELECT actor_id, reason FROM actions_auditentry WHERE verb = 'alert_rule.created'") == [
        ("command", WHY[1])
    ]


def test_a_rule_is_changed_in_what_was_said_and_in_nothing_else():
    sync()
    channel("https://hooks.example.com/canary-token", name="team")
    answer(*ADD, "--queue", "default", "--threshold", "5", "--channel", "team", *WHY)
    before = one()
    assert answer("alerts", "change-rule", "money", "--least", "3", *WHY)["changed"] is True
    assert one() == {**before, "least": 3}
    answer("alerts", "change-rule", str(before["id"]), "--everything", "--nobody", "--name", "rates", *WHY)
    assert (one()["name"], one()["scope"], one()["channels"]) == ("rates", "everything", [])
    assert "nothing was changed" in said("alerts", "change-rule", "rates", "--everything", *WHY)


def test_rules_and_channels_are_turned_off_and_on_and_removed():
    channel("https://hooks.example.com/canary-token", name="team")
    answer(*ADD, *WHY)
    for of, name, verbs in (("rule", "money", ("pause", "resume")), ("channel", "team", ("disable", "enable"))):
        for verb in verbs:
            assert answer("alerts", f"{verb}-{of}", name, *WHY)["changed"] is True
            assert ", as it was." in said("alerts", f"{verb}-{of}", name, *WHY)
        assert answer("alerts", f"remove-{of}", name, *WHY)["state"] == "removed"
        assert refusal("alerts", f"remove-{of}", name, *WHY)[1]["error"]["code"] == f"alert_{of}_not_found"
    assert (answer("alerts", "rules"), answer("alerts", "channels")) == ({"rules": []}, {"channels": []})


def test_a_dry_run_of_any_of_them_changes_nothing(tmp_path):
    channel("https://hooks.example.com/canary-token", name="team")
    answer(*ADD, *WHY)
    (tmp_path / "address").write_text("https://hooks.example.com/other-token\n")
    before = everything()
    for words in (
        ("add-rule", "late", "--kind", "schedule_late"),
        ("change-rule", "money", "--threshold", "50"),
        ("pause-rule", "money"),
        ("remove-rule", "money"),
        ("disable-channel", "team"),
        ("remove-channel", "team"),
        ("add-channel", "other", "--kind", "webhook", "--address-file", str(tmp_path / "address")),
        ("test", "--channel", "team"),
    ):
        assert answer("alerts", *words, "--dry-run", *WHY)["dry_run"] is True
        assert said("alerts", *words, "--dry-run", *WHY).endswith("Dry run: nothing was changed.\n")
    assert (
        refusal("alerts", "add-rule", "money", "--kind", "rate", "--dry-run", *WHY)[1]["error"]["code"] == "name_taken"
    )
    assert everything() == before


def test_what_cannot_be_is_refused_by_its_code():
    for words, code in (
        (("--action", "nowhere"), "unknown_subject"),
        (("--threshold", "100"), "invalid_threshold"),
        (("--threshold", "nan"), "invalid_threshold"),
        (("--window", "1s"), "invalid_window"),
        (("--quiet", "1s"), "invalid_quiet"),
        (("--channel", "nobody"), "alert_channel_not_found"),
        (("--reason", " "), "reason_required"),
    ):
        assert refusal(*ADD, *WHY, *words)[1]["error"]["code"] == code
    for text in HOSTILE:
        assert refusal("alerts", "pause-rule", text, *WHY)[1]["error"]["code"] == "alert_rule_not_found"
    assert AlertRule.objects.count() == 0
