"""Schedules in the console: seen by everybody, made and changed by operators, said in words, never a server error."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from actions import Schedule
from actions.definitions.registry import registry
from actions.engine.schedules.fire import fire
from actions.engine.sync import sync
from actions.models import AuditEntry, Execution
from actions.models import Schedule as Row
from tests.interfaces.console_list import shown
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, text_of
from tests.stage import engine, rows

__all__ = ["desk", "engine"]

NIGHTLY = {"name": "nightly", "cron": "0 3 * * *", "timezone": "Europe/Berlin", "catch_up": "one", "reason": WHY}
NEW = "/schedules/new/?action=test-noop"


def make(desk, **said):
    """One that Otto has made; its row."""
    answer = desk.otto.post(NEW, {**NIGHTLY, "param-n": "3", **said})
    assert answer.status_code == 302, text_of(answer)
    return Row.objects.order_by("-pk").first()


def page(row, verb=""):
    return f"/schedules/{row.pk}/{verb}"


def let_be_due(row, ago=timedelta(0)):
    Row.objects.filter(pk=row.pk).update(next_at=rows("SELECT date_trunc('second', now()) - %s", ago)[0][0])


@pytest.fixture
def declared(desk):
    """One from the code."""
    noop = registry.find("test-noop")
    noop.schedules = (Schedule("0 4 * * *", name="coded", params={}),)
    sync()
    yield Row.objects.get(name="coded")
    noop.schedules = ()


def test_an_operator_makes_one_and_sees_when_it_comes(desk):
    asked = desk.otto.get("/schedules/new/")
    assert "test-noop" in text_of(asked)
    assert "doplatform.deliver-callback" not in text_of(asked)
    row = make(desk)
    assert (row.action_id, row.params, row.created_by, row.declared) == ("test-noop", {"n": 3}, "otto", False)
    said = text_of(desk.vera.get(page(row)))
    assert "At 03:00 every day, Europe/Berlin" in said
    assert len(re.findall(r"\d{4}-\d\d-\d\d 03:00:00 CES?T \d{4}-\d\d-\d\d 0[12]:00:00", said)) == 5
    listed = desk.vera.get("/schedules/")
    assert "At 03:00 every day" in text_of(listed)
    assert page(row) in listed.content.decode()
    assert page(row) in desk.vera.get("/actions/test-noop/").content.decode()


def test_before_it_is_kept_its_times_can_be_looked_at(desk):
    answer = desk.otto.post(NEW, {"look": "1", "cron": "0 9 * * MON#1", "timezone": "UTC", "catch_up": "one"})
    assert "At 09:00 on the first Monday of the month" in text_of(answer)
    # What is typed meanwhile stays, and is judged only when it is kept.
    unready = {"look": "1", "cron": "0 9 * * *", "timezone": "UTC", "catch_up": "one", "param-n": "many"}
    answer = desk.otto.post(NEW, unready)
    assert 'value="many"' in answer.content.decode()
    assert "errorlist" not in answer.content.decode()
    assert Row.objects.count() == 0
    answer = desk.otto.post(NEW, {"look": "1", "cron": "0 99 * * *", "timezone": "UTC", "catch_up": "one"})
    assert "The hour '99' is not understood" in text_of(answer)


WRONG = [
    ({"cron": "0 99 * * *"}, "The hour '99' is not understood"),
    ({"cron": ""}, "required"),
    ({"cron": "0 0 30 2 *"}, "never comes"),
    ({"cron": "\x00 * * * *"}, "Null characters"),
    ({"cron": "* " * 90}, "at most 100 characters"),
    ({"name": ""}, "required"),
    ({"name": "x" * 61}, "at most 60 characters"),
    ({"name": "a\u202eb"}, "characters that can be seen"),
    ({"timezone": "Europe/Atlantis"}, "not one of the available choices"),
    ({"catch_up": "always"}, "not one of the available choices"),
    ({"param-n": "many"}, "number"),
    ({"param-text": "\x00"}, "Null characters"),
    ({"reason": ""}, "Say why"),
    ({"reason": " "}, "Say why"),
]


def test_a_wrong_one_is_refused_at_its_field(desk):
    for said, wrong in WRONG:
        answer = desk.otto.post(NEW, {**NIGHTLY, **said})
        assert (answer.status_code, wrong in text_of(answer)) == (200, True), wrong
    assert Row.objects.count() == 0


def test_a_second_one_of_the_name_is_refused(desk):
    make(desk)
    assert "There is a schedule of that name" in text_of(desk.otto.post(NEW, NIGHTLY))


def test_what_there_is_not_and_odd_questions_have_an_answer(desk):
    for action in ("nothing", "\x00", "x" * 300, "doplatform.deliver-callback"):
        for method in (desk.otto.get, desk.otto.post):
            assert method(f"/schedules/new/?action={action}").status_code in {404, 409}
    for address in ("/schedules/0/", "/schedules/99999999999999999999999/", "/schedules/7/run/"):
        assert desk.otto.get(address).status_code == 404
    for query in ("state=odd", "action=%00", "skip=-1", "skip=999999999", "skip=x", "state=%00"):
        assert desk.otto.get(f"/schedules/?{query}").status_code == 200


def test_it_is_changed_by_a_form_that_shows_it(desk):
    row = make(desk)
    opened = desk.otto.get(page(row, "edit/"))
    assert {field.name: field.value() for field in opened.context["options"] if field.name != "reason"} == {
        name: NIGHTLY[name] for name in ("name", "cron", "timezone", "catch_up")
    }
    assert opened.context["params"]["param-n"].value() == "3"
    answer = desk.otto.post(page(row, "edit/"), {**NIGHTLY, "cron": "0 5 * * *", "param-n": "4", "param-text": ""})
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.cron, row.params["n"]) == ("0 5 * * *", 4)
    assert "nothing was changed" in text_of(
        desk.otto.post(
            page(row, "edit/"), {**NIGHTLY, "cron": "0 5 * * *", "param-n": "4", "param-text": ""}, follow=True
        )
    )


def test_it_is_paused_resumed_run_and_removed_with_a_reason(desk):
    row = make(desk)
    for verb in ("pause/", "resume/", "run/", "remove/"):
        assert desk.otto.get(page(row, verb)).status_code == 200
        refused = desk.otto.post(page(row, verb), {"reason": ""})
        assert "Say why" in text_of(refused), verb
    assert desk.otto.post(page(row, "pause/"), {"reason": WHY}).status_code == 302
    assert "Paused by otto" in text_of(desk.otto.get(page(row)))
    assert "was already paused" in text_of(desk.otto.post(page(row, "pause/"), {"reason": WHY}, follow=True))
    assert desk.otto.post(page(row, "resume/"), {"reason": WHY}).status_code == 302
    key = {"form_key": "form-" + "0" * 32, "reason": WHY}
    places = {desk.otto.post(page(row, "run/"), key)["Location"] for _ in range(2)}
    assert len(places) == Execution.objects.count() == 1
    assert desk.otto.post(page(row, "remove/"), {"reason": WHY})["Location"] == "/schedules/"
    assert desk.otto.get(page(row)).status_code == 404
    said = text_of(desk.ada.get("/audit/"))
    for sentence in ("otto made the schedule nightly of test-noop", "otto removed the schedule nightly", "beside its"):
        assert sentence in said


def test_one_of_the_code_is_paused_and_run_but_not_changed(desk, declared):
    said = desk.otto.get(page(declared)).content.decode()
    assert (page(declared, "edit/") in said, page(declared, "remove/") in said) == (False, False)
    assert (page(declared, "pause/") in said, page(declared, "run/") in said) == (True, True)
    for verb in ("edit/", "remove/"):
        for method in (desk.otto.get, desk.otto.post):
            answer = method(page(declared, verb), NIGHTLY)
            assert answer.status_code == 409
            assert "stands in the code" in text_of(answer)
    assert Row.objects.get(name="coded").cron == "0 4 * * *"


def test_who_may_not_is_shown_nothing_and_refused(desk):
    row = make(desk)
    before = Row.objects.values().get()
    forms = [NEW, *(page(row, verb) for verb in ("edit/", "pause/", "resume/", "run/", "remove/"))]
    for look in ("/schedules/", page(row), "/actions/test-noop/"):
        body = desk.vera.get(look).content.decode()
        assert [form for form in (*forms, "/schedules/new/") if form in body] == []
    for form in forms:
        assert desk.vera.get(form).status_code == 403
        assert desk.vera.post(form, {**NIGHTLY, "cron": "0 1 * * *"}).status_code == 403
    for look in ("/schedules/", page(row)):
        assert desk.nora.get(look).status_code == 403
    assert (Row.objects.values().get(), Execution.objects.count()) == (before, 0)
    denied = AuditEntry.objects.filter(verb="access.denied", actor_label="vera").values_list("data__verb", flat=True)
    assert sorted(denied) == ["manage_schedules"] * 3 + ["pause"] * 2 + ["trigger"]


def test_in_a_read_only_installation_nothing_is_offered_or_done(desk, settings):
    row = make(desk)
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    assert 'href="/schedules/new/' not in desk.ada.get("/schedules/").content.decode()
    for form in (NEW, page(row, "pause/"), page(row, "run/")):
        assert desk.ada.post(form, NIGHTLY).status_code == 403
    assert desk.ada.get(page(row)).status_code == 200


def test_params_are_shown_to_those_who_may_see_them(desk, settings):
    row = make(desk, **{"param-text": "confidential"})
    assert "confidential" in text_of(desk.otto.get(page(row)))
    assert "confidential" not in text_of(desk.vera.get(page(row)))
    settings.DOPLATFORM = {**settings.DOPLATFORM, "HIDE_PAYLOADS": True}
    for verb in ("", "edit/"):
        assert "confidential" not in desk.otto.get(page(row, verb)).content.decode()
    # Who cannot see them changes the rest, and they stay.
    desk.otto.post(page(row, "edit/"), {**NIGHTLY, "cron": "0 6 * * *"})
    row.refresh_from_db()
    assert (row.cron, row.params["text"]) == ("0 6 * * *", "confidential")


def test_what_it_has_started_is_found_and_counted(desk):
    """The number is the length of the list that it leads to"""
    row = make(desk)
    # Called as the first one's search is written: by its label it is not meant.
    other = make(desk, name=f"schedule:{row.pk}")
    for one in (row, row, other, row):
        Row.objects.filter(pk=one.pk).update(last_at=None)
        rows("UPDATE actions_schedule SET next_at = now() - random() * interval '50 seconds' WHERE id = %s", one.pk)
        assert fire()
    desk.worker.work()
    body = desk.vera.get(page(row))
    address = re.search(r'href="(/executions/\?q=actor:schedule:\d+)">\s*(\d+) executions', body.content.decode())
    assert (
        len(shown(desk.vera.get(address[1])))
        == int(address[2])
        == Execution.objects.filter(actor_id=str(row.pk)).count()
    )
    assert len(shown(desk.vera.get(f"/executions/?q=-actor:schedule:{row.pk}"))) == 1
    assert body.content.decode().count('class="c-good"') == int(address[2])
    assert "none failed" in body.content.decode()


def test_one_that_is_late_is_said_on_the_overview_and_leads_there(desk):
    row = make(desk)
    make(desk, name="other")
    let_be_due(row, timedelta(seconds=61))
    said = desk.vera.get("/").content.decode()
    tile = re.search(r'<a href="(/schedules/\?state=late)" class=""><strong>(\d+)</strong>', said)
    assert tile[2] == "1"
    late = text_of(desk.vera.get(tile[1]))
    assert "nightly" in late
    assert "other" not in late
    assert "It is late" in text_of(desk.vera.get(page(row)))
    let_be_due(row, timedelta(seconds=30))
    assert "/schedules/?state=late" not in desk.vera.get("/").content.decode()


def test_one_that_started_nothing_says_why(desk):
    row = make(desk)
    Row.objects.filter(pk=row.pk).update(params={"what": "<b>"})
    let_be_due(row)
    assert fire()
    tile = re.search(
        r'<a href="(/schedules/\?state=failing)" class=""><strong>(\d+)</strong>', desk.vera.get("/").content.decode()
    )
    assert tile[2] == "1"
    said = desk.vera.get(tile[1])
    assert "The params of test-noop do not fit its schema: what" in text_of(said)
    assert said.content.decode().count("data-row>") == int(tile[2])
    assert "The last time started nothing" in text_of(desk.vera.get(page(row)))
    # Somebody knows of a paused one.
    Row.objects.filter(pk=row.pk).update(paused_at=Now())
    assert "/schedules/?state=failing" not in desk.vera.get("/").content.decode()
    assert "nightly" not in text_of(desk.vera.get(tile[1]))


def test_a_page_of_schedules_asks_little_and_goes_on(desk):
    first = make(desk)
    rows(
        "INSERT INTO actions_schedule (action_id, name, params, cron, timezone, catch_up, declared, withdrawn, next_at, "
        "last_error, paused_by, paused_reason, created_by) SELECT 'test-noop', 'n' || n, '{}', '0 3 * * *', 'UTC', 'one', "
        "false, false, now() + n * interval '1 day', '', '', '', 'x' FROM generate_series(1, 60) AS n"
    )
    for address in ("/schedules/", page(first), NEW, page(first, "edit/"), "/", "/actions/test-noop/"):
        assert count_queries(desk.otto, address) <= MOST_QUERIES, address
    assert count_queries(desk.otto, "/schedules/", {}, headers={"X-Live": "1"}) <= MOST_QUERIES
    opened = desk.otto.get("/schedules/")
    assert opened.content.decode().count("data-row") == 50
    assert desk.otto.get(opened.context["older"]).content.decode().count("data-row") == 11
