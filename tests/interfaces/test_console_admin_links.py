"""The console and Django's admin lead to each other, where one may enter both; what the engine owns is changed by neither."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from actions.engine.sync import sync
from actions.models import ApiKey, AuditEntry, Execution
from tests.interfaces.desk import desk
from tests.keyring import denied, new_key
from tests.stage import engine

__all__ = ["desk", "engine"]


@pytest.fixture
def pairs(desk):
    """The admin's page and the console's page of the same: an execution, an action, an entry, a key, and their lists."""
    sync()
    execution = desk.failed()
    key = new_key("action:*:read").id
    entry = AuditEntry.objects.latest("id").pk
    return {
        "execution": (f"/admin/actions/execution/{execution.id}/change/", f"/executions/{execution.id}/"),
        "action": ("/admin/actions/action/test-fail/change/", "/actions/test-fail/"),
        "entry": (f"/admin/actions/auditentry/{entry}/change/", f"/audit/{entry}/"),
        "key": (f"/admin/actions/apikey/{key}/change/", f"/keys/{key}/"),
        "audit": ("/admin/actions/auditentry/", "/audit/"),
        "keys": ("/admin/actions/apikey/", "/keys/"),
        "actions": ("/admin/actions/action/", "/actions/"),
        "alerts": ("/admin/actions/alertrule/", "/alerts/"),
        "log": ("/admin/actions/alert/", "/alerts/log/"),
    }


def test_each_page_leads_to_the_same_on_the_other_side(desk, pairs):
    for admin, console in pairs.values():
        there, back = desk.ada.get(admin), desk.ada.get(console)
        assert (there.status_code, back.status_code) == (200, 200)
        assert f'class="do-console" href="{console}"' in there.content.decode()
        assert f'href="{admin}"' in back.content.decode()
    assert 'class="do-console" href="/"' in desk.ada.get("/admin/").content.decode()


def test_who_may_not_enter_the_admin_is_not_led_there(desk, pairs):
    User.objects.update(is_staff=False)
    for admin, console in pairs.values():
        assert admin not in desk.ada.get(console).content.decode()


@pytest.mark.parametrize("what", ["execution", "action", "entry", "key"])
@pytest.mark.parametrize("way", ["change", "delete"])
def test_nothing_is_edited_or_deleted_by_hand(desk, pairs, what, way):
    """D10"""
    User.objects.filter(username="ada").update(is_superuser=True)
    address = pairs[what][0].replace("/change/", f"/{way}/")
    before = (Execution.objects.count(), ApiKey.objects.count(), AuditEntry.objects.count())
    assert desk.ada.post(address, {"post": "yes", "reason": "x"}).status_code == 403
    assert denied()[-1][2:] == ("ada", way)
    assert (Execution.objects.count(), ApiKey.objects.count(), AuditEntry.objects.count() - 1) == before
    assert LogEntry.objects.count() == 0
