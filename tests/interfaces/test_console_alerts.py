"""Alerts in the console: for those who may see, pause and manage them; never an address; every fault at its field."""

import pytest
from django.core.management import call_command
from django.test import Client

from actions.engine.alerts.kinds import KINDS
from actions.models import Alert, AlertChannel, AlertRule, AuditEntry
from tests.alerting import channel, later, rule, watch
from tests.app import actions as app
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, text_of
from tests.keyring import denied
from tests.provider import answer, provider
from tests.stage import engine, rows

__all__ = ["desk", "engine"]

HOOK = "https://receiver.example/hook-canary?token=canary"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrCANARY1/"
SEEN = ["/alerts/", "/alerts/log/", "/alerts/log/{alert}/"]
MANAGED = [
    "/alerts/rules/new/", "/alerts/rules/new/rate/", "/alerts/rules/{rule}/", "/alerts/rules/{rule}/remove/",
    "/alerts/channels/new/", "/alerts/channels/{channel}/address/", "/alerts/channels/{channel}/test/",
    "/alerts/channels/{channel}/disable/", "/alerts/channels/{channel}/enable/", "/alerts/channels/{channel}/remove/",
]  # fmt: skip
PAUSED = ["/alerts/rules/{rule}/pause/", "/alerts/rules/{rule}/resume/"]
RULE = {"name": "money", "scope": "action", "of": "test-fail", "quiet": "15", "reason": WHY}


@pytest.fixture
def told(desk):
    """A rule, two channels, and an alert that went to them; the ids that addresses of pages name."""
    hook, slack = channel(HOOK, name="hook"), channel(SLACK, name="slack", kind="apprise")
    made = rule("failure", hook, slack)
    desk.failed("<b>boom</b> {0.__class__}")
    (alert,) = watch()
    return {"rule": made, "channel": hook, "alert": alert.public_id}


def state():
    """What nobody has changed."""
    return (
        list(AlertRule.objects.values_list("name", "paused_at")),
        list(AlertChannel.objects.values_list("name", "disabled_at", "shown")),
        Alert.objects.count(),
    )


@pytest.mark.parametrize("address", [*SEEN, *MANAGED, *PAUSED])
def test_strangers_are_sent_to_the_log_in(told, address):
    assert Client().get(address.format(**told)).status_code == 302
    assert Client().post(address.format(**told), {"reason": WHY}).status_code == 302


@pytest.mark.parametrize("address", SEEN)
def test_who_may_see_executions_sees_alerts_and_nobody_else(desk, told, address):
    for browser in (desk.vera, desk.otto, desk.ada):
        assert browser.get(address.format(**told)).status_code == 200
    assert desk.nora.get(address.format(**told)).status_code == 403


@pytest.mark.parametrize("address", MANAGED)
def test_only_administrators_manage_them_and_others_change_nothing(desk, told, address):
    place, before = address.format(**told), state()
    assert desk.ada.get(place).status_code == 200
    for browser in (desk.vera, desk.otto):
        assert "actions.manage_alerts" in text_of(browser.get(place))
        assert browser.post(place, {**RULE, "kind": "webhook", "address": HOOK}).status_code == 403
        assert denied()[-1][3] == "manage_alerts"
        assert f'href="{place}"' not in browser.get("/alerts/").content.decode()
    assert state() == before


@pytest.mark.parametrize("address", PAUSED)
def test_operators_pause_rules_and_viewers_do_not(desk, told, address):
    place = address.format(**told)
    for browser in (desk.otto, desk.ada):
        assert browser.get(place).status_code == 200
    assert desk.vera.post(place, {"reason": WHY}).status_code == 403
    assert AlertRule.objects.get().paused_at is None


