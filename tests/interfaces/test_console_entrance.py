"""The way in: one wording for every refusal, a wait after five wrong passwords, and nothing too large is looked at."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from actions.dashboard.entrance import LARGEST, REFUSED
from actions.models import AuditEntry
from tests.interfaces.desk import desk, text_of
from tests.stage import engine, rows

__all__ = ["desk", "engine"]

RIGHT = {"username": "ada", "password": "ada"}


@pytest.fixture
def door(desk, settings):
    """A browser before the log-in, with wrong passwords counted."""
    settings.AXES_ENABLED = True
    yield Client()
    rows("DELETE FROM axes_accessattempt")


def knock(browser, **said):
    return browser.post("/login/", {**RIGHT, **said})


def refusals():
    return [
        (entry.data["username"], entry.data["address"]) for entry in AuditEntry.objects.filter(verb="access.locked_out")
    ]


def test_who_is_right_is_let_in(door):
    answer = knock(door)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert door.get("/login/")["Location"] == "/"


@pytest.mark.parametrize(
    "said",
    [
        {"password": "wrong"},
        {"username": "nobody"},
        {"username": "' OR 1=1 --"},
        {"username": "ada\x00"},
        {"username": "x" * 3_000},
        {"username": "gone"},
    ],
    ids=["password", "name", "sql", "nul", "long", "inactive"],
)
def test_every_refusal_says_the_same(door, said):
    """D12"""
    User.objects.create_user("gone", password="ada", is_active=False)
    answer = knock(door, **said)
    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies
    if len(said.get("username", "")) < 150 and "\x00" not in said.get("username", ""):
        assert REFUSED in text_of(answer)


def test_after_five_wrong_passwords_the_right_one_has_to_wait(door):
    """D12, S-03: worded as every refusal, and audited once."""
    told = {text_of(knock(door, password="wrong")).replace("\n", "") for _ in range(4)}
    assert refusals() == []
    for _ in range(6):
        locked = knock(door, password="wrong")
        assert locked.status_code == 429
    right = knock(door)
    assert right.status_code == 429
    assert int(right["Retry-After"]) == 900
    assert {text_of(right)} == told
    assert refusals() == [("ada", "127.0.0.1")]
    assert AuditEntry.objects.get(verb="access.locked_out").actor_kind == "system"


def test_others_and_the_same_name_elsewhere_are_not_locked(door):
    for _ in range(5):
        knock(door, password="wrong")
    assert knock(Client(), username="otto", password="otto").status_code == 302
    assert Client(REMOTE_ADDR="192.0.2.7").post("/login/", RIGHT).status_code == 302


def test_behind_a_proxy_its_word_counts_and_nobody_elses(door, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for number in range(5):
        claimed = {"X-Forwarded-For": f"10.0.0.{number}, 192.0.2.1"}
        door.post("/login/", {**RIGHT, "password": "wrong"}, headers=claimed)
    assert refusals() == [("ada", "192.0.2.1")]


@pytest.mark.parametrize("size", [LARGEST + 1, 1_000_000, 5_000_000])
def test_a_giant_password_is_not_looked_at(door, size):
    """D12"""
    answer = knock(door, password="x" * size)
    assert answer.status_code == 413
    assert "sessionid" not in answer.cookies


def test_log_out_is_a_post(door):
    knock(door)
    assert door.get("/logout/").status_code == 405
    assert door.get("/help/").status_code == 200
    assert door.post("/logout/")["Location"] == "/login/"
    assert door.get("/help/").status_code == 302


def test_the_admin_has_no_door_of_its_own(desk):
    assert Client().get("/admin/login/?next=/admin/").headers["Location"] == "/login/?next=/admin/"
    User.objects.filter(username="vera").update(is_staff=False)
    answer = desk.vera.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "for staff" in text_of(answer)
