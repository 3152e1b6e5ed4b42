"""What only the platform asks for is offered nowhere and refused everywhere: its own actions, and companions of others."""

import pytest

from actions.engine.callbacks import DELIVER
from actions.engine.operate.trigger import trigger
from actions.engine.sync import sync
from actions.errors import NotTriggerable
from actions.models import AuditEntry
from tests.interfaces.api import Api, api, caller
from tests.interfaces.desk import WHY, desk, number_of_executions, trigger_of
from tests.stage import ALICE, declare, engine

__all__ = ["api", "caller", "declare", "desk", "engine"]

UNDO = "flow-book.compensation"
SAID = {UNDO: "belongs to flow-book", DELIVER: "doplatform&#x27;s own"}


@pytest.fixture(params=[UNDO, DELIVER])
def name(desk, request):
    sync()
    return request.param


def test_it_is_not_offered(desk, name):
    for address in ("/actions/", f"/actions/{name}/"):
        body = desk.otto.get(address).content.decode()
        assert f"/actions/{name}/" in body
        assert f"/actions/{name}/trigger/" not in body
    assert "/actions/flow-book/trigger/" in desk.otto.get("/actions/").content.decode()
    assert SAID[name] in desk.otto.get(f"/actions/{name}/").content.decode()
    for address in ("/admin/actions/action/", trigger_of(name).replace("trigger", "change")):
        assert trigger_of(name) not in desk.otto.get(address).content.decode()
    assert trigger_of("flow-book") in desk.otto.get("/admin/actions/action/").content.decode()


@pytest.mark.parametrize("way", ["get", "post"])
def test_its_form_is_refused_with_a_sentence(desk, name, way):
    answers = [
        getattr(desk.otto, way)(address, {"reason": WHY}) for address in (f"/actions/{name}/trigger/", trigger_of(name))
    ]
    assert [answer.status_code for answer in answers] == [409, 403]
    assert all(SAID[name] in answer.content.decode() for answer in answers)
    assert number_of_executions() == 0


def test_the_api_refuses_it(api: Api, name):
    for path, body in (("executions", {"params": {}}), ("executions/bulk", {"items": [{"params": {}}]})):
        answer = api.post(f"actions/{name}/{path}", body)
        assert (answer.status, answer.code) == (409, "not_triggerable")
    assert number_of_executions() == 0


def test_the_engine_refuses_it_whoever_asks(desk, name):

    with pytest.raises(NotTriggerable, match="nobody else triggers it"):
        trigger(name, {}, actor=ALICE, reason=WHY)
    assert AuditEntry.objects.filter(verb="execution.accepted").count() == 0


def test_an_action_that_only_sounds_like_one_is_offered(desk, declare):
    @declare("stage-mail.resolver")
    def act() -> None: ...

    sync()
    assert "/actions/stage-mail.resolver/trigger/" in desk.otto.get("/actions/").content.decode()
    assert desk.otto.get("/actions/stage-mail.resolver/trigger/").status_code == 200