def test_a_rule_is_made_changed_paused_resumed_and_removed(desk, told):
    hook = told["channel"]
    made = desk.ada.post(
        "/alerts/rules/new/rate/",
        {**RULE, "threshold": "12.5", "window": "30", "least": "5", "channels": [hook], "tell_recovery": "on"},
    )
    assert made["Location"] == "/alerts/", text_of(made)
    row = AlertRule.objects.get(name="money")
    assert (row.kind, row.scope, row.of, row.threshold, row.window, row.least, row.quiet, row.channels) == (
        "rate", "action", "test-fail", 12.5, 1_800, 5, 900, [hook],
    )  # fmt: skip
    page = f"/alerts/rules/{row.pk}/"
    opened = desk.ada.get(page).content.decode()
    assert 'value="12.5"' in opened and 'value="30"' in opened and "checked" in opened
    assert row.tell_recovery
    desk.ada.post(page, {**RULE, "name": "cash", "threshold": "20", "window": "60", "least": "5"})
    row.refresh_from_db()
    assert (row.name, row.threshold, row.channels, row.tell_recovery) == ("cash", 20.0, [], False)
    assert "above 20 % in 60 min, of 5 or more" in text_of(desk.vera.get("/alerts/"))
    assert desk.otto.post(f"{page}pause/", {"reason": "deploying"})["Location"] == "/alerts/"
    assert "Paused by otto" in text_of(desk.vera.get("/alerts/")) and "deploying" in text_of(desk.vera.get("/alerts/"))
    late = desk.otto.post(f"{page}pause/", {"reason": WHY})
    assert (late.status_code, "was paused before" in text_of(late)) == (409, True)
    desk.otto.post(f"{page}resume/", {"reason": WHY})
    desk.ada.post(f"{page}remove/", {"reason": WHY})
    assert [name for name, _ in state()[0]] == ["failure"]
    assert desk.ada.get(page).status_code == 404
    said = text_of(desk.ada.get("/audit/?verb=alert_rule.*"))
    for words in (
        "ada made the alert rule money",
        "otto paused the alert rule cash",
        "ada removed the alert rule cash",
    ):
        assert words in said


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_form_that_makes_it(desk, kind):
    scope = {"scope": "action", "of": "test-fail"} if kind == "run_time" else {"scope": ""}
    opened = desk.ada.get(f"/alerts/rules/new/{kind}/")
    shown = {field.html_name: field.value() for field in opened.context["form"] if field.value() not in {None, ""}}
    made = desk.ada.post(f"/alerts/rules/new/{kind}/", {**shown, "name": kind, "reason": WHY, **scope})
    assert made.status_code == 302, text_of(made)
    row = AlertRule.objects.get()
    assert (row.kind, row.tell_recovery) == (kind, KINDS[kind].lasting)
    assert ("tell_recovery" in shown) == KINDS[kind].lasting


def test_an_alert_that_is_over_shows_since_when_and_where_that_was_told(desk, capsys):
    rule("queue_age", channel(HOOK, name="hook"))
    waits = "UPDATE actions_execution SET available_at = now() - interval '1 hour' WHERE action_id = 'test-noop'"
    app.noop.invoke()
    rows(waits)
    (old,) = watch()
    page = f"/alerts/log/{old.public_id}/"
    assert "It lasts. When it is over, that is told to the channels that were told." in text_of(desk.vera.get(page))
    later()
    (new,) = watch()
    desk.worker.work(waiting=True)
    rows("UPDATE actions_alertdelivery SET delivered_at = now()")
    watch()
    shown = text_of(desk.vera.get(f"/alerts/log/{new.public_id}/"))
    assert "Over since" in shown and "Where it was told that it is over" in shown and "on its way" in shown
    before = text_of(desk.vera.get(page))
    assert "That was told with the newest alert about it" in before
    assert new.public_id in desk.vera.get(page).content.decode()
    assert "hook that it is over" in text_of(desk.vera.get("/alerts/log/"))
    call_command("alerts", "log")
    call_command("alerts", "rules")
    said = capsys.readouterr().out
    assert "hook, that it is over  pending" in said and "tells hook, also when it is over" in said


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "failure"}, "name"),
        ({"scope": "galaxy"}, "scope"),
        ({"of": "test-nobody"}, "of"),
        ({"of": "\x00"}, "of"),
        ({"threshold": "NaN"}, "threshold"),
        ({"threshold": "1e400"}, "threshold"),
        ({"threshold": "100"}, "threshold"),
        ({"window": "0"}, "window"),
        ({"window": "9" * 30}, "window"),
        ({"least": "-1"}, "least"),
        ({"least": "9" * 12}, "least"),
        ({"quiet": "soon"}, "quiet"),
        ({"quiet": "9" * 30}, "quiet"),
        ({"channels": ["4711"]}, "channels"),
        ({"channels": ["x"]}, "channels"),
        ({"reason": " "}, "reason"),
    ],
)
def test_every_fault_is_at_its_field(desk, told, said, field):
    before = state()
    whole = {**RULE, "threshold": "10", "window": "30", "least": "5", **said}
    answer = desk.ada.post("/alerts/rules/new/rate/", whole)
    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
    assert state() == before


