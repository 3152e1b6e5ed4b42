"""Why an execution waits, at every face in the same words."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from actions.engine.operate.pause import pause_action, pause_queue, pause_tag
from tests.app import actions as app
from tests.interfaces.api import Api, api, caller
from tests.interfaces.command_line import answer, said
from tests.interfaces.desk import MOST_QUERIES, count_queries, desk, page_of, text_of
from tests.stage import ALICE, engine, rows

__all__ = ["api", "caller", "desk", "engine"]

pytestmark = pytest.mark.usefixtures("engine")

QUEUE = "The queue default is paused by Alice: deploy"
TAG = "The tag <b>/&1 is paused by Alice: they asked"
ACTION = "The action test-fail is paused by Alice: broken"


def console_of(execution) -> str:
    return f"/executions/{execution.id}/"


def links(answered) -> set[str]:
    return {html.unescape(link) for link in re.findall(r'href="([^"]+)"', answered.content.decode())}


def test_a_retrying_one_says_everything_that_holds_it_at_every_face(desk, api: Api):
    handle = app.fail.invoke(tags=("<b>/&1",))
    desk.worker.settler.work(desk.worker.claim())
    assert handle.status == "retrying"
    pause_queue("default", actor=ALICE, reason="deploy")
    pause_action("test-fail", actor=ALICE, reason="broken")
    pause_tag("<b>/&1", actor=ALICE, reason="they asked")
    for address in (console_of(handle), page_of(handle)):
        body = text_of(desk.otto.get(address))
        assert body.index("Why it waits:") < body.index(QUEUE) < body.index(ACTION) < body.index(TAG)
    resumes = {"/queues/default/resume/", "/actions/test-fail/resume/", "/tags/%3Cb%3E/&1/resume/"}
    assert resumes <= links(desk.otto.get(console_of(handle)))
    assert not resumes & links(desk.vera.get(console_of(handle)))
    for resume in resumes:
        assert desk.otto.get(resume).status_code == 200
    told = [reason["message"] for reason in answer("executions", "show", handle.id)["waits_for"]]
    assert told[:3] == [QUEUE, ACTION, TAG]
    assert QUEUE in said("executions", "show", handle.id)
    shown = api.get(f"executions/{handle.id}/waits-for").json["items"]
    assert [reason["code"] for reason in shown][:3] == ["queue_paused", "action_paused", "tag_paused"]
    assert [reason["message"] for reason in shown][:3] == told[:3]


def test_one_whose_time_is_to_come_has_no_banner(desk, api: Api):
    handle = app.noop.invoke(available_at=datetime.now(UTC) + timedelta(hours=1))
    assert "Why it waits" not in text_of(desk.vera.get(console_of(handle)))
    assert [reason["code"] for reason in api.get(f"executions/{handle.id}/waits-for").json["items"]] == ["not_due"]


def test_who_has_nobody_to_do_it_is_led_to_the_workers_and_what_is_done_waits_for_nothing(desk, api: Api):
    handle = app.noop.invoke()
    rows("UPDATE actions_worker SET quiet_at = now()")
    page = desk.vera.get(console_of(handle))
    assert "The only worker of the queue default is quiet, and takes nothing new. Workers" in text_of(page)
    rows("UPDATE actions_worker SET quiet_at = NULL")
    desk.worker.work()
    assert "Why it waits" not in text_of(desk.vera.get(console_of(handle)))
    assert api.get(f"executions/{handle.id}/waits-for").json["items"] == []


def test_a_tag_that_no_address_can_hold_is_said_without_a_link(desk):
    handle = app.noop.invoke(tags=("a\nb",))
    pause_tag("a\nb", actor=ALICE, reason="odd")
    body = text_of(desk.otto.get(console_of(handle)))
    assert body.count("odd") == 2
    assert "Resume the tag" not in body


def test_the_page_makes_few_queries(desk):
    handle = app.noop.invoke()
    pause_queue("default", actor=ALICE, reason="deploy")
    for address in (console_of(handle), page_of(handle)):
        assert count_queries(desk.ada, address) <= MOST_QUERIES
