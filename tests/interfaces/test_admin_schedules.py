"""Schedules in Django's admin: the same verbs, hidden and refused, nothing edited by hand."""

import pytest

from actions.models import Execution, Schedule
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, hidden_in, text_of
from tests.stage import engine

__all__ = ["desk", "engine"]

LIST = "/admin/actions/schedule/"
NIGHTLY = {"name": "nightly", "cron": "0 3 * * *", "timezone": "Europe/Berlin", "catch_up": "one", "reason": WHY}


@pytest.fixture
def row(desk):
    """One that Otto has made."""
    assert desk.otto.post(f"{LIST}make/test-noop/", NIGHTLY).status_code == 302
    return Schedule.objects.get()


def test_an_operator_makes_changes_pauses_runs_and_removes(desk, row):
    page = f"{LIST}{row.pk}/"
    assert "test-noop" in text_of(desk.otto.get(LIST))
    assert "At 03:00 every day" in text_of(desk.vera.get(LIST))
    assert text_of(desk.vera.get(f"{page}change/")).count("03:00:00 CE") == 5
    looked = desk.otto.post(f"{page}edit/", {**NIGHTLY, "cron": "0 4 * * *", "look": "1"})
    assert "At 04:00 every day" in text_of(looked)
    assert "is not understood" in text_of(desk.otto.post(f"{page}edit/", {**NIGHTLY, "cron": "0 99 * * *"}))
    assert desk.otto.post(f"{page}edit/", {**NIGHTLY, "cron": "0 4 * * *"}).status_code == 302
    assert "Its times pass" in text_of(desk.otto.get(f"{page}pause/"))
    assert desk.otto.post(f"{page}pause/", {"reason": WHY}).status_code == 302
    assert "Paused by otto" in text_of(desk.vera.get(f"{page}change/"))
    assert desk.otto.post(f"{page}resume/", {"reason": WHY}).status_code == 302
    asked = {**hidden_in(desk.otto.get(f"{page}run/")), "reason": WHY}
    assert len({desk.otto.post(f"{page}run/", asked)["Location"] for _ in range(2)}) == Execution.objects.count() == 1
    assert "Say why" in text_of(desk.otto.post(f"{page}remove/", {"reason": ""}))
    assert desk.otto.post(f"{page}remove/", {"reason": WHY})["Location"] == LIST
    assert Schedule.objects.count() == 0


def test_who_may_not_is_shown_nothing_and_refused(desk, row):
    page = f"{LIST}{row.pk}/"
    forms = [f"{LIST}make/test-noop/", *(f"{page}{verb}/" for verb in ("edit", "pause", "resume", "run", "remove"))]
    for look in (LIST, f"{page}change/"):
        body = desk.vera.get(look).content.decode()
        assert [form for form in forms if form in body] == []
    for form in forms:
        assert desk.vera.get(form).status_code == 403
        assert desk.vera.post(form, NIGHTLY).status_code == 403
    assert desk.ada.post(f"{page}change/", NIGHTLY).status_code == 403
    assert (Schedule.objects.get().paused_at, Execution.objects.count()) == (None, 0)


def test_one_of_the_code_is_not_changed(desk, row):
    Schedule.objects.update(declared=True)
    for verb in ("edit", "remove"):
        assert desk.otto.post(f"{LIST}{row.pk}/{verb}/", NIGHTLY).status_code == 403
    assert Schedule.objects.get().cron == "0 3 * * *"


def test_odd_addresses_and_few_queries(desk, row):
    for address in ("0/change/", f"{'9' * 30}/change/", "x/change/", f"{'9' * 30}/run/", "make/nothing/"):
        assert desk.otto.get(f"{LIST}{address}").status_code in {302, 404}, address
    for address in (LIST, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/edit/", f"{LIST}make/test-noop/"):
        assert count_queries(desk.otto, address) <= MOST_QUERIES, address