def test_a_channel_is_made_and_its_address_is_on_no_page(desk, told):
    for kind, address in (("webhook", HOOK + "2"), ("apprise", SLACK + "?to=x")):
        made = desk.ada.post(
            "/alerts/channels/new/", {"name": f"new {kind}", "kind": kind, "address": address, "reason": WHY}
        )
        assert made["Location"] == "/alerts/"
    wrong = desk.ada.post(
        "/alerts/channels/new/", {"name": "w", "kind": "apprise", "address": "json://canary-host/", "reason": WHY}
    )
    assert "is not among the services" in " ".join(wrong.context["form"].errors["address"])
    changed = desk.ada.post(f"/alerts/channels/{told['channel']}/address/", {"address": HOOK + "3", "reason": WHY})
    assert changed["Location"] == "/alerts/"
    desk.worker.work(waiting=True)
    pages = [wrong]
    for browser in (desk.ada, desk.vera):
        pages += [browser.get(address.format(**told)) for address in [*SEEN, *MANAGED]]
    pages += [
        desk.ada.get(place) for place in ("/audit/", "/audit/?verb=alert_channel.*", "/admin/actions/alertchannel/")
    ]
    entry = AuditEntry.objects.filter(verb="alert_channel.changed").latest("id")
    pages.append(desk.ada.get(f"/audit/{entry.pk}/"))
    for carrier in rows("SELECT carrier_id FROM actions_alertdelivery"):
        from actions.ids import public_id

        pages.append(desk.ada.get(f"/executions/{public_id(carrier[0])}/"))
    for page in pages:
        body = page.content.decode().lower()
        assert not [word for word in ("canary", "t1jj3t3l2", "a1brtd4jd") if word in body], page.request["PATH_INFO"]
    assert "https://receiver.example" in text_of(desk.ada.get("/alerts/"))
    assert "receiver.example" not in text_of(desk.vera.get("/alerts/"))


def test_a_test_leads_to_its_delivery(desk, settings):
    with provider(answer(500), answer(200)) as one:
        settings.DOPLATFORM = {
            **settings.DOPLATFORM, "OUTSIDE_ALLOWED_HOSTS": [one.place], "OUTSIDE_ALLOW_HTTP": True,
        }  # fmt: skip
        made = channel(one.url, name="hook")
        sent = desk.ada.post(f"/alerts/channels/{made}/test/", {"reason": WHY})
        page = sent["Location"]
        assert page == f"/alerts/log/{Alert.objects.get().public_id}/"
        assert "on its way" in text_of(desk.ada.get(page))
        desk.worker.work(waiting=True)
    shown = text_of(desk.vera.get(page))
    assert "delivered" in shown
    assert len(one.asked) == 2
    assert "ada tested the alert channel hook" in text_of(desk.ada.get("/audit/"))
    desk.ada.post(f"/alerts/channels/{made}/disable/", {"reason": WHY})
    refused = desk.ada.post(f"/alerts/channels/{made}/test/", {"reason": WHY})
    assert "The channel is disabled" in text_of(refused)
    late = desk.ada.post(f"/alerts/channels/{made}/disable/", {"reason": WHY})
    assert late.status_code == 409
    desk.ada.post(f"/alerts/channels/{made}/enable/", {"reason": WHY})
    desk.ada.post(f"/alerts/channels/{made}/remove/", {"reason": WHY})
    assert AlertChannel.objects.count() == 0


def test_what_did_not_arrive_is_seen_and_retried_like_any_execution(desk, told):
    desk.worker.work(waiting=True)
    for place in ("/alerts/", "/alerts/log/?state=dead", f"/alerts/log/{told['alert']}/"):
        body = desk.otto.get(place).content.decode()
        assert "not arrived" in body
        assert "/retry/" in body
        assert "/retry/" not in desk.vera.get(place).content.decode()
    assert "No alert is in this state" in text_of(desk.vera.get("/alerts/log/?state=open"))


def test_what_others_wrote_is_shown_as_it_is(desk, told):
    body = desk.vera.get(f"/alerts/log/{told['alert']}/").content.decode()
    assert "&lt;b&gt;boom&lt;/b&gt; {0.__class__}" in body
    assert "<b>boom" not in body


