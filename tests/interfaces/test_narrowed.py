"""A rule of the installation (ACCESS): who sees only their team's actions finds no word of the others on any page, by the API or in
an export, and does nothing to them. A rule that fails allows nothing."""

import re
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.urls import URLPattern, get_resolver

from actions import narrowing
from actions.checks.settings import rule as checked
from actions.engine import access
from actions.engine.alerts.channels import create as channels
from actions.engine.alerts.channels.try_out import try_out
from actions.engine.alerts.kinds import KINDS
from actions.engine.alerts.rules import create as rules
from actions.engine.alerts.rules.wanted import Wanted
from actions.engine.bulk.begin import Seen, begin
from actions.engine.callbacks.hand_over import hand_over
from actions.engine.group import group
from actions.engine.keys import accounts, create
from actions.engine.operate.pause import pause_action
from actions.engine.operate.retry import retry
from actions.engine.operate.trigger import trigger
from actions.engine.operate.view import save_view
from actions.engine.schedules import wanted as scheduled
from actions.engine.schedules.make import make
from actions.errors import ExecutionNotFound, Forbidden
from actions.models import (
    Alert,
    AlertChannel,
    AlertRule,
    ApiKey,
    AuditEntry,
    BulkOperation,
    ErrorGroup,
    SavedView,
    Schedule,
)
from actions.queries import search
from tests.app import actions as app
from tests.interfaces.api import EVERYTHING, OPERATOR, Api, caller, forget
from tests.interfaces.desk import MOST_QUERIES, WHY, client, count_queries, desk, text_of
from tests.stage import column, compose, declare, engine, key_of

__all__ = ["caller", "compose", "declare", "desk", "engine"]

HOST = "receiver.example"
ASKED = []


def _visible(user):
    return ["test-*"] if user.get_username() == "olaf" else None


def _may(user, verb, subject):
    ASKED.append((user.get_username(), verb, subject))
    return user.get_username() != "olaf" or verb != "cancel"


def _raises(*_):
    raise RuntimeError("the directory does not answer")


TEAMS = SimpleNamespace(visible_actions=_visible, may=_may)
BROKEN = SimpleNamespace(visible_actions=_raises, may=_raises)
ODD = SimpleNamespace(visible_actions=lambda _: "test-noop", may=lambda *_: 1)


@pytest.fixture
def teams(desk, declare, compose, settings):
    """Olaf has every permission and sees the actions test-*; zebra-* are another team's, of which everything that there is
    has been left everywhere."""
    settings.DOPLATFORM = {
        **settings.DOPLATFORM,
        "OUTSIDE_ALLOWED_HOSTS": [HOST],
        "ACCESS": "tests.interfaces.test_narrowed.TEAMS",
    }

    @declare("zebra-charge", tags=("zebra",))
    def charge(fails: bool = False) -> str:
        """Takes the zebra's money."""
        if fails:
            raise ValueError("the zebra has none")
        return "paid"

    @compose("zebra-flow")
    def flow() -> None:
        charge.start()

    desk.olaf = client("olaf", "Administrator")
    desk.ours = [desk.failed(), app.noop.invoke(callback={"url": f"https://{HOST}/x"})]
    desk.theirs = [charge.invoke(fails=True), charge.invoke(callback={"url": f"https://{HOST}/x"}), flow.invoke()]
    desk.worker.work(waiting=True)
    hand_over()
    group()
    ada = access.actor_of(User.objects.get(username="ada"))
    pause_action("zebra-charge", actor=ada, reason="the zebra is ill")
    save_view("The striped ones", "action:zebra-charge", actor=ada, shared=True)
    begin("replay", [Seen(key_of(desk.theirs[0]), 4)], actor=ada, reason=WHY, query="action:zebra-charge")
    desk.worker.work()
    desk.vera.post("/actions/zebra-charge/trigger/", {"reason": WHY})
    channels.create("zebras", kind="webhook", address=f"https://{HOST}/x", actor=ada, reason=WHY)
    channel = AlertChannel.objects.get().pk
    try_out(channel, actor=ada, reason=WHY)
    rules.create("rate", Wanted(name="zebras", scope="action", of="zebra-charge", threshold=5.0), actor=ada, reason=WHY)
    make("zebra-charge", scheduled.Wanted(name="zebra-nights", cron="0 3 * * *"), actor=ada, reason=WHY)
    accounts.create_account("zebra-service", actor=OPERATOR)
    create.create(scopes=("action:zebra-*:trigger",), account="zebra-service", actor=OPERATOR)
    ASKED.clear()
    yield desk
    SavedView.objects.all().delete()


