"""The platform below a prefix of somebody's project, and behind a server that has one of its own (SCRIPT_NAME)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import set_script_prefix

from actions.engine.sync import sync
from tests.interfaces.api import Api, caller
from tests.interfaces.desk import desk, text_of
from tests.stage import engine

__all__ = ["caller", "desk", "engine"]


class Mounted(Api):
    """A caller below /do/ of a server that is at /at/ of its host, or at its root."""

    script = ""

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        path = path.removeprefix(self.script)
        self.client.defaults["SCRIPT_NAME"] = self.script
        return super().send(method, path if path.startswith("/") else f"/do/api/v1/{path}", body, **more)


@pytest.fixture(params=["", "/at"], ids=["at the root", "behind a prefix"])
def mounted(request: Any, settings: Any, caller: Callable[..., Api]) -> Any:
    settings.ROOT_URLCONF = "tests.interfaces.mounted"
    sync()
    api = Mounted(caller().key)
    api.script = request.param
    # As WSGIHandler does; the test client does not.
    set_script_prefix(f"{request.param}/")
    yield api
    set_script_prefix("/")


def test_the_api_answers_below_a_prefix(mounted):
    started = mounted.start("test-noop", {}, IDEMPOTENCY_KEY="once")
    place = started.headers["Location"]
    assert (started.status, place) == (202, f"{mounted.script}/do/api/v1/executions/{started.json['id']}")
    assert started.json["url"] == place
    assert mounted.get(place).json["id"] == started.json["id"]
    assert mounted.get("executions").json["items"][0]["url"] == place
    assert mounted.get("actions/test-noop").json["url"] == f"{mounted.script}/do/api/v1/actions/test-noop"
    assert f"{mounted.script}/do/api/v1/executions/{{execution_id}}" in mounted.get("openapi.json").json["paths"]


def test_what_goes_wrong_there_is_a_problem_document(mounted):
    refused = mounted.get("executions", AUTHORIZATION="Bearer nothing")
    assert (refused.status, refused.code) == (401, "unauthenticated")
    assert mounted.get("/do/api/v2/executions").code == "not_found"
    assert mounted.get("no-such").code == "not_found"
    page = mounted.client.get("/do/api/v1/docs", headers={"Accept": "text/html,image/png"})
    assert (page.status_code, b"swagger-ui" in page.content) == (200, True)


def test_the_root_of_the_project_is_not_the_apis(mounted):
    answer = mounted.client.get("/api/v1/executions")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_pages_lead_to_each_other_below_a_prefix(desk, settings):
    settings.ROOT_URLCONF = "tests.interfaces.mounted"
    handle = desk.failed()
    page = desk.ada.get(f"/do/executions/{handle.id}/")
    assert "Why it failed" in text_of(page)
    assert f'href="/do/executions/{handle.id}/retry/"' in page.content.decode()
    assert 'href="/executions/' not in page.content.decode()
    admin = desk.ada.get("/do/admin/actions/execution/").content.decode()
    assert 'href="/do/"' in admin