@pytest.mark.parametrize(
    "address",
    [
        "/alerts/log/?state=%00", "/alerts/log/?rule=%00", "/alerts/log/?rule=99999999999999999999", "/alerts/log/?cursor=%00",
        "/alerts/log/?cursor=alr_zz", "/alerts/log/?rule=4711&state=open",
    ],
)  # fmt: skip
def test_odd_questions_are_answered(desk, told, address):
    assert desk.vera.get(address).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/alerts/log/alr_zz/", "/alerts/log/%00/", f"/alerts/log/{'x' * 300}/", "/alerts/rules/0/", f"/alerts/rules/{9**30}/",
        "/alerts/rules/new/nothing/", "/alerts/channels/4711/test/", f"/alerts/channels/{9**30}/remove/",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(desk, told, address):
    assert desk.ada.get(address).status_code == 404


def test_the_log_is_read_page_by_page(desk, told, monkeypatch):
    rows("""INSERT INTO actions_alert (id, rule_name, kind, subject, title, text, link, details, held, lasting)
            SELECT ('0000000' || n || right(gen_random_uuid()::text, 28))::uuid, 'r', 'test', 's', 't' || n, '', '', '{}', false, false
            FROM generate_series(1, 5) AS n""")
    monkeypatch.setattr("actions.dashboard.alerts.listed.SHOWN", 2)
    seen, address = [], "/alerts/log/"
    while address:
        shown = desk.vera.get(address)
        seen += [one.row.title for one in shown.context["alerts"]]
        address = shown.context["older"]
    assert seen[1:] == ["t5", "t4", "t3", "t2", "t1"]


@pytest.mark.parametrize("address", [*SEEN, *MANAGED, *PAUSED])
def test_pages_make_few_queries(desk, told, address):
    for number in range(5):
        rule("failure", told["channel"], name=f"more {number}")
        channel(HOOK, name=f"more {number}")
    desk.failed()
    watch()
    assert count_queries(desk.ada, address.format(**told)) <= MOST_QUERIES


def test_a_live_page_sends_only_what_has_changed(desk, told):
    for place in SEEN:
        first = desk.vera.get(place.format(**told), headers={"X-Live": "1"})
        assert b"<html" not in first.content
        again = {"X-Live": "1", "If-None-Match": first["ETag"]}
        assert desk.vera.get(place.format(**told), headers=again).status_code == 304


def test_read_only_hides_and_refuses(desk, told, settings):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    before, body = state(), desk.ada.get("/alerts/").content.decode()
    for address in [*MANAGED[1:], *PAUSED]:
        place = address.format(**told)
        assert f'href="{place}"' not in body
        assert desk.ada.post(place, RULE).status_code == 403
    assert state() == before


def test_the_admin_shows_them_to_the_same_people_and_changes_nothing(desk, told):
    """D10"""
    for name, allowed in (("alertrule", True), ("alert", True), ("alertchannel", False)):
        place = f"/admin/actions/{name}/"
        shown = desk.ada.get(place)
        assert shown.status_code == 200
        assert "&lt;" not in shown.content.decode()  # a time is one, and not its markup
        assert (desk.vera.get(place).status_code == 200) == allowed
        assert desk.nora.get(place).status_code == 403
        assert desk.ada.post(f"{place}add/", {"name": "x"}).status_code == 403
        assert desk.ada.post(f"{place}1/delete/", {"post": "yes"}).status_code == 403
        assert count_queries(desk.ada, place) <= MOST_QUERIES
    assert f'href="/alerts/log/{told["alert"]}/"' in desk.vera.get("/admin/actions/alert/").content.decode()
    assert len(state()[1]) == 2


def test_the_commands_list_and_test(desk, told, capsys, tmp_path):
    import json

    call_command("alerts", "rules", "--json")
    assert json.loads(capsys.readouterr().out)["rules"][0]["channels"] == ["hook", "slack"]
    for words in (["rules"], ["channels"], ["log"], ["log", "--state", "open"]):
        call_command("alerts", *words)
    assert "canary" not in capsys.readouterr().out.lower()
    file = tmp_path / "address"
    file.write_text(f"{HOOK}\n")
    call_command("alerts", "add-channel", "third", "--kind", "webhook", "--address-file", str(file), "--reason", WHY)
    capsys.readouterr()
    call_command("alerts", "test", "--channel", "third", "--reason", WHY, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert (printed["id"][:4], printed["carrier"][:5]) == ("alr_", "exec_")
    from actions.management.face import Refused

    with pytest.raises(Refused, match="alert_channel_not_found"):
        call_command("alerts", "test", "--channel", "fourth", "--reason", WHY)