def pages(teams):
    """Every address of the console and of the admin of this app, with what it is about for each of its arguments."""
    keys = list(AuditEntry.objects.values_list("pk", flat=True))
    theirs = [handle.id for handle in teams.theirs] + [handle.id for handle in teams.ours]
    values = {
        "id": [*theirs, *BulkOperation.objects.values_list("pk", flat=True)],
        "verb": ["retry", "replay", "cancel"],
        "part": ["params", "error"],
        "group": list(ErrorGroup.objects.values_list("pk", flat=True)),
        "word": ["resolve"],
        "name": ["test-noop", "test-fail", "default"],
        "number": [*keys, *SavedView.objects.values_list("pk", flat=True)],
        "rule": list(AlertRule.objects.values_list("pk", flat=True)),
        "channel": list(AlertChannel.objects.values_list("pk", flat=True)),
        "public": [alert.public_id for alert in Alert.objects.all()],
        "key": list(ApiKey.objects.values_list("pk", flat=True)),
        "schedule": list(Schedule.objects.values_list("pk", flat=True)),
        "kind": list(KINDS),
        "selection": ["01a220da-ac44-714a-ac89-cfdc5182ab23"],
    }
    for pattern in _patterns(get_resolver().url_patterns):
        yield from _filled(pattern, values)


def _patterns(patterns, before=""):
    for one in patterns:
        place = before + str(one.pattern)
        if isinstance(one, URLPattern):
            if place.startswith("^") or "admin" in place or "api/" in place or "static" in place:
                continue
            yield place
        elif not place.startswith(("admin", "api")):
            yield from _patterns(one.url_patterns, place)


def _filled(place, values):
    found = re.search(r"<(?:\w+:)?(\w+)>", place)
    if not found:
        return ["/" + place]
    if found[1] not in values:
        return []
    return [one for value in values[found[1]] for one in _filled(place.replace(found[0], str(value), 1), values)]


SEARCHES = (
    "/executions/?q=", "/executions/?q=action:zebra*", "/executions/?q=state:failed", "/executions/?q=tag:zebra",
    "/executions/?q=&counts=1", "/executions/counts/?q=", "/executions/suggest/?q=action:z", "/executions/suggest/?q=action:",
    "/executions/?q=zebra", "/actions/?find=e", "/audit/?apart=1", "/audit/?verb=bulk.*", "/audit/?verb=access.denied",
    "/audit/?action=z*", "/failures/?state=open", "/deliveries/?state=pending", "/?window=1h", "/workflows/",
)  # fmt: skip
EXPORTS = (
    "/executions/export/?q=&format=csv", "/executions/export/?q=&format=ndjson", "/audit/export/?format=csv",
    "/audit/export/?format=ndjson",
)  # fmt: skip


def body(answer):
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


def test_no_page_names_another_teams_actions(teams):
    seen = 0
    for address in [*pages(teams), *SEARCHES, *EXPORTS]:
        answer = teams.olaf.get(address)
        assert answer.status_code in {200, 302, 403, 404, 405, 409}, address
        told = body(answer)
        # What was asked for is shown as it was typed.
        typed = told.replace("zebra*", "").replace("zebra%2A", "").replace("tag:zebra", "").replace("tag%3Azebra", "")
        if "q=zebra" in address:
            typed = typed.replace("zebra", "")
        assert "zebra" not in typed, (address, typed[max(0, typed.find("zebra") - 200) :][:400])
        seen += answer.status_code == 200
    assert seen > 60
    assert "zebra-charge" in body(teams.ada.get("/executions/?q="))


def test_one_sees_ones_own_in_all_of_them(teams):
    for address in (
        "/",
        "/executions/?q=",
        "/actions/",
        "/failures/",
        "/audit/",
        "/deliveries/",
        EXPORTS[1],
        EXPORTS[3],
    ):
        assert "test-" in body(teams.olaf.get(address)), address
    assert text_of(teams.olaf.get("/executions/?q=state:failed")).count("test-fail") >= 1


def test_executions_of_others_are_not_there(teams):
    for handle in teams.theirs:
        for verb in ("", "retry/", "replay/", "cancel/", "reveal/", "raw/", "params/"):
            assert teams.olaf.get(f"/executions/{handle.id}/{verb}").status_code == 404, verb
        assert teams.ada.get(f"/executions/{handle.id}/").status_code == 200


def test_figures_count_ones_own(teams):
    def of(browser):
        return {count.status.value: count.number for count in browser.get("/").context["counts"]}

    assert of(teams.olaf)["failed"] == search.total(search.parse("state:failed action:test-*")).number
    assert of(teams.ada)["failed"] > of(teams.olaf)["failed"]
    tabs = teams.olaf.get("/failures/").context["tabs"]
    assert [number for name, _, number in tabs if name == "open"] == [1]
    assert teams.olaf.get("/").context["flow"]["failed"] <= teams.ada.get("/").context["flow"]["failed"]


def test_nothing_is_done_to_others_executions(teams):
    olaf = access.actor_of(User.objects.get(username="olaf"))
    broken = teams.theirs[0]
    with pytest.raises(ExecutionNotFound):
        retry(broken.id, actor=olaf, reason=WHY)
    with pytest.raises(Forbidden):
        trigger("zebra-charge", {}, actor=olaf)
    with pytest.raises(Forbidden):
        pause_action("zebra-charge", actor=olaf, reason=WHY)
    denied = AuditEntry.objects.filter(verb="access.denied", actor_label="olaf")
    assert denied.count() == 3
    kept = teams.olaf.post("/bulk/choose/", {"verb": "retry", "q": "", "row": [f"{broken.id}.4"]})
    assert kept["Location"].startswith("/executions/")
    assert column(broken, "status") == "failed"
    group = ErrorGroup.objects.get(action="zebra-charge")
    assert teams.olaf.post(f"/failures/{group.pk}/resolve/", {"reason": WHY}).status_code == 404
    assert ErrorGroup.objects.get(pk=group.pk).state == "open"


def test_items_of_others_in_an_operation_are_refused_one_by_one(teams):
    """Whoever chose them before the rule was changed."""
    olaf = access.actor_of(User.objects.get(username="olaf"))
    begin("retry", [Seen(key_of(one), column(one, "attempt")) for one in (teams.ours[0], teams.theirs[0])], actor=olaf,
          reason=WHY)  # fmt: skip
    teams.worker.work()
    assert column(teams.ours[0], "attempt") > 3
    assert column(teams.theirs[0], "status") == "failed"


def test_may_takes_a_verb_from_what_one_sees(teams):
    later = app.noop.invoke(available_at=None)
    olaf = access.actor_of(User.objects.get(username="olaf"))
    page = teams.olaf.get(f"/executions/{later.id}/")
    assert f"/executions/{later.id}/cancel/" not in body(page)
    assert f"/executions/{later.id}/cancel/" in body(teams.ada.get(f"/executions/{later.id}/"))
    assert teams.olaf.get(f"/executions/{later.id}/cancel/").status_code == 403
    told = teams.olaf.post(f"/executions/{later.id}/cancel/", {"reason": WHY, "status": "queued", "attempt": "0"})
    assert told.status_code == 403
    assert "access rule" in text_of(told)
    assert column(later, "status") == "queued"
    assert ("olaf", "cancel", narrowing.Subject("execution", "test-noop", "default", (), later.id)) in ASKED
    assert olaf.label == "olaf"


def test_the_rule_never_widens(teams):
    ours = teams.ours[0]
    assert teams.vera.get(f"/executions/{ours.id}/retry/").status_code == 403
    assert teams.nora.get("/executions/").status_code == 403


def test_the_admin_and_the_keys_are_for_those_who_see_everything(teams):
    for model in ("execution", "action", "auditentry", "apikey", "queue", "bulkoperation"):
        answer = teams.olaf.get(f"/admin/actions/{model}/")
        assert answer.status_code in {403, 404}, model
    assert "/admin/actions/" not in body(teams.olaf.get("/admin/"))
    assert teams.olaf.get("/keys/").status_code == 403
    with pytest.raises(Forbidden):
        create.create(scopes=("action:zebra-*:trigger",), user="olaf", actor=access.actor_of(User.objects.get(username="olaf")),
                      reason=WHY)  # fmt: skip
    assert teams.ada.get("/admin/actions/execution/").status_code == 200


def test_a_key_does_no_more_than_its_user(teams):
    forget()
    api = Api(create.create(scopes=EVERYTHING, user="olaf", rate=10_000, actor=OPERATOR).text)
    assert {item["action"] for item in api.get("executions").json["items"]} == {"test-fail", "test-noop"}
    assert not [one for one in api.get("actions").json["items"] if one["name"].startswith("zebra")]
    assert api.get("actions/zebra-charge").status == 403
    for handle in teams.theirs:
        assert api.get(f"executions/{handle.id}").status == 404
        assert api.post(f"executions/{handle.id}/retry").status == 404
    assert api.start("zebra-charge").status == 403
    assert api.start("test-noop").status == 202
    assert api.post(f"executions/{teams.ours[0].id}/cancel", {"reason": WHY}).status in {403, 409}
    assert b"zebra" not in api.get("audit", {"limit": 200}).raw
    exported = api.get("audit/export").raw
    assert b"zebra" not in exported
    assert len(exported.splitlines()) > 5
    service = Api(create.create(scopes=EVERYTHING, account="zebra-service", rate=10_000, actor=OPERATOR).text)
    assert service.get(f"executions/{teams.theirs[0].id}").status == 200
    forget()


@pytest.mark.parametrize("name", ["BROKEN", "ODD", "NOWHERE"])
def test_a_rule_that_fails_allows_nothing(teams, settings, name):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "ACCESS": f"tests.interfaces.test_narrowed.{name}"}
    for address in ("/", "/executions/?q=", f"/executions/{teams.ours[0].id}/", "/audit/", "/actions/"):
        answer = teams.ada.get(address)
        assert answer.status_code == 403, address
        assert "access rule of this installation (ACCESS) has failed" in text_of(answer)
        assert "zebra" not in body(answer)
    with pytest.raises(Forbidden):
        retry(teams.ours[0].id, actor=access.actor_of(User.objects.get(username="ada")), reason=WHY)
    assert teams.ada.get("/admin/actions/execution/").status_code == 403
    forget()
    api = Api(create.create(scopes=EVERYTHING, user="ada", rate=10_000, actor=OPERATOR).text)
    assert api.get("executions").json["items"] == []
    assert api.get(f"executions/{teams.ours[0].id}").status == 404
    forget()


def test_pages_ask_no_more_of_the_database(teams):
    for address in (
        "/",
        "/executions/?q=state:failed",
        f"/executions/{teams.ours[0].id}/",
        "/failures/",
        "/audit/",
        "/actions/",
    ):
        assert count_queries(teams.olaf, address) <= MOST_QUERIES, address


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("", []),
        ("tests.interfaces.test_narrowed.TEAMS", []),
        ("tests.interfaces.test_narrowed.NOWHERE", ["doplatform.E021"]),
        ("no.such.module", ["doplatform.E021"]),
        ("json", ["doplatform.E021"]),
    ],
)
def test_a_wrong_path_is_an_error_at_start(settings, path, ids):
    with override_settings(DOPLATFORM={**settings.DOPLATFORM, "ACCESS": path}):
        assert [message.id for message in checked()] == ids


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        (("*",), ("a", "b-*"), ("a", "b-*")),
        (("a-*", "x"), ("a-b*", "a-c", "y"), ("a-b*", "a-c")),
        (("a",), ("a*",), ("a",)),
        (("a",), ("b",), ()),
        ((), ("*",), ()),
    ],
)
def test_what_two_lists_share(ours, theirs, both):
    assert narrowing.shared(ours, theirs) == both
    assert set(narrowing.shared(theirs, ours)) == set(both)
